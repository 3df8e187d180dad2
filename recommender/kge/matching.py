"""Stand-alone KGE model: the semantic-matching head of MMSS_MKR without a recommender."""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from recommender.errors import ConfigError
from recommender.kge.base import KGEConfig, TripleModel
from recommender.kge.semantic_matching import SemanticMatching
from recommender.layers.activations import TripleMixture
from recommender.layers.embedding import EmbeddingTable

__all__ = ["MatchingConfig", "MatchingModel"]


class MatchingConfig(KGEConfig):
    """Settings of `MatchingModel`, with the symbols of the MMSS_MKR paper."""

    lr: float = Field(2e-3, gt=0, description="learning rate of Adam")
    low_layers: int = Field(
        0, ge=0, description="L: layers on relation and tail; 0 is best on validation"
    )
    high_layers: int = Field(1, ge=1, description="H: layers of the tail's prediction")
    objective: Literal["logistic", "eq20"] = Field(
        "logistic",
        description="loss: the cross-entropy of f_KG, or exactly Eq. 20, whose triple score "
        "saturates (or, with S3, is unbounded) without a recommender",
    )
    triple_score: TripleMixture = Field(
        "S1+T+S2+S3", description="activations averaged in Eq. 10, any of S1, T, S2, S3; for eq20"
    )
    tail_activation: Literal["relu", "sigmoid", "tanh", "linear"] = Field(
        "linear", description="sigma of Eq. 9's last layer; within MKR it is a sigmoid"
    )


class MatchingModel(TripleModel):
    """score(h, r, t) of MMSS_MKR's Eq. 8 to 15 without a recommender: h_L is the entity's vector.

    Trained on f_KG of true against false triples; the mixture of Eq. 10 is increasing in f_KG, so
    ranks are unaffected.
    """

    name = "semantic_matching"
    Config = MatchingConfig
    config: MatchingConfig

    def __init__(
        self,
        config: MatchingConfig,
        n_entities: int,
        n_relations: int,
        table: EmbeddingTable | None = None,
    ) -> None:
        super().__init__(config, n_entities, n_relations, table)
        self.matching = SemanticMatching(
            n_relations=self.relation_rows,
            dim=config.dim,
            low_layers=config.low_layers,
            high_layers=config.high_layers,
            relation_mlp=True,
            activation="relu",
            tail_activation=config.tail_activation,
            score=config.triple_score,
        )

    def score(self, heads: Tensor, relations: Tensor, tails: Tensor) -> Tensor:
        """f_KG (Eq. 11), or the mean of its activations (Eq. 10) if Eq. 20 is the objective."""
        head, relation = self.entities(heads), self.matching.relation(relations)
        predicted = self.matching.predicted_tail(head, relation)
        tail = self.matching.tail(self.entities(tails))
        match = self.matching.match(tail, predicted)
        if self.config.objective == "logistic":
            return match
        scores: Tensor = self.matching(match)
        return scores

    def views(self, relation: int) -> tuple[Tensor, Tensor]:
        """The predicted tails of the heads, and the tails' features."""
        everyone = torch.arange(self.n_entities, device=self.entities.weight.device)
        vectors, same = self.entities(everyone), torch.full_like(everyone, relation)
        predicted = self.matching.predicted_tail(vectors, self.matching.relation(same))
        return predicted, self.matching.tail(vectors)

    def queries(self, heads: Tensor, relations: Tensor) -> Tensor:
        """The predicted tails."""
        if self.config.low_layers:
            raise ConfigError(
                "embedding semantic_matching: answers are compared as they are; with --against "
                "all give --low-layers 0"
            )
        return self.matching.predicted_tail(self.entities(heads), self.matching.relation(relations))

    def compare(self, heads: Tensor, tails: Tensor) -> Tensor:
        """f_KG (Eq. 11), in which the score is increasing."""
        return heads @ tails.T

    def loss(self, true: Tensor, false: Tensor) -> Tensor:
        """-Σ ln σ(f_KG(true)) - Σ ln σ(-f_KG(false)), or -(Σ score(true) - Σ score(false))."""
        if self.config.objective == "logistic":
            return (functional.softplus(-true) + functional.softplus(false)).sum()
        return (false - true).sum()
