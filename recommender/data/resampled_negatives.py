"""Resample a data set's negatives with another seed, for evaluation over several seeds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from recommender.data.dataset import Dataset
from recommender.data.interactions import Interactions
from recommender.data.tables import IntArray

FILE_SEED = 555
"""The seed of `ratings_final.txt`, as in the public preparation."""


def redraw_negatives(dataset: Dataset, seed: int) -> Dataset:
    """Resample the negatives: per user as many distinct ones as positives.

    They are sampled among the items that are no positive of the user, in the order of user ids,
    from the same random stream as in the preparation; a user's rows are the positives, then the
    negatives, by item. `FILE_SEED` gives the unchanged data set.

    The file does not contain the items that a user rated below the threshold. The public
    preparation never samples these, but this function may. It makes no difference if every
    interaction is a positive (Last.FM, Book-Crossing); on MovieLens-1M it affects a few per cent of
    the negatives and costs every model about 0.01 AUC, as low-rated movies are popular ones.
    """
    if seed == FILE_SEED:
        return dataset
    users, items = dataset.interactions.positives
    order = np.lexsort((items, users))
    users, items = users[order], items[order]
    bounds = np.searchsorted(users, np.arange(dataset.n_users + 1))
    rng = np.random.default_rng(seed)
    parts: list[tuple[IntArray, int, int]] = []
    for user in range(dataset.n_users):
        mine = np.unique(items[bounds[user] : bounds[user + 1]])
        if len(mine):
            parts += [(mine, user, 1), (_draw(mine, dataset.n_items, rng), user, 0)]
    sizes = [len(part) for part, _, _ in parts]
    return replace(
        dataset,
        interactions=Interactions(
            np.repeat(np.array([user for _, user, _ in parts], dtype=np.int64), sizes),
            np.concatenate([part for part, _, _ in parts]),
            np.repeat(np.array([label for _, _, label in parts], dtype=np.int64), sizes),
        ),
    )


def _draw(mine: IntArray, n_items: int, rng: np.random.Generator) -> IntArray:
    """Sample as many items outside `mine` (sorted, distinct) as it has, or all; sorted."""
    free = n_items - len(mine)
    ranks = rng.choice(free, size=min(len(mine), free), replace=False)
    # The r-th free item is r plus the number of the user's items up to it.
    gaps = mine - np.arange(len(mine))
    drawn: IntArray = np.sort(ranks + np.searchsorted(gaps, ranks, side="right"))
    return drawn
