"""Entries of A Bᵀ at given places, and the way back, without copying a row of either."""

from __future__ import annotations

from typing import Any

from numba import njit

__all__ = ["products", "products_backward"]

_FAST = {"reassoc", "contract", "nsz"}  # sums in any order; NaN and infinity stay what they are


@njit(cache=True, nogil=True, error_model="numpy", fastmath=_FAST)
def products(a: Any, b: Any, row: Any, column: Any, out: Any) -> None:  # pragma: no cover
    """out[i] = a[row[i]] · b[column[i]], 0 where the column is -1.

    Args:
        a: ``[n, d]``; b: ``[m, d]``; row, column: int64 ``[k]``; out: ``[k]``.
    """
    for i in range(len(row)):
        total = out.dtype.type(0.0)
        if column[i] >= 0:
            left, right = a[row[i]], b[column[i]]
            for j in range(len(left)):
                total += left[j] * right[j]
        out[i] = total


@njit(cache=True, nogil=True, error_model="numpy", fastmath=_FAST)
def products_backward(
    a: Any, b: Any, row: Any, column: Any, gradient: Any, to_a: Any, to_b: Any
) -> None:  # pragma: no cover
    """Add the gradients of `products`' two factors to `to_a` and `to_b`."""
    for i in range(len(row)):
        weight = gradient[i]
        if column[i] >= 0 and weight != 0.0:
            left, right = a[row[i]], b[column[i]]
            to_left, to_right = to_a[row[i]], to_b[column[i]]
            for j in range(len(left)):
                to_left[j] += weight * right[j]
                to_right[j] += weight * left[j]
