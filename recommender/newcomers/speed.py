"""How long a new person waits for a list."""

from __future__ import annotations

import time
from statistics import median

import numpy as np
import torch

from recommender.models.base import Recommender
from recommender.scoring import ItemSets, top_k

__all__ = ["fold_in_milliseconds"]

_PEOPLE = 50


def fold_in_milliseconds(model: Recommender, histories: ItemSets, k: int = 10) -> float:
    """Median wall time in which one person is folded in and gets the `k` best items, in ms.

    People are served one at a time, at most 50 of them; before the clock starts one is served whose
    time does not count, since what all of them share (the item side) is computed then.

    Args:
        model: trained, with a `fold_in`.
        histories: what each likes; at least one person.
        k: length of the list.
    """
    model.eval()
    waits = []
    for person in [0, *range(min(_PEOPLE, histories.n_users))]:
        own = ItemSets.of_lists([histories.of(person)])
        began = time.perf_counter()
        with torch.inference_mode():
            top_k(model.fold_in(own), np.zeros(1, dtype=np.int64), k, own)
        waits.append(time.perf_counter() - began)
    return 1000 * median(waits[1:])
