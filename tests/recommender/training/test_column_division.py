"""Models divided by columns over two processes: the steps of one process, half of each table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from recommender import Trainer, create_model, load, split
from recommender.data import Split, text_encoder
from recommender.layers import propagation
from recommender.models import mmss_mkr_g
from recommender.training.checkpoint import read_checkpoint
from recommender.training.column_division import ColumnDivision
from recommender.training.distributed import process_group
from recommender.training.runs import load_run, read_metrics
from tests.recommender.processes import in_two_processes

VIEWS = {"low_layers": 2, "kge_interval": 2, "lambda2": 1e-3, "dim": 6, "n_negatives": 3}
MODELS: dict[str, tuple[str, dict[str, Any]]] = {
    "lightgcn": ("lightgcn", {"dim": 7, "batch_size": 32}),
    "mmss_mkr_g": ("mmss_mkr_g", {"dim": 7, "n_negatives": 3}),
    "two views": ("mmss_mkr_g", VIEWS),
    "deep & cross": ("mmss_mkr_g", {**VIEWS, "unit": "deep_cross"}),
    "cross-stitch": ("mmss_mkr_g", {**VIEWS, "unit": "cross_stitch"}),
}


def train(
    parts: Split, model: str, out: Path, *, epochs: int = 4, resume: bool = False, **settings: Any
) -> None:
    name, own = MODELS[model]
    trainer = Trainer(
        epochs=epochs, patience=0, monitor="auc", device="cpu", out=out, resume=resume
    )
    trainer.fit(create_model(name, parts.train, seed=1, **{**own, **settings}), parts)


def losses(folder: Path) -> list[float]:
    records = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [value for r in records for name, value in sorted(r.items()) if "loss_" in name]


def assert_same_training(one: Path, other: Path) -> None:
    np.testing.assert_allclose(losses(one), losses(other), rtol=1e-4)
    expected, found = (load_run(folder).model.state_dict() for folder in (one, other))
    assert found.keys() == expected.keys()
    for name, value in found.items():
        torch.testing.assert_close(value, expected[name], rtol=1e-2, atol=1e-3, msg=name)
    metrics = [read_metrics(folder) for folder in (one, other)]
    assert abs(metrics[0]["test"]["auc"] - metrics[1]["test"]["auc"]) < 0.002
    assert metrics[0]["parameters"] == metrics[1]["parameters"]


@pytest.fixture(scope="module")
def parts(toy_data: Path) -> Split:
    return split(load(toy_data), 1)


@pytest.mark.parametrize("model", MODELS)
def test_two_processes_train_as_one(parts: Split, model: str, tmp_path: Path) -> None:
    train(parts, model, tmp_path / "one")
    in_two_processes(lambda: train(parts, model, tmp_path / "two"))
    assert_same_training(tmp_path / "one", tmp_path / "two")


def test_a_batch_in_parts_is_divided_as_well(
    parts: Split, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(propagation, "_NUMBERS_PER_EPOCH", 1)  # batches of an eighth of the rows
    monkeypatch.setattr(mmss_mkr_g, "_PART", 5)
    train(parts, "mmss_mkr_g", tmp_path / "one", batch_size=5)
    in_two_processes(lambda: train(parts, "mmss_mkr_g", tmp_path / "two", batch_size=5))
    assert_same_training(tmp_path / "one", tmp_path / "two")


def test_projections_of_names_are_divided(
    named_toy_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def encode(texts: list[str]) -> np.ndarray:
        return np.random.default_rng(len(texts)).normal(size=(len(texts), 9))

    monkeypatch.setattr(text_encoder, "encode", encode)
    named = split(load(named_toy_data), 1)
    train(named, "two views", tmp_path / "one", text_embeddings=True)
    in_two_processes(lambda: train(named, "two views", tmp_path / "two", text_embeddings=True))
    assert_same_training(tmp_path / "one", tmp_path / "two")


def test_the_same_number_of_processes_gives_the_same_bytes_also_resumed(
    parts: Split, tmp_path: Path
) -> None:
    in_two_processes(lambda: train(parts, "two views", tmp_path / "unbroken"))
    in_two_processes(lambda: train(parts, "two views", tmp_path / "resumed", epochs=2))
    assert read_checkpoint(tmp_path / "resumed/checkpoint.pt").epoch == 2
    in_two_processes(lambda: train(parts, "two views", tmp_path / "resumed", resume=True))
    written = [(tmp_path / run / "checkpoint.pt").read_bytes() for run in ("unbroken", "resumed")]
    assert written[0] == written[1]


@pytest.mark.parametrize("model", ["lightgcn", "two views"])
def test_any_number_of_processes_resumes(parts: Split, model: str, tmp_path: Path) -> None:
    train(parts, model, tmp_path / "one")
    in_two_processes(lambda: train(parts, model, tmp_path / "first-two", epochs=2))
    train(parts, model, tmp_path / "first-two", resume=True)
    assert_same_training(tmp_path / "one", tmp_path / "first-two")
    train(parts, model, tmp_path / "first-one", epochs=2)
    in_two_processes(lambda: train(parts, model, tmp_path / "first-one", resume=True))
    assert_same_training(tmp_path / "one", tmp_path / "first-one")


def test_lists_choose_the_epoch_as_in_one_process(parts: Split, tmp_path: Path) -> None:
    def run(out: Path) -> None:
        model = create_model("lightgcn", parts.train, seed=1, dim=4)
        trainer = Trainer(epochs=2, patience=0, monitor="ndcg@10", device="cpu", out=out)
        trainer.fit(model, parts)

    run(tmp_path / "one")
    in_two_processes(lambda: run(tmp_path / "two"))
    assert_same_training(tmp_path / "one", tmp_path / "two")


def test_every_process_holds_its_columns_alone(parts: Split) -> None:
    def look() -> None:
        with process_group(torch.device("cpu")) as group:
            model = create_model("mmss_mkr_g", parts.train, seed=1, dim=7)
            division = model.divide(group, parts.train, "fresh")
            assert isinstance(division, ColumnDivision)
            width = (3, 4)[group.rank]
            assert model.users.weight.shape == (parts.train.n_users, width)
            moments = division.optimizers["recommendation"].exp_avg
            assert moments[0].shape == (parts.train.n_users, width)

    in_two_processes(look)


def test_fewer_columns_than_processes_are_not_divided(parts: Split) -> None:
    def look() -> None:
        with process_group(torch.device("cpu")) as group:
            model = create_model("lightgcn", parts.train, seed=1, dim=1)
            assert model.divide(group, parts.train, "fresh") is None

    in_two_processes(look)
