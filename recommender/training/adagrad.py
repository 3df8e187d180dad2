"""Adagrad optimiser: the step of each weight shrinks with the sum of its squared gradients."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numba import njit
from torch import Tensor, nn

from recommender.kernels import adam_rows
from recommender.layers.embedding import EmbeddingTable
from recommender.training.distributed import Group

__all__ = ["Adagrad"]

EPSILON = 1e-10


class Adagrad:
    """Adagrad (Duchi et al. 2011) behind the interface of `recommender.training.adam.Adam`.

    Args:
        parameters: what to update.
        learning_rate: step size.
        tables: on the CPU, whose rows are updated one by one where a batch reads few of them. A
            row without a gradient does not move under Adagrad, so that the result is the same.
    """

    def __init__(
        self,
        parameters: Sequence[nn.Parameter],
        *,
        learning_rate: float,
        tables: Sequence[EmbeddingTable] = (),
    ) -> None:
        self.learning_rate = learning_rate
        self._parameters, self._tables = list(parameters), list(tables)
        self._slots = [np.full(len(table.weight), -1, dtype=np.int64) for table in self._tables]
        fused = all(p.device.type == "cpu" for p in self._parameters)
        self._adagrad = torch.optim.Adagrad(
            self._parameters, lr=learning_rate, eps=EPSILON, fused=True if fused else None
        )

    def set_learning_rate(self, learning_rate: float) -> None:
        """Change the learning rate."""
        self.learning_rate = learning_rate
        for group in self._adagrad.param_groups:
            group["lr"] = learning_rate

    @contextmanager
    def stepping(self) -> Iterator[None]:
        """While it lasts, `tables` give the gradients of the rows that were read."""
        for table in self._tables:
            table.sparse = True
        try:
            yield
        finally:
            for table in self._tables:
                table.sparse = False

    def zero_grad(self) -> None:
        """Clear the gradients."""
        self._adagrad.zero_grad()

    @torch.no_grad()
    def step(self) -> None:
        """One step with the gradients that the parameters hold."""
        for table, slot in zip(self._tables, self._slots, strict=True):
            gradient = table.weight.grad
            if gradient is not None and gradient.is_sparse:
                self._step_rows(table.weight, gradient, slot)
                table.weight.grad = None
        self._adagrad.step()

    def _step_rows(self, weight: nn.Parameter, gradient: Tensor, slot: np.ndarray) -> None:
        ids, values = gradient._indices()[0].numpy(), gradient._values().numpy()
        rows, sums = np.empty_like(ids), np.empty_like(values)
        count = adam_rows.add_rows(ids, values, slot, rows, sums)
        _step_rows(
            weight.detach().numpy(),
            self._adagrad.state[weight]["sum"].numpy(),
            rows[:count],
            sums,
            self.learning_rate,
            EPSILON,
        )

    def share_gradients(self, group: Group) -> None:
        """Sum the gradients over all processes, so that each takes the same step."""
        for parameter in self._parameters:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
            elif parameter.grad.is_sparse:
                parameter.grad = parameter.grad.to_dense()
        group.sum_dense([p.grad for p in self._parameters if p.grad is not None])

    def state_dict(self) -> dict[str, Any]:
        """State for resuming."""
        return dict(self._adagrad.state_dict())

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Load a state from `state_dict`."""
        self._adagrad.load_state_dict(state)


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _step_rows(
    theta: Any, squares: Any, rows: Any, gradient: Any, lr: float, eps: float
) -> None:  # pragma: no cover
    """A step on distinct `rows` of `theta` and of the sums of `squares`; `gradient` [rows, dim]."""
    rate, small = theta.dtype.type(lr), theta.dtype.type(eps)
    for k in range(len(rows)):
        row = rows[k]
        for j in range(theta.shape[1]):
            g = gradient[k, j]
            total = squares[row, j] + g * g
            squares[row, j] = total
            theta[row, j] -= rate * g / (np.sqrt(total) + small)
