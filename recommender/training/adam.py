"""Adam optimiser for embedding tables, dense or on the rows in use, with equal results."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from recommender.kernels import adam_rows
from recommender.layers.embedding import EmbeddingTable
from recommender.training.distributed import Group

__all__ = ["BETA1", "BETA2", "EPSILON", "Adam", "TableState"]

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8
HORIZON = 400  # steps after which r^k, r = β₁/√β₂, is below double precision


class TableState:
    """Adam's moments of one embedding table and the last step applied to each row."""

    def __init__(self, table: EmbeddingTable) -> None:
        self.table = table
        self.exp_avg = torch.zeros_like(table.weight)
        self.exp_avg_sq = torch.zeros_like(table.weight)
        self.last = np.zeros(len(table.weight), dtype=np.int64)
        self.slot = np.full(len(table.weight), -1, dtype=np.int64)

    def arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """θ, m and v as numpy views of the tensors' memory."""
        return self.table.weight.detach().numpy(), self.exp_avg.numpy(), self.exp_avg_sq.numpy()


class Adam:
    """Adam (Kingma and Ba 2015) with its usual β₁ = 0.9, β₂ = 0.999, ε = 1e-8.

    With `rowwise`, updates of embedding rows that a batch does not read are postponed until they
    are read or `stepping` ends, and are then applied at once; the result equals dense Adam up to
    rounding (see `recommender.kernels.adam_rows`), at a cost independent of the table size.
    Row-wise steps require tables on the CPU.

    Steps happen inside `with optimizer.stepping():`, so that no other task reads a stale row.

    With `capturable`, a CUDA graph may record `step_weights`.

    Attributes:
        steps: steps taken so far, by all alternating processes.
        turns: number of processes that alternate on the tables, each on its own rows: every step of
            this one is followed by one of each other, in which its rows have no gradient.
    """

    def __init__(
        self,
        parameters: Sequence[nn.Parameter],
        tables: Sequence[EmbeddingTable],
        *,
        learning_rate: float,
        rowwise: bool,
        fused: bool = True,
        capturable: bool = False,
    ) -> None:
        self._places = {id(parameter): index for index, parameter in enumerate(parameters)}
        self.learning_rate = learning_rate
        self.steps, self.turns = 0, 1
        self.tables = (
            [TableState(table) for table in tables if id(table.weight) in self._places]
            if rowwise
            else []
        )
        in_tables = {id(state.table.weight) for state in self.tables}
        self.weights = [p for p in parameters if id(p) not in in_tables]
        self.exp_avg = [torch.zeros_like(p) for p in self.weights]
        self.exp_avg_sq = [torch.zeros_like(p) for p in self.weights]
        self._step_tensors = [torch.zeros((), device=p.device) for p in self.weights]
        self._dense = self._torch_adam(fused, capturable)
        self.carry = np.zeros((2, 1024))

    def _torch_adam(self, fused: bool, capturable: bool) -> torch.optim.Adam | None:
        """torch's own Adam for `weights`, using the moments of this object."""
        if not self.weights:
            return None
        rate: float | Tensor = self.learning_rate
        if capturable:  # a recorded step reads it from memory
            rate = torch.tensor(rate, device=self.weights[0].device)
        adam = torch.optim.Adam(
            self.weights,
            lr=rate,
            betas=(BETA1, BETA2),
            eps=EPSILON,
            fused=fused,
            foreach=False if fused else None,
            capturable=capturable,
        )
        moments = zip(self.weights, self._step_tensors, self.exp_avg, self.exp_avg_sq, strict=True)
        for weight, step, first, second in moments:
            adam.state[weight] = {"step": step, "exp_avg": first, "exp_avg_sq": second}
        return adam

    def set_learning_rate(self, learning_rate: float) -> None:
        """Change the learning rate; call outside `stepping`."""
        self.learning_rate = learning_rate
        if self._dense is not None:
            for group in self._dense.param_groups:
                if isinstance(group["lr"], Tensor):
                    group["lr"].fill_(learning_rate)
                else:
                    group["lr"] = learning_rate

    @contextmanager
    def stepping(self) -> Iterator[None]:
        """Context in which tables have row gradients and refresh the rows they return."""
        for state in self.tables:
            state.table.sparse = True
            state.table.refresh = _Refresh(self, state)
        try:
            yield
        finally:
            for state in self.tables:
                state.table.sparse, state.table.refresh = False, None
                self.catch_up_all(state)

    def zero_grad(self) -> None:
        """Clear the gradients."""
        for parameter in self.weights:
            parameter.grad = None
        for state in self.tables:
            state.table.weight.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Apply one step with the parameters' gradients."""
        self.begin_step()
        self.step_weights()
        for state in self.tables:
            gradient = state.table.weight.grad
            if gradient is not None:
                self._step_table(state, gradient)
        self.end_step()

    @torch.no_grad()
    def step_weights(self) -> None:
        """Apply one step to `weights` alone, without counting it."""
        if self._dense is not None:
            self._dense.step()

    @torch.no_grad()
    def share_gradients(self, group: Group) -> None:
        """Sum the gradients over all processes, so that each takes the same step."""
        for parameter in self.weights:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        group.sum_dense([p.grad for p in self.weights if p.grad is not None])
        for state in self.tables:
            weight = state.table.weight
            if weight.grad is None:
                ids, values = (
                    torch.zeros(0, dtype=torch.int64),
                    weight.new_zeros(0, weight.shape[1]),
                )
            else:
                ids, values = weight.grad._indices()[0], weight.grad._values()
            ids, values = group.gather_rows(ids, values)
            self.catch_up(state, ids.numpy())  # rows read only by other processes
            weight.grad = torch.sparse_coo_tensor(
                ids[None], values, weight.shape, check_invariants=False
            )

    def align_steps(self) -> None:
        """Set the step count of torch's Adam, including steps taken elsewhere."""
        for step in self._step_tensors:
            step.fill_(self.own_steps)

    @property
    def own_steps(self) -> int:
        """Steps taken by this process, including the current one."""
        return -(-self.steps // self.turns)

    def end_step(self) -> None:
        """Account for one step of each other process."""
        self.pass_by(self.turns - 1)

    def pass_by(self, steps: int) -> None:
        """Account for steps in which no parameter here has a gradient."""
        for _ in range(steps):
            self.begin_step()

    def begin_step(self) -> None:
        """Count a step and extend the table of carried movements."""
        self.steps += 1
        if self.steps >= self.carry.shape[1]:
            self.carry = np.concatenate([self.carry, np.zeros_like(self.carry)], axis=1)
        if self.tables:
            adam_rows.extend_carry(self.carry, self.steps, BETA1, BETA2, HORIZON)

    def catch_up_all(self, state: TableState) -> None:
        """Apply all pending updates of a table."""
        self.catch_up(state, np.arange(len(state.last)))

    def catch_up(self, state: TableState, rows: np.ndarray) -> None:
        """Apply the pending updates of `rows` of a table."""
        adam_rows.catch_up(
            *state.arrays(), state.last, rows, self.carry, self.steps,
            self.learning_rate, BETA1, BETA2, EPSILON,
        )  # fmt: skip

    def _step_table(self, state: TableState, gradient: Tensor) -> None:
        ids = gradient._indices()[0].numpy()
        values = gradient._values().numpy()
        rows, sums = np.empty_like(ids), np.empty_like(values)
        count = adam_rows.add_rows(ids, values, state.slot, rows, sums)
        adam_rows.step_rows(
            *state.arrays(), state.last, rows[:count], sums, self.steps,
            self.learning_rate, BETA1, BETA2, EPSILON,
        )  # fmt: skip

    def state_dict(self) -> dict[str, Any]:
        """State for resuming on any device; call outside `stepping`.

        The moments are in the order of the parameters, for row-wise and dense updates alike: a run
        started on a GPU can be resumed on a CPU.
        """
        moments: list[Any] = [None] * len(self._places)
        for parameter, first, second, taken in self._moments():
            moments[self._places[id(parameter)]] = (first, second, float(taken))
        return {"steps": self.steps, "moments": moments}

    @torch.no_grad()
    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Load a state from `state_dict`."""
        self.steps = state["steps"]
        for parameter, own_first, own_second, taken in self._moments():
            first, second, count = state["moments"][self._places[id(parameter)]]
            own_first.copy_(first)
            own_second.copy_(second)
            if isinstance(taken, Tensor):
                taken.fill_(count)
        for table in self.tables:
            table.last[:] = self.steps
        # No updates are pending, so no movement is carried over.
        size = self.carry.shape[1]
        while size <= self.steps:
            size *= 2
        self.carry = np.zeros((2, size))

    def _moments(self) -> Iterator[tuple[nn.Parameter, Tensor, Tensor, Tensor | int]]:
        """Yield (parameter, first moment, second moment, steps) of each parameter."""
        yield from zip(self.weights, self.exp_avg, self.exp_avg_sq, self._step_tensors, strict=True)
        for state in self.tables:
            yield state.table.weight, state.exp_avg, state.exp_avg_sq, self.steps


class _Refresh:
    """Applies pending updates of rows before they are read."""

    def __init__(self, optimizer: Adam, state: TableState) -> None:
        self.optimizer, self.state = optimizer, state

    def __call__(self, ids: Tensor) -> None:
        self.optimizer.catch_up(self.state, ids.detach().reshape(-1).numpy())
