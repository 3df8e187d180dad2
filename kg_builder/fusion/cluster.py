"""Cluster matched record pairs: greedy average linkage, best pairs first, with constraints."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph
from scipy.special import expit, logit

Pair = tuple[int, int]
T = TypeVar("T")


@dataclass(frozen=True)
class Clustering:
    """Result of clustering.

    Attributes:
        label: cluster of each record: the smallest record index in it.
        refused: matching pairs that a constraint kept apart, with the reason.
        path: pairs that merged two clusters, in the order of merging, with the mean probability
            between the two sides: used in explanations.
    """

    label: NDArray[np.int64]
    refused: dict[Pair, str]
    path: list[tuple[int, int, float]]


def cluster(
    size: int,
    pairs: NDArray[np.int64],
    probability: NDArray[np.float64],
    match: NDArray[np.float64],
    *,
    exclusive: Sequence[int | None] | NDArray[np.int64],
    must: Collection[Pair] = (),
    cannot: Collection[Pair] = (),
    first: NDArray[np.bool_] | None = None,
    catalogue: Sequence[int] | NDArray[np.int64] | None = None,
    repeated: float = 0.0,
    unseen: float = -1.5,
    linkage: float = 0.0,
) -> Clustering:
    """Merge pairs greedily, in order of falling probability; of equal ones those of `first`.

    Two clusters merge only if the result has no two records of a source without duplicates, no
    forbidden pair, and if the mean log-odds over all pairs across, each clipped to ±4, exceeds
    `linkage` (by `repeated`, if the result has two records of one `catalogue`); a pair that was
    not compared counts as `unseen`. (The mean is of log-odds, not of probabilities: a bare name
    lacks evidence, which must not count against.) A person's `must` pairs merge first and
    override the constraint on sources and the mean.

    Args:
        size: number of records.
        pairs: candidate pairs, shape (n, 2), left < right.
        probability: probability of each pair, shape (n,).
        match: match threshold of each pair, shape (n,).
        exclusive: for each record, its source if that has no duplicates, else negative or None.
        must: pairs that a person judged to be the same.
        cannot: pairs that a person judged to be different, or that a rule keeps apart.
        catalogue: the source that gives each record an id, negative if none does; shape (n,).
        repeated: log-odds against two records of one source.
        first: which pairs come before others of the same probability, shape (n,).
    """
    label = np.arange(size, dtype=np.int64)
    clean = [-1 if value is None else int(value) for value in exclusive]
    groups = _Groups(lambda index: [index])
    held = _Groups(lambda index: {clean[index]} if clean[index] >= 0 else set())
    source = [-1] * size if catalogue is None else [int(value) for value in catalogue]
    listed = _Groups(lambda index: {source[index]} if source[index] >= 0 else set())
    forbidden: dict[int, set[int]] = {}
    for left, right in cannot:
        forbidden.setdefault(left, set()).add(right)
        forbidden.setdefault(right, set()).add(left)
    log_odds = _log_odds(size, pairs, probability, probability >= match, must)
    refused: dict[Pair, str] = {}
    path: list[tuple[int, int, float]] = []

    def merge(one: int, other: int) -> None:
        keep, gone = min(one, other), max(one, other)
        for index in groups[gone]:
            label[index] = keep
        groups[keep].extend(groups[gone])
        held[keep] |= held[gone]
        listed[keep] |= listed[gone]
        del groups[gone], held[gone], listed[gone]

    for left, right in sorted(must):
        one, other = int(label[left]), int(label[right])
        if one != other:
            merge(one, other)
            path.append((left, right, 1.0))

    rows = np.flatnonzero(probability >= match)
    later = np.zeros(len(rows)) if first is None else ~first[rows]
    rows = rows[np.lexsort((pairs[rows, 1], pairs[rows, 0], later, -probability[rows]))]
    for left, right in pairs[rows].tolist():
        one, other = int(label[left]), int(label[right])
        if one == other:
            continue
        if held[one] & held[other]:
            refused[left, right] = "a clean source would hold it twice"
            continue
        if any(not forbidden.get(i, set()).isdisjoint(groups[other]) for i in groups[one]):
            refused[left, right] = (
                "a person called them different, or several of the source have the name"
            )
            continue
        across = [
            log_odds.get(i * size + j if i < j else j * size + i, unseen)
            for i in groups[one]
            for j in groups[other]
        ]
        mean = sum(across) / len(across)
        if mean <= linkage:
            refused[left, right] = "the clusters do not agree as a whole"
            continue
        if mean <= linkage + repeated and listed[one] & listed[other]:
            refused[left, right] = "a source that holds few things twice would hold it twice"
            continue
        merge(one, other)
        path.append((left, right, float(expit(mean))))
    return Clustering(label=label, refused=refused, path=path)


class _Groups(dict[int, T]):
    """The members of each cluster; singletons are not stored."""

    def __init__(self, single: Callable[[int], T]) -> None:
        super().__init__()
        self._single = single

    def __missing__(self, index: int) -> T:
        found = self[index] = self._single(index)
        return found


def _log_odds(
    size: int,
    pairs: NDArray[np.int64],
    probability: NDArray[np.float64],
    matching: NDArray[np.bool_],
    must: Collection[Pair],
) -> dict[int, float]:
    """Log-odds, keyed by `left * size + right`, of the pairs that may share a cluster."""
    edges = np.concatenate((pairs[matching], np.array(sorted(must), np.int64).reshape(-1, 2)))
    graph = sparse.coo_array((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), (size, size))
    _, component = csgraph.connected_components(graph, directed=False)
    connected = component[pairs[:, 0]] == component[pairs[:, 1]]
    odds = np.clip(logit(np.clip(probability[connected], 1e-9, 1 - 1e-9)), -4, 4)
    codes = pairs[connected, 0] * size + pairs[connected, 1]
    return dict(zip(codes.tolist(), odds.tolist(), strict=True))
