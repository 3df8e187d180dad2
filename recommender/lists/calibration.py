"""Calibration as a re-ranking criterion: genres in the history's proportions (Steck 2018)."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from recommender.data import TrainingSplit
from recommender.lists.criteria import Candidates, Criterion, FloatArray, IntArray
from recommender.metrics.lists.calibration import ALPHA, calibration_attributes

__all__ = ["Calibration", "mean_shares"]


class Calibration(Criterion):
    """Steck's calibrated recommendations: negative divergence of the list from the history.

    Steck, "Calibrated recommendations", RecSys 2018: C_KL(p, q) = Σ_g p(g|u) ln(p(g|u) / q̃(g|u))
    with q̃ = (1 - α) q + α p and α = 0.01; p and q are the mean genre shares of the history and of
    the list. Items without a genre are ignored. The metric of the same name computes the same
    divergence.
    """

    name = "calibration"
    summary = "genres in the shares in which the history has them (calibrated recommendations)"
    ends = ("as scored", "like the listener's genres")

    def __init__(self, train: TrainingSplit) -> None:
        self._shares, _ = calibration_attributes(train)

    def start(self, candidates: Candidates) -> _Divergence:
        """Start with an empty list."""
        wanted = mean_shares(self._shares, candidates.history)
        genres = np.flatnonzero(wanted)
        own = self._shares[candidates.items]
        has_genres = np.diff(own.indptr) > 0
        return _Divergence(wanted[genres], own[:, genres].toarray(), has_genres)


class _Divergence:
    """-C_KL of the list with each candidate added.

    Only genres of the history matter, as p(g) is 0 for others.
    """

    def __init__(self, wanted: FloatArray, shares: FloatArray, has_genres: np.ndarray) -> None:
        self._wanted, self._shares, self._has_genres = wanted, shares, has_genres
        self._sum = np.zeros(len(wanted))
        self._count = 0

    def values(self) -> FloatArray:
        """At most 0, reached by a list with exactly the history's shares."""
        counts = np.maximum(self._count + self._has_genres, 1)
        q = (self._sum + self._shares) / counts[:, None]
        smooth = (1 - ALPHA) * q + ALPHA * self._wanted
        return np.asarray(np.log(smooth) @ self._wanted - np.log(self._wanted) @ self._wanted)

    def add(self, candidate: int) -> None:
        """Add the item's genres."""
        self._sum += self._shares[candidate]
        self._count += int(self._has_genres[candidate])


def mean_shares(shares: csr_array, items: IntArray) -> FloatArray:
    """Mean of the rows of items with genres; zeros if there are none."""
    own = shares[items]
    counted = int((np.diff(own.indptr) > 0).sum())
    return np.asarray(own.sum(axis=0) / max(counted, 1))
