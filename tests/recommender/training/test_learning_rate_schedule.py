"""Learning rate schedules, and trainings that end with them."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch

from recommender import Trainer, create_model, load, split
from recommender.layers.embedding import EmbeddingTable
from recommender.training.adam import Adam
from recommender.training.checkpoint import checkpoint_hash
from recommender.training.runs import Run

SETTINGS = {"dim": 4, "batch_size": 64, "lr": 0.02, "nearest": 5}


def train(data: Path, out: Path | None = None, schedule: int = 4, **training: Any) -> Run:
    parts = split(load(data), 1)
    model = create_model("mmss_mkr_g", parts.train, schedule=schedule, seed=7, **SETTINGS)
    fixed = {"patience": 0, "threads": 1, "device": "cpu", "checkpoint_seconds": 0.0}
    return Trainer(out=out, **{**fixed, **training}).fit(model, parts)


@pytest.fixture
def rates(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The learning rates of the epochs, in their order."""
    seen: list[float] = []
    original = Adam.set_learning_rate

    def record(self: Adam, learning_rate: float) -> None:
        seen.append(learning_rate)
        original(self, learning_rate)

    monkeypatch.setattr(Adam, "set_learning_rate", record)
    return seen


def test_training_ends_with_its_schedule(toy_data: Path, rates: list[float]) -> None:
    run = train(toy_data, epochs=200, evaluate_every=3)
    assert run.epochs == 4 and run.best_epoch in (3, 4)
    expected = [0.02 * (1 + math.cos(math.pi * epoch / 4)) / 2 for epoch in range(4)]
    assert rates == pytest.approx(expected)


def test_fewer_epochs_are_the_beginning_of_the_schedule(toy_data: Path, rates: list[float]) -> None:
    assert train(toy_data, epochs=2).epochs == 2
    assert rates == pytest.approx([0.02, 0.02 * (1 + math.cos(math.pi / 4)) / 2])


def test_a_resumed_schedule_ends_in_the_same_bytes(toy_data: Path, tmp_path: Path) -> None:
    train(toy_data, tmp_path / "whole")
    train(toy_data, tmp_path / "parts", epochs=1)
    train(toy_data, tmp_path / "parts", epochs=3, resume=True)
    train(toy_data, tmp_path / "parts", resume=True)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert checkpoint_hash(whole / "checkpoint.pt") == checkpoint_hash(parts / "checkpoint.pt")
    assert (whole / "metrics.json").read_text() == (parts / "metrics.json").read_text()
    again = train(toy_data, tmp_path / "parts", resume=True)
    assert again.epochs == 4, "a schedule that is over is over"


@pytest.mark.parametrize("rowwise", [False, True])
def test_adam_takes_steps_of_the_size_of_the_epoch(rowwise: bool) -> None:
    """Against torch's Adam; unused rows also move by the epoch's rate."""
    torch.manual_seed(0)
    ours, theirs = EmbeddingTable(5, 3), torch.nn.Parameter(torch.empty(5, 3))
    with torch.no_grad():
        theirs.copy_(ours.weight)
    adam = Adam([ours.weight], [ours], learning_rate=0.1, rowwise=rowwise)
    reference = torch.optim.Adam([theirs], lr=0.1)
    for rate in (0.1, 0.03, 0.002):
        adam.set_learning_rate(rate)
        reference.param_groups[0]["lr"] = rate
        with adam.stepping():
            for step in range(4):
                ids = torch.tensor([step, (2 * step) % 5])
                adam.zero_grad()
                (ours(ids) ** 2).sum().backward()
                adam.step()
                reference.zero_grad()
                (theirs[ids] ** 2).sum().backward()
                reference.step()
        torch.testing.assert_close(ours.weight.detach(), theirs.detach(), rtol=1e-4, atol=1e-6)
