"""Steps that a CUDA graph records: on the CPU, and on a GPU if there is one, the usual ones."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from recommender import create_model
from recommender.data import load, make_sampler, split
from recommender.errors import ConfigError
from recommender.models.base import Recommender
from recommender.training.adam import Adam
from recommender.training.loop import Trainer
from recommender.training.recorded_steps import CudaRecorder, RecordedSteps
from recommender.training.steps import TorchSteps
from recommender.training.tasks import Steps, TrainingTask

BATCH = 32


class Repeated:
    """Records by keeping the function; like a CUDA graph, recording executes nothing."""

    warm_up = 2

    def __init__(self) -> None:
        self.executed = self.recorded = self.replayed = 0

    def execute(self, work: Callable[[], None]) -> None:
        self.executed += 1
        work()

    def record(self, work: Callable[[], None]) -> Callable[[], None]:
        self.recorded += 1

        def replay() -> None:
            self.replayed += 1
            work()

        return replay


def model_of(data: Path, name: str, **settings: Any) -> Recommender:
    train = split(load(data), 1).train
    return create_model(name, train, dim=8, batch_size=BATCH, **settings)


def task_of(model: Recommender, data: Path, number: int) -> TrainingTask:
    return model.tasks(make_sampler("static", split(load(data), 1).train))[number]


def adam(task: TrainingTask, *, capturable: bool) -> Adam:
    return Adam(task.parameters(), [], learning_rate=0.01, rowwise=False, capturable=capturable)


def train(task: TrainingTask, steps: Steps, optimizer: Adam, device: str = "cpu") -> list[float]:
    """Three epochs, the last at another learning rate."""
    losses = []
    for epoch in range(3):
        optimizer.set_learning_rate(0.01 if epoch < 2 else 0.002)
        columns = task.samples(np.random.default_rng(epoch))
        tensors = tuple(torch.from_numpy(np.array(column)).to(device) for column in columns)
        with optimizer.stepping():
            losses.append(steps.run(tensors))
    return losses


VARIANTS = [("mkr", {}), ("mmss_mkr", {}), ("mmss_mkr", {"f_rs": "mlp", "associated": "neighbour"})]


@pytest.mark.parametrize("number", [0, 1], ids=["recommendation", "knowledge graph"])
@pytest.mark.parametrize(("name", "settings"), VARIANTS)
def test_replayed_steps_are_the_usual_ones(
    toy_data: Path, name: str, settings: dict[str, Any], number: int
) -> None:
    usual = model_of(toy_data, name, **settings)
    other = copy.deepcopy(usual)
    task, same = (task_of(model, toy_data, number) for model in (usual, other))
    optimizer, recording = adam(task, capturable=False), adam(same, capturable=True)
    recorder = Repeated()
    expected = train(task, TorchSteps(task, optimizer), optimizer)
    losses = train(same, RecordedSteps(same, recording, recorder), recording)
    n = len(task.samples(np.random.default_rng(0))[0])
    assert n % BATCH  # the last batch of an epoch is smaller
    assert (recorder.executed, recorder.recorded) == (2, 1)
    assert recorder.replayed == 3 * (n // BATCH) - 2
    assert losses == pytest.approx(expected, rel=1e-5)
    for one, two in zip(usual.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(one, two, rtol=1e-4, atol=1e-6)
    ours, theirs = recording.state_dict(), optimizer.state_dict()
    assert ours["steps"] == theirs["steps"] == 3 * -(-n // BATCH)
    assert [m[2] for m in ours["moments"]] == [m[2] for m in theirs["moments"]]


class NoWaiting(TorchDispatchMode):
    """Refuses operations that read a device's values or copy values of the host to it."""

    FORBIDDEN = ("_local_scalar_dense", "nonzero", "_unique2", "masked_select", "lift_fresh")

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        assert func.overloadpacket.__name__ not in self.FORBIDDEN, f"{func} cannot be recorded"
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("number", [0, 1], ids=["recommendation", "knowledge graph"])
@pytest.mark.parametrize(("name", "settings"), VARIANTS)
def test_a_step_does_nothing_that_a_graph_cannot_record(
    toy_data: Path, name: str, settings: dict[str, Any], number: int
) -> None:
    class Checked(Repeated):
        def record(self, work: Callable[[], None]) -> Callable[[], None]:
            def replay() -> None:
                with NoWaiting():
                    work()

            return super().record(replay)

    task = task_of(model_of(toy_data, name, **settings), toy_data, number)
    optimizer, recorder = adam(task, capturable=True), Checked()
    train(task, RecordedSteps(task, optimizer, recorder), optimizer)
    assert recorder.replayed


def test_another_number_of_samples_is_recorded_anew(toy_data: Path) -> None:
    task = task_of(model_of(toy_data, "mkr"), toy_data, 0)
    optimizer, recorder = adam(task, capturable=True), Repeated()
    steps = RecordedSteps(task, optimizer, recorder)
    columns = tuple(map(torch.from_numpy, task.samples(np.random.default_rng(0))))
    for size in (4 * BATCH, 3 * BATCH, 3 * BATCH):
        steps.run(tuple(column[:size] for column in columns))
    assert recorder.recorded == 2


@pytest.mark.parametrize(
    "training", [{"device": "cpu"}, {"device": "cuda", "compile": True}], ids=["cpu", "compiled"]
)
def test_graphs_are_refused_where_there_are_none(
    toy_data: Path, training: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recommender.training.loop.pick_device", torch.device)
    trainer = Trainer(kernel="cuda-graph", **training)
    with pytest.raises(ConfigError, match="only on a CUDA GPU"):
        trainer.device_for(model_of(toy_data, "mkr"))


def test_a_training_with_replayed_steps_has_the_usual_losses(
    toy_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recommender.training.loop.CudaRecorder", lambda device: Repeated())
    monkeypatch.setattr(Trainer, "device_for", lambda self, model: torch.device("cpu"))

    def losses(kernel: str, name: str = "mmss_mkr") -> list[float]:
        seen: list[float] = []

        class Losses:
            def start(self, settings: Any, epochs_done: int) -> None: ...

            def epoch(self, record: dict[str, float]) -> None:
                seen.extend(record[key] for key in sorted(record) if key.startswith("loss"))

            def finish(self, metrics: Any) -> None: ...

        parts = split(load(toy_data), 1)
        model = create_model(name, parts.train, dim=8, batch_size=BATCH)
        settings = {"kernel": kernel, "optimizer": "dense", "epochs": 3, "rank": False}
        Trainer(loggers=[Losses()], **settings).fit(model, parts)
        return seen

    assert losses("cuda-graph") == pytest.approx(losses("torch"), rel=1e-5)
    with pytest.raises(ConfigError, match="only for MKR"):
        losses("cuda-graph", "lightgcn")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
@pytest.mark.parametrize("number", [0, 1], ids=["recommendation", "knowledge graph"])
@pytest.mark.parametrize(("name", "settings"), VARIANTS)
def test_a_cuda_graph_takes_the_same_steps(
    toy_data: Path, name: str, settings: dict[str, Any], number: int
) -> None:
    usual = model_of(toy_data, name, **settings).cuda()
    other = copy.deepcopy(usual)
    task, same = (task_of(model, toy_data, number) for model in (usual, other))
    optimizer, recording = adam(task, capturable=False), adam(same, capturable=True)
    steps = RecordedSteps(same, recording, CudaRecorder(torch.device("cuda")))
    expected = train(task, TorchSteps(task, optimizer), optimizer, "cuda")
    assert train(same, steps, recording, "cuda") == pytest.approx(expected, rel=1e-3)
