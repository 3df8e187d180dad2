"""Area under the ROC curve, computed from ranks."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["auc"]


def auc(labels: ArrayLike, scores: ArrayLike) -> float:
    """Probability that a random positive is scored above a random negative; a tie counts half.

    This is the Mann-Whitney statistic: each positive's rank among the sorted negatives is found by
    binary search, with and without ties. Two sorts and two merges without a Python loop, cheap
    enough for every epoch.

    Args:
        labels: ``[n]``, 1 (or True) for a positive and 0 for a negative.
        scores: ``[n]``, any real numbers; only their order matters.

    Returns:
        A value in [0, 1]; NaN if undefined (a class is missing, a score is NaN).
    """
    positive = np.asarray(labels).astype(bool, copy=False)
    values = np.asarray(scores)
    if positive.shape != values.shape:
        raise ValueError(f"{positive.shape} labels for {values.shape} scores")
    above, below = np.sort(values[positive]), np.sort(values[~positive])
    if not (above.size and below.size) or np.isnan(above[-1]) or np.isnan(below[-1]):
        return float("nan")  # NaN sorts last, so checking the ends is enough
    wins = np.searchsorted(below, above, side="left").sum(dtype=np.int64)
    wins_and_ties = np.searchsorted(below, above, side="right").sum(dtype=np.int64)
    return float(wins + wins_and_ties) / (2.0 * above.size * below.size)
