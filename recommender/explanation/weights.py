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

#: For ``[b]`` users and ``[b]`` items, what triples add to the scores; None: the model cannot tell.
Contributions = Callable[[IntArray, IntArray], TripleContributions | None]


def contributions_of(model: Recommender) -> Contributions:
    """A model's `triple_contributions`, from and to numpy."""

    def contributions(users: IntArray, items: IntArray) -> TripleContributions | None:
        with torch.no_grad():
            return model.triple_contributions(
                torch.from_numpy(users).to(model.device), torch.from_numpy(items).to(model.device)
            )

    return contributions


@dataclass(frozen=True, eq=False)
class FactWeights:
    """Facts about the items of some pairs.

    Attributes:
        pairs, holdings: ``[n]``, the pair, and the holding of its item.
        values: ``[n]``, the weight; no more than 0 where the fact is not to be mentioned.
        ranks: ``[n]``, by which facts are chosen: the weight, and of the model's weights times what
            the fact means to a person.
        from_model: ``[n]``, whether the weights of the pair are the model's.
    """

    pairs: IntArray
    holdings: IntArray
    values: NDArray[np.float64]
    ranks: NDArray[np.float64]
    from_model: NDArray[np.bool_]


class Weigher:
    """Weights for the graph's facts about items.

    A fact weighs what the model's score owes to its triples. Where the model cannot tell, or owes
    nothing to any fact of the item, rarity times telling stands in.
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
        #: ``[n_holdings]``: rarity of the feature, times what it means to a person.
        self._telling = meaning[index.features] * telling[index.relation]
        self.rarity = index.rarity[index.features] * self._telling
        self._mentioned = self.rarity > 0

    def by_rarity(self) -> Weigher:
        """The same without the model."""
        weigher = copy(self)
        weigher._contributions = None
        return weigher

    def weigh(self, users: IntArray, items: IntArray) -> FactWeights:
        """Weigh all facts about the items, ``[b]``, for the users, ``[b]``."""
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
        """Sum of the contributions of each fact's triples; None where the model cannot tell."""
        found = None if self._contributions is None else self._contributions(users, items)
        if found is None:
            return None
        index = self._index
        positions = index.holdings_at(items[found.pairs], found.triples)
        valid = positions >= 0
        which = found.pairs[valid]
        # facts of pair p are neighbours, in the order of the item's holdings
        first = np.searchsorted(pairs, np.arange(len(items)))
        rows = first[which] + positions[valid] - index.starts[items[which]]
        owed = np.zeros(len(pairs))
        np.add.at(owed, rows, found.values[valid])
        return owed
