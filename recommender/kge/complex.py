"""ComplEx: score a triple by multiplying complex vectors, component by component."""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import Field, field_validator
from torch import Tensor

from recommender.kge.base import KGEConfig
from recommender.kge.query import QueryModel, complex_product
from recommender.layers.embedding import EmbeddingTable

__all__ = ["ComplEx", "ComplExConfig"]


class ComplExConfig(KGEConfig):
    """Settings of `ComplEx`, as in Lacroix et al., with a rank small enough for a CPU."""

    dim: int = Field(
        200, ge=2, description="dimensions, real and imaginary together: twice the rank"
    )
    against: Literal["one", "all"] = Field(
        "all", description="`one` false triple for each true one, or `all` entities"
    )
    optimizer: Literal["adam", "adagrad"] = Field("adagrad", description="optimiser")
    lr: float = Field(0.1, gt=0, description="learning rate")
    n3: float = Field(0.03, ge=0, description="weight of the nuclear 3-norm")
    batch_size: int = Field(1024, ge=1, description="queries per step")

    @field_validator("dim")
    @classmethod
    def _even(cls, dim: int) -> int:
        if dim % 2:
            raise ValueError("real and imaginary parts make an even number")
        return dim


class ComplEx(QueryModel):
    """f(h, r, t) = Re(Σ h r t̄), over complex vectors of rank dim / 2.

    Trouillon et al., "Complex embeddings for simple link prediction", ICML 2016, Eq. 9; trained as
    in Lacroix et al., "Canonical tensor decomposition for knowledge base completion", ICML 2018:
    reciprocal relations, the full multiclass loss and the nuclear 3-norm.
    """

    name = "complex"
    Config = ComplExConfig
    config: ComplExConfig
    metric = "product"

    def __init__(
        self,
        config: ComplExConfig,
        n_entities: int,
        n_relations: int,
        table: EmbeddingTable | None = None,
    ) -> None:
        super().__init__(config, n_entities, n_relations, table)
        self.relations = EmbeddingTable(self.relation_rows, config.dim)

    def queries(self, heads: Tensor, relations: Tensor) -> Tensor:
        """The complex product h r; its real inner product with t is Re(Σ h r t̄)."""
        return complex_product(self.entities(heads), self.relations(relations))

    def relation_queries(self, heads: Tensor, tails: Tensor) -> Tensor:
        """The complex product h̄ t; its real inner product with r is Re(Σ h r t̄)."""
        real, imaginary = heads.chunk(2, dim=1)
        return complex_product(torch.cat([real, -imaginary], dim=1), tails)
