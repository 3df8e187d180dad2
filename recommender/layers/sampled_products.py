"""Sampled products: entries of A Bᵀ at given places, such as candidates against histories."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from recommender.kernels import sampled_products as kernel

__all__ = ["sampled_products"]


class _Products(torch.autograd.Function):
    """On the CPU: no row is copied, which costs several times as much as the products."""

    @staticmethod
    def forward(context: Any, a: Tensor, b: Tensor, row: Tensor, column: Tensor) -> Tensor:
        a, b = a.contiguous(), b.contiguous()
        context.save_for_backward(a, b, row, column)
        out = a.new_empty(len(row))
        kernel.products(a.numpy(), b.numpy(), row.numpy(), column.numpy(), out.numpy())
        return out

    @staticmethod
    def backward(context: Any, *gradients: Any) -> Any:
        a, b, row, column = context.saved_tensors
        gradient = gradients[0].contiguous()
        to_a, to_b = torch.zeros_like(a), torch.zeros_like(b)
        kernel.products_backward(
            *(t.numpy() for t in (a, b, row, column, gradient, to_a, to_b)),
        )
        return to_a, to_b, None, None


def sampled_products(a: Tensor, b: Tensor, row: Tensor, column: Tensor) -> Tensor:
    """a[row[i]] · b[column[i]] for each i → [k]; 0 where `column` is -1.

    Args:
        a, b: vectors [n, d] and [m, d].
        row, column: places in them, int64 [k].
    """
    if a.device.type == "cpu" and a.dtype == b.dtype and a.dtype in (torch.float32, torch.float64):
        products: Tensor = _Products.apply(  # type: ignore[no-untyped-call]
            a, b, row.contiguous(), column.contiguous()
        )
        return products
    left = functional.embedding(row, a)
    right = functional.embedding(column.clamp_min(0), b)
    return (left * right).sum(dim=1) * (column >= 0)
