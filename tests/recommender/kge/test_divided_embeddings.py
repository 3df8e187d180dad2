"""Embeddings trained against all entities by two processes: the training of one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from recommender import load
from recommender.kge.division import DividedTable, EntityDivision
from recommender.kge.registry import create_embedding
from recommender.kge.runs import load_embedding
from recommender.kge.training import KGETrainConfig, train_embedding
from recommender.training.checkpoint import read_checkpoint
from recommender.training.distributed import process_group
from recommender.training.runs import read_metrics
from tests.recommender.processes import in_two_processes

ALL: dict[str, Any] = {"against": "all", "batch_size": 16, "dim": 6}
MODELS: dict[str, tuple[str, dict[str, Any]]] = {
    "complex": ("complex", {**ALL, "relation_weight": 0.3}),
    "sampled": ("complex", {**ALL, "candidates": 20}),
    "transe": ("transe", {**ALL, "norm": 2, "optimizer": "adagrad", "lr": 0.1}),
    "rotate, adam": ("rotate", {**ALL, "lr": 0.01, "candidates": 20}),
    "against one": ("transe", {"dim": 6, "lr": 0.01}),
}


def train(data: Path, model: str, out: Path, *, epochs: int = 6, resume: bool = False) -> None:
    name, settings = MODELS[model]
    config = KGETrainConfig(epochs=epochs, evaluate_every=2, device="cpu")
    train_embedding(name, load(data), config, settings=settings, out=out, resume=resume)


def assert_same_training(data: Path, one: Path, other: Path, *, rtol: float = 1e-3) -> None:
    records = [
        [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
        for folder in (one, other)
    ]
    losses = [[record["loss"] for record in run] for run in records]
    np.testing.assert_allclose(losses[0], losses[1], rtol=rtol)
    metrics = [read_metrics(folder) for folder in (one, other)]
    assert abs(metrics[0]["test"]["mrr"] - metrics[1]["test"]["mrr"]) < 0.01
    assert metrics[0]["parameters"] == metrics[1]["parameters"]
    expected, found = (load_embedding(run, load(data)).state_dict() for run in (one, other))
    for name, value in found.items():
        torch.testing.assert_close(value, expected[name], rtol=0.05, atol=0.01, msg=name)


@pytest.mark.parametrize("model", MODELS)
def test_two_processes_train_as_one(toy_data: Path, model: str, tmp_path: Path) -> None:
    train(toy_data, model, tmp_path / "one")
    in_two_processes(lambda: train(toy_data, model, tmp_path / "two"))
    assert_same_training(toy_data, tmp_path / "one", tmp_path / "two")


@pytest.mark.parametrize("model", ["complex", "rotate, adam"])
def test_any_number_of_processes_resumes(toy_data: Path, model: str, tmp_path: Path) -> None:
    def run(out: str, epochs: int = 6) -> None:
        train(toy_data, model, tmp_path / out, epochs=epochs, resume=epochs == 6)

    in_two_processes(lambda: run("unbroken"))
    in_two_processes(lambda: run("by two", 4))
    assert read_checkpoint(tmp_path / "by two/checkpoint.pt").epoch == 4
    in_two_processes(lambda: run("by two"))
    run("by one", 4)
    in_two_processes(lambda: run("by one"))
    in_two_processes(lambda: run("then one", 4))
    run("then one")
    models = [(tmp_path / out / "model.pt").read_bytes() for out in ("unbroken", "by two")]
    assert models[0] == models[1]
    for out in ("by one", "then one"):
        assert_same_training(toy_data, tmp_path / "unbroken", tmp_path / out)


def test_every_process_holds_its_entities_alone(toy_data: Path) -> None:
    dataset = load(toy_data)

    def look() -> None:
        with process_group(torch.device("cpu")) as group:
            graph = dataset.graph
            model = create_embedding("complex", graph.n_entities, graph.n_relations, dim=4)
            whole = model.entities.weight.detach().clone()
            division = EntityDivision(model, group)
            assert isinstance(model.entities, DividedTable)
            assert len(model.entities.weight) == -(-graph.n_entities // 2)
            ids = torch.tensor([7, 0, 3, 3])
            torch.testing.assert_close(model.entities(ids), whole[ids], rtol=0, atol=0)
            with division.whole():
                torch.testing.assert_close(model.entities.weight, whole, rtol=0, atol=0)
            assert isinstance(model.entities, DividedTable)

    in_two_processes(look)
