"""KGCN's aggregators: an entity and its pooled neighbourhood become one vector (Eq. 4–6)."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from recommender.layers.mlp import Dense

__all__ = ["Aggregator", "AggregatorName"]

AggregatorName = Literal["sum", "concat", "neighbour"]


class Aggregator(nn.Module):
    """σ(W·x + b) where x is v + v_S (`sum`), their concatenation (`concat`) or v_S (`neighbour`).

    Wang et al., "Knowledge graph convolutional networks for recommender systems", WWW 2019,
    Eq. 4, 5 and 6.
    """

    def __init__(self, kind: AggregatorName, dim: int, activation: str) -> None:
        super().__init__()
        self.kind = kind
        self.layer = Dense(2 * dim if kind == "concat" else dim, dim, activation)

    def forward(self, own: Tensor, neighbourhood: Tensor) -> Tensor:
        """Two tensors [b, m, dim] → [b, m, dim]."""
        if self.kind == "sum":
            mixed = own + neighbourhood
        elif self.kind == "concat":
            mixed = torch.cat([own, neighbourhood], dim=-1)
        else:
            mixed = neighbourhood
        output: Tensor = self.layer(mixed)
        return output
