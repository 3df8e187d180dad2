"""`python -m recommender.refit`: a run's model, trained anew on all rows."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

from recommender import Trainer, create_model, load, split
from recommender.cli import main_guard
from recommender.evaluate import main as evaluate
from recommender.recommend import main as recommend
from recommender.refit import main as refit
from recommender.runs import newest_run
from recommender.train import main as train
from recommender.training.runs import load_run, read_metrics


@pytest.fixture(scope="module")
def source(named_toy_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of BPR, whose best epoch is not the last one or is; closed-form models have one."""
    folder = tmp_path_factory.mktemp("refit") / "toy"
    shutil.copytree(named_toy_data, folder, ignore=shutil.ignore_patterns("models"))
    parts = split(load(folder), 3)
    out = folder / "models" / "bpr"
    model = create_model("bpr", parts.train, seed=4, dim=8)
    Trainer(epochs=5, patience=0, split_seed=3, seed=4, device="cpu", out=out).fit(model, parts)
    return out


@pytest.fixture(scope="module")
def refitted(source: Path) -> Path:
    out = source.parent / "again"
    assert main_guard(refit, ["--run", str(source), "--out", str(out), "--device", "cpu"]) == 0
    return out


def test_all_likes_are_trained_on_for_the_best_number_of_epochs(source, refitted):
    run, before = load_run(refitted), load_run(source)
    users, items = run.dataset.interactions.positives
    assert len(run.split.train) == len(run.dataset.interactions)
    assert bool(run.split.train.is_positive(users, items).all())
    assert len(run.split.valid) == len(run.split.test) == 0
    assert run.config.model_settings == before.config.model_settings
    metrics = read_metrics(refitted)
    assert metrics["epochs"] == metrics["best_epoch"] == read_metrics(source)["best_epoch"]
    assert metrics["refit_of"] == "bpr"
    assert not {"valid", "test", "ranking"} & metrics.keys()


def test_probabilities_are_calibrated_as_before(source, refitted):
    scores = torch.linspace(-3, 3, 7)
    before = load_run(source).model.probability(scores)
    assert torch.equal(load_run(refitted).model.probability(scores), before)
    assert not torch.equal(before, torch.sigmoid(scores))


def test_the_same_run_gives_the_same_parameters(source, refitted, tmp_path):
    again = tmp_path / "again"
    assert main_guard(refit, ["--run", str(source), "--out", str(again), "--device", "cpu"]) == 0
    states = [load_run(folder).model.state_dict() for folder in (refitted, again)]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_it_recommends_by_default_with_no_like_held_out(refitted, capsys):
    data = refitted.parent.parent
    assert newest_run(data) == refitted
    assert newest_run(data, held_out=True) != refitted
    arguments = ["--data", str(data), "--user", "104", "--top", "50", "--format", "json"]
    assert main_guard(recommend, arguments) == 0
    found = json.loads(capsys.readouterr().out)
    liked = {row["item"] for row in found["history"]}
    listed = {row["item"] for row in found["recommendations"]}
    assert found["held_out"] == 0
    assert (len(liked), liked | listed) == (9, set(range(30)))


def test_it_cannot_be_measured_nor_refitted(refitted, capsys):
    for command in (evaluate, refit):
        assert main_guard(command, ["--run", str(refitted)]) == 2
        said = capsys.readouterr().err
        assert "trained on all rows, none are held out; take the run bpr" in said


def test_training_on_all_rows_needs_a_run_that_chose_the_epoch(refitted, capsys):
    assert main_guard(train, ["--data", str(refitted.parent.parent), "--split", "all"]) == 2
    assert "python -m recommender.refit" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["item_knn", "mmss_mkr"])
def test_models_with_other_schedules_can_be_refitted(source, tmp_path, name):
    parts = split(load(source.parent.parent), 3)
    model = create_model(name, parts.train, seed=4)
    first = tmp_path / "first"
    Trainer(epochs=2, split_seed=3, seed=4, device="cpu", out=first).fit(model, parts)
    out = tmp_path / "again"
    assert main_guard(refit, ["--run", str(first), "--out", str(out), "--device", "cpu"]) == 0
    assert read_metrics(out)["epochs"] == read_metrics(first)["best_epoch"]
