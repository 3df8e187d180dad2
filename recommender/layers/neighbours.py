"""Nearest rows of a sparse 0/1 matrix by shrunk cosine: the similarities of KNN recommenders."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from recommender.data.tables import IntArray

__all__ = ["nearest_rows"]

_PRODUCTS = 2**24  # similarities held at a time


def nearest_rows(matrix: csr_array, k: int, shrinkage: float) -> tuple[IntArray, np.ndarray]:
    """The k most similar other rows of every row, and how similar they are.

    cos(a, b) = |a ∩ b| / (√|a| √|b| + shrinkage), 0 for rows that share nothing.

    Args:
        matrix: ``[n, m]`` of zeros and ones.
        k: neighbours per row.
        shrinkage: of the similarity of rows with few entries.

    Returns:
        ids int64 ``[n, k]`` and similarities float64 ``[n, k]``, falling; equal ones by id. A row
        with fewer similar rows is filled up with itself at similarity 0.
    """
    n = matrix.shape[0]
    norms = np.sqrt(np.diff(matrix.indptr))
    ids = np.repeat(np.arange(n)[:, None], k, axis=1)
    similarities = np.zeros((n, k))
    transposed = matrix.T.tocsr()
    rows_at_a_time = max(1, _PRODUCTS // max(n, 1))
    for start in range(0, n, rows_at_a_time):
        common = (matrix[start : start + rows_at_a_time] @ transposed).tocoo()
        row, column = common.coords
        other = row + start != column
        row, column, shared = row[other], column[other], common.data[other]
        cosine = shared / (norms[row + start] * norms[column] + shrinkage)
        order = np.lexsort((column, -cosine, row))
        row, column, cosine = row[order], column[order], cosine[order]
        counts = np.bincount(row)
        rank = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
        near = rank < k
        ids[row[near] + start, rank[near]] = column[near]
        similarities[row[near] + start, rank[near]] = cosine[near]
    return ids, similarities
