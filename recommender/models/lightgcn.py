"""LightGCN: user and item embeddings propagated over the graph of training positives."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from pydantic import Field
from scipy.sparse import block_array, csr_array
from torch import Tensor, nn
from torch.nn import functional

from recommender.data.matrices import positive_matrix
from recommender.data.negatives import InteractionSampler, NegativesPolicy, make_sampler
from recommender.data.pairs import PairSource, pair_source
from recommender.data.splits import TrainingSplit
from recommender.layers.columns import Columns
from recommender.layers.propagation import batch_size_for
from recommender.layers.sparse import SparseMatrix
from recommender.models.base import ModelConfig, TrainingTask
from recommender.models.calibrated import CalibratedRecommender
from recommender.models.pair_task import PairTask
from recommender.training.column_division import ColumnDivision
from recommender.training.distributed import Group
from recommender.training.division import Division

__all__ = ["LightGCN", "LightGCNConfig", "normalised_bipartite"]


class LightGCNConfig(ModelConfig):
    """Settings of `LightGCN`: the paper's, but lr and lambda, chosen on validation."""

    dim: int = Field(64, ge=1, description="length of the embeddings")
    layers: int = Field(3, ge=0, description="K: propagation steps")
    lr: float = Field(5e-3, gt=0, description="learning rate")
    l2_weight: float = Field(3e-3, ge=0, description="lambda: weight of the squared e(0)")
    pairs: PairSource = Field(
        "uniform",
        description="negative of a pair: a uniform item without a positive of the user in "
        "train, as in the paper, or one of the run's own rows",
    )
    batch_size: int = Field(
        2048, ge=1, description="pairs per step; more for large data (see the docs)"
    )


class LightGCN(CalibratedRecommender):
    """Light graph convolution, without features, weights or activations.

    He et al., "LightGCN: simplifying and powering graph convolution network for recommendation",
    SIGIR 2020: E(k+1) = D^-½ A D^-½ E(k) (Eq. 7), the final embedding is the mean of E(0) … E(K)
    (Eq. 8 with α_k = 1/(K+1)), the score an inner product, the loss BPR's plus λ‖E(0)‖² of the
    rows in use (Eq. 15).
    """

    name = "lightgcn"
    Config = LightGCNConfig
    config: LightGCNConfig

    def __init__(self, config: LightGCNConfig, train: TrainingSplit) -> None:
        super().__init__(config, train)
        self._train = train
        n_nodes = train.n_users + train.n_items
        # No EmbeddingTable: every step updates all rows.
        self.embeddings = nn.Parameter(torch.randn(n_nodes, config.dim) * 0.1)
        self.propagate = SparseMatrix(normalised_bipartite(positive_matrix(train)))
        self.columns = Columns()
        self._final: Tensor | None = None

    def final_embeddings(self) -> Tensor:
        """Mean of E(0) … E(K), users first: [n_users + n_items, dim]; cached while scoring."""
        if self._final is not None:
            return self._final
        layer = total = self.embeddings
        for _ in range(self.config.layers):
            layer = self.propagate(layer)
            total = total + layer
        final = total / (self.config.layers + 1)
        if not self.training and not torch.is_grad_enabled():
            self._final = final
        return final

    def score(self, users: Tensor, items: Tensor) -> Tensor:
        """e_uᵀ e_i of the final embeddings."""
        final = self.final_embeddings()
        return self.columns.sum((final[users] * final[items + self.n_users]).sum(dim=1))

    def score_items(self, users: Tensor, start: int, stop: int) -> Tensor:
        """One matrix product."""
        final = self.final_embeddings()
        return final[users] @ final[self.n_users + start : self.n_users + stop].T

    def forget(self) -> None:
        """Drop values cached while scoring."""
        self._final = None

    def tasks(self, samples: InteractionSampler) -> Sequence[TrainingTask]:
        """The ranking task."""
        return [_Ranking(self, samples)]

    def divide(
        self, group: Group, train: TrainingSplit, negatives: NegativesPolicy
    ) -> Division | None:
        """By columns, which propagate independently."""
        if group.size > self.config.dim:
            return None
        tasks = self.tasks(make_sampler(negatives, train))
        return ColumnDivision(self, {"embeddings": 1}, tasks, group)


class _Ranking(PairTask):
    """Ranking loss over pairs of a user's positive and negative."""

    def __init__(self, model: LightGCN, samples: InteractionSampler) -> None:
        config = model.config
        super().__init__(
            pair_source(config.pairs, model._train, samples),
            learning_rate=config.lr,
            batch_size=batch_size_for(
                len(model._train.positive_keys), config.dim, config.batch_size
            ),
        )
        self.model = model

    def loss(self, *columns: Tensor, share: float = 1.0) -> Tensor:
        """Eq. 15 over the batch, its mean."""
        users, positives, negatives = columns
        model = self.model
        rows = torch.cat([users, positives + model.n_users, negatives + model.n_users])
        user, liked, other = model.final_embeddings()[rows].chunk(3)
        margins = model.columns.sum((user * (other - liked)).sum(dim=1))
        ranking = functional.softplus(margins[model.columns.share(len(users))]).sum()
        penalty = model.embeddings[rows].square().sum()
        return (ranking + model.config.l2_weight * penalty) * (share / len(users))

    def parameters(self) -> Sequence[nn.Parameter]:
        """E(0)."""
        return [self.model.embeddings]


def normalised_bipartite(positives: csr_array) -> csr_array:
    """D^-½ A D^-½ of the user–item graph, users first (Eq. 6 and 8).

    [n_users, n_items] → [n_users + n_items, n_users + n_items]; a node without edges has a row
    of zeros.
    """
    adjacency = block_array([[None, positives], [positives.T, None]]).tocsr()
    degrees = np.diff(adjacency.indptr)
    scale = 1 / np.sqrt(np.maximum(degrees, 1))
    adjacency.data = adjacency.data * np.repeat(scale, degrees) * scale[adjacency.indices]
    return adjacency
