"""Interface of knowledge-graph embedding models: score triples, and all entities per relation."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn
from torch.nn import functional

from recommender.errors import ConfigError
from recommender.kge.all_entities import Metric
from recommender.layers.embedding import EmbeddingTable

__all__ = ["KGEConfig", "TranslationConfig", "TranslationModel", "TripleModel", "into_unit_ball"]


class KGEConfig(BaseModel):
    """Settings that all embedding models share."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dim: int = Field(50, ge=1, description="length of the entity embeddings")
    lr: float = Field(5e-3, gt=0, description="learning rate")
    batch_size: int = Field(512, ge=1, description="triples, or queries, per step")
    against: Literal["one", "all"] = Field(
        "one",
        description="negatives of a true triple: `one` false triple; `all` entities, by "
        "cross-entropy, with a reciprocal of each relation for the heads",
    )
    candidates: int = Field(
        0,
        ge=0,
        description="with `all`: number of entities sampled as negatives besides the batch's "
        "answers, with a corrected sum; 0: use all entities",
    )
    answers_per_row: int = Field(
        16,
        ge=0,
        description="with `all`: a query with more answers is asked several times an epoch, "
        "with so many of them each; 0: once",
    )
    optimizer: Literal["adam", "adagrad"] = Field("adam", description="what takes the steps")
    n3: float = Field(0.0, ge=0, description="with `all`: weight of the nuclear 3-norm")
    relation_weight: float = Field(
        0.0,
        ge=0,
        description="with `all`: weight of predicting the relation of two entities as well",
    )


class TranslationConfig(KGEConfig):
    """Settings of TransE, TransH and TransR."""

    margin: float = Field(1.0, gt=0, description="gamma: margin between true and false triples")


class TripleModel(nn.Module, ABC):
    """Base class: `score` of triples (higher is more plausible), and `loss` against false ones.

    A subclass sets `name` and `Config`. `entities` is the embedding table; with `table`, an
    external one is used (as by CKE's structural part).
    """

    name: ClassVar[str]
    Config: ClassVar[type[KGEConfig]]
    metric: ClassVar[Metric] = "product"

    def __init__(
        self, config: Any, n_entities: int, n_relations: int, table: EmbeddingTable | None = None
    ) -> None:
        super().__init__()
        self.config = config
        self.n_entities, self.n_relations = n_entities, n_relations
        self.reciprocal = config.against == "all"
        self.relation_rows = n_relations * (2 if self.reciprocal else 1)
        if self.reciprocal and type(self).queries is TripleModel.queries:
            raise ConfigError(
                f"embedding {self.name}: its relations see entities each in another way, so that "
                "no query can meet all of them; train it with --against one"
            )
        if config.relation_weight and type(self).relation_queries is TripleModel.relation_queries:
            raise ConfigError(
                f"embedding {self.name} cannot predict relations: leave out --relation-weight"
            )
        self.entities = EmbeddingTable(n_entities, config.dim) if table is None else table

    @abstractmethod
    def score(self, heads: Tensor, relations: Tensor, tails: Tensor) -> Tensor:
        """Plausibility scores of triples; int64 [b] → [b]."""

    @abstractmethod
    def views(self, relation: int) -> tuple[Tensor, Tensor]:
        """Vectors of all entities as heads and as tails of a relation; [n_entities, d] each."""

    @abstractmethod
    def compare(self, heads: Tensor, tails: Tensor) -> Tensor:
        """Scores of every view of a head with every view of a tail; [a, d], [b, d] → [a, b].

        They rank triples like `score`; only the scale may differ.
        """

    def queries(self, heads: Tensor, relations: Tensor) -> Tensor:
        """Query vectors, compared with those of answers by `metric`; int64 [b] twice → [b, dim].

        Relation r + n_relations is the reciprocal of r: its answers are the heads. Models without
        queries can be trained only against single false triples.
        """
        raise NotImplementedError

    def relation_queries(self, heads: Tensor, tails: Tensor) -> Tensor:
        """Query vectors of pairs of entities, compared with those of relations by `metric`.

        From the entities' vectors, [b, dim] twice → [b, dim].
        """
        raise NotImplementedError

    @abstractmethod
    def loss(self, true: Tensor, false: Tensor) -> Tensor:
        """The sum of the batch's losses, from the scores of true and of false triples; [b] each."""


class TranslationModel(TripleModel):
    """f(h, r, t) = -‖h_r + r - t_r‖², or the L1 norm: relations move heads to tails.

    h_r and t_r are the entities' projections for the relation. The papers' norm constraints hold by
    construction: vectors are scaled when read, instead of being penalised or clipped after every
    step.
    """

    config: TranslationConfig
    norm: int = 2

    @abstractmethod
    def project(self, entities: Tensor, relations: Tensor) -> Tensor:
        """Project entities' vectors for relations; [b, dim] and ids [b] → [b, d]."""

    @abstractmethod
    def translation(self, relations: Tensor) -> Tensor:
        """The relations' vectors r; int64 [b] → [b, d]."""

    def vectors(self, ids: Tensor) -> Tensor:
        """Entities' vectors, inside the unit ball; int64 [b] → [b, dim]."""
        return into_unit_ball(self.entities(ids))

    def score(self, heads: Tensor, relations: Tensor, tails: Tensor) -> Tensor:
        """Negative distance (L1), or negative squared distance (L2)."""
        both = self.vectors(torch.cat([heads, tails]))
        head, tail = self.project(both, relations.repeat(2)).chunk(2)
        gap = head + self.translation(relations) - tail
        return -(gap.abs() if self.norm == 1 else gap.square()).sum(dim=1)

    def views(self, relation: int) -> tuple[Tensor, Tensor]:
        """h_r + r, and t_r."""
        everyone = torch.arange(self.n_entities, device=self.entities.weight.device)
        same = torch.full_like(everyone, relation)
        tails = self.project(self.vectors(everyone), same)
        return tails + self.translation(same[:1]), tails

    def compare(self, heads: Tensor, tails: Tensor) -> Tensor:
        """Negative distances, not squared."""
        return -torch.cdist(heads, tails, p=self.norm)

    def loss(self, true: Tensor, false: Tensor) -> Tensor:
        """Σ max(0, γ - f(true) + f(false))."""
        return functional.relu(self.config.margin - true + false).sum()


def into_unit_ball(vectors: Tensor) -> Tensor:
    """Scale rows longer than 1 to length 1; [b, d] → [b, d]."""
    scaled: Tensor = vectors / vectors.norm(dim=1, keepdim=True).clamp_min(1)
    return scaled
