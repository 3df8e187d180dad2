"""Calibrate scores (Platt, isotonic), choose the threshold of best F1, measure ECE."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

_CLIP: Final = 1e-4
_MIN_SPANS: Final = 20
_MIN_RIGHT_FOR_ISOTONIC: Final = 400


class Calibration(BaseModel):
    """Platt scaling of the log-odds of a score (Platt 1999); its two parameters hardly overfit.

    The default is the identity.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    slope: float = Field(1.0, description="Slope on the score's log-odds.")
    intercept: float = Field(0.0, description="Intercept.")

    @classmethod
    def fit(cls, scores: Sequence[float], right: Sequence[bool]) -> Calibration:
        """Fit on out-of-fold spans; the identity if there are too few or only one label."""
        if len(scores) < _MIN_SPANS or len(set(right)) < 2:
            return cls()
        from sklearn.linear_model import LogisticRegression  # slow to import, needed only here

        model = LogisticRegression(C=10.0).fit(_log_odds(scores)[:, None], list(right))
        slope = float(model.coef_[0, 0])
        if slope <= 0:  # uninformative scores: keep their order nevertheless
            return cls()
        return cls(slope=round(slope, 6), intercept=round(float(model.intercept_[0]), 6))

    def __call__(self, score: float) -> float:
        """The probability that a span with this score is correct."""
        return float(1 / (1 + np.exp(-(self.slope * _log_odds([score])[0] + self.intercept))))


def _log_odds(scores: Sequence[float]) -> NDArray[np.float64]:
    clipped = np.clip(np.asarray(scores, dtype=float), _CLIP, 1 - _CLIP)
    odds: NDArray[np.float64] = np.log(clipped / (1 - clipped))
    return odds


@dataclass(frozen=True)
class Decision:
    """A monotone calibration curve from logit to probability, and the decision threshold.

    Attributes:
        logits, probabilities: points of the piecewise linear curve.
        threshold: minimum probability of an extracted triple.
    """

    logits: tuple[float, ...] = (-20.0, 20.0)
    probabilities: tuple[float, ...] = (0.0, 1.0)
    threshold: float = 0.5

    def confidence(self, logit: float) -> float:
        """The probability that a triple with this logit is correct."""
        return float(np.interp(logit, self.logits, self.probabilities))


def fit_decision(
    logits: Sequence[float], right: Sequence[bool], gold: int, *, stated_share: float = 1.0
) -> Decision:
    """Fit the curve, and choose the threshold with the best F1, on out-of-fold triples.

    If the gold triples are a random share of those stated in the texts, the probability of a triple
    being correct is that of being gold divided by the share (Elkan & Noto 2008, "Learning
    classifiers from only positive and unlabeled data"), and F1 is estimated from the corrected
    probabilities.

    Args:
        logits: of the candidate triples.
        right: whether each is a gold triple.
        gold: number of gold triples, including those not among the candidates.
        stated_share: share of the triples stated in the texts that are gold.
    """
    from sklearn.isotonic import IsotonicRegression  # slow to import, needed only here
    from sklearn.linear_model import LogisticRegression

    x, y = np.asarray(logits, dtype=float), np.asarray(right, dtype=float)
    if len(x) < 2 or len(np.unique(y)) < 2:
        return Decision()
    corners = np.quantile(x, np.linspace(0, 1, 65))
    if y.sum() >= _MIN_RIGHT_FOR_ISOTONIC:
        curve = IsotonicRegression(y_min=0.001, y_max=0.999, out_of_bounds="clip").fit(x, y)
        values = curve.predict(corners)
    else:
        curve = LogisticRegression().fit(x[:, None], y)
        values = curve.predict_proba(corners[:, None])[:, 1]
    corners, values = _increasing(corners, np.minimum(values / stated_share, 0.999))
    decision = Decision(tuple(corners.tolist()), tuple(values.tolist()))
    hits = y if stated_share == 1 else np.interp(x, corners, values)
    return replace(decision, threshold=decision.confidence(_best_cut(x, hits, gold / stated_share)))


def isotonic_levels(
    confidences: Sequence[float], right: Sequence[bool], *, prior: float = 4.0
) -> list[tuple[float, float]]:
    """Isotonic map from each confidence to the share of correct statements.

    Isotonic regression (pool adjacent violators: Zadrozny & Elkan 2002) over few levels; each level
    is smoothed by `prior` pseudo-statements with the mean share.

    >>> isotonic_levels([0.5, 0.5, 0.9, 0.9], [False, True, True, True], prior=4)
    [(0.5, 0.667), (0.9, 0.833)]
    """
    from sklearn.isotonic import IsotonicRegression  # slow to import, needed only here

    x, y = np.asarray(confidences, dtype=float), np.asarray(right, dtype=float)
    if not len(x):
        return []
    levels = np.unique(x)
    sizes = np.array([(x == level).sum() + prior for level in levels])
    shares = np.array([y[x == level].sum() + prior * y.mean() for level in levels]) / sizes
    curve = IsotonicRegression().fit_transform(levels, shares, sample_weight=sizes)
    return [
        (round(float(level), 3), round(float(share), 3))
        for level, share in zip(levels, curve, strict=True)
    ]


def _best_cut(x: NDArray[np.float64], hits: NDArray[np.float64], gold: float) -> float:
    """The lowest logit to accept for the best F1, given each candidate's probability."""
    order = np.argsort(-x, kind="stable")
    f1 = 2 * np.cumsum(hits[order]) / (np.arange(1, len(order) + 1) + gold)
    smooth = np.convolve(f1, np.ones(9) / 9, "same") if len(f1) > 100 else f1
    return float(x[order][int(np.argmax(smooth))])


def _increasing(
    corners: NDArray[np.float64], values: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Distinct points only, with a slight slope on plateaus to preserve order."""
    corners, first = np.unique(corners, return_index=True)
    values = np.clip(values[first] + np.linspace(0, 1e-3, len(corners)), 0, 1)
    return corners, values


def expected_calibration_error(
    confidences: Iterable[float],
    right: Iterable[bool],
    *,
    bins: int = 10,
    equal_width: bool = False,
) -> float:
    """Expected calibration error: mean distance of confidence from accuracy, over bins.

    Args:
        confidences: of each prediction, in 0..1.
        right: whether it was right.
        bins: number of bins.
        equal_width: whether bins have equal width (Naeini et al. 2015) instead of equal counts.
    """
    x = np.array(list(confidences), dtype=float)
    y = np.array(list(right), dtype=float)
    if not len(x):
        return 0.0
    if equal_width:
        bin_of = np.minimum((x * bins).astype(int), bins - 1)
        parts = [np.flatnonzero(bin_of == number) for number in range(bins)]
    else:
        parts = np.array_split(np.argsort(x, kind="stable"), min(bins, len(x)))
    return float(
        sum(len(part) * abs(x[part].mean() - y[part].mean()) for part in parts if len(part))
        / len(x)
    )
