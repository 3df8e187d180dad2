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
    """Goes once through an epoch's samples."""

    def run(self, columns: tuple[Tensor, ...]) -> float:
        """Update the parameters, batch by batch; the mean of the batches' losses."""


class TrainingTask(ABC):
    """One of the objectives that the loop alternates between (Algorithm 1).

    Attributes:
        name: short name for logs, such as `recommendation`.
        interval: the task runs in every `interval`-th epoch, the first one included.
        learning_rate: step size of its own Adam optimiser.
        batch_size: samples per step.
        epochs: epochs that its schedule lasts, after which training ends; None: no schedule.
    """

    name: str
    interval: int = 1
    learning_rate: float
    batch_size: int
    epochs: int | None = None

    @abstractmethod
    def samples(self, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
        """The epoch's samples as aligned int64 columns [n, …], in any order; the loop shuffles."""

    @abstractmethod
    def loss(self, *columns: Tensor, share: float = 1.0) -> Tensor:
        """The scalar to descend on for one batch, given as columns [b] on the model's device.

        In data-parallel training the columns are only a `share` of the step's batch, and the
        gradients of all parts are added up: what counts once per batch counts `share` here, and
        a mean over the batch divides by b / share.
        """

    def learning_rate_at(self, epoch: int) -> float:
        """Step size in an epoch, counted from 0; always the same unless a task says otherwise."""
        return self.learning_rate

    @abstractmethod
    def parameters(self) -> Sequence[nn.Parameter]:
        """What its optimiser updates."""

    def native_steps(self, optimizer: Adam) -> Steps | None:
        """A faster way to take the same steps on this CPU, where there is one for the settings."""
        return None
