"""Adagrad optimiser: the step of each weight shrinks with the sum of its squared gradients."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from recommender.training.distributed import Group

__all__ = ["Adagrad"]


class Adagrad:
    """Adagrad (Duchi et al. 2011) behind the interface of `recommender.training.adam.Adam`."""

    def __init__(self, parameters: Sequence[nn.Parameter], *, learning_rate: float) -> None:
        self.learning_rate = learning_rate
        self._parameters = list(parameters)
        fused = all(p.device.type == "cpu" for p in self._parameters)
        self._adagrad = torch.optim.Adagrad(
            self._parameters, lr=learning_rate, fused=True if fused else None
        )

    def set_learning_rate(self, learning_rate: float) -> None:
        """Change the learning rate."""
        self.learning_rate = learning_rate
        for group in self._adagrad.param_groups:
            group["lr"] = learning_rate

    @contextmanager
    def stepping(self) -> Iterator[None]:
        """No-op: tables are updated as a whole."""
        yield

    def zero_grad(self) -> None:
        """Clear the gradients."""
        self._adagrad.zero_grad()

    def step(self) -> None:
        """Apply one step with the parameters' gradients."""
        self._adagrad.step()

    def share_gradients(self, group: Group) -> None:
        """Sum the gradients over all processes, so that each takes the same step."""
        for parameter in self._parameters:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        group.sum_dense([p.grad for p in self._parameters if p.grad is not None])

    def state_dict(self) -> dict[str, Any]:
        """State for resuming."""
        return dict(self._adagrad.state_dict())

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Load a state from `state_dict`."""
        self._adagrad.load_state_dict(state)
