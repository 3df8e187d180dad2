"""ItemKNN: what is played by the same people."""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Tensor

from recommender.data.matrices import positive_matrix
from recommender.data.splits import TrainingSplit
from recommender.layers.neighbours import Membership, nearest_rows
from recommender.layers.sparse import SparseMatrix, sparse_rows
from recommender.models.base import ModelConfig
from recommender.models.calibrated import CalibratedRecommender

__all__ = ["ItemKNN", "ItemKNNConfig"]

_PAIRS = 4096


class ItemKNNConfig(ModelConfig):
    """Settings of `ItemKNN`; the defaults were chosen on validation."""

    k: int = Field(500, ge=1, description="neighbours kept of each item")
    shrinkage: float = Field(
        30.0, ge=0, description="added to the cosine's denominator: trusts rare items less"
    )


class ItemKNN(CalibratedRecommender):
    """Item-based nearest neighbours by the cosine of training positives.

    Sarwar et al., "Item-based collaborative filtering recommendation algorithms", WWW 2001;
    Deshpande and Karypis, "Item-based top-N recommendation algorithms", TOIS 2004:
    score(u, v) = Σ sim(v, w) over the items w of u among the k nearest of v. The item itself is
    none of its neighbours, so that a training positive does not vouch for itself.
    """

    name = "item_knn"
    Config = ItemKNNConfig
    config: ItemKNNConfig
    neighbours: Tensor
    similarities: Tensor

    def __init__(self, config: ItemKNNConfig, train: TrainingSplit) -> None:
        super().__init__(config, train)
        self._positives = positive_matrix(train)
        self.k = min(config.k, max(1, train.n_items - 1))
        self.member = Membership(train)
        self.histories = SparseMatrix(self._positives)
        self.register_buffer("neighbours", torch.zeros(train.n_items, self.k, dtype=torch.int64))
        self.register_buffer("similarities", torch.zeros(train.n_items, self.k))

    def fit(self) -> None:
        """Find each item's neighbours."""
        by_item = self._positives.T.tocsr()
        ids, values = nearest_rows(by_item, self.k, self.config.shrinkage)
        self.neighbours.copy_(torch.from_numpy(ids))
        self.similarities.copy_(torch.from_numpy(values))

    def score(self, users: Tensor, items: Tensor) -> Tensor:
        """Sum of similarities to the user's own items."""
        blocks = [slice(start, start + _PAIRS) for start in range(0, len(users), _PAIRS)]
        return torch.cat([self._score(users[block], items[block]) for block in blocks])

    def _score(self, users: Tensor, items: Tensor) -> Tensor:
        liked = self.member(users[:, None], self.neighbours[items])
        scores: Tensor = (self.similarities[items] * liked).sum(dim=1)
        return scores

    def score_items(self, users: Tensor, start: int, stop: int) -> Tensor:
        """One sparse product for the block."""
        by_item = sparse_rows(
            self.neighbours[start:stop], self.similarities[start:stop], self.n_items
        )
        scores: Tensor = (by_item @ self.histories.dense_rows(users).T).T
        return scores
