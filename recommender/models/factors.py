"""Base class of models that factorise the matrix of positives by least squares (ALS, iALS)."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
import torch
from scipy.sparse import csr_array
from torch import Tensor, nn

from recommender.data.matrices import positive_matrix
from recommender.data.splits import TrainingSplit
from recommender.layers.least_squares import gram_matrix
from recommender.models.base import ModelConfig
from recommender.models.calibrated import CalibratedRecommender
from recommender.scoring import ItemScorer, ItemSets

__all__ = ["FactorRecommender", "FactorScorer"]


class FactorScorer:
    """Scorer x_uᵀ y_i for people with given vectors.

    Args:
        users: X ``[n, f]``.
        items: Y ``[n_items, f]``.
    """

    def __init__(self, users: Tensor, items: Tensor) -> None:
        self.users, self.items = users, items
        self.n_items, self.device = len(items), items.device

    def score_items(self, users: Tensor, start: int, stop: int) -> Tensor:
        """One matrix product."""
        return self.users[users] @ self.items[start:stop].T


class FactorRecommender(CalibratedRecommender):
    """Vectors x_u and y_i by alternating least squares; the score is their inner product.

    Given Y, a user's vector solves a small linear system that depends only on the history. So
    fold-in of a new user equals the solution for a training user.
    """

    def __init__(
        self, config: ModelConfig, train: TrainingSplit, *, dim: int, spread: float
    ) -> None:
        super().__init__(config, train)
        self._positives = positive_matrix(train)
        self._fixed: tuple[Tensor, Tensor] | None = None
        self.users = nn.Parameter(torch.randn(train.n_users, dim) * spread, False)
        self.items = nn.Parameter(torch.randn(train.n_items, dim) * spread, False)

    @abstractmethod
    def solve(self, positives: csr_array, others: Tensor, gram: Tensor) -> Tensor:
        """The vectors of one side given those of the other, in `others`' precision, on the CPU.

        Args:
            positives: zeros and ones ``[n, m]``.
            others: Y ``[m, f]``.
            gram: YᵀY ``[f, f]``.

        Returns:
            X ``[n, f]``; zeros for a row without a positive.
        """

    def alternate(self, iterations: int) -> None:
        """Solve for users and items alternately, and store the vectors."""
        by_user, by_item = self._positives, self._positives.T.tocsr()
        users, items = self.users.double().cpu(), self.items.double().cpu()
        for _ in range(iterations):
            users = self.solve(by_user, items, gram_matrix(items))
            items = self.solve(by_item, users, gram_matrix(users))
        # Once more, so that a user's vector equals fold-in of the history.
        users = self.solve(by_user, items, gram_matrix(items))
        self.users.copy_(users)
        self.items.copy_(items)
        self.forget()

    def score(self, users: Tensor, items: Tensor) -> Tensor:
        """x_uᵀ y_i, an estimate of the preference: about 0 to 1."""
        return (self.users[users] * self.items[items]).sum(dim=1)

    def score_items(self, users: Tensor, start: int, stop: int) -> Tensor:
        """One matrix product."""
        return self.users[users] @ self.items[start:stop].T

    def fold_in(self, histories: ItemSets) -> ItemScorer:
        """Solve for each person's vector; an empty history gets the mean of the users' vectors."""
        if self._fixed is None:
            items = self.items.double().cpu()
            self._fixed = items, gram_matrix(items)
        users = self.solve(histories.matrix(self.n_items), *self._fixed)
        users[torch.from_numpy(np.flatnonzero(histories.sizes == 0))] = (
            self.users.mean(dim=0).double().cpu()
        )
        return FactorScorer(users.to(self.items), self.items)

    def forget(self) -> None:
        """Drop values cached by fold-in."""
        self._fixed = None
