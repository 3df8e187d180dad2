"""The training loop: alternation, stopping, learning, settings, logs."""

from __future__ import annotations

import functools
import json
import math
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from recommender import ConfigError, Recommender, RunError, Trainer, create_model, load, split
from recommender.data import HeldOut, Split, make_sampler
from recommender.evaluation import EvaluationConfig, evaluate_run
from recommender.metrics.ranking import evaluate_ranking
from recommender.models.base import ModelConfig
from recommender.models.mkr import MKR
from recommender.training.config import TrainConfig
from recommender.training.loggers import MLflow
from recommender.training.runs import load_run
from recommender.training.stopping import EarlyStopping

TOY = {"dim": 8, "batch_size": 64, "lr_rs": 0.01, "lr_kge": 0.01}


class Recorder:
    """A logger that stores its calls."""

    def __init__(self) -> None:
        self.records: list[dict[str, float]] = []
        self.metrics: dict[str, Any] = {}

    def start(self, settings: Any, epochs_done: int) -> None:
        self.settings = dict(settings)

    def epoch(self, record: Any) -> None:
        self.records.append(dict(record))

    def finish(self, metrics: Any) -> None:
        self.metrics = dict(metrics)


def fit(data: Path, name: str = "mmss_mkr", settings: dict[str, Any] | None = None, **training):
    parts = split(load(data), 1)
    recorder = Recorder()
    model = create_model(name, parts.train, **{**TOY, **(settings or {})})
    training = {"epochs": 4, "threads": 1, **training}
    loggers = [recorder, *training.pop("loggers", ())]
    run = Trainer(loggers=loggers, **training).fit(model, parts)
    return run, recorder, model


@pytest.mark.parametrize(
    ("name", "settings", "training", "expected"),
    [
        ("mkr", {"dim": 64, "batch_size": 256}, {}, "cpu"),
        ("mkr", {"dim": 128, "batch_size": 4096}, {}, "cuda"),
        ("mkr", {"dim": 64, "batch_size": 256}, {"kernel": "torch"}, "cuda"),
        ("mkr", {"dim": 64, "batch_size": 256, "f_rs": "mlp"}, {}, "cuda"),
        ("lightgcn", {"dim": 8}, {}, "cuda"),
        ("lightgcn", {"dim": 8}, {"device": "cpu"}, "cpu"),
    ],
)
def test_a_gpu_is_left_alone_where_steps_are_too_short_for_it(
    toy_data: Path, name, settings, training, expected, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    model = create_model(name, split(load(toy_data), 1).train, **settings)
    assert Trainer(**training).device_for(model).type == expected


@pytest.mark.parametrize(
    "name",
    ["mkr", "mkr_1l", "mkr_dcn", "mkr_stitch", "mmss_mkr", "ms_mkr", "sm_mkr", "ss_mkr"],
)
@pytest.mark.parametrize("negatives", ["static", "fresh"])
def test_every_preset_learns_the_two_tastes(name: str, negatives: str, toy_data: Path) -> None:
    run, _, _ = fit(toy_data, name, epochs=40, negatives=negatives)
    assert run.metrics["test"]["auc"] > 0.75


def test_algorithm_1_alternates(toy_data: Path) -> None:
    """The knowledge-graph task runs in the first epoch and every kge_interval epochs."""
    _, recorder, _ = fit(toy_data, settings={"kge_interval": 3}, epochs=7, patience=0)
    trained = [record["epoch"] for record in recorder.records if "loss_knowledge_graph" in record]
    assert trained == [1, 4, 7]
    assert all("loss_recommendation" in record for record in recorder.records)


def test_kge_interval_0_leaves_the_graph_out(toy_data: Path) -> None:
    _, recorder, _ = fit(toy_data, settings={"kge_interval": 0})
    assert not any("loss_knowledge_graph" in record for record in recorder.records)


def test_both_losses_fall(toy_data: Path) -> None:
    _, recorder, _ = fit(toy_data, epochs=20, settings={"kge_interval": 1})
    for name in ("loss_recommendation", "loss_knowledge_graph"):
        assert recorder.records[-1][name] < recorder.records[0][name]


def test_model_ends_with_its_best_epoch(toy_data: Path) -> None:
    run, recorder, _ = fit(toy_data, epochs=25, patience=0, monitor="auc")
    aucs = [record["valid_auc"] for record in recorder.records]
    assert run.best_epoch == 1 + int(np.argmax(aucs))
    assert run.metrics["valid"]["auc"] == pytest.approx(max(aucs))


def test_a_ranking_metric_can_choose_the_epoch(toy_data: Path) -> None:
    run, recorder, model = fit(toy_data, epochs=25, patience=0, monitor="ndcg@3+auc")
    values = [record["valid_ndcg@3"] + record["valid_auc"] for record in recorder.records]
    assert len(set(values)) > 5
    assert run.best_epoch == 1 + int(np.argmax(values))
    assert run.validation == pytest.approx(max(values))
    # What was monitored is the ranking of validation positives, training positives left out.
    parts = split(load(toy_data), 1)
    alone = evaluate_ranking(model, parts.train, parts.valid, (3,)).means()["ndcg@3"]
    assert run.metrics["valid_ranking"]["ndcg@3"] == pytest.approx(alone)
    assert run.validation == pytest.approx(alone + run.metrics["valid"]["auc"])


def test_the_catalogue_is_ranked_in_the_end_only_unless_the_monitor_asks(
    toy_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    scored = MKR.score_items

    def counted(self: Any, users: Tensor, start: int, stop: int) -> Tensor:
        asked.append(len(users))
        return scored(self, users, start, stop)

    monkeypatch.setattr(MKR, "score_items", counted)
    run, recorder, _ = fit(toy_data, epochs=4)
    assert asked == [40]  # one pass for validation, test and the lists
    assert not any("ndcg" in name for record in recorder.records for name in record)
    assert set(run.metrics["ranking"]) == set(run.metrics["valid_ranking"])
    asked.clear()
    fit(toy_data, epochs=4, monitor="recall@5", rank_users=10)
    assert len(asked) == 5 and max(asked) <= 10


def test_a_search_sees_no_ranking_of_the_test_rows(toy_data: Path) -> None:
    parts = split(load(toy_data), 1)
    model = create_model("mmss_mkr", parts.train, **TOY)
    metrics = Trainer(epochs=1, threads=1, test=False).fit(model, parts).metrics
    assert "valid_ranking" in metrics
    assert "ranking" not in metrics and "test" not in metrics


@pytest.mark.parametrize("monitor", ["auc+", "ndcg", "ndcg@", "ndcg@0", "map@10", "ndcg@10 + auc"])
def test_an_unknown_monitor_is_refused(monitor: str) -> None:
    with pytest.raises(ConfigError, match=r"monitor: .* is none of auc, acc, .*ndcg@K"):
        Trainer(monitor=monitor)


def test_patience_ends_training(toy_data: Path) -> None:
    run, recorder, _ = fit(toy_data, epochs=500, patience=3)
    assert run.epochs == run.best_epoch + 3 == len(recorder.records) < 500


def test_stopping_ignores_undefined_values() -> None:
    stopping = EarlyStopping(2)
    assert not stopping.update(1, math.nan)
    assert stopping.update(2, 0.5)
    assert not stopping.update(3, 0.5)
    assert not stopping.exhausted
    stopping.update(4, 0.4)
    assert stopping.exhausted


def test_divergence_is_reported(toy_data: Path) -> None:
    with pytest.raises(RunError, match="diverged"):
        fit(toy_data, "mkr", {"lr_rs": 1e30, "lr_kge": 1e30}, kernel="torch", epochs=2)


@pytest.mark.parametrize("settings", [{"kernel": "torch"}, {"optimizer": "dense"}])
def test_ways_to_take_a_step_agree(settings: dict[str, str], toy_data: Path) -> None:
    usual, _, _ = fit(toy_data, epochs=10, precision="float64")
    other, _, _ = fit(toy_data, epochs=10, precision="float64", **settings)
    assert usual.metrics["test"]["auc"] == pytest.approx(other.metrics["test"]["auc"], abs=1e-3)


def test_bf16_learns_as_well(toy_data: Path) -> None:
    run, _, _ = fit(toy_data, epochs=40, precision="bf16", negatives="static")
    assert run.metrics["test"]["auc"] > 0.75


def test_compiled_steps_learn_as_well(toy_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With torch.compile's tracing, without its code generator, which takes a minute."""
    traced = functools.partial(torch.compile, backend="aot_eager")
    monkeypatch.setattr(torch, "compile", traced)
    run, _, _ = fit(toy_data, epochs=30, compile=True, negatives="static")
    assert run.metrics["test"]["auc"] > 0.75


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"epochs": 0}, "epochs"),
        ({"epoch": 5}, "epoch"),
        ({"negatives": "few"}, "negatives"),
        ({"device": "toaster"}, "device"),
        ({"optimizer": "rowwise", "compile": True}, "rowwise"),
    ],
)
def test_wrong_settings_are_named(settings: dict[str, Any], complaint: str, toy_data: Path) -> None:
    with pytest.raises(ConfigError, match=complaint):
        fit(toy_data, **settings)


def test_the_reloaded_run_gives_the_metrics_in_its_folder(toy_data: Path, tmp_path: Path) -> None:
    parts = split(load(toy_data), 1)
    model = create_model("ss_mkr", parts.train, **TOY)
    run = Trainer(out=tmp_path, epochs=3, patience=0).fit(model, parts)
    written = json.loads((tmp_path / "metrics.json").read_text())
    assert written == run.metrics

    again = load_run(tmp_path)
    report = evaluate_run(again, EvaluationConfig(rank_users=2000, device="cpu"))
    valid = evaluate_run(again, EvaluationConfig(part="valid", ranking=False, device="cpu"))
    for name in ("auc", "acc", "auc_warm", "auc_cold"):
        assert written["test"][name] == pytest.approx(report["ctr"][name], abs=1e-9)
        assert written["valid"][name] == pytest.approx(valid["ctr"][name], abs=1e-9)
    shared = written["ranking"].keys() & report["ranking"].keys()
    assert {"ndcg@10", "recall@10"} <= shared
    for name in shared:
        assert written["ranking"][name] == pytest.approx(report["ranking"][name], abs=1e-9)


def test_the_config_in_a_run_folder_rebuilds_the_same_run(toy_data: Path, tmp_path: Path) -> None:
    """From `config.json` alone: the split, the model with all its settings, and the training."""
    parts = split(load(toy_data), 1)
    model = create_model("ss_mkr", parts.train, **TOY)
    run = Trainer(out=tmp_path / "first", epochs=3, patience=0).fit(model, parts)
    config = json.loads((tmp_path / "first" / "config.json").read_text())

    data = load(config["data"])
    assert data.hashes() == config["data_hashes"]
    parts = split(data, config["training"]["split_seed"], tuple(config["ratios"]))
    rebuilt = create_model(config["model"], parts.train, **config["model_settings"])
    assert (type(rebuilt), rebuilt.config) == (type(model), model.config)
    rerun = Trainer(TrainConfig.parse(config["training"])).fit(rebuilt, parts)
    assert rerun.metrics == run.metrics
    for name, value in model.state_dict().items():
        assert torch.equal(value, rebuilt.state_dict()[name]), name


def test_a_run_folder_logs_every_epoch(toy_data: Path, tmp_path: Path) -> None:
    parts = split(load(toy_data), 1)
    recorder = Recorder()
    trainer = Trainer(out=tmp_path, epochs=3, patience=0, loggers=[recorder])
    trainer.fit(create_model("ss_mkr", parts.train, **TOY), parts)
    lines = (tmp_path / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == recorder.records
    assert [record["epoch"] for record in recorder.records] == [1, 2, 3]


def test_mlflow_logs_everything(toy_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[str, Any]] = []
    names = ("start_run", "log_params", "log_metrics", "log_metric", "end_run")
    fake = types.SimpleNamespace(
        **{name: lambda *a, _name=name, **k: calls.append((_name, a)) for name in names}
    )
    monkeypatch.setitem(sys.modules, "mlflow", fake)
    fit(toy_data, epochs=2, patience=0, loggers=[MLflow("toy")])
    called = [name for name, _ in calls]
    assert called[:2] == ["start_run", "log_params"] and called[-1] == "end_run"
    assert called.count("log_metrics") == 2
    assert any(name == "log_metric" and a[0] == "test_auc" for name, a in calls)


@pytest.mark.parametrize("flag", ["mlflow", "tensorboard"])
def test_missing_extras_are_named(
    flag: str, toy_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("mlflow", "torch.utils.tensorboard"):
        monkeypatch.setitem(sys.modules, module, None)
    parts = split(load(toy_data), 1)
    with pytest.raises(ConfigError, match="tracking"):
        Trainer(out=tmp_path / "run", **{flag: True}).fit(
            create_model("mmss_mkr", parts.train, **TOY), parts
        )


class CountingConfig(ModelConfig):
    """No settings."""


class Counting(Recommender):
    """A count-based model without gradients."""

    name = "counting_for_tests"
    Config = CountingConfig

    def __init__(self, config: CountingConfig, train: Any) -> None:
        super().__init__(config, train)
        self._liked = train.positives[1]
        self.register_buffer("counts", torch.zeros(train.n_items))

    def fit(self) -> None:
        self.counts.copy_(torch.bincount(torch.from_numpy(self._liked), minlength=self.n_items))

    def score(self, users: Tensor, items: Tensor) -> Tensor:
        return self.counts[items]


def test_models_without_gradients_train_too(toy_data: Path, tmp_path: Path) -> None:
    """One loop for all models."""
    parts = split(load(toy_data), 1)
    model = Counting(CountingConfig(), parts.train)
    run = Trainer(out=tmp_path / "run").fit(model, parts)
    assert run.best_epoch == run.epochs == 1
    assert model.score_items(torch.tensor([0, 1]), 3, 7).shape == (2, 4)
    assert (tmp_path / "run" / "checkpoint.pt").exists()


def test_nothing_held_out_reaches_training(toy_data: Path) -> None:
    """Leak guard: other validation and test labels leave every step bit-identical."""
    parts = split(load(toy_data), 1)

    def end(split_: Split) -> dict[str, Tensor]:
        model = create_model("mmss_mkr", split_.train, **TOY)
        training = {"epochs": 3, "patience": 0, "evaluate_every": 3}
        Trainer(**training).fit(model, split_)
        return model.state_dict()

    def flipped(rows: HeldOut) -> HeldOut:
        rng = np.random.default_rng(0)
        return HeldOut(rng.permutation(rows.users), rows.items, 1 - rows.labels)

    disturbed = Split(
        parts.train,
        flipped(parts.valid),
        flipped(parts.test),
        parts.dataset,
        parts.seed,
        parts.ratios,
    )
    first, second = end(parts), end(disturbed)
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_fresh_training_never_looks_at_prepared_negatives(toy_data: Path) -> None:
    """Leak guard: a user's number of training negatives changes nothing with fresh ones."""
    parts = split(load(toy_data), 1)
    positives = parts.train.interactions.rows(np.flatnonzero(parts.train.labels == 1))
    bare = type(parts.train)(positives, parts.train.graph, parts.train.n_users, parts.train.n_items)
    draws = [make_sampler("fresh", train).draw(np.random.default_rng(3)) for train in
             (parts.train, bare)]  # fmt: skip
    assert np.array_equal(draws[0].users, draws[1].users)
    assert np.array_equal(draws[0].items, draws[1].items)
    models = [create_model("mmss_mkr", train, **TOY) for train in (parts.train, bare)]
    for ours, theirs in zip(*(m.state_dict().values() for m in models), strict=True):
        assert torch.equal(ours, theirs)
