"""Score a new item by the user's scores of its nearest catalogue items, by facts in the graph."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from scipy.sparse import csr_array
from torch import Tensor

from recommender.data.fact_vectors import FactVectors, nearest_rows
from recommender.data.facts import Facts
from recommender.data.graph import KnowledgeGraph
from recommender.scoring import DEFAULT_BLOCK, ItemScorer

NEAREST = 20
_TINY = np.finfo(float).tiny


class AlikeItems:
    """Find the catalogue items nearest to a new one, given its facts.

    By the tf-idf cosine of their entities in the graph; see `FactVectors`.

    Args:
        graph: facts about the catalogue.
        n_items: size of the catalogue.
    """

    def __init__(self, graph: KnowledgeGraph, n_items: int) -> None:
        self.n_items = n_items
        self._vectors = FactVectors(graph, n_items)

    def shares(self, facts: Sequence[Facts]) -> csr_array:
        """Weights of catalogue items for each new one; rows sum to 1.

        A new item without similar items has uniform weights.

        Returns:
            ``[len(facts), n_items]``.
        """
        vectors = self._vectors.of_new_items(facts)
        cosines = nearest_rows(vectors, self._vectors.matrix, NEAREST)
        cosines = csr_array(cosines / np.maximum(cosines.sum(axis=1), _TINY)[:, None])
        unlike = np.flatnonzero(np.diff(cosines.indptr) == 0)
        everything = np.ones((len(unlike), self.n_items)) / self.n_items
        coordinates = np.repeat(unlike, self.n_items), np.tile(np.arange(self.n_items), len(unlike))
        return csr_array(
            cosines + csr_array((everything.ravel(), coordinates), shape=cosines.shape)
        )


class ScoreOfAlikeItems:
    """Scores new items by the weighted mean of a user's scores of the nearest known items.

    For a model whose score is linear in an item's vector or similarities, this is the score of an
    item with the mean of its neighbours'.

    Args:
        model: scores the known items.
        shares: ``[n_new, n_items]``, see `AlikeItems.shares`.
    """

    def __init__(self, model: ItemScorer, shares: csr_array) -> None:
        self._model, self._shares = model, shares
        self.n_items = shares.shape[0]

    @property
    def device(self) -> torch.device:
        """Device of the model."""
        return self._model.device

    def score_items(self, users: Tensor, start: int, stop: int) -> Tensor:
        """Weighted means, accumulated over blocks of the catalogue."""
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
