"""A model whose embedding tables are divided by columns over several processes.

All processes draw the same batches; each holds some columns of every table, with their moments, and
computes the loss of its share of the rows (`recommender.layers.columns`). A step equals that of one
process up to the order of sums.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from torch import Tensor

from recommender.data.splits import HeldOut
from recommender.layers.columns import Columns
from recommender.models.base import Recommender
from recommender.training.adam import Adam
from recommender.training.distributed import Group
from recommender.training.evaluation import score_rows
from recommender.training.steps import WholeBatchSteps
from recommender.training.tasks import Steps, TrainingTask

__all__ = ["ColumnDivision"]


class ColumnDivision:
    """This process's columns of a model; see `Division`.

    Args:
        model: the whole model, whose divided parameters are reduced to this process's columns. Its
            modules with an attribute `columns` sum over processes what mixes columns.
        axes: the axis of the columns of every divided parameter, by name; the others are equal in
            all processes.
        tasks: the model's training objectives.
        group: the processes.
    """

    own_samples = False

    def __init__(
        self,
        model: Recommender,
        axes: Mapping[str, int],
        tasks: Sequence[TrainingTask],
        group: Group,
    ) -> None:
        self.model, self.tasks, self._axes, self.group = model, tasks, axes, group
        parameters = dict(model.named_parameters())
        self._divided = {name: parameters[name] for name in axes}
        self._widths = {name: parameters[name].shape[axis] for name, axis in axes.items()}
        self._name_of = {id(parameters[name]): name for name in axes}
        for name, parameter in self._divided.items():
            parameter.data = self._own(name, parameter.data)
        self._share_columns(Columns(group, self._name_of))
        self.optimizers = {
            task.name: Adam(task.parameters(), (), learning_rate=task.learning_rate, rowwise=False)
            for task in tasks
        }
        self.steps: dict[str, Steps] = {
            task.name: WholeBatchSteps(task, self.optimizers[task.name], group, self._name_of)
            for task in tasks
        }

    def score(self, rows: HeldOut) -> tuple[np.ndarray, np.ndarray]:
        """See `Division.score`."""
        return score_rows(self.model, rows)

    @contextmanager
    def whole(self) -> Iterator[None]:
        """See `Division.whole`."""
        own = {name: parameter.data for name, parameter in self._divided.items()}
        for name, values in own.items():
            whole = self._whole(name, values)
            if self.group.is_main:
                self._divided[name].data = whole
        self._share_columns(Columns())
        try:
            yield
        finally:
            for name, values in own.items():
                self._divided[name].data = values
            self._share_columns(Columns(self.group, self._name_of))

    def complete(self, state: Mapping[str, Tensor] | None) -> dict[str, Tensor] | None:
        """See `Division.complete`."""
        if state is None:
            return None
        found = {**state, **{name: self._whole(name, state[name]) for name in self._axes}}
        return found if self.group.is_main else {}

    def optimizer_states(self) -> dict[str, Any]:
        """See `Division.optimizer_states`."""
        states = {}
        for task in self.tasks:
            state = self.optimizers[task.name].state_dict()
            states[task.name] = {**state, "moments": self._of_moments(task, state, self._whole)}
        return states if self.group.is_main else {}

    def load(
        self,
        model: Mapping[str, Tensor],
        best: Mapping[str, Tensor] | None,
        optimizers: Mapping[str, Any],
    ) -> dict[str, Tensor] | None:
        """See `Division.load`."""

        def own(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
            return {**state, **{name: self._own(name, state[name]) for name in self._axes}}

        self.model.load_state_dict(own(model))
        for task in self.tasks:
            state = optimizers[task.name]
            moments = self._of_moments(task, state, self._own)
            self.optimizers[task.name].load_state_dict({**state, "moments": moments})
        return None if best is None else own(best)

    def _of_moments(self, task: TrainingTask, state: Mapping[str, Any], change: Any) -> list[Any]:
        """The moments of a task's parameters, those of divided ones changed."""
        moments = []
        for parameter, (first, second, taken) in zip(
            task.parameters(), state["moments"], strict=True
        ):
            name = self._name_of.get(id(parameter))
            if name is not None:
                first, second = change(name, first), change(name, second)
            moments.append((first, second, taken))
        return moments

    def _own(self, name: str, values: Tensor) -> Tensor:
        """This process's columns of a whole parameter."""
        part = self.group.slice(self._widths[name])
        return values.narrow(self._axes[name], part.start, part.stop - part.start).clone()

    def _whole(self, name: str, values: Tensor) -> Tensor:
        """All processes' columns of a parameter."""
        last = values.movedim(self._axes[name], -1)
        width = self._widths[name]
        whole = Columns(self.group).whole(last.reshape(-1, last.shape[-1]), width)
        return whole.view(*last.shape[:-1], width).movedim(-1, self._axes[name]).contiguous()

    def _share_columns(self, columns: Columns) -> None:
        for module in self.model.modules():
            if isinstance(getattr(module, "columns", None), Columns):
                setattr(module, "columns", columns)  # noqa: B010 - no known type
        self.model.forget()
