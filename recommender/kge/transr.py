"""TransR: a relation is a translation in a relation-specific space, reached by a matrix."""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Tensor, nn

from recommender.kge.base import TranslationConfig, TranslationModel, into_unit_ball
from recommender.layers.embedding import EmbeddingTable
from recommender.layers.relation_products import relation_products

__all__ = ["TransR", "TransRConfig"]


class TransRConfig(TranslationConfig):
    """Settings of `TransR`."""

    relation_dim: int = Field(50, ge=1, description="length of the relations' vectors")


class TransR(TranslationModel):
    """f(h, r, t) = -‖M_r h + r - M_r t‖² (Eq. 7 and 8), with all vectors of length at most 1.

    Lin et al., "Learning entity and relation embeddings for knowledge graph completion", AAAI
    2015. M_r starts as the identity, as in the paper; entities are initialised randomly instead of
    from TransE.
    """

    name = "transr"
    Config = TransRConfig
    config: TransRConfig

    def __init__(
        self,
        config: TransRConfig,
        n_entities: int,
        n_relations: int,
        table: EmbeddingTable | None = None,
    ) -> None:
        super().__init__(config, n_entities, n_relations, table)
        self.relations = EmbeddingTable(n_relations, config.relation_dim)
        identity = torch.eye(config.relation_dim, config.dim)
        self.matrices = nn.Parameter(identity.repeat(n_relations, 1, 1))

    def project(self, entities: Tensor, relations: Tensor) -> Tensor:
        """M_r e, inside the unit ball."""
        return into_unit_ball(relation_products(entities, relations, self.matrices))

    def translation(self, relations: Tensor) -> Tensor:
        """The relations' vectors r."""
        return into_unit_ball(self.relations(relations))
