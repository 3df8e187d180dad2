"""BPR-MF: matrix factorisation trained by Bayesian personalised ranking."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from recommender.data.negatives import InteractionSampler
from recommender.data.pairs import PairSource, pair_source
from recommender.data.splits import TrainingSplit
from recommender.layers.embedding import EmbeddingTable
from recommender.models.base import ModelConfig, TrainingTask
from recommender.models.calibrated import CalibratedRecommender
from recommender.models.pair_task import PairTask

__all__ = ["BPR", "BPRConfig"]


class BPRConfig(ModelConfig):
    """Settings of `BPR`; the defaults were chosen on validation."""

    dim: int = Field(32, ge=1, description="k: length of users' and items' vectors")
    item_bias: bool = Field(True, description="add a bias per item to the score")
    lr: float = Field(5e-3, gt=0, description="learning rate")
    l2_weight: float = Field(1e-2, ge=0, description="lambda: weight of the squared parameters")
    pairs: PairSource = Field(
        "uniform",
        description="negative of a pair: a uniform item without a positive of the user in "
        "train, as in the paper, or one of the run's own rows",
    )
    batch_size: int = Field(256, ge=1, description="pairs per step")


class BPR(CalibratedRecommender):
    """BPR-MF: factors that rank a user's positives above the negatives.

    Rendle et al., "BPR: Bayesian personalized ranking from implicit feedback", UAI 2009: maximise
    BPR-OPT = Σ ln σ(x_ui - x_uj) - λ‖Θ‖² (Eq. 4.3) with x_ui = w_uᵀ h_i + b_i. Adam replaces the
    paper's plain SGD.
    """

    name = "bpr"
    Config = BPRConfig
    config: BPRConfig

    def __init__(self, config: BPRConfig, train: TrainingSplit) -> None:
        super().__init__(config, train)
        self._train = train
        self.users = EmbeddingTable(train.n_users, config.dim)
        self.items = EmbeddingTable(train.n_items, config.dim)
        self.biases = EmbeddingTable(train.n_items, 1)
        nn.init.zeros_(self.biases.weight)
        self.biases.weight.requires_grad_(config.item_bias)

    def score(self, users: Tensor, items: Tensor) -> Tensor:
        """w_uᵀ h_i + b_i."""
        bias: Tensor = self.biases(items)
        product: Tensor = (self.users(users) * self.items(items)).sum(dim=1)
        return product + bias.squeeze(1)

    def score_items(self, users: Tensor, start: int, stop: int) -> Tensor:
        """One matrix product."""
        product: Tensor = self.users(users) @ self.items.weight[start:stop].T
        return product + self.biases.weight[start:stop, 0]

    def tasks(self, samples: InteractionSampler) -> Sequence[TrainingTask]:
        """The ranking task."""
        return [_Ranking(self, samples)]


class _Ranking(PairTask):
    """Ranking loss over pairs of a user's positive and negative."""

    def __init__(self, model: BPR, samples: InteractionSampler) -> None:
        config = model.config
        super().__init__(
            pair_source(config.pairs, model._train, samples),
            learning_rate=config.lr,
            batch_size=config.batch_size,
        )
        self.model = model

    def loss(self, *columns: Tensor, share: float = 1.0) -> Tensor:
        """-ln σ(x_ui - x_uj), plus λ over the rows in use; the mean over the batch."""
        users, positives, negatives = columns
        model = self.model
        user, liked, other = model.users(users), model.items(positives), model.items(negatives)
        liked_bias, other_bias = model.biases(positives), model.biases(negatives)
        margin = (user * (liked - other)).sum(dim=1) + (liked_bias - other_bias).squeeze(1)
        loss = functional.softplus(-margin).sum()
        used = (user, liked, other, liked_bias, other_bias)
        penalty = torch.stack([(part * part).sum() for part in used]).sum()
        return (loss + model.config.l2_weight * penalty) * (share / len(users))

    def parameters(self) -> Sequence[nn.Parameter]:
        """Factors and, if configured, biases."""
        return [weight for weight in self.model.parameters() if weight.requires_grad]
