"""New items by the items of the catalogue that the graph knows to be like them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from scipy.sparse import csr_array, eye_array
from torch import Tensor

from recommender.data.facts import Facts
from recommender.data.graph import KnowledgeGraph
from recommender.data.matrices import inverse_frequencies, item_attributes, normalized_rows
from recommender.scoring import DEFAULT_BLOCK, ItemScorer

__all__ = ["AlikeItems", "ScoreOfAlikeItems"]

NEAREST = 20


class AlikeItems:
    """Finds the items of the catalogue nearest to a new one, given its facts.

    Nearest by the cosine of the entities that the graph links to either, weighted by tf-idf. An
    item counts among its own entities, so that one said to be similar to Portishead is near
    Portishead, and not only near what else is.

    Args:
        graph: facts about the catalogue.
        n_items: size of the catalogue.
    """

    def __init__(self, graph: KnowledgeGraph, n_items: int) -> None:
        self.n_items = n_items
        itself = eye_array(n_items, graph.n_entities, format="csr")
        attributes = csr_array(item_attributes(graph, n_items) + itself)
        self._idf = inverse_frequencies(attributes)
        attributes.data = attributes.data * self._idf[attributes.indices]
        self._by_attribute = normalized_rows(attributes).T.tocsr()

    def shares(self, facts: Sequence[Facts]) -> csr_array:
        """How much each item of the catalogue counts for each new one; rows sum to 1.

        A new item like nothing in the catalogue is a bit of everything.

        Returns:
            ``[len(facts), n_items]``.
        """
        similarities = self._vectors(facts) @ self._by_attribute
        rows = [self._nearest(similarities[[n]]) for n in range(len(facts))]
        counts = [len(items) for items, _ in rows]
        starts = np.concatenate([[0], np.cumsum(counts)])
        items = np.concatenate([items for items, _ in rows])
        values = np.concatenate([values for _, values in rows])
        return csr_array((values, items, starts), shape=(len(facts), self.n_items))

    def _vectors(self, facts: Sequence[Facts]) -> csr_array:
        rows = np.repeat(np.arange(len(facts)), [len(own) for own in facts])
        entities = np.concatenate([np.zeros(0, np.int64), *(own.entity for own in facts)])
        pairs = np.unique(np.column_stack([rows, entities]), axis=0).astype(np.int64)
        matrix = csr_array(
            (self._idf[pairs[:, 1]], (pairs[:, 0], pairs[:, 1])),
            shape=(len(facts), len(self._idf)),
        )
        return normalized_rows(matrix)

    def _nearest(self, similarities: csr_array) -> tuple[np.ndarray, np.ndarray]:
        """The nearest items, ascending, and their shares."""
        order = np.lexsort((similarities.indices, -similarities.data))[:NEAREST]
        order = order[similarities.data[order] > 0]
        if not len(order):
            return np.arange(self.n_items), np.full(self.n_items, 1 / self.n_items)
        order = order[np.argsort(similarities.indices[order])]
        values = similarities.data[order]
        return similarities.indices[order], values / values.sum()


class ScoreOfAlikeItems:
    """Scores new items: the mean of a user's scores of the nearest known items.

    Of a model whose score is linear in something that an item has (its vector, its similarities),
    this is the score of an item that has the mean of its neighbours'.

    Args:
        model: scores the known items.
        shares: ``[n_new, n_items]``, see `AlikeItems.shares`.
    """

    def __init__(self, model: ItemScorer, shares: csr_array) -> None:
        self._model, self._shares = model, shares
        self.n_items = shares.shape[0]

    @property
    def device(self) -> torch.device:
        """The model's."""
        return self._model.device

    def score_items(self, users: Tensor, start: int, stop: int) -> Tensor:
        """Weighted means, gathered over blocks of the catalogue."""
        by_known = self._shares[start:stop].T.tocsr()
        width = max(1, DEFAULT_BLOCK // max(len(users), 1))
        total = torch.zeros(len(users), stop - start, dtype=torch.float64)
        for first in range(0, self._model.n_items, width):
            last = min(first + width, self._model.n_items)
            part = by_known[first:last]
            if part.nnz:
                scores = self._model.score_items(users, first, last).double().cpu().numpy()
                total += torch.from_numpy(np.ascontiguousarray((part.T @ scores.T).T))
        return total.to(self.device, torch.float32)
