"""Metrics of labelled rows: accuracy, F1, log-loss, and the threshold of best accuracy."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["accuracy", "best_threshold", "f1", "log_loss"]


def accuracy(labels: ArrayLike, probabilities: ArrayLike, threshold: float = 0.5) -> float:
    """Share of correctly classified rows at `threshold` (at or above: positive); NaN if empty.

    Args:
        labels: ``[n]``, 1 for a positive and 0 for a negative.
        probabilities: ``[n]``, predicted probabilities.
        threshold: minimum probability of a predicted positive.
    """
    positive, called = _decide(labels, probabilities, threshold)
    return float(np.mean(positive == called)) if positive.size else float("nan")


def f1(labels: ArrayLike, probabilities: ArrayLike, threshold: float = 0.5) -> float:
    """Harmonic mean of precision and recall at `threshold`.

    NaN if there are neither positives nor predicted positives.
    """
    positive, called = _decide(labels, probabilities, threshold)
    either = int(positive.sum()) + int(called.sum())
    return 2.0 * int((positive & called).sum()) / either if either else float("nan")


def log_loss(labels: ArrayLike, probabilities: ArrayLike) -> float:
    """Mean negative log-likelihood of the labels, in nats; NaN without rows.

    Probabilities are clipped to one float64 epsilon from 0 and 1, as in scikit-learn, so that a
    confident error costs 36 nats instead of infinity.
    """
    positive = np.asarray(labels).astype(bool, copy=False)
    values = np.asarray(probabilities, dtype=np.float64)
    if not values.size:
        return float("nan")
    epsilon = np.finfo(np.float64).eps
    values = np.clip(values, epsilon, 1.0 - epsilon)
    return float(-np.mean(np.log(np.where(positive, values, 1.0 - values))))


def best_threshold(labels: ArrayLike, probabilities: ArrayLike) -> float:
    """Threshold with the highest accuracy on these (validation) rows.

    Accuracy changes only between adjacent predictions, so the candidates are their midpoints and
    both ends (all positive, none positive). Ties by distance to 0.5, then the lower one. 0.5
    without rows.
    """
    positive = np.asarray(labels).astype(bool, copy=False)
    values = np.asarray(probabilities, dtype=np.float64)
    if not values.size:
        return 0.5
    order = np.argsort(values, kind="stable")
    ranked, is_positive = values[order], positive[order]
    # right[k]: correct answers when the k lowest rows are called negative
    right = np.concatenate(([0], np.cumsum(~is_positive))) + np.concatenate(
        (np.cumsum(is_positive[::-1])[::-1], [0])
    )
    # A midpoint rounded to the lower neighbour would not separate the two.
    middle = np.maximum((ranked[1:] + ranked[:-1]) / 2, np.nextafter(ranked[:-1], np.inf))
    candidates = np.concatenate(
        ([min(ranked[0], 0.5)], middle, [max(np.nextafter(ranked[-1], np.inf), 0.5)])
    )
    possible = np.concatenate(([True], ranked[1:] > ranked[:-1], [True]))
    best = np.flatnonzero(possible & (right == right[possible].max()))
    return float(candidates[best[np.argmin(np.abs(candidates[best] - 0.5))]])


def _decide(
    labels: ArrayLike, probabilities: ArrayLike, threshold: float
) -> tuple[np.ndarray, np.ndarray]:
    positive = np.asarray(labels).astype(bool, copy=False)
    called = np.asarray(probabilities, dtype=np.float64) >= threshold
    if positive.shape != called.shape:
        raise ValueError(f"{positive.shape} labels for {called.shape} probabilities")
    return positive, called
