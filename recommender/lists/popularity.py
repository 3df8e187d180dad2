"""Popularity as a re-ranking criterion: favour well-known or little-known items."""

from __future__ import annotations

import numpy as np

from recommender.data import TrainingSplit
from recommender.lists.criteria import Candidates, Criterion, FloatArray

__all__ = ["PopularityBias"]


class PopularityBias(Criterion):
    """Log popularity of an item, scaled from 0 (no listeners) to 1 (the most popular).

    A negative weight favours little-known items, a positive one well-known items.
    """

    name = "popularity"
    summary = "well-known items; below 0, little-known ones"
    ends = ("little-known", "well-known")
    least, most = -2.0, 2.0
    takes_from_relevance = False

    def __init__(self, train: TrainingSplit) -> None:
        counts = np.bincount(train.positives[1], minlength=train.n_items)
        self._values = np.log1p(counts) / max(float(np.log1p(counts.max(initial=0))), 1e-12)

    def start(self, candidates: Candidates) -> _Constant:
        """Independent of the list."""
        return _Constant(self._values[candidates.items])


class _Constant:
    def __init__(self, values: FloatArray) -> None:
        self._values = values

    def values(self) -> FloatArray:
        """The same at every position of the list."""
        return self._values

    def add(self, candidate: int) -> None:
        """Does nothing."""
