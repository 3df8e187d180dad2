"""Sample training pairs for ranking losses: a positive and a negative item of one user."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

from recommender.data.interactions import Interactions
from recommender.data.negatives import FreshNegatives, InteractionSampler
from recommender.data.splits import TrainingSplit
from recommender.data.tables import IntArray

__all__ = ["PairSource", "Pairs", "pair_source", "pair_up"]

PairSource = Literal["uniform", "rows"]
Pairs = tuple[IntArray, IntArray, IntArray]


def pair_source(
    source: PairSource, train: TrainingSplit, rows: InteractionSampler
) -> Callable[[np.random.Generator], Pairs]:
    """Create the sampler of an epoch's pairs: columns user, positive item, negative item.

    `uniform`: each training positive with a uniform item that is no training positive of the user,
    resampled every epoch regardless of the run's negatives, as in the publications of ranking
    losses. `rows`: with a negative among the rows of the run.
    """
    sampler = FreshNegatives(train) if source == "uniform" else rows
    return lambda rng: pair_up(sampler.draw(rng), train, rng)


def pair_up(rows: Interactions, train: TrainingSplit, rng: np.random.Generator) -> Pairs:
    """Columns user, positive item, negative item; one pair per positive of an epoch's `rows`.

    The negative is uniform among the user's negatives in the rows; a user without any gets a
    uniform unobserved item, and is left out if there is none. Every user has as many pairs as
    positives, regardless of the number of negatives.
    """
    is_positive = rows.labels == 1
    users, positives = rows.users[is_positive], rows.items[is_positive]
    order = np.argsort(rows.users[~is_positive], kind="stable")
    pool = rows.items[~is_positive][order]
    counts = np.bincount(rows.users[~is_positive], minlength=train.n_users)
    starts = np.cumsum(counts) - counts
    positions = starts[users] + (rng.random(len(users)) * counts[users]).astype(np.int64)
    lonely = counts[users] == 0
    negatives = np.full(len(users), -1)
    negatives[~lonely] = pool[positions[~lonely]]
    offsets, _ = train.history
    again = np.flatnonzero(lonely & (np.diff(offsets)[users] < train.n_items))
    while len(again):
        negatives[again] = rng.integers(train.n_items, size=len(again))
        again = again[train.is_positive(users[again], negatives[again])]
    kept = negatives >= 0
    return users[kept], positives[kept], negatives[kept]
