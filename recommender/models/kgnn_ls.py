"""KGNN-LS: KGCN with label smoothness regularisation.

Wang, Zhang, Zhang, Leskovec, Zhao, Li and Wang, "Knowledge-aware graph neural networks with label
smoothness regularization for recommender systems", KDD 2019. Equation numbers are that paper's.

**Labels and leakage.** Label propagation needs a label for every item in a receptive field. The
public code uses those of the training rows, including negatives, and 0.5 elsewhere; a user's number
of training negatives then reveals the number held out. Here the labels are the matrix Y as the
paper defines it: 1 where the user has a positive in train, 0 for every other item (including
held-out positives, as in any model that samples negatives from Y), and 0.5 for entities that are
not items. Training negatives are not used.
"""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from recommender.data.splits import TrainingSplit
from recommender.models.click_task import cross_entropy
from recommender.models.kgcn import KGCN, KGCNConfig

__all__ = ["KGNNLS", "KGNNLSConfig"]


class KGNNLSConfig(KGCNConfig):
    """Settings of KGNN-LS; the defaults are those published for Last.FM."""

    ls_weight: float = Field(
        0.1, ge=0, description="lambda of Eq. 9: weight of the label smoothness term"
    )
    ls_reading: Literal["code", "paper"] = Field(
        "code",
        description="use the propagated label as a logit, averaged with the weights divided by "
        "K (public code, to which the published weight applies), or as a probability (Eq. "
        "8)",
    )


class KGNNLS(KGCN):
    """KGNN-LS: KGCN with label smoothness regularisation of the relation weights."""

    name = "kgnn_ls"
    Config = KGNNLSConfig
    config: KGNNLSConfig
    liked: Tensor

    def __init__(self, config: KGNNLSConfig, train: TrainingSplit) -> None:
        super().__init__(config, train)
        # Derived from the data, not learnt: not in checkpoints.
        self.register_buffer("liked", torch.from_numpy(train.positive_keys), persistent=False)

    def labels(self, users: Tensor, entities: Tensor) -> Tensor:
        """y of the module's docstring for users [b] and entities [b, m]: 1, 0, or 0.5."""
        keys = users[:, None] * self.n_items + entities
        positions = torch.searchsorted(self.liked, keys).clamp_max(len(self.liked) - 1)
        liked = (self.liked[positions] == keys).to(self.relations.dtype)
        return torch.where(entities < self.n_items, liked, 0.5)

    def propagate(self, users: Tensor, entities: list[Tensor], weights: list[Tensor]) -> Tensor:
        """l̂_u(v) of Eq. 7, the item's label from its neighbourhood with its own held out; [b].

        Labelled entities keep their labels (Eq. 6's constraint); unlabelled ones, and the item
        itself, take the weighted mean of their neighbours'.
        """
        item = entities[0]
        initial, fixed = [], []
        for ids in entities:
            held_out = ids == item
            label = self.labels(users, ids).masked_fill(held_out, 0.5)
            initial.append(label)
            fixed.append((ids < self.n_items) & ~held_out)
        labels = initial
        for i in range(self.config.hops):
            labels = [
                torch.where(fixed[hop], labels[hop], self.mean_label(weights[hop], labels[hop + 1]))
                for hop in range(self.config.hops - i)
            ]
        return labels[0].squeeze(1)

    def mean_label(self, weights: Tensor, labels: Tensor) -> Tensor:
        """Weighted mean of the neighbours' labels: [b, m, K] and [b, m · K] → [b, m]."""
        mean = (weights * labels.view_as(weights)).sum(dim=2)
        return mean / weights.shape[2] if self.config.ls_reading == "code" else mean

    def loss(self, users: Tensor, items: Tensor, labels: Tensor, share: float) -> Tensor:
        """Eq. 9: cross-entropy, label smoothness R(A) of Eq. 8, and the L2 penalty."""
        user = self.users(users)
        entities, relations = self.receptive_field(items)
        weights = self.attention(user, relations)
        item = self.item_features(entities, weights)
        loss = cross_entropy((user * item).sum(dim=1), labels, share)
        loss = loss + self.penalty(user, entities, share)
        if self.config.ls_weight:
            smooth = self.propagate(users, entities, weights)
            if self.config.ls_reading == "paper":
                smooth = torch.logit(smooth, eps=1e-6)
            loss = loss + self.config.ls_weight * cross_entropy(smooth, labels, share)
        return loss
