"""Sets of items, one per user (excluded, relevant, played), as CSR index arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

from recommender.data.tables import IntArray, distinct

__all__ = ["ItemSets"]


@dataclass(frozen=True, eq=False)
class ItemSets:
    """Sets of items by user, in CSR format; each ascending and distinct.

    Attributes:
        starts: ``[n_users + 1]``; user ``u`` owns ``items[starts[u] : starts[u + 1]]``.
        items: ``[n_pairs]`` item ids.
    """

    starts: IntArray
    items: IntArray

    @classmethod
    def from_pairs(cls, users: ArrayLike, items: ArrayLike, n_users: int) -> ItemSets:
        """Build from (user, item) pairs, in any order and with repeats; ``[n]`` each."""
        user_ids, item_ids = _int64(users), _int64(items)
        if user_ids.size and not 0 <= user_ids.min() <= user_ids.max() < n_users:
            raise ValueError(f"user ids must lie in 0..{n_users - 1}")
        width = 1 + int(item_ids.max(initial=-1))
        keys = distinct(user_ids * width + item_ids) if width else user_ids
        counts = np.bincount(keys // max(width, 1), minlength=n_users)
        starts = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
        return cls(starts, keys % max(width, 1))

    @classmethod
    def empty(cls, n_users: int) -> ItemSets:
        """Empty sets."""
        return cls(np.zeros(n_users + 1, dtype=np.int64), np.zeros(0, dtype=np.int64))

    @classmethod
    def of_lists(cls, lists: Sequence[ArrayLike]) -> ItemSets:
        """Build from a list of items per user, in any order and with repeats."""
        sizes = [len(np.atleast_1d(_int64(items))) for items in lists]
        users = np.repeat(np.arange(len(lists)), sizes)
        items = np.concatenate([_int64(items).ravel() for items in lists]) if lists else users
        return cls.from_pairs(users, items, len(lists))

    def followed_by(self, others: ItemSets) -> ItemSets:
        """Append the users of `others`, with ids shifted by `n_users`."""
        starts = np.concatenate([self.starts, others.starts[1:] + self.starts[-1]])
        return ItemSets(starts, np.concatenate([self.items, others.items]))

    @property
    def n_users(self) -> int:
        """Number of users, including those with an empty set."""
        return len(self.starts) - 1

    @property
    def sizes(self) -> IntArray:
        """``[n_users]`` number of items of each user."""
        return np.diff(self.starts)

    def of(self, user: int) -> IntArray:
        """Items of one user, ascending."""
        return self.items[self.starts[user] : self.starts[user + 1]]

    def pairs(self, users: ArrayLike) -> tuple[IntArray, IntArray]:
        """Positions in `users` and the items of each, as two ``[n]`` arrays, user after user."""
        chosen = _int64(users)
        sizes = self.sizes[chosen]
        rows = np.repeat(np.arange(len(chosen)), sizes)
        first = np.cumsum(sizes) - sizes
        within = np.arange(len(rows)) - first[rows]
        return rows, self.items[self.starts[chosen][rows] + within]

    def contains(self, users: ArrayLike, items: ArrayLike) -> NDArray[np.bool_]:
        """Whether each item is in its user's set; arguments are broadcast."""
        user_ids, item_ids = np.broadcast_arrays(_int64(users), _int64(items))
        if not self.items.size:
            return np.zeros(item_ids.shape, dtype=bool)
        width = 1 + max(int(self.items.max()), int(item_ids.max(initial=-1)))
        owners = np.repeat(np.arange(self.n_users), self.sizes)
        keys = owners * width + self.items  # ascending, as users and their items are
        wanted = user_ids * width + item_ids
        positions = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        return np.asarray((keys[positions] == wanted) & (item_ids >= 0))

    def matrix(self, n_items: int) -> csr_array:
        """The sets as a sparse 0/1 matrix ``[n_users, n_items]`` of float64."""
        values = np.ones(len(self.items))
        return csr_array((values, self.items, self.starts), shape=(self.n_users, n_items))


def _int64(values: ArrayLike | Any) -> IntArray:
    return np.asarray(values, dtype=np.int64)
