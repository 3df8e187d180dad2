"""Paired tests over users or seeds (sign flip, t, Wilcoxon), and Holm's correction."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

__all__ = ["holm", "paired_t_test", "sign_flip_test", "wilcoxon_test"]

_FLIPS_AT_A_TIME = 2**21


def sign_flip_test(
    differences: Mapping[str, ArrayLike], n_permutations: int = 9_999, seed: int = 0
) -> dict[str, float]:
    """Fisher's randomisation test for paired values: p under exchangeability per user.

    Under the null hypothesis, swapping the values of a user, which flips the sign of the
    difference, is equally likely; p is the share of random flips with a total at least as far from
    zero as the observed one.

    Args:
        differences: metric to ``[u]`` differences per user, the same users for each. For a mean
            over rows, pass each user's sum over rows.
        n_permutations: random flips; p is at least 1 / (n_permutations + 1).
        seed: of the flips, which all metrics share.

    Returns:
        Two-sided p per metric.
    """
    table = np.column_stack([np.asarray(v, dtype=np.float64) for v in differences.values()])
    n_users = len(table)
    observed = np.abs(table.sum(axis=0))
    # Totals that differ only by rounding count as equal.
    bound = observed - 1e-9 * (1e-300 + np.abs(table).sum(axis=0))
    random = np.random.default_rng(seed)
    extreme = np.zeros(table.shape[1], dtype=np.int64)
    chunk = max(1, _FLIPS_AT_A_TIME // max(n_users, 1))
    for first in range(0, n_permutations, chunk):
        size = (min(chunk, n_permutations - first), n_users)
        signs = 2.0 * random.integers(0, 2, size, dtype=np.int8) - 1.0
        extreme += (np.abs(signs @ table) >= bound).sum(axis=0)
    p_values = (1 + extreme) / (1 + n_permutations)
    return {name: float(p) for name, p in zip(differences, p_values, strict=True)}


def paired_t_test(differences: ArrayLike, level: float = 0.95) -> tuple[float, float, float] | None:
    """Student's paired test over seeds: p, and a confidence interval of the mean difference.

    Args:
        differences: ``[seeds]``.
        level: of the interval.

    Returns:
        ``(p, low, high)``; None with fewer than two seeds.
    """
    values = np.asarray(differences, dtype=np.float64)
    if values.size < 2:
        return None
    mean, error = float(values.mean()), float(stats.sem(values))
    if error == 0:  # all seeds agree exactly; scipy would divide by zero
        return (1.0 if mean == 0 else 0.0), mean, mean
    half = error * float(stats.t.ppf((1 + level) / 2, values.size - 1))
    p_value = float(2 * stats.t.sf(abs(mean / error), values.size - 1))
    return p_value, mean - half, mean + half


def wilcoxon_test(differences: ArrayLike) -> float | None:
    """Wilcoxon's signed-rank test, two-sided, exact for few values; None without differences.

    With n values p cannot fall below 2 / 2ⁿ: five seeds never reach 0.05.
    """
    values = np.asarray(differences, dtype=np.float64)
    if not np.any(values):
        return None
    return float(stats.wilcoxon(values).pvalue)


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Holm's (1979) step-down correction, which controls the family-wise error rate.

    An undefined p (NaN) stays so and does not count as a comparison.
    """
    defined = sorted((p, name) for name, p in p_values.items() if not np.isnan(p))
    adjusted = dict(p_values)
    highest = 0.0
    for rank, (p, name) in enumerate(defined):
        highest = max(highest, min(1.0, p * (len(defined) - rank)))
        adjusted[name] = highest
    return adjusted
