"""Bootstrap over users: resample them for confidence intervals and p values of metrics.

A resample is a vector of weights, the number of times each user was drawn. Metrics are computed
from the weights for all resamples at once, without copying data; two runs evaluated with the same
weights are paired.

Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapters 8, 13 and 16.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "bootstrap_p_value",
    "percentile_interval",
    "resample_users",
    "resampled_auc",
    "resampled_mean",
]

FloatArray = NDArray[np.float64]

_CELLS_AT_A_TIME = 2**21  # row weights in memory while resampling an AUC: 16 MB


def resample_users(n_users: int, n_resamples: int, seed: int = 0) -> FloatArray:
    """Weights ``[n_resamples, n_users]``: how often each user was drawn, with replacement."""
    if not n_users:
        return np.zeros((n_resamples, 0))
    random = np.random.default_rng(seed)
    return random.multinomial(n_users, np.full(n_users, 1 / n_users), size=n_resamples).astype(
        np.float64
    )


def resampled_mean(sums: ArrayLike, sizes: ArrayLike, weights: FloatArray) -> FloatArray:
    """A mean over rows (accuracy, log-loss) or over users (ranking metrics), for each resample.

    Args:
        sums: ``[u]``, each user's sum over rows (or value).
        sizes: ``[u]``, each user's number of rows (or 1).
        weights: ``[n, u]`` of `resample_users`.

    Returns:
        ``[n]``; NaN for a resample without a row.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((weights @ np.asarray(sums)) / (weights @ np.asarray(sizes)))


def resampled_auc(
    labels: ArrayLike, scores: ArrayLike, users: ArrayLike, weights: FloatArray
) -> FloatArray:
    """AUC of each resample, ties counted half.

    Args:
        labels: ``[rows]``, 1 for a positive and 0 for a negative.
        scores: ``[rows]``.
        users: ``[rows]``, each row's user as a column of `weights`.
        weights: ``[n, u]`` of `resample_users`.

    Returns:
        ``[n]``; NaN for a resample without both classes.
    """
    values, positive = np.asarray(scores), np.asarray(labels).astype(bool)
    auc = np.full(len(weights), np.nan)
    if not len(values) or np.isnan(values).any():
        return auc
    order = np.argsort(values, kind="stable")
    values, positive, owners = values[order], positive[order], np.asarray(users)[order]
    starts = np.concatenate(([0], 1 + np.flatnonzero(values[1:] != values[:-1])))
    chunk = max(1, _CELLS_AT_A_TIME // len(values))
    for first in range(0, len(weights), chunk):
        row_weights = weights[first : first + chunk][:, owners]
        # Group rows with equal scores; within a group a positive beats half of the negatives.
        positives = np.add.reduceat(row_weights * positive, starts, axis=1)
        negatives = np.add.reduceat(row_weights * ~positive, starts, axis=1)
        below = np.cumsum(negatives, axis=1) - negatives / 2
        pairs = positives.sum(axis=1) * negatives.sum(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            auc[first : first + chunk] = np.einsum("ij,ij->i", positives, below) / pairs
    return auc


def percentile_interval(samples: ArrayLike, level: float = 0.95) -> tuple[float, float] | None:
    """Central `level` interval of resampled values ``[n]``; None if fewer than half are defined."""
    values = np.asarray(samples, dtype=np.float64)
    defined = values[np.isfinite(values)]
    if not defined.size or 2 * defined.size < values.size:
        return None
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def bootstrap_p_value(differences: ArrayLike) -> float:
    """Two-sided p of "no difference": twice the share of resamples on the wrong side of zero.

    Args:
        differences: ``[n]``, the paired difference in each resample; undefined ones are left out.

    Returns:
        At least 2 / (n + 1), the resolution of n resamples; NaN if none is defined.
    """
    values = np.asarray(differences, dtype=np.float64)
    values = values[np.isfinite(values)]
    if not values.size:
        return float("nan")
    wrong = 1 + min(int((values <= 0).sum()), int((values >= 0).sum()))
    return min(1.0, 2 * wrong / (values.size + 1))
