"""UserKNN: recommend items of users with similar histories (cosine)."""

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
from recommender.scoring import ItemScorer, ItemSets, score_pairs

__all__ = ["UserKNN", "UserKNNConfig"]


class UserKNNConfig(ModelConfig):
    """Settings of `UserKNN`; the defaults were chosen on validation."""

    k: int = Field(500, ge=1, description="neighbours kept per user")
    shrinkage: float = Field(
        1.0,
        ge=0,
        description="shrinkage added to the cosine's denominator: lowers "
        "similarities of short histories",
    )


class UserKNN(CalibratedRecommender):
    """User-based nearest neighbours by the cosine of training positives.

    Herlocker et al., "An algorithmic framework for performing collaborative filtering", SIGIR 1999,
    with 0/1 preferences: score(u, v) = Σ sim(u, w) over the users w among the k nearest of u who
    have v as a training positive. A user is not their own neighbour.
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
        """Sum of similarities to the item's listeners."""
        return score_pairs(self, users, items)

    def score_items(self, users: Tensor, start: int, stop: int) -> Tensor:
        """One sparse product for the block."""
        return self.score_neighbours(
            self.neighbours[users].long(), self.similarities[users], start, stop
        )

    def score_neighbours(
        self, neighbours: Tensor, similarities: Tensor, start: int, stop: int
    ) -> Tensor:
        """Scores of people given by their neighbours among training users, ``[b, stop - start]``.

        Args:
            neighbours, similarities: ``[b, k]``; padding has similarity 0.
            start, stop: the items.
        """
        similar = self.similarities.new_zeros(self.n_users, len(neighbours))
        similar.scatter_add_(0, neighbours.T, similarities.T)
        scores: Tensor = (self.listeners.rows(start, stop) @ similar).T
        return scores

    def fold_in(self, histories: ItemSets) -> ItemScorer:
        """Find each new user's neighbours; with an empty history all users count equally.

        No user is excluded, as a new user is not a training user. A training user folded in is
        therefore their own nearest neighbour, which increases the scores of their items.
        """
        ids, values = nearest_rows(
            histories.matrix(self.n_items), self.k, self.config.shrinkage, others=self._positives
        )
        return _FoldedIn(
            self,
            torch.from_numpy(ids).to(self.device),
            torch.from_numpy(values).to(self.similarities),
            torch.from_numpy(histories.sizes == 0).to(self.device),
        )


class _FoldedIn:
    """Scores of people given by their neighbours."""

    def __init__(
        self, model: UserKNN, neighbours: Tensor, similarities: Tensor, empty: Tensor
    ) -> None:
        self._model, self._neighbours, self._similarities = model, neighbours, similarities
        self._empty = empty
        self.n_items, self.device = model.n_items, model.device

    def score_items(self, users: Tensor, start: int, stop: int) -> Tensor:
        """As the model scores training users."""
        model = self._model
        scores = model.score_neighbours(
            self._neighbours[users], self._similarities[users], start, stop
        )
        everybody = model.similarities.new_full((model.n_users, 1), 1 / model.n_users)
        shares = (model.listeners.rows(start, stop) @ everybody).T
        return torch.where(self._empty[users, None], shares, scores)
