"""Popularity as a re-ranking criterion: favour well-known or little-known items."""

from __future__ import annotations

import numpy as np

from recommender.data import TrainingSplit
from recommender.lists.criteria import Candidates, Criterion, FloatArray

__all__ = ["PopularityBias"]


class PopularityBias(Criterion):
    """The logarithm of an item's listeners, from 0 for none to 1 for the most played.

    A negative weight brings up what few know, a positive one what everybody does.
    """

    name = "popularity"
    summary = "well-known items; below 0, little-known ones"
    least, most = -2.0, 2.0
    takes_from_relevance = False

    def __init__(self, train: TrainingSplit) -> None:
        counts = np.bincount(train.positives[1], minlength=train.n_items)
        self._values = np.log1p(counts) / max(float(np.log1p(counts.max(initial=0))), 1e-12)

    def start(self, candidates: Candidates) -> _Constant:
        """The list does not matter."""
        return _Constant(self._values[candidates.items])


class _Constant:
    def __init__(self, values: FloatArray) -> None:
        self._values = values

    def values(self) -> FloatArray:
        """The same at every place of the list."""
        return self._values

    def add(self, candidate: int) -> None:
        """Nothing changes."""
