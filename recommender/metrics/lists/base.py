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
    """Ranked lists, one per user.

    Attributes:
        users: ``[u]`` distinct user ids.
        items: ``[u, k]`` item ids, best first, padded with -1.
        histories: the users' histories, by user id.
    """

    users: IntArray
    items: IntArray
    histories: ItemSets

    def __len__(self) -> int:
        return len(self.users)

    @property
    def filled(self) -> NDArray[np.bool_]:
        """Mask of the positions with an item, ``[u, k]``."""
        return self.items >= 0

    def first(self, k: int) -> RecommendedLists:
        """The lists truncated to k items."""
        return RecommendedLists(self.users, self.items[:, :k], self.histories)

    def of(self, chosen: NDArray[np.bool_] | slice) -> RecommendedLists:
        """The lists of some of the users, given as a mask ``[u]`` or a slice."""
        return RecommendedLists(self.users[chosen], self.items[chosen], self.histories)

    def blocks(self) -> Iterator[RecommendedLists]:
        """Yield the lists in blocks of users, which bounds the memory of metrics."""
        for start in range(0, len(self), _USERS_AT_A_TIME):
            yield self.of(slice(start, start + _USERS_AT_A_TIME))

    def matrix(self, n_items: int) -> csr_array:
        """1 for the items in each user's list: ``[u, n_items]``, float64."""
        filled = self.filled
        offsets = np.concatenate(([0], np.cumsum(filled.sum(axis=1))))
        items = self.items[filled]
        return csr_array((np.ones(len(items)), items, offsets), shape=(len(self), n_items))

    def history_matrix(self, n_items: int) -> csr_array:
        """1 for the items in each user's history: ``[u, n_items]``, float64."""
        rows, items = self.histories.pairs(self.users)
        return csr_array((np.ones(len(items)), (rows, items)), shape=(len(self), n_items))

    def mean_over_places(self, values: FloatArray) -> FloatArray:
        """Mean of item values ``[n_items]`` over each list, ``[u]``; NaN for an empty list."""
        filled = self.filled
        sums = np.where(filled, values[self.items], 0.0).sum(axis=1)
        with np.errstate(invalid="ignore"):
            return np.asarray(sums / filled.sum(axis=1))


class ListMetric(ABC):
    """Base class of list metrics, built from the training split and called with lists.

    Subclass `PerUserMetric` if each list has a value, else `AggregateMetric`.

    Attributes:
        name: name in reports, followed by ``@k``.
        title: title in tables, with the unit.
        digits: decimals in tables.
        basis: data that the values are based on if that varies, else ''.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    digits: ClassVar[int] = 4
    basis: str = ""

    def __init__(self, train: TrainingSplit) -> None:
        self.n_items = train.n_items


class PerUserMetric(ListMetric):
    """A metric that is a mean over users, which intervals and tests resample."""

    @abstractmethod
    def per_user(self, lists: RecommendedLists) -> FloatArray:
        """The value of each list, ``[u]``; NaN if undefined."""


class AggregateMetric(ListMetric):
    """A metric of all lists together."""

    @abstractmethod
    def value(self, lists: RecommendedLists) -> float:
        """The value; NaN without lists."""
