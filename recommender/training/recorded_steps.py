"""Optimisation steps recorded once, as a CUDA graph, and replayed for every batch.

A step on a small batch is a hundred small kernels, each of which takes longer to launch than to
run. A graph launches all of them at once, with the same arguments each time; so samples, position
and loss have fixed places in memory.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor

from recommender.training.adam import Adam
from recommender.training.steps import TorchSteps
from recommender.training.tasks import TrainingTask

__all__ = ["CudaRecorder", "RecordedSteps", "Recorder"]

Work = Callable[[], None]


class Recorder(Protocol):
    """Interface that records work on fixed tensors.

    Attributes:
        warm_up: how often the work must be executed before it is recorded.
    """

    warm_up: int

    def execute(self, work: Work) -> None:
        """Execute the work without recording it."""

    def record(self, work: Work) -> Work:
        """Record the work without executing it; returns a function that replays it."""


class CudaRecorder:
    """Records CUDA graphs (https://docs.pytorch.org/docs/stable/notes/cuda.html#cuda-graphs).

    The work must neither wait for the device nor depend on values that the host reads from it. As
    torch requires, it is executed a few times on a stream other than the default one first, so that
    libraries initialise outside the recording.
    """

    warm_up = 3

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]

    def execute(self, work: Work) -> None:
        """See `Recorder.execute`."""
        current = torch.cuda.current_stream(self._device)
        self._stream.wait_stream(current)
        with torch.cuda.stream(self._stream):
            work()
        current.wait_stream(self._stream)

    def record(self, work: Work) -> Work:
        """See `Recorder.record`."""
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.device(self._device), torch.cuda.graph(graph, stream=self._stream):
            work()
        return graph.replay


class RecordedSteps:
    """The steps of `TorchSteps`, recorded at the first full batch after the warm-up.

    The first batches and the last one of an epoch, if it is smaller, are steps like others.

    Args:
        task: its loss has only operations whose shapes depend on the batch's size alone, and none
            that makes the host wait.
        optimizer: dense and capturable.
        recorder: `CudaRecorder`, or another one on other devices.
    """

    def __init__(self, task: TrainingTask, optimizer: Adam, recorder: Recorder) -> None:
        self.task, self.optimizer = task, optimizer
        self._recorder = recorder
        self._single = TorchSteps(task, optimizer)
        self._columns: tuple[Tensor, ...] = ()
        self._first = self._within = self._total = torch.zeros(())
        self._replay: Work | None = None
        self._executed = 0

    def run(self, columns: tuple[Tensor, ...]) -> float:
        """See `Steps.run`."""
        size, n = self.task.batch_size, len(columns[0])
        self._load(columns)
        for _ in range(n // size):
            self._next()
            self.optimizer.begin_step()
        if n % size:
            rest = tuple(column[n - n % size :] for column in columns)
            self._total += self._single.step(rest)
        return float(self._total) / max(1, -(-n // size))

    def _load(self, columns: tuple[Tensor, ...]) -> None:
        """Copy an epoch's samples to their fixed place; a new one if their number has changed."""
        if [column.shape for column in columns] == [column.shape for column in self._columns]:
            for fixed, column in zip(self._columns, columns, strict=True):
                fixed.copy_(column)
            self._first.zero_()
            self._total.zero_()
            return
        device = columns[0].device
        self._columns = tuple(column.clone() for column in columns)
        self._within = torch.arange(self.task.batch_size, device=device)
        self._first = torch.zeros((), dtype=torch.int64, device=device)
        self._total = torch.zeros((), device=device)
        self._replay = None

    def _next(self) -> None:
        if self._executed < self._recorder.warm_up:
            self._executed += 1
            self._recorder.execute(self._step)
            return
        if self._replay is None:
            self._replay = self._recorder.record(self._step)
        self._replay()

    def _step(self) -> None:
        """Take the step of the next batch; the optimiser's count of steps is the caller's."""
        rows = self._first + self._within
        self.optimizer.zero_grad()
        loss = self.task.loss(*(column.index_select(0, rows) for column in self._columns))
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step_weights()
        self._total += loss.detach()
        self._first += len(rows)
