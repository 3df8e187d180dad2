"""Training positives and knowledge graph as sparse matrices."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from recommender.data.graph import KnowledgeGraph
from recommender.data.splits import TrainingSplit

__all__ = ["attribute_shares", "item_attributes", "positive_matrix"]


def positive_matrix(train: TrainingSplit) -> csr_array:
    """R, 1 where a user has a positive training row on an item: [n_users, n_items], float64.

    Negatives are not in it, so that nothing made from it knows how many of them a user has.
    """
    offsets, items = train.history
    shape = (train.n_users, train.n_items)
    return csr_array((np.ones(len(items)), items, offsets), shape=shape)


def item_attributes(graph: KnowledgeGraph, n_items: int, relation: int | None = None) -> csr_array:
    """A, 1 where an item and an entity share a triple, in either direction, of one relation or any.

    [n_items, n_entities], float64; several triples between the same two count once.
    """
    chosen = slice(None) if relation is None else graph.relation == relation
    head, tail = graph.head[chosen], graph.tail[chosen]
    item, entity = np.concatenate([head, tail]), np.concatenate([tail, head])
    kept = item < n_items
    shape = (n_items, graph.n_entities)
    matrix = csr_array((np.ones(int(kept.sum())), (item[kept], entity[kept])), shape=shape)
    matrix.sum_duplicates()
    matrix.data[:] = 1.0
    return matrix


def attribute_shares(graph: KnowledgeGraph, n_items: int) -> csr_array:
    """The rows of `item_attributes` divided by their sums, so that A x is a mean."""
    matrix = item_attributes(graph, n_items)
    counts = np.diff(matrix.indptr)
    matrix.data = np.repeat(1 / np.maximum(counts, 1), counts)
    return matrix
