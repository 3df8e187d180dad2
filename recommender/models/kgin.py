"""KGIN: user intents as attentive mixtures of the graph's relations.

Wang, Huang, Wang, Yuan, Liu, He and Chua, "Learning intents behind interactions with knowledge
graph for recommendation", WWW 2021. Equation numbers are that paper's.
"""

from __future__ import annotations

from itertools import combinations
from typing import Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from recommender.data.pairs import PairSource
from recommender.data.splits import TrainingSplit
from recommender.layers.edges import Neighbourhoods
from recommender.models.base import ModelConfig
from recommender.models.inner_product import InnerProductRecommender, bpr, xavier

__all__ = ["KGIN", "KGINConfig", "distance_correlation"]

_TINY = 1e-8  # added under the roots of Eq. 5, whose derivative at 0 is unbounded


class KGINConfig(ModelConfig):
    """Settings of `KGIN`: the paper's, but L, lr, lambda_2 and batch_size, chosen on validation."""

    dim: int = Field(64, ge=1, description="d: length of every embedding")
    intents: int = Field(4, ge=1, description="|P|: number of intents")
    layers: int = Field(2, ge=1, description="L: propagation steps")
    independence: Literal["distance_correlation", "mutual_information"] = Field(
        "distance_correlation",
        description="regularisation that separates the intents: Eq. 4 or Eq. 3",
    )
    independence_weight: float = Field(1e-4, ge=0, description="lambda_1: weight of Eq. 3 or 4")
    temperature: float = Field(0.2, gt=0, description="tau of Eq. 3")
    normalise: bool = Field(
        True, description="normalise every layer's output to length 1, as the public code does"
    )
    node_dropout: float = Field(0.5, ge=0, lt=1, description="share of edges dropped per step")
    message_dropout: float = Field(0.1, ge=0, lt=1, description="dropout of a layer's output")
    lr: float = Field(5e-3, gt=0, description="learning rate")
    l2_weight: float = Field(1e-1, ge=0, description="lambda_2: weight of the squared embeddings")
    pairs: PairSource = Field(
        "uniform",
        description="negative of a pair: a uniform item without a positive of the user in "
        "train, as in the paper, or one of the run's own rows",
    )
    batch_size: int = Field(2048, ge=1, description="pairs per step")


class KGIN(InnerProductRecommender):
    """KGIN: relational paths reach the item, intents lead from there to the user.

    An intent is an attentive mixture of relations (Eq. 1 and 2). A layer maps every user to the
    mean of their items, multiplied elementwise with the intents (Eq. 7) weighted by β (Eq. 8), and
    every entity to the mean of its neighbours, each multiplied with its relation (Eq. 10). The
    final vector is the sum over the layers (Eq. 13), the score an inner product (Eq. 14), the loss
    BPR's (Eq. 15) plus the intents' dependence and the squared embeddings (Eq. 16).

    Relations are used in both directions, with separate vectors for inverses.
    """

    name = "kgin"
    Config = KGINConfig
    config: KGINConfig

    def __init__(self, config: KGINConfig, train: TrainingSplit) -> None:
        super().__init__(config, train)
        graph = train.graph.with_inverses()
        self.users = xavier(train.n_users, config.dim)
        self.entities = xavier(train.n_entities, config.dim)
        self.relations = xavier(graph.n_relations, config.dim)
        self.intent_weights = xavier(config.intents, graph.n_relations)
        self.facts = Neighbourhoods.of_graph(graph)
        users, items = np.divmod(train.positive_keys, train.n_items)
        likes = np.zeros_like(users)  # the only relation between users and items
        self.interactions = Neighbourhoods(users, likes, items, n_heads=train.n_users)

    def intents(self) -> Tensor:
        """e_p = Σ_r α(r, p) e_r (Eq. 1 and 2): [intents, dim]."""
        return torch.softmax(self.intent_weights, dim=1) @ self.relations

    def propagate(self) -> tuple[Tensor, Tensor]:
        """Eq. 6 to 13."""
        config = self.config
        facts = self.facts(config.node_dropout)
        interactions = self.interactions(config.node_dropout)
        intents = self.intents()
        # Σ_p β(u, p) e_p is the same for all items of a user: Eq. 7 is one product.
        intent = torch.softmax(self.users @ intents.T, dim=1) @ intents
        user: Tensor = self.users
        entity: Tensor = self.entities
        users, entities = user, entity
        for _ in range(config.layers):
            liked = interactions.mean(interactions.tail_vectors(entity))
            user = self._output(intent * liked)
            entity = self._output(facts.mean(facts.messages(entity, self.relations)))
            users, entities = users + user, entities + entity
        return users, entities[: self.n_items]

    def _output(self, vectors: Tensor) -> Tensor:
        """Output of a layer; [n, dim]."""
        if self.config.normalise:
            vectors = functional.normalize(vectors)
        return functional.dropout(vectors, self.config.message_dropout, self.training)

    def dependence(self) -> Tensor:
        """L_IND: Eq. 3, or Eq. 4 with every pair of intents once."""
        intents = self.intents()
        if self.config.independence == "mutual_information":
            cosine = functional.normalize(intents) @ functional.normalize(intents).T
            logits = cosine / self.config.temperature
            return (logits.logsumexp(dim=1) - logits.diagonal()).sum()
        pairs = [distance_correlation(a, b) for a, b in combinations(intents.unbind(), 2)]
        return torch.stack(pairs).sum() if pairs else intents.new_zeros(())

    def loss(self, users: Tensor, positives: Tensor, negatives: Tensor, share: float) -> Tensor:
        """Eq. 16, its sums over the pairs divided by the batch's size."""
        config = self.config
        user, item = self.propagate()
        ranking = bpr(user[users], item[positives], item[negatives])
        items = torch.cat([positives, negatives])
        used = torch.cat([self.users.index_select(0, users), self.entities.index_select(0, items)])
        total = (ranking + config.l2_weight * used.square().sum()) / len(users)
        if config.independence_weight:
            total = total + config.independence_weight * self.dependence()
        return total * share


def distance_correlation(a: Tensor, b: Tensor) -> Tensor:
    """dCor of two vectors (Eq. 5), their elements taken as paired samples; [d], [d] → a scalar."""
    x, y = _centred_distances(a), _centred_distances(b)
    covariance, variances = _root(x * y), _root(x * x) * _root(y * y)
    return covariance / (variances + _TINY).sqrt()


def _centred_distances(samples: Tensor) -> Tensor:
    """|a_j - a_k|, minus the means of rows and columns, plus that of all: [d] → [d, d]."""
    distances = (samples[:, None] - samples).abs()
    rows, columns = distances.mean(dim=1, keepdim=True), distances.mean(dim=0, keepdim=True)
    return distances - rows - columns + distances.mean()


def _root(products: Tensor) -> Tensor:
    """dCov or dVar from the products of centred distances; a scalar."""
    return (products.mean().clamp_min(0) + _TINY).sqrt()
