"""Find the history item that shares most listeners with a recommended item, as evidence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from recommender.explanation.evidence import Evidence
from recommender.scoring import ItemSets

IntArray = NDArray[np.int64]

_SHRINKAGE = 10  # shrinkage, in listeners: 1 common of 2 counts less than 10 of 200


class Listeners:
    """Co-occurrence counts over the training histories, `[users × items]`."""

    def __init__(self, history: ItemSets, n_items: int) -> None:
        self._matrix = history.matrix(n_items)
        self._of_item = self._matrix.T.tocsr()
        self._popularity = np.bincount(history.items, minlength=n_items)
        self._before: Listeners | None = None

    def joined_by(self, newcomers: ItemSets) -> Listeners:
        """Add people with subsequent ids; existing counts are reused."""
        joined = Listeners(newcomers, len(self._popularity))
        joined._popularity += self._popularity
        joined._before = self
        return joined

    def best_known(self, items: Iterable[int]) -> tuple[int, ...]:
        """The distinct items, by falling number of listeners."""
        return tuple(sorted(set(items), key=lambda item: (-self._popularity[item], item)))

    def find(self, users: IntArray, items: IntArray) -> Iterator[tuple[int, Evidence]]:
        """For each pair, find the item of the user's history closest to a new item.

        Closeness is the shrunk cosine: users with both over the root of the audience, so that a
        popular item does not explain everything.

        Args:
            users, items: ``[n]``; no item may be in its user's history.

        Yields:
            The pair's position and the evidence; nothing for a pair without common users.
        """
        if not len(items):
            return
        wanted, inverse = np.unique(items, return_inverse=True)
        common = self._together(wanted)[inverse].multiply(self._histories(users)).tocsr()
        common.sort_indices()
        for pair in range(len(items)):
            part = slice(common.indptr[pair], common.indptr[pair + 1])
            candidates, counts = common.indices[part], common.data[part]
            if not len(candidates):
                continue
            best = int(np.argmax(counts / np.sqrt(self._popularity[candidates] + _SHRINKAGE)))
            item = int(candidates[best])
            audience = int(self._popularity[item]) - 1  # excluding the user
            yield (
                pair,
                Evidence("listeners", (item,), together=int(counts[best]), audience=audience),
            )

    def _together(self, items: IntArray) -> csr_array:
        """``[items × all items]`` number of people with both."""
        found = (self._of_item[items] @ self._matrix).tocsr()
        return found if self._before is None else (self._before._together(items) + found).tocsr()

    def _histories(self, users: IntArray) -> csr_array:
        if self._before is None:
            return self._matrix[users]
        first = self._before.n_users
        if len(users) and users.min() >= first:  # the common case: only newcomers are queried
            return self._matrix[users - first]
        return self._all()[users]

    def _all(self) -> csr_array:
        """All histories."""
        if self._before is None:
            return self._matrix
        return csr_array(vstack([self._before._all(), self._matrix], format="csr"))

    @property
    def n_users(self) -> int:
        """Number of people."""
        before = 0 if self._before is None else self._before.n_users
        return before + int(self._matrix.shape[0])
