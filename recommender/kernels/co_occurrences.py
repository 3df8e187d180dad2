"""Count the rows of a 0/1 matrix with both of each pair of columns: XᵀX without its diagonal."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from scipy.sparse import csr_array

__all__ = ["co_occurrences"]

_DE_BRUIJN = np.uint64(0x03F79D71B4CB0A89)
"""De Bruijn sequence: the top six bits of its product with 2^i are unique (Leiserson et al.,
1998)."""
_BIT_OF = np.zeros(64, dtype=np.int64)
for _bit in range(64):
    _BIT_OF[(int(_DE_BRUIJN) << _bit) % 2**64 >> 58] = _bit


def co_occurrences(matrix: csr_array) -> csr_array:
    """Count the rows shared by each pair of different columns.

    One column is multiplied at a time (Gustavson, 1978). Its partners are marked in a bit set and
    read in ascending order, which is much faster than sorting.

    Args:
        matrix: ``[n, m]``; only the positions of its entries count.

    Returns:
        ``[m, m]``, symmetric, float32 with 32-bit columns.
    """
    n_columns = matrix.shape[1]
    by_column = matrix.T.tocsr()
    offsets, owners = by_column.indptr.astype(np.int64), by_column.indices.astype(np.int32)
    row_offsets, members = matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32)
    seen_by, sizes = np.full(n_columns, -1), np.zeros(n_columns, dtype=np.int64)
    _count_partners(offsets, owners, row_offsets, members, seen_by, sizes)
    starts = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(sizes)])
    columns, counts = np.empty(starts[-1], np.int32), np.empty(starts[-1], np.float32)
    numbers, bits = np.zeros(n_columns, np.int32), np.zeros(n_columns // 64 + 1, np.uint64)
    _list_partners(offsets, owners, row_offsets, members, numbers, bits, columns, counts)
    result = csr_array((n_columns, n_columns), dtype=np.float32)
    result.indptr, result.indices, result.data = starts, columns, counts
    return result


@njit(cache=True, nogil=True)
def _count_partners(
    offsets: Any, owners: Any, row_offsets: Any, members: Any, seen_by: Any, sizes: Any
) -> None:  # pragma: no cover
    """sizes[c] = number of other columns that share a row with c.

    Args:
        offsets, owners: the rows of each column.
        row_offsets, members: the columns of each row.
        seen_by: ``[m]`` of -1, scratch.
        sizes: ``[m]``, output.
    """
    for column in range(len(sizes)):
        seen_by[column] = column
        for index in range(offsets[column], offsets[column + 1]):
            row = owners[index]
            for entry in range(row_offsets[row], row_offsets[row + 1]):
                other = members[entry]
                if seen_by[other] != column:
                    seen_by[other] = column
                    sizes[column] += 1


@njit(cache=True, nogil=True)
def _list_partners(
    offsets: Any,
    owners: Any,
    row_offsets: Any,
    members: Any,
    numbers: Any,
    bits: Any,
    columns: Any,
    counts: Any,
) -> None:  # pragma: no cover
    """Write the partners of each column, ascending, and the number of rows shared with each.

    Args:
        offsets, owners, row_offsets, members: see `_count_partners`.
        numbers: int32 ``[m]`` zeros, scratch.
        bits: uint64 ``[m // 64 + 1]`` zeros, scratch.
        columns, counts: concatenated lists, output.
    """
    one, end = np.uint64(1), 0
    for column in range(len(offsets) - 1):
        for index in range(offsets[column], offsets[column + 1]):
            row = owners[index]
            for entry in range(row_offsets[row], row_offsets[row + 1]):
                other = members[entry]
                numbers[other] += 1
                bits[other >> 6] |= one << np.uint64(other & 63)
        for word in range(len(bits)):
            left = bits[word]
            bits[word] = 0
            while left:
                lowest = left & (~left + one)
                other = 64 * word + _BIT_OF[(lowest * _DE_BRUIJN) >> np.uint64(58)]
                left ^= lowest
                if other != column:
                    columns[end], counts[end] = other, numbers[other]
                    end += 1
                numbers[other] = 0
