"""Scores turned into probabilities: how often a span with such a score was right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

_CLIP: Final = 1e-4
_FEWEST: Final = 20


class Calibration(BaseModel):
    """Platt's sigmoid on the log-odds of a score (Platt 1999): two numbers, so little can overfit.

    The default leaves scores as they are.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    slope: float = Field(1.0, description="Factor of the score's log-odds.")
    intercept: float = Field(0.0, description="Added to them.")

    @classmethod
    def fit(cls, scores: Sequence[float], right: Sequence[bool]) -> Calibration:
        """Fit on held-out spans; too few of them, or all of one kind, leave scores as they are."""
        if len(scores) < _FEWEST or len(set(right)) < 2:
            return cls()
        from sklearn.linear_model import LogisticRegression  # slow to import, needed only here

        model = LogisticRegression(C=10.0).fit(_log_odds(scores)[:, None], list(right))
        slope = float(model.coef_[0, 0])
        if slope <= 0:  # scores that say nothing: their order is kept all the same
            return cls()
        return cls(slope=round(slope, 6), intercept=round(float(model.intercept_[0]), 6))

    def __call__(self, score: float) -> float:
        """The probability that a span with this score is right."""
        return float(1 / (1 + np.exp(-(self.slope * _log_odds([score])[0] + self.intercept))))


def expected_calibration_error(
    confidences: Sequence[float], right: Sequence[bool], *, bins: int = 10
) -> float:
    """Mean distance between confidence and share of right ones, over bins of equal width."""
    if not confidences:
        return 0.0
    values, hits = np.array(confidences), np.array(right, dtype=float)
    places = np.minimum((values * bins).astype(int), bins - 1)
    error = 0.0
    for place in range(bins):
        inside = places == place
        if inside.any():
            error += inside.mean() * abs(values[inside].mean() - hits[inside].mean())
    return float(error)


def _log_odds(scores: Sequence[float]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    clipped = np.clip(np.asarray(scores, dtype=float), _CLIP, 1 - _CLIP)
    odds: np.ndarray[tuple[int], np.dtype[np.float64]] = np.log(clipped / (1 - clipped))
    return odds
