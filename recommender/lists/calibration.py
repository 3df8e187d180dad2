"""Calibration: a list should have a person's tastes in the shares in which the history has them."""

from __future__ import annotations

from functools import reduce

import numpy as np
from scipy.sparse import csr_array

from recommender.data import TrainingSplit
from recommender.data.matrices import item_attributes
from recommender.explanation.relations import plain_name
from recommender.lists.criteria import Candidates, Criterion, FloatArray, IntArray

__all__ = ["SMOOTHING", "Calibration", "genre_shares"]

SMOOTHING = 0.01  # Steck's α: how much of p is mixed into q, so that no share is 0
_GENRES = ("genre", "genres", "style")


class Calibration(Criterion):
    """Steck's calibrated recommendations: minus the divergence of the list from the history.

    Steck, "Calibrated recommendations", RecSys 2018: C_KL(p, q) = Σ_g p(g|u) ln(p(g|u) / q̃(g|u))
    with q̃ = (1 - α) q + α p and α = 0.01; p and q are the mean genre shares of the history and of
    the list. Items without a genre count in neither.
    """

    name = "calibration"
    summary = "genres in the shares in which the history has them (calibrated recommendations)"

    def __init__(self, train: TrainingSplit) -> None:
        self._shares = genre_shares(train)

    def start(self, candidates: Candidates) -> _Divergence:
        """Begin with a list of no genres."""
        wanted = mean_shares(self._shares, candidates.history)
        genres = np.flatnonzero(wanted)
        own = self._shares[candidates.items]
        has_genres = np.diff(own.indptr) > 0
        return _Divergence(wanted[genres], own[:, genres].toarray(), has_genres)


class _Divergence:
    """-C_KL of the list with each candidate added.

    Only genres of the history matter: p(g) is 0 for others, and with it their term.
    """

    def __init__(self, wanted: FloatArray, shares: FloatArray, has_genres: np.ndarray) -> None:
        self._wanted, self._shares, self._has_genres = wanted, shares, has_genres
        self._sum = np.zeros(len(wanted))
        self._count = 0

    def values(self) -> FloatArray:
        """At most 0, which is a list with exactly the history's shares."""
        counts = np.maximum(self._count + self._has_genres, 1)
        q = (self._sum + self._shares) / counts[:, None]
        smooth = (1 - SMOOTHING) * q + SMOOTHING * self._wanted
        return np.asarray(np.log(smooth) @ self._wanted - np.log(self._wanted) @ self._wanted)

    def add(self, place: int) -> None:
        """Count the item's genres in."""
        self._sum += self._shares[place]
        self._count += int(self._has_genres[place])


def genre_shares(train: TrainingSplit) -> csr_array:
    """p(g|i), each item's genres in equal shares: [n_items, n_entities].

    The genres are the entities of the relations named so; where the graph has none, all entities.
    """
    names = train.catalogue.relation_names(train.n_relations) if train.catalogue is not None else []
    relations = [r for r, name in enumerate(names) if plain_name(name) in _GENRES]
    parts = [item_attributes(train.graph, train.n_items, r) for r in relations]
    matrix = reduce(lambda a, b: a + b, parts) if parts else None
    if matrix is None or not matrix.nnz:
        matrix = item_attributes(train.graph, train.n_items)
    matrix = csr_array(matrix)
    counts = np.diff(matrix.indptr)
    matrix.data = np.repeat(1 / np.maximum(counts, 1), counts)
    return matrix


def mean_shares(shares: csr_array, items: IntArray) -> FloatArray:
    """Mean of the rows of those items that have genres; zeros where none has."""
    own = shares[items]
    counted = int((np.diff(own.indptr) > 0).sum())
    return np.asarray(own.sum(axis=0) / max(counted, 1))
