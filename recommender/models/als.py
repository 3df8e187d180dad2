"""ALS: matrix factorisation of implicit feedback by alternating least squares (Hu et al.)."""

from __future__ import annotations

from pydantic import Field
from scipy.sparse import csr_array
from torch import Tensor

from recommender.data.splits import TrainingSplit
from recommender.layers.least_squares import solve_rows
from recommender.models.base import ModelConfig
from recommender.models.factors import FactorRecommender

__all__ = ["ALS", "ALSConfig"]


class ALSConfig(ModelConfig):
    """Settings of `ALS`; the defaults were chosen on validation."""

    dim: int = Field(64, ge=1, description="f: number of factors")
    alpha: float = Field(
        75.0, gt=0, description="confidence of a positive is 1 + alpha, of any other pair 1"
    )
    l2_weight: float = Field(185.0, gt=0, description="lambda: weight of the squared factors")
    iterations: int = Field(10, ge=1, description="number of alternations")


class ALS(FactorRecommender):
    """Implicit-feedback ALS: every unobserved pair is a 0 of low confidence.

    Hu, Koren and Volinsky, "Collaborative filtering for implicit feedback datasets", ICDM 2008:
    minimise Σ c_ui (p_ui - x_uᵀ y_i)² + λ(Σ‖x_u‖² + Σ‖y_i‖²) over all users and items (Eq. 3), with
    c_ui = 1 + α p_ui. The default settings are the best of 42 trials by AUC + NDCG@10 on the
    validation rows of Last.FM (`lastfm-stock`, seed 555): f from 4 to 256, α from 1 to 300, λ from
    1 to 1,000, 5 to 25 iterations. With seven positives per user λ must be large; many factors are
    then harmless.
    """

    name = "als"
    Config = ALSConfig
    config: ALSConfig

    def __init__(self, config: ALSConfig, train: TrainingSplit) -> None:
        super().__init__(config, train, dim=config.dim, spread=1 / config.dim)

    def fit(self) -> None:
        """Solve for users and items in turn."""
        self.alternate(self.config.iterations)

    def solve(self, positives: csr_array, others: Tensor, gram: Tensor) -> Tensor:
        """x_u = (YᵀY + α Σ y_i y_iᵀ + λI)⁻¹ (1 + α) Σ y_i, the sums over u's positives (Eq. 4)."""
        alpha = self.config.alpha
        return solve_rows(
            positives,
            others,
            common=gram,
            weight=alpha,
            target=1 + alpha,
            l2_weights=others.new_full((positives.shape[0],), self.config.l2_weight),
        )
