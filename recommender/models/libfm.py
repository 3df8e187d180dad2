"""LibFM: factorisation machine over user, item and the item's attributes in the graph."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from pydantic import Field
from scipy.sparse import csr_array
from torch import Tensor, nn
from torch.nn import functional

from recommender.data.matrices import attribute_shares
from recommender.data.negatives import InteractionSampler
from recommender.data.splits import TrainingSplit
from recommender.layers.embedding import EmbeddingTable
from recommender.layers.sparse import SparseMatrix
from recommender.models.base import ModelConfig, Recommender, TrainingTask
from recommender.models.click_task import ClickTask

__all__ = ["LibFM", "LibFMConfig"]


class LibFMConfig(ModelConfig):
    """Settings of `LibFM`; dimension 8 is the libFM paper's, the rest chosen on validation."""

    dim: int = Field(8, ge=1, description="k: length of every feature's factors")
    attributes: bool = Field(True, description="use the item's entities in the graph as features")
    lr: float = Field(3e-3, gt=0, description="learning rate")
    l2_weight: float = Field(1e-2, ge=0, description="lambda: weight of the squared parameters")
    batch_size: int = Field(256, ge=1, description="rows per step")


class LibFM(Recommender):
    """Second-order factorisation machine.

    Rendle, "Factorization machines with libFM", TIST 2012: ŷ(x) = w₀ + Σ w_i x_i +
    Σ_{i<j} ⟨v_i, v_j⟩ x_i x_j (Eq. 1). x holds the user, the item (1 each) and every entity that
    shares a triple with the item (1/n for n of them, libFM's way with sets). The pairs are summed
    in O(nk) as ½ Σ_f [(Σ v_if x_i)² - Σ v_if² x_i²] (Eq. 5). Trained for cross-entropy by Adam.
    """

    name = "libfm"
    Config = LibFMConfig
    config: LibFMConfig

    def __init__(self, config: LibFMConfig, train: TrainingSplit) -> None:
        super().__init__(config, train)
        shares = attribute_shares(train.graph, train.n_items)
        if not config.attributes:
            shares = csr_array(shares.shape)
        self.shares = SparseMatrix(shares)
        self.squared_shares = SparseMatrix(shares.power(2))
        self.bias = nn.Parameter(torch.zeros(()))
        # One row per feature: its weight w_i first, then its factors v_i.
        self.users = EmbeddingTable(train.n_users, config.dim + 1)
        self.items = EmbeddingTable(train.n_items, config.dim + 1)
        self.entities = nn.Parameter(torch.empty(train.n_entities, config.dim + 1))
        with torch.no_grad():
            for table in (self.users.weight, self.items.weight, self.entities):
                nn.init.normal_(table, std=0.1)
                table[:, 0] = 0.0
        self._cached: tuple[Tensor, Tensor] | None = None

    def item_side(self) -> tuple[Tensor, Tensor]:
        """Sums over the attributes of every item: Σ x (w, v) and Σ x² v², [n_items, k + 1] each."""
        if self._cached is not None:
            return self._cached
        sums = self.shares(self.entities), self.squared_shares(self.entities.square())
        if not self.training and not torch.is_grad_enabled():
            self._cached = sums
        return sums

    def score(self, users: Tensor, items: Tensor) -> Tensor:
        """ŷ(x) before the sigmoid."""
        sums, squares = self.item_side()
        return self.second_order(self.users(users), self.items(items), sums[items], squares[items])

    def second_order(self, user: Tensor, item: Tensor, sums: Tensor, squares: Tensor) -> Tensor:
        """Eq. 1 by Eq. 5; rows (w, v) of users and items and the attributes' sums, [b, k + 1]."""
        linear = user[:, 0] + item[:, 0] + sums[:, 0]
        total = user[:, 1:] + item[:, 1:] + sums[:, 1:]
        single = user[:, 1:].square() + item[:, 1:].square() + squares[:, 1:]
        pairs: Tensor = (total.square() - single).sum(dim=1) / 2
        scores: Tensor = self.bias + linear + pairs
        return scores

    def score_items(self, users: Tensor, start: int, stop: int) -> Tensor:
        """Block scores, factorised: ŷ = w_u + ⟨v_u, v_i + Σ x v⟩ + terms of the item only."""
        sums, squares = (part[start:stop] for part in self.item_side())
        item, user = self.items.weight[start:stop], self.users(users)
        total = item[:, 1:] + sums[:, 1:]
        single = item[:, 1:].square() + squares[:, 1:]
        alone = item[:, 0] + sums[:, 0] + (total.square() - single).sum(dim=1) / 2
        scores: Tensor = self.bias + user[:, :1] + alone + user[:, 1:] @ total.T
        return scores

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
        """The mean over the batch, plus λ over the rows in use."""
        sums, squares = (part[items] for part in self.item_side())
        user, item = self.users(users), self.items(items)
        logits = self.second_order(user, item, sums, squares)
        loss = functional.binary_cross_entropy_with_logits(
            logits, labels.to(logits.dtype), reduction="sum"
        )
        penalty = user.square().sum() + item.square().sum() + sums.square().sum()
        total: Tensor = (loss + self.config.l2_weight * penalty) * (share / len(users))
        return total
