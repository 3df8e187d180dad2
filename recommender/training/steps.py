"""Run one task's optimisation steps over an epoch's samples, with torch's autograd."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor

from recommender.training.adagrad import Adagrad
from recommender.training.adam import Adam
from recommender.training.distributed import Group
from recommender.training.tasks import TrainingTask

__all__ = ["TorchSteps", "WholeBatchSteps"]


class TorchSteps:
    """Steps by torch's autograd; works for every model, on every device.

    The samples are whole tensors on the model's device, and a batch is a slice of each: no loader,
    no copying, no workers.
    """

    def __init__(
        self,
        task: TrainingTask,
        optimizer: Adam | Adagrad,
        *,
        group: Group | None = None,
        bf16: bool = False,
        compiled: bool = False,
    ) -> None:
        self.task, self.optimizer = task, optimizer
        self.group = group or Group()
        self.bf16 = bf16
        self._loss: Callable[..., Tensor] = torch.compile(task.loss) if compiled else task.loss

    def run(self, columns: tuple[Tensor, ...]) -> float:
        """See `Steps.run`."""
        size, n = self.task.batch_size, len(columns[0])
        total = torch.zeros((), device=columns[0].device)
        for start in range(0, n, size):
            batch = tuple(column[start : start + size] for column in columns)
            total += self.step(batch)
        self.group.sum_dense([total])
        return float(total) / max(1, -(-n // size))

    def step(self, batch: tuple[Tensor, ...]) -> Tensor:
        """Apply one update with the group's `batch`; returns this process's share of the loss."""
        whole = len(batch[0])
        part = self.group.slice(whole)
        mine = tuple(column[part] for column in batch) if self.group.size > 1 else batch
        self.optimizer.zero_grad()
        share = len(mine[0]) / whole
        if share:
            with self._arithmetic(mine[0].device):
                loss = self._loss(*mine, share=share)
            loss.backward()  # type: ignore[no-untyped-call]
        else:  # the last batch may have fewer samples than processes
            loss = torch.zeros((), device=batch[0].device)
        if self.group.size > 1:
            self.optimizer.share_gradients(self.group)
        self.optimizer.step()
        return loss.detach()

    def _arithmetic(self, device: torch.device) -> AbstractContextManager[object]:
        return torch.autocast(device.type, torch.bfloat16) if self.bf16 else nullcontext()


class WholeBatchSteps(TorchSteps):
    """Steps of processes that each hold a part of the parameters, on batches that all have drawn.

    `task.loss` is a process's part of the sum, and its gradients for the parameters that it holds
    alone are complete.

    Args:
        task, optimizer, group: as in `TorchSteps`.
        divided: the ids of the parameters that are divided; the others are equal in all processes.
    """

    def __init__(
        self,
        task: TrainingTask,
        optimizer: Adam | Adagrad,
        group: Group,
        divided: Collection[int],
    ) -> None:
        super().__init__(task, optimizer, group=group)
        self._replicated = [p for p in task.parameters() if id(p) not in divided]

    def step(self, batch: tuple[Tensor, ...]) -> Tensor:
        """See `TorchSteps.step`."""
        self.optimizer.zero_grad()
        loss = self.task.loss(*batch)
        loss.backward()  # type: ignore[no-untyped-call]
        self.group.sum_dense([p.grad for p in self._replicated if p.grad is not None])
        self.optimizer.step()
        return loss.detach()
