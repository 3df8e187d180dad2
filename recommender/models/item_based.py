"""Base class of item-based models (EASE, ItemKNN, RP3beta), linear in a user's history."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
import torch
from scipy.sparse import csr_array, vstack
from torch import Tensor

from recommender.data.matrices import positive_matrix
from recommender.data.splits import TrainingSplit
from recommender.layers.sparse import SparseMatrix
from recommender.models.base import ModelConfig
from recommender.models.calibrated import CalibratedRecommender
from recommender.scoring import ItemScorer, ItemSets, score_pairs

__all__ = ["ItemBasedRecommender"]


class ItemBasedRecommender(CalibratedRecommender):
    """score(u, ·) = x_u B: x_u is the user's history, B ``[n_items, n_items]`` is learnt.

    There are no user parameters, so new users are scored like training users.
    """

    def __init__(self, config: ModelConfig, train: TrainingSplit) -> None:
        super().__init__(config, train)
        self._positives = positive_matrix(train)
        self.histories = SparseMatrix(self.weighted(self._positives))

    def weighted(self, positives: csr_array) -> csr_array:
        """x_u of histories of zeros and ones: ``[n, n_items]``, unchanged unless overridden."""
        return positives

    @abstractmethod
    def score_histories(
        self, histories: SparseMatrix, rows: Tensor, start: int, stop: int
    ) -> Tensor:
        """x B for some rows of `histories` and the items start … stop - 1.

        Args:
            histories: `weighted` rows ``[n, n_items]``.
            rows: which of them, int64 ``[b]``.
            start, stop: the items.

        Returns:
            ``[b, stop - start]``.
        """

    def score_items(self, users: Tensor, start: int, stop: int) -> Tensor:
        """x_u B for the block."""
        return self.score_histories(self.histories, users, start, stop)

    def score(self, users: Tensor, items: Tensor) -> Tensor:
        """(x_u B)_i."""
        return score_pairs(self, users, items)

    def fold_in(self, histories: ItemSets) -> ItemScorer:
        """Score the histories; an empty one gets the mean of the training users' scores."""
        own = self.weighted(histories.matrix(self.n_items))
        mean = self.weighted(self._positives).sum(axis=0)[None, :] / self.n_users
        matrix = SparseMatrix(csr_array(vstack([own, csr_array(mean)])))
        rows = np.where(histories.sizes == 0, histories.n_users, np.arange(histories.n_users))
        return _FoldedIn(self, matrix.to(self.histories.forward_values), torch.from_numpy(rows))


class _FoldedIn:
    """Scores of people given by their histories."""

    def __init__(self, model: ItemBasedRecommender, histories: SparseMatrix, rows: Tensor) -> None:
        self._model, self._histories = model, histories
        self.n_items, self.device = model.n_items, model.device
        self._rows = rows.to(self.device)

    def score_items(self, users: Tensor, start: int, stop: int) -> Tensor:
        """As the model scores training users; all empty histories share one row."""
        distinct, inverse = torch.unique(self._rows[users], return_inverse=True)
        return self._model.score_histories(self._histories, distinct, start, stop)[inverse]
