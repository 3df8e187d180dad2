"""Draw training pairs for ranking losses: a positive and a negative item of one user."""

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
    """What draws an epoch's pairs: columns user, positive item, negative item.

    `uniform`: each positive of train with a uniform item that its user has no positive on in
    train, drawn anew every epoch, whatever the run's negatives are; as ranking losses are
    published. `rows`: with a negative among the rows of the run.
    """
    sampler = FreshNegatives(train) if source == "uniform" else rows
    return lambda rng: pair_up(sampler.draw(rng), train, rng)


def pair_up(rows: Interactions, train: TrainingSplit, rng: np.random.Generator) -> Pairs:
    """Columns user, positive item, negative item; one pair per positive of an epoch's `rows`.

    The negative is one of the user's own among the rows, each as likely as the other; a user who
    has none gets a uniform item instead, and is left out if nothing is negative for him. Every
    user has as many pairs as positives, however many negatives the rows hold of him.
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
