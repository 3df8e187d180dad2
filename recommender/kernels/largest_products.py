"""Numba kernel: the largest entries of each row of a product of sparse matrices."""

from __future__ import annotations

from typing import Any

from numba import njit

__all__ = ["largest_products"]


@njit(cache=True, nogil=True, error_model="numpy")
def _sift_down(values: Any, columns: Any, size: int) -> None:  # pragma: no cover
    """Restore a heap after a change of its first entry.

    The top is the smallest value; ties by highest column.

    Args:
        values, columns: ``[size]`` each, the heap.
        size: size of the heap.
    """
    value, column, slot = values[0], columns[0], 0
    while True:
        child = 2 * slot + 1
        if child >= size:
            break
        other = child + 1
        if other < size and (
            values[other] < values[child]
            or (values[other] == values[child] and columns[other] > columns[child])
        ):
            child = other
        if value < values[child] or (value == values[child] and column > columns[child]):
            break
        values[slot], columns[slot] = values[child], columns[child]
        slot = child
    values[slot], columns[slot] = value, column


@njit(cache=True, nogil=True, error_model="numpy")
def largest_products(
    offsets: Any,
    terms: Any,
    weights: Any,
    other_offsets: Any,
    others: Any,
    other_weights: Any,
    itself: bool,
    sums: Any,
    touched: Any,
    columns: Any,
    values: Any,
) -> None:  # pragma: no cover
    """Find the k largest positive entries of each row of A Bᵀ; ties by lower column.

    One row is multiplied at a time (Gustavson, 1978), so that memory holds one dense row and zeros
    are skipped. Sums run in the order of A's terms, as in scipy's product.

    Args:
        offsets, terms, weights: A ``[m, d]`` in CSR format, non-negative.
        other_offsets, others, other_weights: Bᵀ ``[d, n]`` likewise.
        itself: whether row i may keep column i.
        sums: ``[n]`` zeros, scratch, restored.
        touched: int64 ``[n]``, scratch.
        columns, values: ``[m, k]``, initially n and 0; output: the entries of each row, unordered.
    """
    k = values.shape[1]
    for row in range(len(offsets) - 1):
        n_touched = 0
        for term in range(offsets[row], offsets[row + 1]):
            weight = weights[term]
            for entry in range(other_offsets[terms[term]], other_offsets[terms[term] + 1]):
                other = others[entry]
                product = weight * other_weights[entry]
                if product == 0:
                    continue
                if sums[other] == 0:
                    touched[n_touched] = other
                    n_touched += 1
                sums[other] += product
        for index in range(n_touched):
            other = touched[index]
            value = sums[other]
            sums[other] = 0
            # An unused slot holds (0, n), less than any entry.
            if other == row and not itself:
                continue
            if value > values[row, 0] or (value == values[row, 0] and other < columns[row, 0]):
                values[row, 0], columns[row, 0] = value, other
                _sift_down(values[row], columns[row], k)
