"""Wide & Deep: a linear model over sparse features and a network over dense ones."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from recommender.data.matrices import attribute_shares
from recommender.data.negatives import InteractionSampler
from recommender.data.splits import TrainingSplit
from recommender.layers.embedding import EmbeddingTable
from recommender.layers.mlp import mlp
from recommender.layers.sparse import SparseMatrix
from recommender.models.base import ModelConfig, Recommender, TrainingTask
from recommender.models.click_task import ClickTask

__all__ = ["WideDeep", "WideDeepConfig"]


class WideDeepConfig(ModelConfig):
    """Settings of `WideDeep`; the defaults were chosen on validation."""

    dim: int = Field(32, ge=1, description="length of the embeddings of users, items and entities")
    hidden: tuple[int, ...] = Field((100,), description="widths of the deep part's hidden layers")
    cross_buckets: int = Field(
        2**14,
        ge=0,
        description="hash buckets for the crossed features (user x attribute of the item); 0: "
        "no crossed features",
    )
    dropout: float = Field(0.5, ge=0, lt=1, description="dropout of the deep input")
    lr: float = Field(1e-3, gt=0, description="learning rate")
    l2_weight: float = Field(1e-4, ge=0, description="weight of the squared embeddings")
    batch_size: int = Field(256, ge=1, description="rows per step")


class WideDeep(Recommender):
    """Wide & Deep learning: memorisation and generalisation, trained jointly.

    Cheng et al., "Wide & Deep learning for recommender systems", DLRS 2016: P(y = 1) = σ(w_wideᵀ
    [x, φ(x)] + w_deepᵀ a + b) (Eq. 3). x: user, item and the item's entities in the graph; φ(x):
    the products user × entity (Eq. 1), hashed, as there are too many; a: a ReLU network over the
    embeddings of user, item and the mean of the item's entities. The paper trains by FTRL and
    AdaGrad on half a trillion rows; here Adam is used, with dropout because of the small data.
    """

    name = "wide_deep"
    Config = WideDeepConfig
    config: WideDeepConfig

    def __init__(self, config: WideDeepConfig, train: TrainingSplit) -> None:
        super().__init__(config, train)
        self.shares = SparseMatrix(attribute_shares(train.graph, train.n_items))
        self.users = EmbeddingTable(train.n_users, config.dim)
        self.items = EmbeddingTable(train.n_items, config.dim)
        self.entities = nn.Parameter(
            nn.init.xavier_uniform_(torch.empty(train.n_entities, config.dim))
        )
        self.wide_users = nn.Parameter(torch.zeros(train.n_users))
        self.wide_items = nn.Parameter(torch.zeros(train.n_items))
        self.wide_entities = nn.Parameter(torch.zeros(train.n_entities, 1))
        self.wide_crosses = nn.Parameter(torch.zeros(config.cross_buckets))
        self.bias = nn.Parameter(torch.zeros(()))
        self.deep = mlp([3 * config.dim, *config.hidden, 1], hidden="relu", last="linear")
        self.dropout = nn.Dropout(config.dropout)
        self._cached: tuple[Tensor, Tensor] | None = None

    def item_side(self) -> tuple[Tensor, Tensor]:
        """Means over every item's entities: embeddings [n_items, dim], wide weights [n_items]."""
        if self._cached is not None:
            return self._cached
        means = self.shares(self.entities), self.shares(self.wide_entities).squeeze(1)
        if not self.training and not torch.is_grad_enabled():
            self._cached = means
        return means

    def score(self, users: Tensor, items: Tensor) -> Tensor:
        """The argument of σ in Eq. 3."""
        embeddings, _ = self.item_side()
        return self.join(users, items, self.users(users), self.items(items), embeddings[items])

    def join(
        self, users: Tensor, items: Tensor, user: Tensor, item: Tensor, entities: Tensor
    ) -> Tensor:
        """Eq. 3 of ids [b] and of their embeddings [b, dim]."""
        deep: Tensor = self.deep(self.dropout(torch.cat([user, item, entities], dim=1)))
        _, wide_entities = self.item_side()
        wide = self.wide_users[users] + self.wide_items[items] + wide_entities[items]
        return self.bias + wide + self.crosses(users, items) + deep.squeeze(1)

    def crosses(self, users: Tensor, items: Tensor) -> Tensor:
        """w_φᵀ φ(x): mean weight of the pairs (user, entity of the item); [b]."""
        result = self.bias.new_zeros(len(users))
        if not self.config.cross_buckets:
            return result
        row, entity, share = self.shares.entries(items)
        # A multiplicative hash spreads consecutive ids over all buckets.
        mixed = (users[row] * 2_654_435_761 + entity * 40_503_001) % 2_147_483_647
        weights = self.wide_crosses[mixed % self.config.cross_buckets]
        return result.index_add(0, row, weights * share)

    def forget(self) -> None:
        """Drop values cached while scoring."""
        self._cached = None

    def tasks(self, samples: InteractionSampler) -> Sequence[TrainingTask]:
        """The click prediction task."""
        config = self.config
        return [
            ClickTask(
                self, samples, self._loss, learning_rate=config.lr, batch_size=config.batch_size
            )
        ]

    def _loss(self, users: Tensor, items: Tensor, labels: Tensor, share: float) -> Tensor:
        """The mean over the batch, plus λ over the embeddings in use."""
        entities = self.item_side()[0][items]
        user, item = self.users(users), self.items(items)
        logits = self.join(users, items, user, item, entities)
        loss = functional.binary_cross_entropy_with_logits(
            logits, labels.to(logits.dtype), reduction="sum"
        )
        penalty = user.square().sum() + item.square().sum() + entities.square().sum()
        total: Tensor = (loss + self.config.l2_weight * penalty) * (share / len(users))
        return total
