"""Count features of users: history lengths, friends, and friends with an item."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from recommender.data.matrices import positive_matrix
from recommender.data.splits import TrainingSplit
from recommender.scoring import ItemSets

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Audience:
    """The users for whom items are scored.

    Attributes:
        histories: the items of each.
        friends: ``[n]`` number of friends of each.
        plays: ``[n, n_items]`` number of friends with an item; None without friendships.
    """

    histories: ItemSets
    friends: Floats
    plays: csr_array | None

    @classmethod
    def of_training(cls, train: TrainingSplit) -> Audience:
        """The users of the training split, with the friendships of its `user_graph`."""
        histories, network = ItemSets(*train.history), _network(train)
        if network is None:
            return cls.strangers(histories)
        plays = csr_array(network @ positive_matrix(train).astype(np.float32))
        plays.sort_indices()
        return cls(histories, np.diff(network.indptr).astype(np.float32), plays)

    @classmethod
    def strangers(cls, histories: ItemSets) -> Audience:
        """Create for people known only by their histories."""
        return cls(histories, np.zeros(histories.n_users, dtype=np.float32), None)

    @cached_property
    def lengths(self) -> Floats:
        """``[n]`` number of items in each history."""
        return self.histories.sizes.astype(np.float32)

    def friends_with(self, people: Ints, items: Ints) -> Floats:
        """Number of each person's friends with the item; int64 [b] each → [b]."""
        if self.plays is None or not self.plays.nnz:
            return np.zeros(len(people), dtype=np.float32)
        keys = self._keys
        wanted = people * self.plays.shape[1] + items
        positions = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        return np.where(keys[positions] == wanted, self.plays.data[positions], np.float32(0))

    def friends_with_block(self, people: Ints, start: int, stop: int) -> Floats:
        """`friends_with` for the items start … stop - 1: int64 [b] → [b, stop - start]."""
        if self.plays is None:
            return np.zeros((len(people), stop - start), dtype=np.float32)
        return np.asarray(self.plays[people][:, start:stop].toarray(), dtype=np.float32)

    @cached_property
    def _keys(self) -> Ints:
        assert self.plays is not None
        rows = np.repeat(np.arange(self.plays.shape[0]), np.diff(self.plays.indptr))
        keys: Ints = rows * self.plays.shape[1] + self.plays.indices.astype(np.int64)
        return keys


def _network(train: TrainingSplit) -> csr_array | None:
    """Symmetric friendship matrix of 0 and 1; [n_users, n_users]."""
    graph = train.user_graph
    if graph is None:
        return None
    kept = (graph.head < train.n_users) & (graph.tail < train.n_users) & (graph.head != graph.tail)
    left, right = graph.head[kept], graph.tail[kept]
    if not len(left):
        return None
    ends = np.concatenate([left, right]), np.concatenate([right, left])
    shape = (train.n_users, train.n_users)
    network = csr_array((np.ones(len(ends[0]), dtype=np.float32), ends), shape=shape)
    network.sum_duplicates()
    network.data[:] = 1
    return network
