"""Why two records are, or are not, one entity: the data behind an explanation for a person."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kg_builder.errors import DataError
from kg_builder.fusion.matching import Matching
from kg_builder.fusion.score import Contribution


@dataclass(frozen=True)
class Explanation:
    """The decision about two records.

    Attributes:
        left, right: record keys.
        same: whether they ended in one entity.
        compared: whether a blocking key brought them together at all.
        probability: of being one thing, after a person's judgement; None if not compared.
        contributions: what each feature adds to the log-odds.
        refused: the constraint that kept a matching pair apart, '' without.
        path: the merges that lead from one to the other, as (record, record, mean probability);
            empty where they are apart.
    """

    left: str
    right: str
    same: bool
    compared: bool
    probability: float | None
    contributions: tuple[Contribution, ...]
    refused: str
    path: tuple[tuple[str, str, float], ...]


def explain(matching: Matching, left: str, right: str) -> Explanation:
    """Explain the decision about two records.

    Raises:
        DataError: one of them is not among the records.
    """
    profiles = matching.profiles
    for key in (left, right):
        if key not in profiles.position:
            raise DataError(f"no record {key!r}", remedy="give record keys as in records.parquet")
    i, j = sorted((profiles.position[left], profiles.position[right]))
    label = matching.clustering.label
    pairs = matching.comparison.pairs
    rows = np.flatnonzero((pairs[:, 0] == i) & (pairs[:, 1] == j))
    same = bool(label[i] == label[j])
    told: list[Contribution] = []
    probability = None
    if len(rows):
        row = int(rows[0])
        probability = float(matching.probability[row])
        told = matching.scorer.explain(matching.comparison, row)
    return Explanation(
        left=left,
        right=right,
        same=same,
        compared=len(rows) > 0,
        probability=probability,
        contributions=tuple(sorted(told, key=lambda c: (-abs(c.weight), c.feature))),
        refused=matching.clustering.refused.get((i, j), ""),
        path=_path(matching, i, j) if same else (),
    )


def _path(matching: Matching, start: int, end: int) -> tuple[tuple[str, str, float], ...]:
    """The merges between two records of one cluster; merges form a tree, so there is one way."""
    steps: dict[int, list[tuple[int, float]]] = {}
    for left, right, mean in matching.clustering.path:
        steps.setdefault(left, []).append((right, mean))
        steps.setdefault(right, []).append((left, mean))
    came: dict[int, tuple[int, float]] = {start: (start, 1.0)}
    queue = [start]
    for here in queue:
        for there, mean in steps.get(here, ()):
            if there not in came:
                came[there] = (here, mean)
                queue.append(there)
    names = matching.profiles.record
    way = []
    here = end
    while here != start:
        before, mean = came[here]
        way.append((names[before], names[here], mean))
        here = before
    return tuple(reversed(way))
