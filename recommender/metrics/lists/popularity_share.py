"""Share of recommendations that go to the most popular items."""

from __future__ import annotations

import numpy as np

from recommender.data import TrainingSplit
from recommender.metrics.lists.base import FloatArray, PerUserMetric, RecommendedLists

__all__ = ["PopularityShare"]

_MOST_PLAYED = 100


class PopularityShare(PerUserMetric):
    """Share of a list's positions held by the 100 items with the most training positives.

    Ties in popularity by lower id.
    """

    name = "popularity_share"
    title = f"share of the {_MOST_PLAYED} most played"

    def __init__(self, train: TrainingSplit) -> None:
        super().__init__(train)
        played = np.bincount(train.history[1], minlength=train.n_items)
        self._popular = np.zeros(train.n_items)
        self._popular[np.argsort(-played, kind="stable")[:_MOST_PLAYED]] = 1.0

    def per_user(self, lists: RecommendedLists) -> FloatArray:
        """In [0, 1]; NaN for an empty list."""
        return lists.mean_over_places(self._popular)
