"""From logits to decisions: calibrated confidences, and the one from which a triple is stated."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

_ENOUGH = 400


@dataclass(frozen=True)
class Decision:
    """A monotone curve from logit to probability, and the least probability that is stated.

    Attributes:
        logits, probabilities: corners of the curve; between them it is a straight line.
        threshold: least probability of a stated triple.
    """

    logits: tuple[float, ...] = (-20.0, 20.0)
    probabilities: tuple[float, ...] = (0.0, 1.0)
    threshold: float = 0.5

    def confidence(self, logit: float) -> float:
        """The probability that a triple with this logit is right."""
        return float(np.interp(logit, self.logits, self.probabilities))


def decide(
    logits: Sequence[float], right: Sequence[bool], gold: int, *, stated_share: float = 1.0
) -> Decision:
    """Fit the curve, and choose the threshold with the best F1, on triples not learnt from.

    Where the gold triples are only a share of what the texts state, drawn at random, a triple is
    right more often than it is among them, by that share (Elkan & Noto 2008, "Learning classifiers
    from only positive and unlabeled data"), and F1 is estimated from the corrected probabilities.

    Args:
        logits: of the candidate triples.
        right: whether each one is a gold triple.
        gold: number of gold triples, those included that are not among the candidates.
        stated_share: share of the stated triples that the gold ones are.
    """
    x, y = np.asarray(logits, dtype=float), np.asarray(right, dtype=float)
    if len(x) < 2 or len(np.unique(y)) < 2:
        return Decision()
    corners = np.quantile(x, np.linspace(0, 1, 65))
    if y.sum() >= _ENOUGH:
        curve = IsotonicRegression(y_min=0.001, y_max=0.999, out_of_bounds="clip").fit(x, y)
        values = curve.predict(corners)
    else:
        curve = LogisticRegression().fit(x[:, None], y)
        values = curve.predict_proba(corners[:, None])[:, 1]
    corners, values = _increasing(corners, np.minimum(values / stated_share, 0.999))
    decision = Decision(tuple(corners.tolist()), tuple(values.tolist()))
    hits = y if stated_share == 1 else np.interp(x, corners, values)
    return replace(decision, threshold=decision.confidence(_best_cut(x, hits, gold / stated_share)))


def _best_cut(x: NDArray[np.float64], hits: NDArray[np.float64], gold: float) -> float:
    """The least logit to accept for the best F1, given how right each candidate is."""
    order = np.argsort(-x, kind="stable")
    f1 = 2 * np.cumsum(hits[order]) / (np.arange(1, len(order) + 1) + gold)
    smooth = np.convolve(f1, np.ones(9) / 9, "same") if len(f1) > 100 else f1
    return float(x[order][int(np.argmax(smooth))])


def _increasing(
    corners: NDArray[np.float64], values: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Different corners only, with a slight slope on level ground so that order is kept."""
    corners, first = np.unique(corners, return_index=True)
    values = np.clip(values[first] + np.linspace(0, 1e-3, len(corners)), 0, 1)
    return corners, values


def expected_calibration_error(
    confidence: Iterable[float], right: Iterable[bool], *, bins: int = 10
) -> float:
    """Mean distance of confidence from the share that is right, over equally full bins."""
    x = np.array(list(confidence), dtype=float)
    y = np.array(list(right), dtype=float)
    if not len(x):
        return 0.0
    parts = np.array_split(np.argsort(x, kind="stable"), min(bins, len(x)))
    return float(sum(len(p) * abs(x[p].mean() - y[p].mean()) for p in parts) / len(x))
