"""The base of models whose scores are no log-odds: counts, similarities, ranking scores."""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import Tensor

from recommender.data.splits import TrainingSplit
from recommender.layers.calibration import PlattScaling
from recommender.models.base import Recommender

__all__ = ["CalibratedRecommender"]


class CalibratedRecommender(Recommender):
    """Scores on a scale of their own; ŷ, and with it ACC, by Platt scaling on validation rows.

    The AUC and every ranking are the raw scores' own: calibration cannot change an order.
    """

    calibrates = True

    def __init__(self, config: Any, train: TrainingSplit) -> None:
        super().__init__(config, train)
        self.calibration = PlattScaling()

    def probability(self, scores: Tensor) -> Tensor:
        """σ(a · asinh(s / c) + b); see `PlattScaling`."""
        probabilities: Tensor = self.calibration(scores)
        return probabilities

    def calibrate(self, scores: np.ndarray, labels: np.ndarray) -> None:
        """Learn a, b and c."""
        self.calibration.fit(scores, labels)
