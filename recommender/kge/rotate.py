"""RotatE: score a triple by rotating the head's complex vector, component by component."""

from __future__ import annotations

import math

import torch
from pydantic import Field
from torch import Tensor, nn

from recommender.kge.complex import ComplExConfig
from recommender.kge.query import QueryModel, complex_product
from recommender.layers.embedding import EmbeddingTable

__all__ = ["RotatE", "RotatEConfig"]


class RotatEConfig(ComplExConfig):
    """Settings of `RotatE`."""

    n3: float = Field(0.0, ge=0, description="weight of the nuclear 3-norm")


class RotatE(QueryModel):
    """f(h, r, t) = -‖h ∘ r - t‖₂ with |rᵢ| = 1.

    Sun et al., "RotatE: knowledge graph embedding by relational rotation in complex space", ICLR
    2019, Eq. 3. The paper sums the moduli of the differences; here the norm is Euclidean, which a
    matrix product gives for all entities.
    """

    name = "rotate"
    Config = RotatEConfig
    config: RotatEConfig
    metric = "distance"

    def __init__(
        self,
        config: RotatEConfig,
        n_entities: int,
        n_relations: int,
        table: EmbeddingTable | None = None,
    ) -> None:
        super().__init__(config, n_entities, n_relations, table)
        self.phases = EmbeddingTable(self.relation_rows, config.dim // 2)
        nn.init.uniform_(self.phases.weight, -math.pi, math.pi)

    def queries(self, heads: Tensor, relations: Tensor) -> Tensor:
        """H rotated by the relation's phases."""
        phases = self.phases(relations)
        turn = torch.cat([phases.cos(), phases.sin()], dim=1)
        return complex_product(self.entities(heads), turn)
