"""Dense layer M(x) = σ(Wx + b) and MLPs, for the MKR models (Eq. 1, 8 and 9)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from recommender.layers.activations import HIDDEN

__all__ = ["Dense", "mlp"]


class Dense(nn.Module):
    """M(x) = σ(Wx + b): `weight` [out, in] starts Glorot-uniform, `bias` [out] zero."""

    def __init__(self, n_in: int, n_out: int, activation: str) -> None:
        super().__init__()
        self.weight = nn.Parameter(nn.init.xavier_uniform_(torch.empty(n_out, n_in)))
        self.bias = nn.Parameter(torch.zeros(n_out))
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        """[b, in] → [b, out]."""
        return self.activate(functional.linear(x, self.weight, self.bias))

    def activate(self, x: Tensor) -> Tensor:
        """Apply only σ."""
        return HIDDEN[self.activation](x)

    def extra_repr(self) -> str:
        """Sizes, for `print(model)`."""
        n_out, n_in = self.weight.shape
        return f"{n_in}, {n_out}, {self.activation}"


def mlp(sizes: Sequence[int], *, hidden: str, last: str | None = None) -> nn.Sequential:
    """`Dense` layers between `sizes`; the last one may have a different activation."""
    layers = [Dense(a, b, hidden) for a, b in pairwise(sizes)]
    if layers and last is not None:
        layers[-1].activation = last
    return nn.Sequential(*layers)
