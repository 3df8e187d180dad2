"""Cross & compress units of MKR: an item and its entity exchange features (Eq. 19).

The cross & compress unit of MKR and MMSS_MKR, and the two units that the MKR paper (Wang et al.,
"Multi-task feature learning for knowledge graph enhanced recommendation", WWW 2019) shows to be
its special cases and uses as the variants MKR-DCN and MKR-stitch.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from recommender.layers.columns import Columns

__all__ = ["CrossCompress", "CrossStitch", "DeepCross", "UnitName", "UnitStack"]

UnitName = Literal["cross_compress", "deep_cross", "cross_stitch"]


def _glorot_vector(dim: int) -> nn.Parameter:
    limit = math.sqrt(6 / (dim + 1))  # as for a [dim, 1] matrix
    return nn.Parameter(torch.empty(dim).uniform_(-limit, limit))


class CrossCompress(nn.Module):
    """Cross & compress (Eq. 16–19), fused: the d × d product C = v eᵀ is never built.

    Eq. 17's `v eᵀ W` is `v` times the number `e · W`; so with four vectors W of length d

        v' = v (e · W^VV) + e (v · W^EV) + b^V        (Eq. 17)
        e' = v (e · W^VE) + e (v · W^EE) + b^E        (Eq. 18)

    which costs O(d) per pair instead of O(d²) and needs two [b, 2] matrices instead of [b, d, d].
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.columns = Columns()
        self.weight_vv = _glorot_vector(dim)
        self.weight_ev = _glorot_vector(dim)
        self.weight_ve = _glorot_vector(dim)
        self.weight_ee = _glorot_vector(dim)
        self.bias_v = nn.Parameter(torch.zeros(dim))
        self.bias_e = nn.Parameter(torch.zeros(dim))

    def forward(self, v: Tensor, e: Tensor) -> tuple[Tensor, Tensor]:
        """Items `v` and entities `e`, both [b, dim], to the next layer's, same shapes (Eq. 19)."""
        along_v = self.columns.sum(
            e @ torch.stack([self.weight_vv, self.weight_ve], dim=1)
        )  # [b, 2]
        along_e = self.columns.sum(v @ torch.stack([self.weight_ev, self.weight_ee], dim=1))
        next_v = v * along_v[:, :1] + e * along_e[:, :1] + self.bias_v
        next_e = v * along_v[:, 1:] + e * along_e[:, 1:] + self.bias_e
        return next_v, next_e

    def item(self, v: Tensor, e: Tensor) -> Tensor:
        """Only v' (Eq. 17)."""
        along_v, along_e = (
            self.columns.sum(e @ self.weight_vv),
            self.columns.sum(v @ self.weight_ev),
        )
        return v * along_v[:, None] + e * along_e[:, None] + self.bias_v

    def entity(self, v: Tensor, e: Tensor) -> Tensor:
        """Only e' (Eq. 18)."""
        along_v, along_e = (
            self.columns.sum(e @ self.weight_ve),
            self.columns.sum(v @ self.weight_ee),
        )
        return v * along_v[:, None] + e * along_e[:, None] + self.bias_e

    def weights(self) -> Sequence[nn.Parameter]:
        """Parameters with L2 penalty: all but the biases."""
        return [self.weight_vv, self.weight_ev, self.weight_ve, self.weight_ee]


class DeepCross(nn.Module):
    """MKR-DCN's unit, a cross layer of Deep & Cross Networks for two tasks (MKR, Eq. 9).

        v' = e₀ (v · w^EV) + v + b^V
        e' = v₀ (e · w^VE) + e + b^E

    `v₀`, `e₀` are the embeddings before the first layer.
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.columns = Columns()
        self.weight_ev = _glorot_vector(dim)
        self.weight_ve = _glorot_vector(dim)
        self.bias_v = nn.Parameter(torch.zeros(dim))
        self.bias_e = nn.Parameter(torch.zeros(dim))

    def forward(
        self, v: Tensor, e: Tensor, v0: Tensor | None = None, e0: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """All [b, dim]; `v0` and `e0` default to `v` and `e` (the first layer)."""
        v0, e0 = v if v0 is None else v0, e if e0 is None else e0
        along_e, along_v = (
            self.columns.sum(product) for product in (v @ self.weight_ev, e @ self.weight_ve)
        )
        next_v = e0 * along_e[:, None] + v + self.bias_v
        next_e = v0 * along_v[:, None] + e + self.bias_e
        return next_v, next_e

    def weights(self) -> Sequence[nn.Parameter]:
        """Parameters with L2 penalty."""
        return [self.weight_ev, self.weight_ve]


class CrossStitch(nn.Module):
    """MKR-stitch's unit: four trained numbers instead of the dot products (MKR, Eq. 10 and 11).

        v' = α_vv v + α_ve e
        e' = α_ev v + α_ee e

    As in cross-stitch networks, it initially passes mostly each task's own features.
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.alpha = nn.Parameter(torch.tensor([[0.9, 0.1], [0.1, 0.9]]))

    def forward(self, v: Tensor, e: Tensor) -> tuple[Tensor, Tensor]:
        """Both [b, dim] to both [b, dim]."""
        a = self.alpha
        return a[0, 0] * v + a[0, 1] * e, a[1, 0] * v + a[1, 1] * e

    def weights(self) -> Sequence[nn.Parameter]:
        """Parameters with L2 penalty."""
        return [self.alpha]


UNITS: dict[UnitName, type[CrossCompress] | type[DeepCross] | type[CrossStitch]] = {
    "cross_compress": CrossCompress,
    "deep_cross": DeepCross,
    "cross_stitch": CrossStitch,
}


class UnitStack(nn.Module):
    """C^L: a stack of L units (Eq. 2 and 7)."""

    def __init__(self, name: UnitName, dim: int, n_layers: int) -> None:
        super().__init__()
        self.units = nn.ModuleList(UNITS[name](dim) for _ in range(n_layers))

    def forward(self, v: Tensor, e: Tensor) -> tuple[Tensor, Tensor]:
        """C^L(v, e), both [b, dim]."""
        v0, e0 = v, e
        for unit in self.units:
            v, e = unit(v, e, v0, e0) if isinstance(unit, DeepCross) else unit(v, e)
        return v, e

    def item(self, v: Tensor, e: Tensor) -> Tensor:
        """C^L(v, e)[v] of Eq. 2; skips the last layer's entity side."""
        return self._half(v, e, "item", 0)

    def entity(self, v: Tensor, e: Tensor) -> Tensor:
        """C^L(v, e)[e] of Eq. 7; skips the last layer's item side."""
        return self._half(v, e, "entity", 1)

    def _half(self, v: Tensor, e: Tensor, side: str, index: int) -> Tensor:
        if not len(self.units) or not isinstance(self.units[-1], CrossCompress):
            both: tuple[Tensor, Tensor] = self(v, e)
            return both[index]
        for unit in self.units[:-1]:
            v, e = unit(v, e)
        half: Tensor = getattr(self.units[-1], side)(v, e)
        return half

    def weights(self) -> list[nn.Parameter]:
        """Parameters with L2 penalty, of all layers."""
        found: list[nn.Parameter] = []
        for unit in self.units:
            assert isinstance(unit, CrossCompress | DeepCross | CrossStitch)
            found.extend(unit.weights())
        return found
