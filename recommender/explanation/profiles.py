"""Find which items of a user's history have a given graph feature or entity."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recommender.explanation.index import GraphIndex
from recommender.scoring import ItemSets

__all__ = ["Profiles"]

IntArray = NDArray[np.int64]


class Profiles:
    """Sorted table of (feature, item of the history) for a batch of users.

    Attributes:
        users: ``[n]`` user ids.
        features, items, holdings: ``[n_holdings]``, a feature, an item of the history with it, and
            the id of the holding; sorted by user, feature and item. The lookups below return ranges
            of the table.
    """

    def __init__(self, index: GraphIndex, history: ItemSets, users: IntArray) -> None:
        self.users = users
        self._index, self._history = index, history
        owners, items = history.pairs(users)
        places, holdings = index.holdings_of(items)
        features = index.features[holdings]
        keys = owners[places] * index.n_features + features
        order = np.argsort(keys, kind="stable")
        self._keys = keys[order]
        self.features, self.items = features[order], items[places][order]
        self.holdings = holdings[order]

    def contain(self, rows: IntArray, entities: IntArray) -> NDArray[np.bool_]:
        """Whether each entity is an item in the history of its row, ``[n]``."""
        return self._history.contains(self.users[rows], entities)

    def with_feature(self, rows: IntArray, features: IntArray) -> tuple[IntArray, IntArray]:
        """Ranges ``left … right - 1`` of the items with a feature in the history of each row.

        Args:
            rows: ``[n]`` positions in `users`.
            features: ``[n]``.
        """
        keys = rows * self._index.n_features + features
        return self._range(keys, keys + 1)

    def with_entity(self, rows: IntArray, entities: IntArray) -> tuple[IntArray, IntArray]:
        """The same for any feature of an entity, ``[n]``."""
        base, first_of = rows * self._index.n_features, self._index.first_of
        return self._range(base + first_of[entities], base + first_of[entities + 1])

    def _range(self, low: IntArray, high: IntArray) -> tuple[IntArray, IntArray]:
        return np.searchsorted(self._keys, low), np.searchsorted(self._keys, high)
