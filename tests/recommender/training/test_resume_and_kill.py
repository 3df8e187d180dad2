"""A run killed at any moment and resumed ends like an uninterrupted one."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path

import pytest
import torch

from recommender import RunError, Trainer, create_model, load, load_run, split
from recommender.train import main
from recommender.training.checkpoint import (
    Checkpoint,
    checkpoint_hash,
    read_checkpoint,
    write_checkpoint,
)
from tests.faults.processes import Run, Running

FAST = {"epochs": 6, "checkpoint_seconds": 0.0, "patience": 0, "threads": 1}


def train(data: Path, out: Path | None, resume: bool = False, **settings):
    parts = split(load(data), 1)
    model = create_model("mmss_mkr", parts.train, dim=8, batch_size=64, lr_rs=0.01)
    return Trainer(out=out, resume=resume, **{**FAST, **settings}).fit(model, parts)


@pytest.mark.parametrize("kernel", ["native", "torch"])
@pytest.mark.parametrize("negatives", ["static", "fresh"])
def test_stopping_between_epochs_changes_nothing(
    toy_data: Path, tmp_path: Path, kernel: str, negatives: str
) -> None:
    settings = {"kernel": kernel, "negatives": negatives}
    train(toy_data, tmp_path / "whole", **settings)
    train(toy_data, tmp_path / "parts", epochs=2, **settings)
    train(toy_data, tmp_path / "parts", epochs=3, resume=True, **settings)
    train(toy_data, tmp_path / "parts", resume=True, **settings)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert checkpoint_hash(whole / "checkpoint.pt") == checkpoint_hash(parts / "checkpoint.pt")
    assert (whole / "metrics.json").read_text() == (parts / "metrics.json").read_text()
    assert epochs_logged(whole) == epochs_logged(parts) == [1, 2, 3, 4, 5, 6]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
def test_begun_on_a_gpu_ended_on_a_cpu(toy_data: Path, tmp_path: Path) -> None:
    """A checkpoint is independent of the device."""
    settings = {"negatives": "static", "kernel": "torch"}
    train(toy_data, tmp_path / "whole", device="cpu", **settings)
    train(toy_data, tmp_path / "parts", device="cuda", epochs=3, **settings)
    train(toy_data, tmp_path / "parts", device="cpu", resume=True, **settings)
    whole, parts = (
        json.loads((tmp_path / name / "metrics.json").read_text()) for name in ("whole", "parts")
    )
    assert whole["epochs"] == parts["epochs"] == 6
    assert abs(whole["test"]["auc"] - parts["test"]["auc"]) < 0.01


def epochs_logged(folder: Path) -> list[int]:
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    return [json.loads(line)["epoch"] for line in lines]


@pytest.mark.slow
def test_kill_at_random_moments(toy_data: Path, tmp_path: Path) -> None:
    """Repeated SIGKILL, each a little later; the final bytes are the same."""
    arguments = [
        *("--data", str(toy_data), "--dim", "8", "--batch-size", "8", "--epochs", "40"),
        *("--patience", "0", "--checkpoint-seconds", "0", "--threads", "1", "--resume", "--out"),
    ]
    assert main([*arguments, str(tmp_path / "whole")]) == 0
    rng, out = random.Random(4), tmp_path / "killed"
    for _ in range(3):
        words = ("recommender.train", *arguments, str(out))
        running = Running(Run(words, home=tmp_path / "home"))
        before = _bytes(out)
        deadline = time.monotonic() + 120
        while _bytes(out) == before and running.alive and time.monotonic() < deadline:
            time.sleep(0.002)  # a kill before it writes would be no test
        assert running.finish(longest=rng.random() * 0.3).hung, "it ended before it was killed"
        assert not (out / "metrics.json").exists()
    assert main([*arguments, str(out)]) == 0
    assert checkpoint_hash(out / "checkpoint.pt") == checkpoint_hash(
        tmp_path / "whole" / "checkpoint.pt"
    )
    assert epochs_logged(out) == list(range(1, 41))


def _bytes(folder: Path) -> bytes:
    path = folder / "checkpoint.pt"
    return path.read_bytes() if path.exists() else b""


def test_other_settings_are_not_resumed(toy_data: Path, tmp_path: Path) -> None:
    train(toy_data, tmp_path / "run", epochs=1)
    with pytest.raises(RunError, match="other settings"):
        train(toy_data, tmp_path / "run", resume=True, seed=9)


def test_a_damaged_checkpoint_is_reported(toy_data: Path, tmp_path: Path) -> None:
    train(toy_data, tmp_path / "run", epochs=1)
    (tmp_path / "run" / "checkpoint.pt").write_bytes(b"not a checkpoint")
    with pytest.raises(RunError, match=r"checkpoint\.pt"):
        train(toy_data, tmp_path / "run", resume=True)


def test_loaded_run_scores_as_the_trained_model(toy_data: Path, tmp_path: Path) -> None:
    parts = split(load(toy_data), 1)
    model = create_model("mmss_mkr", parts.train, dim=8, batch_size=64, lr_rs=0.01)
    Trainer(out=tmp_path / "run", **FAST).fit(model, parts)
    loaded, dataset, again, config = load_run(tmp_path / "run")
    users, items = torch.arange(5), torch.arange(5)
    with torch.no_grad():
        assert torch.equal(model.score(users, items), loaded.score(users, items))
    assert dataset.n_users == parts.train.n_users
    assert (again.test.items == parts.test.items).all()
    assert config.model == "mmss_mkr" and config.model_settings["dim"] == 8


@pytest.mark.parametrize("name", ["item_knn", "user_knn", "popularity"])
def test_a_model_without_epochs_is_written_once_and_found_again(
    name: str, toy_data: Path, tmp_path: Path
) -> None:
    """The checkpoint stores its state once; loaded and resumed, it scores the same."""
    parts = split(load(toy_data), 1)
    model = create_model(name, parts.train)
    first = Trainer(out=tmp_path, threads=1).fit(model, parts)
    assert first.metrics["parameters"] == 0
    checkpoint = read_checkpoint(tmp_path / "checkpoint.pt")
    assert checkpoint.model == {} and checkpoint.best_model
    users, items = torch.arange(5), torch.arange(5) + 3
    loaded = load_run(tmp_path).model
    torch.testing.assert_close(loaded.score(users, items), model.eval().score(users, items))
    again = create_model(name, parts.train)
    resumed = Trainer(out=tmp_path, resume=True, threads=1).fit(again, parts)
    assert resumed.metrics == first.metrics
    torch.testing.assert_close(again.eval().score(users, items), model.score(users, items))


def test_changed_data_are_noticed(toy_data: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    for name in ("ratings_final.txt", "kg_final.txt"):
        (data / name).write_bytes((toy_data / name).read_bytes())
    train(data, tmp_path / "run", epochs=1)
    with (data / "kg_final.txt").open("a") as stream:
        stream.write("1\t0\t2\n")
    with pytest.raises(RunError, match="not the data"):
        load_run(tmp_path / "run")


def test_equal_states_give_equal_bytes(tmp_path: Path) -> None:
    """New or reloaded, although pickle records shared objects differently."""
    shared = torch.arange(6.0).view(2, 3)
    state = Checkpoint(
        epoch=1,
        fingerprint="a",
        model={"weight": shared, "view": shared[0]},
        optimizers={"task": {"steps": 1, "weights": [[shared, shared]], "weight_steps": [1.0]}},
        stopping={"best": 0.5, "best_epoch": 1, "waited": 0},
        best_model={"weight": shared},
        finished=False,
    )
    write_checkpoint(tmp_path / "one.pt", state)
    write_checkpoint(tmp_path / "two.pt", read_checkpoint(tmp_path / "one.pt"))
    assert checkpoint_hash(tmp_path / "one.pt") == checkpoint_hash(tmp_path / "two.pt")
    assert not list(tmp_path.glob(".*"))
