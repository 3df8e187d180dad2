"""This process's share of the columns of embedding tables that are divided under torchrun.

Propagation mixes rows, so every process propagates its own columns alone. What mixes columns is
summed or gathered here, with gradients. Every process then computes the loss of its share of a
batch's rows; the loss of the step is the sum over the processes.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import torch
from torch import Tensor, nn

from recommender.training.distributed import Group

__all__ = ["Columns"]


class Columns:
    """The columns `group.slice(dim)` of a table; by default all, and every method does nothing.

    Args:
        group: the processes. All must call the methods in the same order.
        divided: the ids of the divided parameters; the others are equal in all processes.
    """

    def __init__(self, group: Group | None = None, divided: Collection[int] = ()) -> None:
        self.group, self._divided = group or Group(), divided

    @property
    def size(self) -> int:
        """Number of processes."""
        return self.group.size

    def share(self, n: int, start: int = 0) -> slice:
        """This process's part of the rows start … start + n - 1 of a batch."""
        own = self.group.slice(n)
        return slice(start + own.start, start + own.stop)

    def fraction(self, weight: nn.Parameter) -> float:
        """This process's fraction of a penalty on a parameter that it holds."""
        return 1.0 if id(weight) in self._divided else 1 / self.size

    def rows(self, own: Tensor, width: int) -> Tensor:
        """All columns of this process's share of a batch's rows; [b, share] → [share, width]."""
        return self.whole(own, width)[self.share(len(own))]

    def sum(self, partial: Tensor) -> Tensor:
        """Sum over the processes, such as of the partial inner products of the columns."""
        if self.size == 1:
            return partial
        total: Tensor = _Sum.apply(partial, self.group)  # type: ignore[no-untyped-call]
        return total

    def whole(self, own: Tensor, width: int) -> Tensor:
        """All columns of rows of which each process has its share; [k, share] → [k, width]."""
        if self.size == 1:
            return own
        found: Tensor = _Whole.apply(own, self.group, width)  # type: ignore[no-untyped-call]
        return found

    def together(self, own: Tensor, n: int) -> Tensor:
        """All rows of a batch, from each process's share; [share, …] → [n, …], no gradients."""
        if self.size == 1:
            return own
        shape = own.shape[1:]
        counts = [count * shape.numel() for count in _counts(self.group, n)]
        return torch.cat(self.group.gather_columns(own.reshape(1, -1), counts), 1).view(n, *shape)


def _counts(group: Group, n: int) -> list[int]:
    """Lengths of the processes' slices of n."""
    slices = [Group(rank, group.size).slice(n) for rank in range(group.size)]
    return [part.stop - part.start for part in slices]


class _Sum(torch.autograd.Function):
    """Σ x over the processes; each one's loss depends on it, so that gradients are summed, too."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, group: Group) -> Tensor:
        ctx.group = group
        total = x.detach().clone()
        group.sum_dense([total])
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        total = gradients[0].clone()
        ctx.group.sum_dense([total])
        return total, None


class _Whole(torch.autograd.Function):
    """The processes' columns side by side; the gradient is summed, and cut to the own columns."""

    @staticmethod
    def forward(ctx: Any, own: Tensor, group: Group, width: int) -> Tensor:
        ctx.group, ctx.width = group, width
        return torch.cat(group.gather_columns(own.detach(), _counts(group, width)), dim=1)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        total = gradients[0].clone()
        ctx.group.sum_dense([total])
        return total[:, ctx.group.slice(ctx.width)], None, None
