"""Novelty: mean self-information of the recommended items, in bits."""

from __future__ import annotations

import numpy as np

from recommender.data import TrainingSplit
from recommender.metrics.lists.base import FloatArray, PerUserMetric, RecommendedLists

__all__ = ["Novelty"]


class Novelty(PerUserMetric):
    """Mean self-information of a list's items, -log2 p(i), in bits.

    Zhou et al., "Solving the apparent diversity-accuracy dilemma of recommender systems", PNAS
    2010. p(i) = (n_i + 1) / (n + items) is the item's share of the n training positives; the added
    one keeps items without listeners finite.
    """

    name = "novelty"
    title = "novelty (bits)"
    digits = 2

    def __init__(self, train: TrainingSplit) -> None:
        super().__init__(train)
        played = np.bincount(train.history[1], minlength=train.n_items) + 1
        self._bits = -np.log2(played / played.sum())

    def per_user(self, lists: RecommendedLists) -> FloatArray:
        """0 or more; NaN for an empty list."""
        return lists.mean_over_places(self._bits)
