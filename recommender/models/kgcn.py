"""KGCN: graph convolution over sampled neighbourhoods, weighted by the user.

Wang, Zhao, Xie, Li and Guo, "Knowledge graph convolutional networks for recommender systems",
WWW 2019. Equation numbers are that paper's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal, cast

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from recommender.data.negatives import InteractionSampler
from recommender.data.splits import TrainingSplit
from recommender.layers.embedding import EmbeddingTable
from recommender.layers.mlp import Dense
from recommender.layers.neighbourhood import sample_neighbours
from recommender.layers.penalty import squared_norm
from recommender.models.base import ModelConfig, Recommender, TrainingTask
from recommender.models.click_task import ClickTask, cross_entropy

__all__ = ["KGCN", "KGCNConfig"]

AggregatorName = Literal["sum", "concat", "neighbour"]


class KGCNConfig(ModelConfig):
    """Settings of KGCN; the defaults are those published for Last.FM."""

    dim: int = Field(16, ge=1, description="d: length of every embedding")
    neighbours: int = Field(8, ge=1, description="K: neighbours sampled per entity, once")
    hops: int = Field(1, ge=1, description="H: depth of the receptive field")
    aggregator: AggregatorName = Field(
        "sum", description="aggregation of an entity and its neighbourhood (Eq. 4, 5, 6)"
    )
    reading: Literal["code", "paper"] = Field(
        "code",
        description="Eq. 1 and 2 with means over d and K as in the public code (to which the "
        "published settings apply), or with sums as printed",
    )
    l2_weight: float = Field(1e-4, ge=0, description="lambda of Eq. 8: weight of the L2 penalty")
    l2_scope: Literal["tables", "batch"] = Field(
        "tables",
        description="parameters penalised by Eq. 8 in a step: whole tables (public code; also "
        "shrinks unused rows), or the rows in use (cheaper for large graphs)",
    )
    user_init: Literal["aligned", "xavier"] = Field(
        "aligned",
        description="initial user vectors: absolute Xavier values, so that all users start "
        "with the same signs, or as in the public code, with which some trainings leave a "
        "quarter of the users with the wrong sign",
    )
    lr: float = Field(5e-4, gt=0, description="eta: learning rate")
    batch_size: int = Field(128, ge=1, description="rows per step")


class KGCN(Recommender):
    """KGCN: graph convolution over sampled neighbours with user-specific relation weights."""

    name = "kgcn"
    Config: ClassVar[type[KGCNConfig]] = KGCNConfig
    config: KGCNConfig
    neighbours: Tensor
    relations_to: Tensor

    def __init__(self, config: KGCNConfig, train: TrainingSplit) -> None:
        super().__init__(config, train)
        dim = config.dim
        self.users = _table(train.n_users, config)
        if config.user_init == "aligned":
            # The score is u · tanh(Wx + b), and W, x and the relations are initialised
            # symmetrically: which signs the users share is irrelevant, only that they share them.
            with torch.no_grad():
                self.users.weight.abs_()
        self.entities = _table(train.n_entities, config)
        # One more for the self-loop of entities without edges.
        self.relations = nn.Parameter(
            nn.init.xavier_uniform_(torch.empty(train.n_relations + 1, dim))
        )
        last = config.hops - 1
        self.aggregators = nn.ModuleList(
            Aggregator(config.aggregator, dim, "tanh" if i == last else "relu")
            for i in range(config.hops)
        )
        # From torch's generator, which the registry seeds; buffers, so that a run keeps its sample.
        rng = np.random.default_rng(int(torch.randint(2**62, (1,))))
        entities, relations = sample_neighbours(train.graph, config.neighbours, rng)
        self.register_buffer("neighbours", torch.from_numpy(entities))
        self.register_buffer("relations_to", torch.from_numpy(relations))

    def receptive_field(self, items: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """M of Algorithm 1: entities [b, K^h] for h = 0 … H, and relations [b, K^h], h = 1 … H."""
        entities, relations = [items[:, None]], []
        for _ in range(self.config.hops):
            shape = (len(items), -1)
            relations.append(self.relations_to[entities[-1]].view(shape))
            entities.append(self.neighbours[entities[-1]].view(shape))
        return entities, relations

    def attention(self, user: Tensor, relations: list[Tensor]) -> list[Tensor]:
        """Eq. 1 and its softmax: user [b, dim] → weights [b, K^(h-1), K] for every hop.

        All relations are scored at once, then looked up.
        """
        scores = user @ self.relations.T
        if self.config.reading == "code":
            scores = scores / self.config.dim
        shape = (len(user), -1, self.config.neighbours)
        return [torch.softmax(scores.gather(1, r).view(shape), dim=2) for r in relations]

    def pool(self, weights: Tensor, neighbours: Tensor) -> Tensor:
        """Eq. 2: [b, m, K] and [b, m · K, n] → [b, m, n]."""
        b, m, k = weights.shape
        flat = neighbours.reshape(b * m, k, -1)
        pooled = torch.bmm(weights.reshape(b * m, 1, k), flat).view(b, m, -1)
        return pooled / k if self.config.reading == "code" else pooled

    def item_features(self, entities: list[Tensor], weights: list[Tensor]) -> Tensor:
        """v^u of Algorithm 1 from the receptive field: [b, dim]."""
        vectors: list[Tensor] = [self.entities(ids) for ids in entities]
        for i, aggregator in enumerate(self._aggregators()):
            vectors = [
                aggregator(vectors[hop], self.pool(weights[hop], vectors[hop + 1]))
                for hop in range(self.config.hops - i)
            ]
        return vectors[0].squeeze(1)

    def _aggregators(self) -> list[Aggregator]:
        return [cast(Aggregator, module) for module in self.aggregators]

    def score(self, users: Tensor, items: Tensor) -> Tensor:
        """Eq. 7: u · v^u, [b]."""
        user: Tensor = self.users(users)
        entities, relations = self.receptive_field(items)
        weights = self.attention(user, relations)
        return (user * self.item_features(entities, weights)).sum(dim=1)

    @property
    def numbers_per_pair(self) -> int:
        """Size of the receptive field's last hop."""
        return int(self.config.neighbours**self.config.hops * self.config.dim)

    def loss(self, users: Tensor, items: Tensor, labels: Tensor, share: float) -> Tensor:
        """Eq. 8: cross-entropy over the rows, and the L2 penalty."""
        user: Tensor = self.users(users)
        entities, relations = self.receptive_field(items)
        weights = self.attention(user, relations)
        item = self.item_features(entities, weights)
        loss = cross_entropy((user * item).sum(dim=1), labels, share)
        return loss + self.penalty(user, entities, share)

    def penalty(self, user: Tensor, entities: list[Tensor], share: float) -> Tensor:
        """λ‖F‖² / 2 of Eq. 8."""
        small: list[Tensor] = [self.relations, *(a.layer.weight for a in self._aggregators())]
        if self.config.l2_scope == "tables":
            small += [self.users.weight, self.entities.weight]
        norm = share * torch.stack([squared_norm(weight) for weight in small]).sum()
        if self.config.l2_scope == "batch":
            item = self.entities(entities[0])
            norm = norm + (user * user).sum() + (item * item).sum()
        return self.config.l2_weight / 2 * norm

    def tasks(self, samples: InteractionSampler) -> Sequence[TrainingTask]:
        """The click prediction task."""
        config = self.config
        return [
            ClickTask(
                self, samples, self.loss, learning_rate=config.lr, batch_size=config.batch_size
            )
        ]


def _table(n: int, config: KGCNConfig) -> EmbeddingTable | nn.Embedding:
    """Vectors [n, dim]; without lazy updates if the penalty covers the whole table."""
    if config.l2_scope == "batch":
        return EmbeddingTable(n, config.dim)
    table = nn.Embedding(n, config.dim)
    nn.init.xavier_uniform_(table.weight)
    return table


class Aggregator(nn.Module):
    """σ(W·x + b) where x is v + v_S (`sum`), their concatenation (`concat`) or v_S (`neighbour`).

    Eq. 4, 5 and 6: an entity and its pooled neighbourhood become one vector.
    """

    def __init__(self, kind: AggregatorName, dim: int, activation: str) -> None:
        super().__init__()
        self.kind = kind
        self.layer = Dense(2 * dim if kind == "concat" else dim, dim, activation)

    def forward(self, own: Tensor, neighbourhood: Tensor) -> Tensor:
        """Two tensors [b, m, dim] → [b, m, dim]."""
        if self.kind == "sum":
            mixed = own + neighbourhood
        elif self.kind == "concat":
            mixed = torch.cat([own, neighbourhood], dim=-1)
        else:
            mixed = neighbourhood
        output: Tensor = self.layer(mixed)
        return output
