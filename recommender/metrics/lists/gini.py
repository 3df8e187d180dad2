"""Gini coefficient of exposure: inequality of the items' numbers of recommendations."""

from __future__ import annotations

import numpy as np

from recommender.metrics.lists.base import AggregateMetric, RecommendedLists

__all__ = ["Gini"]


class Gini(AggregateMetric):
    """Gini coefficient of the number of list positions per catalogue item.

    G = Σ_i (2 i - n - 1) x_i / (n Σ_i x_i) with x_1 ≤ … ≤ x_n, over all n items, including those
    never recommended (Fleder and Hosanagar, Management Science 2009). 0 if all items get the same
    number of positions, 1 - 1/n if one gets all.
    """

    name = "gini"
    title = "Gini coefficient of exposure"

    def value(self, lists: RecommendedLists) -> float:
        """In [0, 1)."""
        shown = np.bincount(lists.items[lists.filled], minlength=self.n_items)
        total = int(shown.sum())
        if not total:
            return float("nan")
        rank = np.arange(1, self.n_items + 1)
        weights = 2 * rank - self.n_items - 1
        return float(weights @ np.sort(shown)) / (self.n_items * total)
