"""Ripple sets: the triples that spread out from what a user has liked."""

from __future__ import annotations

import numpy as np

from recommender.data.splits import TrainingSplit
from recommender.data.tables import IntArray
from recommender.layers.neighbourhood import draw_fixed

__all__ = ["ripple_sets"]


def ripple_sets(
    train: TrainingSplit,
    head: IntArray,
    tail: IntArray,
    hops: int,
    size: int,
    rng: np.random.Generator,
) -> IntArray:
    """S_u^1 … S_u^H of RippleNet, `size` triples each, drawn once.

    The seeds are the user's positives in train. Hop k holds triples whose heads are the tails
    drawn for hop k - 1 (a tail drawn twice counts twice, as in the public code); where they lead
    nowhere, hop k repeats hop k - 1. Draws are those of `draw_fixed`.

    Args:
        head, tail: of the triples to follow, from head to tail, int64 [n_triples].

    Returns:
        Places in `head`, int64 [n_users, hops, size]; -1 all over for a user from whose positives
        no triple starts.
    """
    by_head = np.argsort(head, kind="stable")
    degree = np.bincount(head, minlength=train.n_entities)
    start = np.cumsum(degree) - degree
    offsets, entities = train.history
    users = np.repeat(np.arange(train.n_users), np.diff(offsets))
    sets: list[IntArray] = []
    for _ in range(hops):
        counts = degree[entities]
        owners = np.repeat(users, counts)
        first = np.repeat(start[entities] - (np.cumsum(counts) - counts), counts)
        triples = by_head[first + np.arange(len(owners))]
        places = draw_fixed(owners, train.n_users, size, rng)
        drawn = np.where(places < 0, -1, triples[places] if len(triples) else -1)
        if sets:
            drawn = np.where(places < 0, sets[-1], drawn)
        sets.append(drawn)
        users, column = np.nonzero(drawn >= 0)
        entities = tail[drawn[users, column]]
    return np.stack(sets, axis=1)
