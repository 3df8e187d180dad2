"""TransE: a relation is a translation, scored by ‖h + r − t‖."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from torch import Tensor
from torch.nn import functional

from recommender.errors import ConfigError
from recommender.kge.base import TranslationConfig, TranslationModel
from recommender.layers.embedding import EmbeddingTable

__all__ = ["TransE", "TransEConfig"]


class TransEConfig(TranslationConfig):
    """Settings of `TransE`: the paper's for Freebase."""

    norm: Literal[1, 2] = Field(1, description="distance: 1, the L1 norm; 2, the squared L2 norm")


class TransE(TranslationModel):
    """f(h, r, t) = -d(h + r, t), d the L1 or the squared L2 distance; entities of length 1.

    Bordes et al., "Translating embeddings for modeling multi-relational data", NIPS 2013, Eq. 1.
    """

    name = "transe"
    Config = TransEConfig
    config: TransEConfig
    metric = "distance"

    def __init__(
        self,
        config: TransEConfig,
        n_entities: int,
        n_relations: int,
        table: EmbeddingTable | None = None,
    ) -> None:
        super().__init__(config, n_entities, n_relations, table)
        if self.reciprocal and config.norm == 1:
            raise ConfigError(
                "embedding transe: the L1 norm is no product of matrices; with --against all "
                "give --norm 2"
            )
        self.norm = config.norm
        self.relations = EmbeddingTable(self.relation_rows, config.dim)

    def vectors(self, ids: Tensor) -> Tensor:
        """Entities' vectors, of length 1 (Algorithm 1, line 5).

        Unconstrained against all entities, where the scale of distances is the softmax's
        temperature.
        """
        if self.reciprocal:
            free: Tensor = self.entities(ids)
            return free
        return functional.normalize(self.entities(ids), dim=1)

    def project(self, entities: Tensor, relations: Tensor) -> Tensor:
        """Identity: relations do not project entities."""
        return entities

    def queries(self, heads: Tensor, relations: Tensor) -> Tensor:
        """h + r, compared by the Euclidean distance, not squared."""
        return self.vectors(heads) + self.translation(relations)

    def relation_queries(self, heads: Tensor, tails: Tensor) -> Tensor:
        """t - h, whose distance from r is that of h + r from t."""
        return tails - heads

    def translation(self, relations: Tensor) -> Tensor:
        """The relations' vectors r."""
        vectors: Tensor = self.relations(relations)
        return vectors
