"""Matrix factorisation of implicit feedback by alternating least squares."""

from __future__ import annotations

import torch
from pydantic import Field
from scipy.sparse import csr_array
from torch import Tensor, nn

from recommender.data.matrices import positive_matrix
from recommender.data.splits import TrainingSplit
from recommender.models.base import ModelConfig
from recommender.models.calibrated import CalibratedRecommender

__all__ = ["ALS", "ALSConfig", "solve_side"]

_NUMBERS = 2**22  # gathered factors, or small matrices, held at a time


class ALSConfig(ModelConfig):
    """Settings of `ALS`; the defaults were chosen on validation."""

    dim: int = Field(8, ge=1, description="f: number of factors")
    alpha: float = Field(
        40.0, gt=0, description="confidence of a positive is 1 + alpha, of anything else 1"
    )
    l2_weight: float = Field(100.0, gt=0, description="lambda: weight of the squared factors")
    iterations: int = Field(15, ge=1, description="times that both sides are solved for")


class ALS(CalibratedRecommender):
    """Implicit-feedback ALS: every unobserved pair is a 0 of low confidence.

    Hu, Koren and Volinsky, "Collaborative filtering for implicit feedback datasets", ICDM 2008:
    minimise Σ c_ui (p_ui - x_uᵀ y_i)² + λ(Σ‖x_u‖² + Σ‖y_i‖²) over all users and items (Eq. 3),
    with c_ui = 1 + α p_ui and the paper's α = 40. Its 100 and more factors are for users with long
    histories; with seven positives per user, as here, validation prefers few and a large λ.
    """

    name = "als"
    Config = ALSConfig
    config: ALSConfig

    def __init__(self, config: ALSConfig, train: TrainingSplit) -> None:
        super().__init__(config, train)
        self._positives = positive_matrix(train)
        spread = 1 / config.dim
        self.users = nn.Parameter(torch.randn(train.n_users, config.dim) * spread, False)
        self.items = nn.Parameter(torch.randn(train.n_items, config.dim) * spread, False)

    def fit(self) -> None:
        """Solve for users and items in turn."""
        config = self.config
        by_user, by_item = self._positives, self._positives.T.tocsr()
        users, items = self.users.double().cpu(), self.items.double().cpu()
        for _ in range(config.iterations):
            users = solve_side(by_user, items, alpha=config.alpha, l2_weight=config.l2_weight)
            items = solve_side(by_item, users, alpha=config.alpha, l2_weight=config.l2_weight)
        self.users.copy_(users)
        self.items.copy_(items)

    def score(self, users: Tensor, items: Tensor) -> Tensor:
        """x_uᵀ y_i, an estimate of the preference: about 0 to 1."""
        return (self.users[users] * self.items[items]).sum(dim=1)

    def score_items(self, users: Tensor, start: int, stop: int) -> Tensor:
        """One matrix product."""
        return self.users[users] @ self.items[start:stop].T


def solve_side(positives: csr_array, others: Tensor, *, alpha: float, l2_weight: float) -> Tensor:
    """x_u = (YᵀY + α Σ y_i y_iᵀ + λI)⁻¹ (1 + α) Σ y_i, the sums over u's positives (Eq. 4).

    Rows of similar length are solved for together, padded to the longest of them.

    Args:
        positives: zeros and ones ``[n, m]``.
        others: Y ``[m, f]``.
        alpha, l2_weight: α and λ.

    Returns:
        X ``[n, f]``.
    """
    n, dim = positives.shape[0], others.shape[1]
    offsets, columns = (
        torch.from_numpy(positives.indptr).long(),
        torch.from_numpy(positives.indices).long(),
    )
    counts = offsets.diff()
    # The last row, of zeros, is what short rows are padded with.
    padded = torch.cat([others, others.new_zeros(1, dim)])
    common = others.T @ others + l2_weight * torch.eye(dim, dtype=others.dtype)
    solution = others.new_zeros(n, dim)
    order = counts.argsort(stable=True)
    order = order[counts[order] > 0]  # nobody is known by nothing: the solution is 0
    start = 0
    while start < len(order):
        stop = _chunk_end(counts[order], start, dim)
        rows = order[start:stop]
        width = int(counts[rows[-1]])
        place = offsets[rows, None] + torch.arange(width)
        real = torch.arange(width) < counts[rows, None]
        ids = torch.where(real, columns[place.clamp_max(len(columns) - 1)], len(others))
        chosen = padded[ids]
        matrices = torch.baddbmm(common.expand(len(rows), -1, -1), chosen.mT, chosen, alpha=alpha)
        targets = (1 + alpha) * chosen.sum(dim=1)
        solution[rows] = torch.cholesky_solve(
            targets[:, :, None], torch.linalg.cholesky(matrices)
        ).squeeze(2)
        start = stop
    return solution


def _chunk_end(counts: Tensor, start: int, dim: int) -> int:
    """The most rows from `start` on (in rising order of counts) that fit into memory padded."""
    sizes = torch.arange(1, len(counts) - start + 1) * counts[start:].clamp_min(dim) * dim
    return start + max(1, int(torch.searchsorted(sizes, _NUMBERS, right=True)))
