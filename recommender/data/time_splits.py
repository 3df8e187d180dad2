"""Assign rows to train, validation and test by time: at global cut points or per user.

Two protocols (temporal global and temporal user splits in Meng et al., RecSys 2020). Global cut
points match a deployed service: all test interactions come after all training ones. Holding out
each user's last part tests all users, but lets a model learn from later interactions of others.
"""

from __future__ import annotations

import numpy as np

from recommender.data.interactions import Interactions
from recommender.data.tables import IntArray
from recommender.data.times import PositiveTimes
from recommender.errors import ConfigError

__all__ = ["parts_by_time", "parts_in_proportion"]

_EPSILON = 1e-9  # 0.29 * 100 is 28.999…


def parts_by_time(
    rows: Interactions,
    times: PositiveTimes,
    ratios: tuple[float, float, float],
    *,
    per_user: bool,
    seed: int,
) -> IntArray:
    """The part of each row: 0 train, 1 validation, 2 test.

    Negatives have no time. A user's negatives are assigned to the parts at random in proportion to
    the positives there, so that each part has the overall ratio of negatives to positives; their
    number in train follows from its positives and reveals nothing about the held-out rows.

    Args:
        rows: all labelled rows.
        times: of their positives.
        ratios: shares of the positives: of all together, or of each user's.
        per_user: split each user's positives by their order, rather than at global cut points.
        seed: of the order of a user's positives with equal times, and of the negatives.

    Returns:
        int64 [n].

    Raises:
        ConfigError: fewer than three different times for cut points.
    """
    rng = np.random.default_rng(seed)
    users, items = rows.positives
    when = times.of(users, items)
    if per_user:
        positive_parts = _latest_of_each_user(users, when, ratios, rng)
    else:
        positive_parts = _cut_in_time(when, ratios)
    return parts_in_proportion(rows, positive_parts, rng)


def parts_in_proportion(
    rows: Interactions, positive_parts: IntArray, rng: np.random.Generator
) -> IntArray:
    """The part of each row, given those of the positives: see `parts_by_time` for negatives."""
    parts = np.zeros(len(rows), dtype=np.int64)
    is_positive = rows.labels == 1
    parts[is_positive] = positive_parts
    users, owners = rows.users[~is_positive], rows.users[is_positive]
    parts[~is_positive] = _in_proportion(users, owners, positive_parts, rng)
    return parts


def _cut_in_time(when: IntArray, ratios: tuple[float, float, float]) -> IntArray:
    """Part of each positive: equal times stay together, cuts match the ratios best."""
    distinct, before = np.unique(np.sort(when), return_index=True)
    if len(distinct) < 3:
        raise ConfigError(
            f"the positives have {len(distinct)} different times, too few for cut points between "
            "three parts; take --split time-per-user or --split random"
        )
    wanted = np.array([ratios[0], ratios[0] + ratios[1]]) * len(when)
    # `before[d]` positives are earlier than distinct time d, the first of its part.
    valid = 1 + int(np.abs(before[1:-1] - wanted[0]).argmin())
    test = valid + 1 + int(np.abs(before[valid + 1 :] - wanted[1]).argmin())
    return np.searchsorted(distinct[[valid, test]], when, side="right").astype(np.int64)


def _latest_of_each_user(
    users: IntArray, when: IntArray, ratios: tuple[float, float, float], rng: np.random.Generator
) -> IntArray:
    """Part of each positive: of a user's n, the last ⌊n·r⌋ are test, and before them validation."""
    total, rank = _ranked(users, (rng.random(len(users)), when))
    n_test = np.floor(total * ratios[2] + _EPSILON)
    n_valid = np.floor(total * ratios[1] + _EPSILON)
    parts = np.zeros(len(users), dtype=np.int64)
    for first in (total - n_test - n_valid, total - n_test):
        parts += rank >= first
    return parts


def _in_proportion(
    users: IntArray, positive_users: IntArray, positive_parts: IntArray, rng: np.random.Generator
) -> IntArray:
    """Random part of each row of `users`, in proportion to the user's positives."""
    n_users = max(int(of.max(initial=-1)) for of in (users, positive_users)) + 1
    of_part = [np.bincount(positive_users[positive_parts == p], minlength=n_users) for p in (0, 1)]
    positives = np.bincount(positive_users, minlength=n_users)
    total, rank = _ranked(users, (rng.random(len(users)),))
    parts = np.zeros(len(users), dtype=np.int64)
    for up_to in np.cumsum(of_part, axis=0):
        # The negatives of a user without positives go to train.
        share = np.divide(up_to, positives, out=np.ones(n_users), where=positives > 0)
        parts += rank >= np.floor(total * share[users] + 0.5)
    return parts


def _ranked(users: IntArray, keys: tuple[np.ndarray, ...]) -> tuple[IntArray, IntArray]:
    """Number of rows of each row's user, and its rank among them; the last key is primary."""
    order = np.lexsort((*keys, users))
    counts = np.bincount(users)
    rank = np.empty(len(users), dtype=np.int64)
    rank[order] = np.arange(len(users)) - (np.cumsum(counts) - counts)[users[order]]
    return counts[users], rank
