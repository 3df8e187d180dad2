"""Number of distinct items in all lists: catalogue coverage as a count."""

from __future__ import annotations

import numpy as np

from recommender.metrics.lists.base import AggregateMetric, RecommendedLists

__all__ = ["DistinctItems"]


class DistinctItems(AggregateMetric):
    """Number of items that are in at least one list; `Coverage` times the catalogue's size."""

    name = "distinct_items"
    title = "different items in all lists"
    digits = 0

    def value(self, lists: RecommendedLists) -> float:
        """An integer."""
        if not len(lists):
            return float("nan")
        return float(len(np.unique(lists.items[lists.filled])))
