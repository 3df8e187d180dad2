"""ItemKNN: recommend items whose listeners resemble those of the user's items (cosine)."""

from __future__ import annotations

import numpy as np
import torch
from pydantic import Field
from scipy.sparse import csr_array
from torch import Tensor

from recommender.data.splits import TrainingSplit
from recommender.layers.neighbours import nearest_rows
from recommender.layers.sparse import CompressedRows, SparseMatrix, sum_of_rows
from recommender.models.base import ModelConfig
from recommender.models.item_based import ItemBasedRecommender

__all__ = ["ItemKNN", "ItemKNNConfig"]


class ItemKNNConfig(ModelConfig):
    """Settings of `ItemKNN`; the defaults were chosen on validation."""

    k: int = Field(500, ge=1, description="neighbours kept per item")
    shrinkage: float = Field(
        30.0,
        ge=0,
        description="shrinkage added to the cosine's denominator: lowers "
        "similarities of rare items",
    )


class ItemKNN(ItemBasedRecommender):
    """Item-based nearest neighbours by the cosine of training positives.

    Sarwar et al., "Item-based collaborative filtering recommendation algorithms", WWW 2001;
    Deshpande and Karypis, "Item-based top-N recommendation algorithms", TOIS 2004: score(u, v) = Σ
    sim(v, w) over the items w of u among the k nearest of v. An item is not its own neighbour, so
    that a training positive does not support itself.
    """

    name = "item_knn"
    Config = ItemKNNConfig
    config: ItemKNNConfig
    neighbours: Tensor
    similarities: Tensor

    def __init__(self, config: ItemKNNConfig, train: TrainingSplit) -> None:
        super().__init__(config, train)
        self.k = min(config.k, max(1, train.n_items - 1))
        self._by_neighbour: CompressedRows | None = None
        self.register_buffer("neighbours", torch.zeros(train.n_items, self.k, dtype=torch.int32))
        self.register_buffer("similarities", torch.zeros(train.n_items, self.k))

    def fit(self) -> None:
        """Find each item's neighbours."""
        by_item = self._positives.T.tocsr()
        ids, values = nearest_rows(by_item, self.k, self.config.shrinkage)
        self.neighbours.copy_(torch.from_numpy(ids))
        self.similarities.copy_(torch.from_numpy(values))
        self._by_neighbour = None

    def score_histories(
        self, histories: SparseMatrix, rows: Tensor, start: int, stop: int
    ) -> Tensor:
        """Sum the similarities of all items to those of each history."""
        scores = self.similarities.new_zeros(len(rows), self.n_items)
        row, own, value = histories.entries(rows)
        sum_of_rows(self._followers(), own, value, row, out=scores)
        return scores[:, start:stop]

    def _followers(self) -> CompressedRows:
        """Transposed neighbour matrix, [n_items, n_items]; cached."""
        if self._by_neighbour is None:
            ids, values = self.neighbours.cpu().numpy(), self.similarities.cpu().numpy()
            offsets = np.arange(0, ids.size + 1, self.k)
            shape = (self.n_items, self.n_items)
            turned = csr_array((values.ravel(), ids.ravel(), offsets), shape=shape).T.tocsr()
            turned.eliminate_zeros()  # padding of rows
            self._by_neighbour = CompressedRows(
                torch.from_numpy(turned.indptr).long().to(self.device),
                torch.from_numpy(turned.indices).to(self.device),
                torch.from_numpy(turned.data).to(self.similarities),
            )
        return self._by_neighbour

    def forget(self) -> None:
        """Drop values cached while scoring."""
        self._by_neighbour = None
