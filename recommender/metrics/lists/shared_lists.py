"""Number of users whose list equals another user's, a sign of missing personalisation."""

from __future__ import annotations

import numpy as np

from recommender.metrics.lists.base import AggregateMetric, RecommendedLists

__all__ = ["SharedLists"]


class SharedLists(AggregateMetric):
    """Number of users whose list equals another user's, position by position."""

    name = "shared_lists"
    title = "users with somebody else's list"
    digits = 0

    def value(self, lists: RecommendedLists) -> float:
        """An integer, never 1."""
        if not len(lists):
            return float("nan")
        _, counts = np.unique(lists.items, axis=0, return_counts=True)
        return float(counts[counts > 1].sum())
