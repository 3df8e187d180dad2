"""Base class of models without probabilities: Platt scaling of their scores."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from torch import Tensor

from recommender.data.facts import Facts
from recommender.data.splits import TrainingSplit
from recommender.layers.calibration import PlattScaling
from recommender.models.base import Recommender
from recommender.models.similar_items import AlikeItems, ScoreOfAlikeItems
from recommender.scoring import ItemScorer

__all__ = ["CalibratedRecommender"]


class CalibratedRecommender(Recommender):
    """Scores on an arbitrary scale; ŷ, and with it ACC, by Platt scaling on validation rows.

    AUC and rankings are those of the raw scores, as calibration preserves order.
    """

    calibrates = True

    def __init__(self, config: Any, train: TrainingSplit) -> None:
        super().__init__(config, train)
        self.calibration = PlattScaling()
        self._graph = train.graph

    def probability(self, scores: Tensor) -> Tensor:
        """σ(a · asinh(s / c) + b); see `PlattScaling`."""
        probabilities: Tensor = self.calibration(scores)
        return probabilities

    def calibrate(self, scores: np.ndarray, labels: np.ndarray) -> None:
        """Fit a, b and c."""
        self.calibration.fit(scores, labels)

    def take_calibration(self, other: Recommender) -> None:
        """Copy a, b and c."""
        assert isinstance(other, CalibratedRecommender)
        self.calibration.load_state_dict(other.calibration.state_dict())

    def fold_in_items(self, facts: Sequence[Facts]) -> ItemScorer:
        """Score new items by their most similar catalogue items; see `AlikeItems`."""
        return ScoreOfAlikeItems(self, self._alike_items.shares(facts))

    @cached_property
    def _alike_items(self) -> AlikeItems:
        return AlikeItems(self._graph, self.n_items)
