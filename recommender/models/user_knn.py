"""UserKNN: what is played by similar people."""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Tensor

from recommender.data.matrices import positive_matrix
from recommender.data.splits import TrainingSplit
from recommender.layers.neighbours import nearest_rows
from recommender.layers.sparse import SparseMatrix
from recommender.models.base import ModelConfig
from recommender.models.calibrated import CalibratedRecommender

__all__ = ["UserKNN", "UserKNNConfig"]

_USERS = 256


class UserKNNConfig(ModelConfig):
    """Settings of `UserKNN`; the defaults were chosen on validation."""

    k: int = Field(500, ge=1, description="neighbours kept of each user")
    shrinkage: float = Field(
        1.0, ge=0, description="added to the cosine's denominator: trusts short histories less"
    )


class UserKNN(CalibratedRecommender):
    """User-based nearest neighbours by the cosine of training positives.

    Herlocker et al., "An algorithmic framework for performing collaborative filtering", SIGIR
    1999, with 0/1 preferences: score(u, v) = Σ sim(u, w) over the users w among the k nearest of
    u who have v as a training positive. A user is none of his own neighbours.
    """

    name = "user_knn"
    Config = UserKNNConfig
    config: UserKNNConfig
    neighbours: Tensor
    similarities: Tensor

    def __init__(self, config: UserKNNConfig, train: TrainingSplit) -> None:
        super().__init__(config, train)
        self._positives = positive_matrix(train)
        self.k = min(config.k, max(1, train.n_users - 1))
        self.listeners = SparseMatrix(self._positives.T.tocsr())
        self.register_buffer("neighbours", torch.zeros(train.n_users, self.k, dtype=torch.int32))
        self.register_buffer("similarities", torch.zeros(train.n_users, self.k))

    def fit(self) -> None:
        """Find each user's neighbours."""
        ids, values = nearest_rows(self._positives, self.k, self.config.shrinkage)
        self.neighbours.copy_(torch.from_numpy(ids))
        self.similarities.copy_(torch.from_numpy(values))

    def score(self, users: Tensor, items: Tensor) -> Tensor:
        """Sum of similarities to the item's listeners; all items of a user cost as much as one."""
        distinct, place = torch.unique(users, return_inverse=True)
        scores = self.similarities.new_zeros(len(users))
        for start in range(0, len(distinct), _USERS):
            rows = ((place >= start) & (place < start + _USERS)).nonzero().squeeze(1)
            block = self.score_items(distinct[start : start + _USERS], 0, self.n_items)
            scores[rows] = block[place[rows] - start, items[rows]]
        return scores

    def score_items(self, users: Tensor, start: int, stop: int) -> Tensor:
        """One sparse product for the block."""
        similar = self.similarities.new_zeros(self.n_users, len(users))
        # Rows that are filled up repeat the user himself at similarity 0.
        similar.scatter_add_(0, self.neighbours[users].long().T, self.similarities[users].T)
        scores: Tensor = (self.listeners.rows(start, stop) @ similar).T
        return scores
