"""Bootstrap intervals of the scores of a resolution: whole true clusters, or judged pairs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import comb
from typing import Final

import numpy as np
from numpy.typing import NDArray

Interval = tuple[float, float]
ROUNDS: Final = 500
LEVEL: Final = 0.95


def cluster_intervals(
    found: Sequence[str], truth: Sequence[str], *, rounds: int = ROUNDS, seed: int = 0
) -> dict[str, dict[str, Interval]]:
    """Percentile intervals of pairwise and B-cubed scores; true clusters are drawn anew.

    A cluster that is drawn twice counts as two clusters, so that its copies make no true pairs
    with each other. Pairs found across true clusters count by the product of their draws.

    Args:
        found, truth: cluster of each record, in the same order.
    """
    if not truth:
        return {}
    owners = {owner: index for index, owner in enumerate(sorted(set(truth)))}
    size_found, size_true = Counter(found), Counter(truth)
    cells = Counter(zip(found, truth, strict=True))
    right, truly, records, precise, recalled = (np.zeros(len(owners)) for _ in range(5))
    spread: dict[str, list[tuple[int, int]]] = {}
    for (cluster, owner), size in sorted(cells.items()):
        place = owners[owner]
        right[place] += comb(size, 2)
        precise[place] += size * size / size_found[cluster]
        recalled[place] += size * size / size_true[owner]
        spread.setdefault(cluster, []).append((place, size))
    for owner, size in size_true.items():
        truly[owners[owner]], records[owners[owner]] = comb(size, 2), size
    mixed = [
        (np.array([p for p, _ in parts]), np.array([n for _, n in parts], dtype=float))
        for parts in spread.values()
        if len(parts) > 1
    ]
    random = np.random.default_rng(seed)
    pairwise, cubed = np.empty((rounds, 2)), np.empty((rounds, 2))
    for turn in range(rounds):
        drawn = np.bincount(
            random.integers(len(owners), size=len(owners)), minlength=len(owners)
        ).astype(float)
        wrong = 0.0
        for places, sizes in mixed:
            weighted = drawn[places] * sizes
            wrong += (weighted.sum() ** 2 - (weighted**2).sum()) / 2
        hit = float(drawn @ right)
        pairwise[turn] = _ratio(hit, hit + wrong), _ratio(hit, float(drawn @ truly))
        total = float(drawn @ records)
        cubed[turn] = float(drawn @ precise) / total, float(drawn @ recalled) / total
    return {"pairwise": _intervals(pairwise), "B-cubed": _intervals(cubed)}


def pair_intervals(
    said: NDArray[np.bool_], same: NDArray[np.bool_], *, rounds: int = ROUNDS, seed: int = 0
) -> dict[str, Interval]:
    """Percentile intervals over judged pairs, drawn with replacement; shape (n,) both."""
    random = np.random.default_rng(seed)
    values = np.empty((rounds, 2))
    for turn in range(rounds):
        drawn = random.integers(len(same), size=len(same))
        hit = float((said[drawn] & same[drawn]).sum())
        values[turn] = _ratio(hit, said[drawn].sum()), _ratio(hit, same[drawn].sum())
    return _intervals(values)


def _intervals(values: NDArray[np.float64]) -> dict[str, Interval]:
    precision, recall = values[:, 0], values[:, 1]
    total = precision + recall
    f1 = np.divide(2 * precision * recall, total, out=np.zeros_like(total), where=total > 0)
    tail = (1 - LEVEL) / 2
    found = {}
    for name, column in (("precision", precision), ("recall", recall), ("f1", f1)):
        low, high = np.quantile(column, [tail, 1 - tail])
        found[name] = (float(low), float(high))
    return found


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole else 1.0
