"""Redraw a data set's sampled negatives with another seed, for evaluation over several seeds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from recommender.data.dataset import Dataset
from recommender.data.interactions import Interactions
from recommender.data.tables import IntArray

FILE_SEED = 555
"""The seed that `ratings_final.txt` was made with, that of the public preparation."""


def redraw_negatives(dataset: Dataset, seed: int) -> Dataset:
    """The data set with other negatives: per user as many as he has positives, all different.

    They are drawn among the items that he has no positive on, user by user in the order of their
    ids, from the stream that the preparation itself uses; the rows of a user are his positives,
    then his negatives, by item. `FILE_SEED` gives the data set as it is.

    The file does not say which items a user met without liking them. The public preparation never
    draws these, this function may: of no consequence where every row is a positive (Last.FM,
    Book-Crossing), a few of a hundred negatives on MovieLens-1M, where it costs every model about
    0.01 AUC: low-rated movies are popular ones.
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
    """As many items outside `mine` (sorted, distinct) as it has, or all there are; sorted."""
    free = n_items - len(mine)
    ranks = rng.choice(free, size=min(len(mine), free), replace=False)
    # The r-th free item is r plus the number of own items up to it.
    gaps = mine - np.arange(len(mine))
    drawn: IntArray = np.sort(ranks + np.searchsorted(gaps, ranks, side="right"))
    return drawn
