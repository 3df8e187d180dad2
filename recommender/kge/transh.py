"""TransH: a relation is a translation on a relation-specific hyperplane."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from recommender.kge.base import TranslationConfig, TranslationModel
from recommender.layers.embedding import EmbeddingTable

__all__ = ["TransH", "TransHConfig"]


class TransHConfig(TranslationConfig):
    """Settings of `TransH`."""


class TransH(TranslationModel):
    """f(h, r, t) = -‖(h - wᵀh w) + d - (t - wᵀt w)‖² with w and d of the relation.

    Wang et al., "Knowledge graph embedding by translating on hyperplanes", AAAI 2014. Its three
    constraints hold by construction: ‖e‖ ≤ 1, ‖w‖ = 1, and d is in the hyperplane (the paper allows
    |wᵀd| / ‖d‖ ≤ ε).
    """

    name = "transh"
    Config = TransHConfig
    config: TransHConfig

    def __init__(
        self,
        config: TransHConfig,
        n_entities: int,
        n_relations: int,
        table: EmbeddingTable | None = None,
    ) -> None:
        super().__init__(config, n_entities, n_relations, table)
        self.relations = EmbeddingTable(n_relations, config.dim)
        self.normals = EmbeddingTable(n_relations, config.dim)

    def project(self, entities: Tensor, relations: Tensor) -> Tensor:
        """e - wᵀe w."""
        normal = functional.normalize(self.normals(relations), dim=1)
        return entities - (entities * normal).sum(dim=1, keepdim=True) * normal

    def translation(self, relations: Tensor) -> Tensor:
        """d, within the hyperplane."""
        return self.project(self.relations(relations), relations)
