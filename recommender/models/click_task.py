"""Training objective of click prediction: cross-entropy over labelled user–item rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from torch import Tensor, nn
from torch.nn import functional

from recommender.data.negatives import InteractionSampler
from recommender.models.base import Recommender, TrainingTask

__all__ = ["ClickTask", "cross_entropy"]

RowsLoss = Callable[[Tensor, Tensor, Tensor, float], Tensor]


class ClickTask(TrainingTask):
    """Objective over rows of users, items and labels, with the model's loss.

    Args:
        model: the model, all of whose parameters are trained.
        samples: generates the rows of an epoch.
        loss: of users, items, labels (int64 [b] each) and the share, as in `TrainingTask.loss`.
    """

    name = "recommendation"

    def __init__(
        self,
        model: Recommender,
        samples: InteractionSampler,
        loss: RowsLoss,
        *,
        learning_rate: float,
        batch_size: int,
    ) -> None:
        self._model, self._samples, self._loss = model, samples, loss
        self.learning_rate, self.batch_size = learning_rate, batch_size

    def samples(self, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
        """Columns users, items, labels."""
        rows = self._samples.draw(rng)
        return rows.users, rows.items, rows.labels

    def loss(self, *columns: Tensor, share: float = 1.0) -> Tensor:
        """The model's loss over the batch."""
        users, items, labels = columns
        return self._loss(users, items, labels, share)

    def parameters(self) -> Sequence[nn.Parameter]:
        """All parameters of the model."""
        return list(self._model.parameters())


def cross_entropy(scores: Tensor, labels: Tensor, share: float) -> Tensor:
    """Mean cross-entropy of σ(scores); these rows are a `share` of the whole batch."""
    total = functional.binary_cross_entropy_with_logits(
        scores, labels.to(scores.dtype), reduction="sum"
    )
    return total * (share / max(len(labels), 1))
