"""Nearest rows of a sparse 0/1 matrix by shrunk cosine, for KNN recommenders."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from recommender.data.tables import IntArray

__all__ = ["largest_entries", "nearest_rows"]

_PRODUCTS = 2**24  # similarities in memory at a time


def nearest_rows(
    matrix: csr_array, k: int, shrinkage: float, *, others: csr_array | None = None
) -> tuple[IntArray, np.ndarray]:
    """Find the k most similar other rows of every row, with similarities.

    cos(a, b) = |a ∩ b| / (√|a| √|b| + shrinkage), 0 for disjoint rows.

    Args:
        matrix: ``[n, m]`` of zeros and ones.
        k: neighbours per row.
        shrinkage: lowers the similarity of rows with few entries.
        others: ``[l, m]`` of zeros and ones, candidate neighbours; by default the other rows of the
            matrix.

    Returns:
        ids int64 ``[n, k]`` and similarities float64 ``[n, k]``, descending, ties by id. A row with
        fewer similar rows is padded with its own index (0 if there are `others`) at similarity 0.
    """
    n, candidates = matrix.shape[0], matrix if others is None else others
    norms, candidate_norms = (np.sqrt(np.diff(rows.indptr)) for rows in (matrix, candidates))
    ids, similarities = np.zeros((n, k), dtype=np.int64), np.zeros((n, k))
    transposed = candidates.T.tocsr()
    rows_at_a_time = max(1, _PRODUCTS // max(candidates.shape[0], 1))
    for start in range(0, n, rows_at_a_time):
        stop = min(start + rows_at_a_time, n)
        shared = (matrix[start:stop] @ transposed).tocoo()
        row, column = shared.coords
        shared.data /= norms[row + start] * candidate_norms[column] + shrinkage
        first = start if others is None else None
        ids[start:stop], similarities[start:stop] = largest_entries(shared.tocsr(), k, first=first)
    return ids, similarities


def largest_entries(
    matrix: csr_array, k: int, *, first: int | None = None
) -> tuple[IntArray, np.ndarray]:
    """The k largest entries of every row of a sparse matrix of non-negative numbers.

    Args:
        matrix: ``[n, m]``.
        k: entries per row.
        first: index of the first row, to exclude a row's own column.

    Returns:
        columns int64 ``[n, k]`` and values float64 ``[n, k]``, descending, ties by column. A row
        with fewer entries is padded with its own column, or with column 0, at value 0.
    """
    n = matrix.shape[0]
    row, column = matrix.tocoo().coords
    values = matrix.data
    columns = np.zeros((n, k), dtype=np.int64)
    if first is not None:
        columns += np.arange(first, first + n)[:, None]
        other = row + first != column
        row, column, values = row[other], column[other], values[other]
    order = np.lexsort((column, -values, row))
    row, column, values = row[order], column[order], values[order]
    counts = np.bincount(row, minlength=n)
    rank = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
    kept = rank < k
    largest = np.zeros((n, k))
    columns[row[kept], rank[kept]] = column[kept]
    largest[row[kept], rank[kept]] = values[kept]
    return columns, largest
