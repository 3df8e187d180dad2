"""Inner products of chosen row pairs of A and B: entries of A Bᵀ, with gradients."""

from __future__ import annotations

from typing import Any

import torch
from numba import njit
from torch import Tensor
from torch.nn import functional

__all__ = ["sampled_products"]

_FAST = {"reassoc", "contract", "nsz"}  # allows reordering of sums, but keeps NaN and infinity


class _Products(torch.autograd.Function):
    """CPU version without copying rows, which would cost several times as much as the products."""

    @staticmethod
    def forward(context: Any, a: Tensor, b: Tensor, row: Tensor, column: Tensor) -> Tensor:
        a, b = a.contiguous(), b.contiguous()
        context.save_for_backward(a, b, row, column)
        out = a.new_empty(len(row))
        _products(a.numpy(), b.numpy(), row.numpy(), column.numpy(), out.numpy())
        return out

    @staticmethod
    def backward(context: Any, *gradients: Any) -> Any:
        a, b, row, column = context.saved_tensors
        gradient = gradients[0].contiguous()
        same = a.data_ptr() == b.data_ptr() and a.shape == b.shape
        to_a = torch.zeros_like(a)
        to_b = to_a if same else torch.zeros_like(b)  # one gradient of a matrix with itself
        _products_backward(
            *(t.numpy() for t in (a, b, row, column, gradient, to_a, to_b)),
        )
        return to_a, None if same else to_b, None, None


def sampled_products(a: Tensor, b: Tensor, row: Tensor, column: Tensor) -> Tensor:
    """a[row[i]] · b[column[i]] for each i → [k]; 0 where `column` is -1.

    Args:
        a, b: vectors [n, d] and [m, d].
        row, column: indices into them, int64 [k].
    """
    if a.device.type == "cpu" and a.dtype == b.dtype and a.dtype in (torch.float32, torch.float64):
        products: Tensor = _Products.apply(  # type: ignore[no-untyped-call]
            a, b, row.contiguous(), column.contiguous()
        )
        return products
    left = functional.embedding(row, a)
    right = functional.embedding(column.clamp_min(0), b)
    return (left * right).sum(dim=1) * (column >= 0)


@njit(cache=True, nogil=True, error_model="numpy", fastmath=_FAST)
def _products(a: Any, b: Any, row: Any, column: Any, out: Any) -> None:  # pragma: no cover
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
def _products_backward(
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
