"""Diversity as a re-ranking criterion: items of a list should differ (MMR)."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from recommender.data import TrainingSplit
from recommender.data.matrices import tfidf_attributes
from recommender.lists.criteria import Candidates, Criterion, FloatArray

__all__ = ["Diversity"]


class Diversity(Criterion):
    """Maximal marginal relevance: the penalty is the maximum similarity to a preceding item.

    Carbonell and Goldstein, "The use of MMR, diversity-based reranking for reordering documents and
    producing summaries", SIGIR 1998, with 1 - λ as the weight. Similarity is the tf-idf cosine of
    the items' entities in the graph.
    """

    name = "diversity"
    summary = "items unlike those above them (maximal marginal relevance; the weight is 1 - lambda)"
    ends = ("as scored", "diverse")

    def __init__(self, train: TrainingSplit) -> None:
        self._attributes = tfidf_attributes(train.graph, train.n_items)

    def start(self, candidates: Candidates) -> _Unlikeness:
        """Start without preceding items."""
        return _Unlikeness(self._attributes[candidates.items])


class _Unlikeness:
    """Negative maximum cosine to the chosen items; 0 if there are none."""

    def __init__(self, attributes: csr_array) -> None:
        self._attributes = attributes
        self._nearest = np.zeros(attributes.shape[0])
        self._dense = np.zeros(attributes.shape[1])

    def values(self) -> FloatArray:
        """From -1 to 0."""
        return -self._nearest

    def add(self, candidate: int) -> None:
        """Update the maximum with the new item."""
        row = slice(self._attributes.indptr[candidate], self._attributes.indptr[candidate + 1])
        columns = self._attributes.indices[row]
        self._dense[columns] = self._attributes.data[row]
        self._nearest = np.maximum(self._nearest, self._attributes @ self._dense)
        self._dense[columns] = 0.0
