"""ItemKNN: what is played by the same people."""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Tensor

from recommender.data.splits import TrainingSplit
from recommender.layers.neighbours import nearest_rows
from recommender.layers.sparse import SparseMatrix, sparse_rows
from recommender.models.base import ModelConfig
from recommender.models.item_based import ItemBasedRecommender

__all__ = ["ItemKNN", "ItemKNNConfig"]

_PAIRS = 2**14


class ItemKNNConfig(ModelConfig):
    """Settings of `ItemKNN`; the defaults were chosen on validation."""

    k: int = Field(500, ge=1, description="neighbours kept of each item")
    shrinkage: float = Field(
        30.0, ge=0, description="added to the cosine's denominator: trusts rare items less"
    )


class ItemKNN(ItemBasedRecommender):
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
        self.k = min(config.k, max(1, train.n_items - 1))
        self._sorted: tuple[Tensor, Tensor] | None = None
        self.register_buffer("neighbours", torch.zeros(train.n_items, self.k, dtype=torch.int32))
        self.register_buffer("similarities", torch.zeros(train.n_items, self.k))

    def fit(self) -> None:
        """Find each item's neighbours."""
        by_item = self._positives.T.tocsr()
        ids, values = nearest_rows(by_item, self.k, self.config.shrinkage)
        self.neighbours.copy_(torch.from_numpy(ids))
        self.similarities.copy_(torch.from_numpy(values))
        self._sorted = None

    def score(self, users: Tensor, items: Tensor) -> Tensor:
        """Sum of similarities to the user's own items, each found by bisection."""
        keys, values = self._lookup()
        scores = self.similarities.new_zeros(len(users))
        for start in range(0, len(users), _PAIRS):
            block = slice(start, start + _PAIRS)
            row, own, _ = self.histories.entries(users[block])
            wanted = items[block][row] * self.n_items + own
            place = torch.searchsorted(keys, wanted).clamp_max(len(keys) - 1)
            scores[block].index_add_(0, row, values[place] * (keys[place] == wanted))
        return scores

    def _lookup(self) -> tuple[Tensor, Tensor]:
        """Similarities by `item * n_items + neighbour`, sorted; made when first needed."""
        if self._sorted is None:
            first = torch.arange(self.n_items, device=self.neighbours.device)[:, None]
            real = self.similarities > 0
            keys, order = (first * self.n_items + self.neighbours)[real].sort()
            if not len(keys):  # nobody shares anything with anybody
                keys = keys.new_full((1,), -1)
                self._sorted = keys, self.similarities.new_zeros(1)
            else:
                self._sorted = keys, self.similarities[real][order]
        return self._sorted

    def forget(self) -> None:
        """What scoring has computed from the parameters no longer holds."""
        self._sorted = None

    def score_histories(
        self, histories: SparseMatrix, rows: Tensor, start: int, stop: int
    ) -> Tensor:
        """One sparse product for the block."""
        by_item = sparse_rows(
            self.neighbours[start:stop].long(), self.similarities[start:stop], self.n_items
        )
        scores: Tensor = (by_item @ histories.dense_rows(rows).T).T
        return scores
