"""Tf-idf vectors of items over their entities in the graph; find a new item's nearest items."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, eye_array

from recommender.data.facts import Facts
from recommender.data.graph import KnowledgeGraph
from recommender.data.matrices import inverse_frequencies, item_attributes, normalized_rows
from recommender.kernels.largest_products import largest_products

__all__ = ["FactVectors", "nearest_rows"]


class FactVectors:
    """tf-idf vectors of the items' entities, rows of unit length.

    An item counts as one of its own entities, so that two items joined by a triple are similar: an
    item stated to be similar to Portishead is near Portishead itself, and not only near its other
    neighbours.

    Args:
        graph: facts about the catalogue.
        n_items: size of the catalogue.

    Attributes:
        counts: ``[n_items]`` number of entities of each item, excluding itself.
        idf: ``[n_entities]`` weight of each entity; one without items weighs as much as one with a
            single item.
        matrix: ``[n_items, n_entities]`` the vectors.
    """

    def __init__(self, graph: KnowledgeGraph, n_items: int) -> None:
        attributes = item_attributes(graph, n_items)
        self.counts = np.diff(attributes.indptr)
        attributes = csr_array(attributes + eye_array(n_items, graph.n_entities, format="csr"))
        attributes.data = inverse_frequencies(attributes)[attributes.indices]
        self.matrix = normalized_rows(attributes)
        numbers = np.bincount(attributes.indices, minlength=graph.n_entities)
        self.idf: NDArray[np.float64] = np.log(n_items / np.maximum(numbers, 1))

    def of_new_items(self, facts: Sequence[Facts]) -> csr_array:
        """Vectors of items that are not in the catalogue: [len(facts), n_entities].

        Each also counts as one of its own entities, which has no column, so rows are shorter than
        1.
        """
        n_entities = len(self.idf)
        rows = np.repeat(np.arange(len(facts)), [len(fact) for fact in facts])
        entities = np.concatenate([np.zeros(0, np.int64), *(fact.entity for fact in facts)])
        rows, entities = np.divmod(np.unique(rows * n_entities + entities), max(n_entities, 1))
        weights = self.idf[entities]
        squares = np.bincount(rows, weights=weights**2, minlength=len(facts))
        lengths = np.sqrt(squares + np.log(max(self.matrix.shape[0], 1)) ** 2)
        values = weights / np.where(lengths > 0, lengths, 1.0)[rows]
        return csr_array((values, (rows, entities)), shape=(len(facts), n_entities))


def nearest_rows(
    vectors: csr_array, others: csr_array, nearest: int, *, itself: bool = True
) -> csr_array:
    """The `nearest` largest positive products of each row with the others.

    Args:
        vectors: ``[m, d]``, non-negative.
        others: ``[n, d]``, likewise.
        nearest: number to keep per row; ties by lower column.
        itself: whether row i may match the other row i; False if they are the same object.

    Returns:
        ``[m, n]``, columns ascending in each row.
    """
    n, kept = vectors.shape[0], max(min(nearest, others.shape[0]), 0)
    shape = (n, others.shape[0])
    if not n or not kept:
        return csr_array(shape, dtype=vectors.dtype)
    by_term = others.T.tocsr()
    dtype = np.result_type(vectors.dtype, others.dtype)
    columns = np.full((n, kept), others.shape[0], dtype=np.int64)
    values = np.zeros((n, kept), dtype=dtype)
    largest_products(
        vectors.indptr, vectors.indices, vectors.data,
        by_term.indptr, by_term.indices, by_term.data,
        itself, np.zeros(others.shape[0], dtype=dtype), np.zeros(others.shape[0], dtype=np.int64),
        columns, values,
    )  # fmt: skip
    order = np.argsort(columns, axis=1)
    columns = np.take_along_axis(columns, order, axis=1)
    values = np.take_along_axis(values, order, axis=1)
    found = values > 0
    offsets = np.concatenate([np.zeros(1, dtype=np.int64), found.sum(axis=1)]).cumsum()
    return csr_array((values[found], columns[found], offsets), shape=shape)
