"""Weigh facts of a recommended item by their contribution to the model's score, or by rarity."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from recommender.explanation.index import GraphIndex
from recommender.explanation.vocabulary import Vocabulary
from recommender.models.base import Recommender, TripleContributions

__all__ = ["Contributions", "FactWeights", "Weigher", "contributions_of"]

IntArray = NDArray[np.int64]

#: Returns contributions of triples to the scores of ``[b]`` users and items; None if unavailable.
Contributions = Callable[[IntArray, IntArray], TripleContributions | None]


def contributions_of(model: Recommender) -> Contributions:
    """Wrap a model's `triple_contributions` for numpy arrays."""

    def contributions(users: IntArray, items: IntArray) -> TripleContributions | None:
        with torch.no_grad():
            return model.triple_contributions(
                torch.from_numpy(users).to(model.device), torch.from_numpy(items).to(model.device)
            )

    return contributions


@dataclass(frozen=True, eq=False)
class FactWeights:
    """Weighted facts about the items of some pairs.

    Attributes:
        pairs, holdings: ``[n]``, the pair, and a holding of its item.
        values: ``[n]``, the weight; at most 0 if the fact must not be mentioned.
        ranks: ``[n]``, criterion for choosing facts: the weight; for the model's weights multiplied
            with the fact's relevance.
        from_model: ``[n]``, whether the weights of the pair are the model's.
    """

    pairs: IntArray
    holdings: IntArray
    values: NDArray[np.float64]
    ranks: NDArray[np.float64]
    from_model: NDArray[np.bool_]

    def position(self, pair: int, holding: int) -> int:
        """Where the values of a pair's holding are; the pair's holdings are ascending."""
        first, last = np.searchsorted(self.pairs, [pair, pair + 1]).tolist()
        return int(first + np.searchsorted(self.holdings[first:last], holding))


class Weigher:
    """Computes weights of the graph's facts about items.

    A fact's weight is the contribution of its triples to the model's score. If that is unavailable,
    or 0 for all facts of the item, rarity times relevance is used.
    """

    def __init__(
        self,
        index: GraphIndex,
        vocabulary: Vocabulary | None,
        contributions: Contributions | None,
    ) -> None:
        self._index = index
        self._contributions = contributions
        telling = np.ones(1 + int(index.relation.max(initial=0)))
        meaning = np.ones(index.n_features)
        if vocabulary is not None:
            telling = vocabulary.telling
            meaning = vocabulary.names.meaning(index.entity)
        #: ``[n_holdings]``: rarity of the feature times its relevance.
        self._telling = meaning[index.features] * telling[index.relation]
        self.rarity = index.rarity[index.features] * self._telling
        self._mentioned = self.rarity > 0

    def by_rarity(self) -> Weigher:
        """A copy without the model."""
        weigher = copy(self)
        weigher._contributions = None
        return weigher

    def weigh(self, users: IntArray, items: IntArray) -> FactWeights:
        """Compute weights of all facts about the items, ``[b]``, for the users, ``[b]``."""
        pairs, holdings = self._index.holdings_of(items)
        values = self.rarity[holdings]
        owed = self._owed(users, items, pairs, holdings)
        if owed is None:
            return FactWeights(pairs, holdings, values, values, np.zeros(len(pairs), dtype=bool))
        explained = np.zeros(len(items), dtype=bool)
        explained[pairs[(owed > 0) & self._mentioned[holdings]]] = True
        from_model = explained[pairs]
        owed[~self._mentioned[holdings]] = 0.0
        ranks = np.where(from_model, owed * self._telling[holdings], values)
        return FactWeights(pairs, holdings, np.where(from_model, owed, values), ranks, from_model)

    def _owed(
        self, users: IntArray, items: IntArray, pairs: IntArray, holdings: IntArray
    ) -> NDArray[np.float64] | None:
        """Sum of the contributions of each fact's triples; None if unavailable."""
        found = None if self._contributions is None else self._contributions(users, items)
        if found is None:
            return None
        index = self._index
        positions = index.holdings_at(items[found.pairs], found.triples)
        valid = positions >= 0
        which = found.pairs[valid]
        # facts of pair p are contiguous, in the order of the item's holdings
        first = np.searchsorted(pairs, np.arange(len(items)))
        rows = first[which] + positions[valid] - index.starts[items[which]]
        owed = np.zeros(len(pairs))
        np.add.at(owed, rows, found.values[valid])
        return owed
