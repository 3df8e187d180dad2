"""Base class of GNN recommenders: propagate vectors, score by inner product, train by BPR."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from recommender.data.negatives import InteractionSampler
from recommender.data.pairs import pair_source
from recommender.data.splits import TrainingSplit
from recommender.models.base import TrainingTask
from recommender.models.calibrated import CalibratedRecommender
from recommender.models.pair_task import PairTask

__all__ = ["InnerProductRecommender", "bpr", "xavier"]


class InnerProductRecommender(CalibratedRecommender):
    """ŷ(u, i) = z_uᵀ z_i, trained by a ranking loss; one propagation gives all z.

    A subclass implements `propagate` and `loss`; its configuration has `pairs`, `lr` and
    `batch_size`.
    """

    def __init__(self, config: Any, train: TrainingSplit) -> None:
        super().__init__(config, train)
        self._train = train
        self._vectors: tuple[Tensor, Tensor] | None = None

    @abstractmethod
    def propagate(self) -> tuple[Tensor, Tensor]:
        """z of all users and of all items: [n_users, d] and [n_items, d]."""

    @abstractmethod
    def loss(self, users: Tensor, positives: Tensor, negatives: Tensor, share: float) -> Tensor:
        """The loss over a batch of pairs, int64 [b] each; `share` as in `TrainingTask.loss`."""

    def ranking_parameters(self) -> Sequence[nn.Parameter]:
        """Parameters trained by `loss`: all, unless a model has a further task."""
        return list(self.parameters())

    def begin_epoch(self) -> None:
        """Recompute values that are fixed during an epoch, if any."""

    def vectors(self) -> tuple[Tensor, Tensor]:
        """`propagate`, cached while scoring."""
        if self._vectors is not None:
            return self._vectors
        vectors = self.propagate()
        if not self.training and not torch.is_grad_enabled():
            self._vectors = vectors
        return vectors

    def score(self, users: Tensor, items: Tensor) -> Tensor:
        """z_uᵀ z_i."""
        user, item = self.vectors()
        return (user[users] * item[items]).sum(dim=1)

    def score_items(self, users: Tensor, start: int, stop: int) -> Tensor:
        """One matrix product."""
        user, item = self.vectors()
        return user[users] @ item[start:stop].T

    def forget(self) -> None:
        """Drop values cached while scoring."""
        self._vectors = None

    def tasks(self, samples: InteractionSampler) -> Sequence[TrainingTask]:
        """The ranking task."""
        return [_Ranking(self, samples)]


class _Ranking(PairTask):
    """Ranking loss over pairs of a user's positive and negative."""

    def __init__(self, model: InnerProductRecommender, samples: InteractionSampler) -> None:
        config = model.config
        super().__init__(
            pair_source(config.pairs, model._train, samples),
            learning_rate=config.lr,
            batch_size=config.batch_size,
        )
        self.model = model

    def samples(self, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
        """Columns users, positive items, negative items; called once an epoch."""
        self.model.begin_epoch()
        return super().samples(rng)

    def loss(self, *columns: Tensor, share: float = 1.0) -> Tensor:
        """The model's loss."""
        users, positives, negatives = columns
        return self.model.loss(users, positives, negatives, share)

    def parameters(self) -> Sequence[nn.Parameter]:
        """Parameters of the model's ranking loss."""
        return self.model.ranking_parameters()


def bpr(user: Tensor, liked: Tensor, other: Tensor) -> Tensor:
    """Σ -ln σ(z_uᵀ z_i - z_uᵀ z_j) over the rows; [b, d] each → a scalar."""
    return functional.softplus((user * (other - liked)).sum(dim=1)).sum()


def xavier(*shape: int) -> nn.Parameter:
    """Glorot-uniform vectors of all rows, for models in which every step updates all rows."""
    return nn.Parameter(nn.init.xavier_uniform_(torch.empty(*shape)))
