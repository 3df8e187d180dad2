"""Convert training positives and knowledge graph to sparse matrices."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from recommender.data.graph import KnowledgeGraph
from recommender.data.splits import TrainingSplit

__all__ = [
    "attribute_shares",
    "inverse_frequencies",
    "item_attributes",
    "normalized_rows",
    "positive_matrix",
    "tfidf_attributes",
]

FloatArray = NDArray[np.float64]


def positive_matrix(train: TrainingSplit) -> csr_array:
    """R, 1 where a user has a positive training row on an item: [n_users, n_items], float64.

    Negatives are not included, so that no feature reveals a user's number of negatives.
    """
    offsets, items = train.history
    shape = (train.n_users, train.n_items)
    return csr_array((np.ones(len(items)), items, offsets), shape=shape)


def item_attributes(graph: KnowledgeGraph, n_items: int, relation: int | None = None) -> csr_array:
    """A, 1 where an item and an entity share a triple in either direction, of one relation or any.

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


def inverse_frequencies(attributes: csr_array) -> FloatArray:
    """idf of the columns of a 0/1 matrix: ln(rows / rows with it), 0 for an empty column."""
    counts = np.bincount(attributes.indices, minlength=attributes.shape[1])
    idf: FloatArray = np.log(attributes.shape[0] / np.maximum(counts, 1)) * (counts > 0)
    return idf


def normalized_rows(matrix: csr_array) -> csr_array:
    """The rows divided by their Euclidean lengths; zero rows are unchanged."""
    lengths = np.sqrt(matrix.multiply(matrix).sum(axis=1))
    scale = 1 / np.where(lengths > 0, lengths, 1.0)
    result = matrix.copy()
    result.data = matrix.data * np.repeat(scale, np.diff(matrix.indptr))
    return result


def tfidf_attributes(graph: KnowledgeGraph, n_items: int) -> csr_array:
    """`item_attributes` weighted by idf, rows of length 1: [n_items, n_entities].

    The product of two rows is the cosine of two items in the graph. As usual in tf-idf, an item's
    norm includes entities that no other item has.
    """
    attributes = item_attributes(graph, n_items)
    attributes.data = attributes.data * inverse_frequencies(attributes)[attributes.indices]
    return normalized_rows(attributes)
