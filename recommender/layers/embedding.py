"""Embedding table for lazy Adam: rows are updated when a batch reads them."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["EmbeddingTable"]


class EmbeddingTable(nn.Module):
    """One learnt vector per id, `weight` [n, dim]; initially Glorot-uniform times `gain`.

    A row-wise optimiser postpones the updates of rows that no batch reads. It sets `refresh`, which
    is called with the ids about to be read; with `sparse` the gradient is a list of rows.
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
