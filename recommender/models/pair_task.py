"""Training objective of ranking losses, over sampled (user, positive, negative) triples."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from recommender.models.base import TrainingTask

__all__ = ["PairTask"]


class PairTask(TrainingTask):
    """Base of objectives on pairs: columns users, positive items, negative items.

    Args:
        draw: generates the pairs of an epoch (`data.pairs.pair_source`).
        learning_rate: step size.
        batch_size: pairs per step.
    """

    name = "recommendation"

    def __init__(
        self,
        draw: Callable[[np.random.Generator], tuple[np.ndarray, ...]],
        *,
        learning_rate: float,
        batch_size: int,
    ) -> None:
        self._draw, self.learning_rate, self.batch_size = draw, learning_rate, batch_size

    def samples(self, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
        """Columns users, positive items, negative items."""
        return self._draw(rng)
