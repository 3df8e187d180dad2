"""PER: preference diffusion along graph meta-paths, factorised, weighted by BPR."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from pydantic import Field
from scipy.sparse import csr_array
from torch import Tensor, nn
from torch.nn import functional

from recommender.data.matrices import item_attributes, positive_matrix
from recommender.data.negatives import InteractionSampler
from recommender.data.pairs import PairSource, pair_source
from recommender.data.splits import TrainingSplit
from recommender.models.base import ModelConfig, TrainingTask
from recommender.models.calibrated import CalibratedRecommender
from recommender.models.pair_task import PairTask

__all__ = ["PER", "PERConfig", "factorise", "unit_attributes"]


class PERConfig(ModelConfig):
    """Settings of `PER`; the defaults were chosen on validation."""

    min_triples: int = Field(
        20, ge=1, description="minimum number of triples of a relation to form a meta-path"
    )
    rank: int = Field(20, ge=1, description="d: length of the factors of each diffused matrix")
    iterations: int = Field(50, ge=1, description="number of updates of the factors")
    pairs: PairSource = Field(
        "uniform",
        description="negative of a pair: a uniform item without a positive of the user in "
        "train, as in the paper, or one of the run's own rows",
    )
    lr: float = Field(2e-2, gt=0, description="learning rate of the paths' weights")
    l2_weight: float = Field(1e-4, ge=0, description="lambda: weight of the squared path weights")
    batch_size: int = Field(1024, ge=1, description="pairs per step")


class PER(CalibratedRecommender):
    """Personalised entity recommendation by meta-paths user - item - attribute - item.

    Yu et al., "Personalized entity recommendation: a heterogeneous information network approach",
    WSDM 2014. Each relation of the graph is one meta-path. Along it, preferences diffuse from a
    user's training positives to these and to items that share entities with them; a non-negative
    factorisation R̃ ≈ U Vᵀ of each diffused matrix gives the features, and the global model Σ θ_l
    U_l[u]ᵀ V_l[v] weights the paths, with θ trained by BPR.

    Adaptations: the paper's IMDb paths become one path per relation, and items are compared by the
    cosine of their entities instead of PathSim. Both are equal for items with the same number of
    entities, and the cosine factorises, so that neither the item–item matrix nor R̃ is built.
    """

    name = "per"
    Config = PERConfig
    config: PERConfig
    user_factors: Tensor
    item_factors: Tensor

    def __init__(self, config: PERConfig, train: TrainingSplit) -> None:
        super().__init__(config, train)
        self._train = train
        counts = np.bincount(train.graph.relation, minlength=train.n_relations)
        self.relations = np.flatnonzero(counts >= config.min_triples).tolist()
        width = len(self.relations) * config.rank
        self.register_buffer("user_factors", torch.zeros(train.n_users, width))
        self.register_buffer("item_factors", torch.zeros(train.n_items, width))
        self.weights = nn.Parameter(torch.ones(len(self.relations)))

    def factorise(self) -> None:
        """Diffuse the training positives along every path, and factorise the result."""
        rank, positives = self.config.rank, positive_matrix(self._train)
        for index, relation in enumerate(self.relations):
            attributes = unit_attributes(self._train, relation)
            rng = np.random.default_rng(index)
            users, items = factorise(
                positives @ attributes, attributes, rank, self.config.iterations, rng
            )
            columns = slice(index * rank, (index + 1) * rank)
            self.user_factors[:, columns] = torch.from_numpy(users)
            self.item_factors[:, columns] = torch.from_numpy(items)

    def weighted(self, users: Tensor) -> Tensor:
        """θ_l U_l[u] of all paths in a row; int64 [b] → [b, paths * rank]."""
        return self.user_factors[users] * self.weights.repeat_interleave(self.config.rank)

    def score(self, users: Tensor, items: Tensor) -> Tensor:
        """Σ θ_l U_l[u]ᵀ V_l[v]."""
        return (self.weighted(users) * self.item_factors[items]).sum(dim=1)

    def score_items(self, users: Tensor, start: int, stop: int) -> Tensor:
        """One matrix product."""
        return self.weighted(users) @ self.item_factors[start:stop].T

    def tasks(self, samples: InteractionSampler) -> Sequence[TrainingTask]:
        """The task of the paths' weights, given the factors."""
        self.factorise()
        return [_Ranking(self, samples)] if self.relations else []


class _Ranking(PairTask):
    """Ranking loss over pairs of a user's positive and negative."""

    def __init__(self, model: PER, samples: InteractionSampler) -> None:
        config = model.config
        super().__init__(
            pair_source(config.pairs, model._train, samples),
            learning_rate=config.lr,
            batch_size=config.batch_size,
        )
        self.model = model

    def loss(self, *columns: Tensor, share: float = 1.0) -> Tensor:
        """-ln σ(r̂(u, v) - r̂(u, v')), the mean over the batch, plus λ‖θ‖²."""
        users, positives, negatives = columns
        model = self.model
        between = model.item_factors[positives] - model.item_factors[negatives]
        margin = (model.weighted(users) * between).sum(dim=1)
        penalty = model.config.l2_weight * model.weights.square().sum()
        return share * (functional.softplus(-margin).mean() + penalty)

    def parameters(self) -> Sequence[nn.Parameter]:
        """θ."""
        return [self.model.weights]


def unit_attributes(train: TrainingSplit, relation: int) -> csr_array:
    """Items' entities by one relation, so that products of rows are cosines.

    [n_items, columns], each row of length 1, or 0 for an item without such a triple; entities
    without an item have no column.
    """
    matrix = item_attributes(train.graph, train.n_items, relation)
    matrix = csr_array(matrix[:, np.unique(matrix.indices)])
    counts = np.diff(matrix.indptr)
    matrix.data = np.repeat(1 / np.sqrt(np.maximum(counts, 1)), counts)
    return matrix


def factorise(
    left: csr_array, right: csr_array, rank: int, iterations: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Non-negative U, V with U Vᵀ ≈ left rightᵀ by least squares; the product is not built.

    Lee and Seung, "Algorithms for non-negative matrix factorization", NIPS 2000, Eq. 4.

    Args:
        left, right: non-negative ``[n, c]`` and ``[m, c]``.
        rank: columns of U and V.
        iterations: of the multiplicative updates.
        rng: initialises U and V.

    Returns:
        U ``[n, rank]`` and V ``[m, rank]``.
    """
    mean = float(left.sum(axis=0) @ right.sum(axis=0)) / (left.shape[0] * right.shape[0])
    scale = 2 * np.sqrt(mean / rank)
    u = scale * rng.random((left.shape[0], rank))
    v = scale * rng.random((right.shape[0], rank))
    for _ in range(iterations):
        u *= (left @ (right.T @ v)) / np.maximum(u @ (v.T @ v), 1e-12)
        v *= (right @ (left.T @ u)) / np.maximum(v @ (u.T @ u), 1e-12)
    return u, v
