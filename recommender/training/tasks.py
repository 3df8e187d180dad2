"""Interface of a training objective: samples of an epoch, loss of a batch, parameters."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from torch import Tensor, nn

from recommender.training.adam import Adam

__all__ = ["Steps", "TrainingTask"]


class Steps(Protocol):
    """Interface of an epoch's optimisation steps."""

    def run(self, columns: tuple[Tensor, ...]) -> float:
        """Update the parameters batch by batch; returns the mean loss of the batches."""


class TrainingTask(ABC):
    """One of the objectives that the loop alternates between (Algorithm 1).

    Attributes:
        name: short name for logs, such as `recommendation`.
        interval: the task runs in every `interval`-th epoch, the first one included.
        learning_rate: learning rate of its Adam optimiser.
        batch_size: samples per step.
        epochs: epochs that its schedule lasts, after which training ends; None: no schedule.
        recordable: whether a CUDA graph can replay the loss and its gradients, as they neither read
            values from the device nor have shapes that depend on values.
    """

    name: str
    interval: int = 1
    learning_rate: float
    batch_size: int
    epochs: int | None = None
    recordable: bool = False

    @abstractmethod
    def samples(self, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
        """The epoch's samples as aligned columns [n, …], in any order; the loop shuffles."""

    @abstractmethod
    def loss(self, *columns: Tensor, share: float = 1.0) -> Tensor:
        """Loss (scalar) of one batch, given as columns [b] on the model's device.

        In data-parallel training the columns are only a `share` of the step's batch, and the
        gradients of all parts are summed: terms counted once per batch are multiplied with `share`,
        and a mean over the batch divides by b / share.
        """

    def learning_rate_at(self, epoch: int) -> float:
        """Learning rate in an epoch, counted from 0; constant unless overridden."""
        return self.learning_rate

    @abstractmethod
    def parameters(self) -> Sequence[nn.Parameter]:
        """Parameters updated by its optimiser."""

    def native_steps(self, optimizer: Adam) -> Steps | None:
        """Native CPU implementation of the same steps, if available for the settings."""
        return None
