"""Parts of a collection in which no two share a group."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def grouped_folds(groups: Sequence[str], folds: int, *, seed: int) -> list[int]:
    """The number of the fold that each item belongs to.

    Groups are drawn in random order and put where there is most room, largest first, so that
    folds have about the same number of items.
    """
    names = sorted(set(groups))
    sizes = dict.fromkeys(names, 0)
    for group in groups:
        sizes[group] += 1
    random = np.random.default_rng(seed)
    order = [names[i] for i in random.permutation(len(names))]
    order.sort(key=lambda name: -sizes[name])
    filled = [0] * folds
    part: dict[str, int] = {}
    for name in order:
        smallest = min(range(folds), key=lambda fold: (filled[fold], fold))
        part[name] = smallest
        filled[smallest] += sizes[name]
    return [part[group] for group in groups]
