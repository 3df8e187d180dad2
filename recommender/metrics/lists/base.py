"""Data class of users' recommended lists, and base classes of list metrics."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from recommender.data import TrainingSplit
from recommender.scoring import ItemSets

__all__ = ["AggregateMetric", "ListMetric", "PerUserMetric", "RecommendedLists"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_USERS_AT_A_TIME = 1024


@dataclass(frozen=True, eq=False)
class RecommendedLists:
    """One ranked list per user.

    Attributes:
        users: ``[u]`` user ids, different from each other.
        items: ``[u, k]`` item ids, best first; -1 in the places that could not be filled.
        histories: the items that each user was known to like, by user id.
    """

    users: IntArray
    items: IntArray
    histories: ItemSets

    def __len__(self) -> int:
        return len(self.users)

    @property
    def filled(self) -> NDArray[np.bool_]:
        """``[u, k]``: whether there is an item in the place."""
        return self.items >= 0

    def first(self, k: int) -> RecommendedLists:
        """The same lists, cut after the k-th place."""
        return RecommendedLists(self.users, self.items[:, :k], self.histories)

    def of(self, chosen: NDArray[np.bool_] | slice) -> RecommendedLists:
        """The lists of some of the users, given as a mask ``[u]`` or a slice."""
        return RecommendedLists(self.users[chosen], self.items[chosen], self.histories)

    def blocks(self) -> Iterator[RecommendedLists]:
        """All lists, in blocks of users: what a metric holds at a time stays bounded."""
        for start in range(0, len(self), _USERS_AT_A_TIME):
            yield self.of(slice(start, start + _USERS_AT_A_TIME))

    def matrix(self, n_items: int) -> csr_array:
        """1 where an item stands in the user's list: ``[u, n_items]``, float64."""
        filled = self.filled
        offsets = np.concatenate(([0], np.cumsum(filled.sum(axis=1))))
        items = self.items[filled]
        return csr_array((np.ones(len(items)), items, offsets), shape=(len(self), n_items))

    def history_matrix(self, n_items: int) -> csr_array:
        """1 where an item is in the user's history: ``[u, n_items]``, float64."""
        rows, items = self.histories.pairs(self.users)
        return csr_array((np.ones(len(items)), (rows, items)), shape=(len(self), n_items))

    def mean_over_places(self, values: FloatArray) -> FloatArray:
        """Mean of item values ``[n_items]`` over each list, ``[u]``; NaN for an empty list."""
        filled = self.filled
        sums = np.where(filled, values[self.items], 0.0).sum(axis=1)
        with np.errstate(invalid="ignore"):
            return np.asarray(sums / filled.sum(axis=1))


class ListMetric(ABC):
    """A property of recommended lists. Built from the training split, called with lists.

    Subclass `PerUserMetric` where each list has a value of its own, else `AggregateMetric`.

    Attributes:
        name: as in reports, where ``@k`` follows it.
        title: what a table shows; says the unit.
        digits: after the point, in a table.
        basis: what the values rest on where that depends on the data, else empty.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    digits: ClassVar[int] = 4
    basis: str = ""

    def __init__(self, train: TrainingSplit) -> None:
        self.n_items = train.n_items


class PerUserMetric(ListMetric):
    """A metric whose value is the mean over users: intervals and tests resample these."""

    @abstractmethod
    def per_user(self, lists: RecommendedLists) -> FloatArray:
        """The value of each list, ``[u]``; NaN where it is undefined."""


class AggregateMetric(ListMetric):
    """A metric of all lists together."""

    @abstractmethod
    def value(self, lists: RecommendedLists) -> float:
        """The value; NaN where there is no list."""
