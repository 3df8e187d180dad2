"""Interface of a model divided over several processes, and steps of those that divide by rows.

Processes that step alternately on disjoint rows give the same result as one process that takes all
the steps in turn (Gemulla et al., "Large-scale matrix factorization with distributed stochastic
gradient descent", KDD 2011). Shared parameters, such as the matrices of a layer, are changed
locally for some steps; then the changes are summed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from recommender.data.splits import HeldOut
from recommender.kernels import adam_rows
from recommender.training.adam import BETA1, BETA2, EPSILON, Adam, TableState
from recommender.training.distributed import Group
from recommender.training.steps import TorchSteps
from recommender.training.tasks import Steps, TrainingTask

__all__ = ["Division", "MergedSteps", "add_up", "every_nth", "interleaved"]


class Division(Protocol):
    """A model of which this process holds some rows: how to train and assemble them.

    All methods must be called in all processes at the same time.

    Attributes:
        own_samples: whether each process draws samples of its own, instead of all the same.
    """

    own_samples: bool

    @property
    def tasks(self) -> Sequence[TrainingTask]:
        """Training objectives, with this process's samples."""

    @property
    def optimizers(self) -> Mapping[str, Adam]:
        """Optimisers by task name."""

    @property
    def steps(self) -> Mapping[str, Steps]:
        """Steps by task name."""

    def score(self, rows: HeldOut) -> tuple[np.ndarray, np.ndarray]:
        """`score_rows`, where each process scores its own users, and all get all the scores."""

    def whole(self) -> AbstractContextManager[None]:
        """Context in which the main process's model is complete."""

    def complete(self, state: Mapping[str, Tensor] | None) -> dict[str, Tensor] | None:
        """Assemble a whole model's parameters from all processes' `state_dict`s; {} except in main.

        None if the states are None, as before the first validation.
        """

    def optimizer_states(self) -> dict[str, Any]:
        """Assemble the optimisers' states for all rows; {} except in the main process."""

    def load(
        self,
        model: Mapping[str, Tensor],
        best: Mapping[str, Tensor] | None,
        optimizers: Mapping[str, Any],
    ) -> dict[str, Tensor] | None:
        """Load this process's part of a checkpoint; returns its part of `best`."""


def every_nth(rows: Tensor, first: int, size: int) -> Tensor:
    """The rows first, first + size, …, padded by a zero row if another process has one more."""
    part = rows[first::size]
    missing = -(-len(rows) // size) - len(part)
    return torch.cat([part, part.new_zeros(missing, *part.shape[1:])])


def interleaved(parts: Sequence[Tensor], n: int) -> Tensor:
    """Inverse of `every_nth`: interleave the parts to n rows."""
    return torch.stack(list(parts), dim=1).flatten(0, 1)[:n]


def add_up(group: Group, before: Tensor, now: Tensor) -> None:
    """Set `now` to `before` plus the changes of all processes; bit-identical in each."""
    now -= before
    group.sum_dense([now])
    now += before


class MergedSteps:
    """Local steps of each process on its own samples, with periodic merges of whole tables.

    Adam's moments are sums over gradients: summed over processes, they equal those of one process
    that takes all the steps. So do the rows, except that gradients are computed at local values.
    The layers' moments are averaged.

    Args:
        task: a task trained by torch's autograd.
        optimizer: of the task; its tables row-wise.
        group: the processes.
        alone: local steps between merges.
    """

    def __init__(self, task: TrainingTask, optimizer: Adam, group: Group, alone: int) -> None:
        self.task, self.optimizer, self.group, self.alone = task, optimizer, group, alone
        self._steps = TorchSteps(task, optimizer)

    def run(self, columns: tuple[Tensor, ...]) -> float:
        """See `Steps.run`; `columns` are this process's samples."""
        n, size = len(columns[0]), self.task.batch_size
        longest = self.group.largest(-(-n // size))
        width = self.alone * size
        total = torch.zeros(2)
        for start in range(0, longest * size, width):
            part = tuple(column[start : start + width] for column in columns)
            taken = -(-len(part[0]) // size)
            most = -(-min(width, longest * size - start) // size)
            total += torch.tensor([self._run_and_merge(part, most - taken) * taken, taken])
        self.group.sum_dense([total])
        return float(total[0] / total[1].clamp_min(1))

    @torch.no_grad()
    def _run_and_merge(self, columns: tuple[Tensor, ...], missing: int) -> float:
        """Run some steps, account for `missing` ones of other processes, and merge all changes."""
        optimizer, group = self.optimizer, self.group
        began = optimizer.steps
        tables = [[torch.from_numpy(a).clone() for a in s.arrays()] for s in optimizer.tables]
        weights = [weight.detach().clone() for weight in optimizer.weights]
        with torch.enable_grad():
            loss = self._steps.run(columns)
        optimizer.pass_by(missing * optimizer.turns)
        for state, before in zip(optimizer.tables, tables, strict=True):
            optimizer.catch_up_all(state)
            self._move_on(state, before, began)
            for old, array in zip(before, state.arrays(), strict=True):
                add_up(group, old, torch.from_numpy(array))
        for weight, old in zip(optimizer.weights, weights, strict=True):
            add_up(group, old, weight.data)
        moments = [*optimizer.exp_avg, *optimizer.exp_avg_sq]
        group.sum_dense(moments)
        for moment in moments:
            moment /= group.size
        return loss

    def _move_on(self, state: TableState, arrays: list[Tensor], began: int) -> None:
        """Advance an earlier copy of a table by Adam steps without gradients."""
        optimizer, n = self.optimizer, len(state.last)
        theta, first, second = (array.numpy() for array in arrays)
        adam_rows.catch_up(
            theta, first, second, np.full(n, began), np.arange(n),
            optimizer.carry, optimizer.steps, optimizer.learning_rate, BETA1, BETA2, EPSILON,
        )  # fmt: skip
