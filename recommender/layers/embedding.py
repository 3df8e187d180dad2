"""Embedding table for lazy Adam: rows are brought up to date when a batch reads them."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["EmbeddingTable"]


class EmbeddingTable(nn.Module):
    """One learnt vector per id, `weight` [n, dim]; Glorot-uniform times `gain` at first.

    A row-wise optimiser postpones the updates of rows that no batch asks for. While it is at work
    it sets `refresh`, which is called with the ids that are about to be read; `sparse` then makes
    the gradient a list of rows.
    """

    refresh: Callable[[Tensor], None] | None
    sparse: bool

    def __init__(self, n: int, dim: int, gain: float = 1.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(nn.init.xavier_uniform_(torch.empty(n, dim), gain))
        self.refresh = None
        self.sparse = False

    def forward(self, ids: Tensor) -> Tensor:
        """Rows of `ids` (int64 [b]): [b, dim]."""
        if self.refresh is not None:
            self.refresh(ids)
        return functional.embedding(ids, self.weight, sparse=self.sparse)

    def extra_repr(self) -> str:
        """Sizes, for `print(model)`."""
        return "{}, {}".format(*self.weight.shape)
