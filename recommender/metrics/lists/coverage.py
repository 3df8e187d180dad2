"""Catalogue coverage: the share of items that appear in at least one list."""

from __future__ import annotations

import numpy as np

from recommender.metrics.lists.base import AggregateMetric, RecommendedLists

__all__ = ["Coverage"]


class Coverage(AggregateMetric):
    """Share of the catalogue's items that are in at least one list.

    Ge, Delgado-Battenfeld and Jannach, "Beyond accuracy: evaluating recommender systems by coverage
    and serendipity", RecSys 2010. It grows with the number of lists, so compare only equal numbers.
    """

    name = "coverage"
    title = "coverage (share of the catalogue)"

    def value(self, lists: RecommendedLists) -> float:
        """In (0, 1]."""
        if not len(lists):
            return float("nan")
        return len(np.unique(lists.items[lists.filled])) / self.n_items
