"""Intra-list diversity: mean dissimilarity of a list's items in the knowledge graph."""

from __future__ import annotations

import numpy as np

from recommender.data import TrainingSplit
from recommender.data.matrices import tfidf_attributes
from recommender.metrics.lists.base import FloatArray, PerUserMetric, RecommendedLists

__all__ = ["Diversity"]


class Diversity(PerUserMetric):
    """1 - mean cosine of the pairs of items in a list.

    Ziegler et al., "Improving recommendation lists through topic diversification", WWW 2005, with
    an item's neighbours in G as its features, weighted by idf = ln(items / items that have it).
    Items without features (of positive weight) are left out, as their similarity is unknown.
    """

    name = "diversity"
    title = "intra-list diversity"

    def __init__(self, train: TrainingSplit) -> None:
        super().__init__(train)
        self._features = tfidf_attributes(train.graph, train.n_items)
        self._features.eliminate_zeros()
        self._described = np.diff(self._features.indptr) > 0

    def per_user(self, lists: RecommendedLists) -> FloatArray:
        """In [0, 1]; NaN with fewer than two described items."""
        return np.concatenate([np.zeros(0), *(self._block(part) for part in lists.blocks())])

    def _block(self, lists: RecommendedLists) -> FloatArray:
        sums = lists.matrix(self.n_items) @ self._features
        squares = np.asarray(sums.multiply(sums).sum(axis=1)).ravel()
        described = lists.filled & self._described[lists.items]
        n = described.sum(axis=1)
        # |Σ x|² includes each item with itself, which is 1, and each pair twice.
        with np.errstate(invalid="ignore", divide="ignore"):
            similarity = (squares - n) / (n * (n - 1))
        return np.where(n > 1, np.clip(1.0 - similarity, 0.0, 1.0), np.nan)
