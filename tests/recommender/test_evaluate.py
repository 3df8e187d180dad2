"""`python -m recommender.evaluate`."""

from __future__ import annotations

import json
import shutil

import pytest
from sklearn.metrics import roc_auc_score

from recommender.cli import main_guard
from recommender.evaluate import main
from recommender.training.evaluation import score_rows
from recommender.training.runs import load_run


def evaluate(*arguments: object) -> int:
    return main_guard(main, [str(argument) for argument in arguments])


def test_report_is_printed_and_written(toy_runs, capsys):
    folder = toy_runs["mkr", 1]
    assert evaluate("--run", folder, "--ranking", "--ks", 3, 5, "--bootstrap", 50) == 0
    shown = capsys.readouterr().out
    report = json.loads((folder / "evaluation.json").read_text())
    run = load_run(folder)
    scores, _ = score_rows(run.model, run.split.test)
    assert report["ctr"]["auc"] == pytest.approx(roc_auc_score(run.split.test.labels, scores))
    for word in ("total", "warm", "cold", f"{report['ctr']['auc']:.4f}", "NDCG", "@3", "@5"):
        assert word in shown
    low, high = report["ctr"]["intervals"]["auc"]
    assert low < report["ctr"]["auc"] < high
    low, high = report["ranking"]["intervals"]["ndcg@5"]
    assert low <= report["ranking"]["ndcg@5"] <= high
    assert report["ranking"]["relevant"] == run.split.test.labels.sum()


def test_the_catalogue_is_ranked_by_default(toy_runs, capsys):
    folder = toy_runs["mkr", 1]
    own = json.loads((folder / "metrics.json").read_text())
    assert evaluate("--run", folder) == 0
    shown = " ".join(capsys.readouterr().out.split())  # whatever the width of the console
    ranking = json.loads((folder / "evaluation.json").read_text())["ranking"]
    assert ranking == own["ranking"]
    assert {"hit@10", "mrr@20", "coverage@10", "novelty@20", "calibration@10"} <= set(ranking)
    assert ranking["basis"] == {"calibration": "genre"}
    for word in ("NDCG", "@10", "@20", "different items", "miscalibration by: genre"):
        assert word in shown
    assert evaluate("--run", folder, "--no-ranking", "--format", "json") == 0
    assert "ranking" not in json.loads(capsys.readouterr().out)


def test_a_sample_of_users_is_labelled(toy_runs, capsys):
    folder = toy_runs["mkr", 1]
    assert evaluate("--run", folder, "--rank-users", 15, "--bootstrap", 20) == 0
    assert "among 15 users drawn from 40" in capsys.readouterr().out
    ranking = json.loads((folder / "evaluation.json").read_text())["ranking"]
    assert ranking["lists"] <= 15
    low, high = ranking["intervals"]["novelty@10"]
    assert low <= ranking["novelty@10"] <= high
    assert "coverage@10" not in ranking["intervals"]


def test_figures_are_those_of_the_training(toy_runs, capsys):
    folder = toy_runs["mmss_mkr", 1]
    own = json.loads((folder / "metrics.json").read_text())
    for part in ("test", "valid"):
        assert evaluate("--run", folder, "--part", part, "--format", "json") == 0
        report = json.loads(capsys.readouterr().out)
        assert report["part"] == part
        assert report["ctr"]["auc"] == pytest.approx(own[part]["auc"])
        assert report["ctr"]["acc_cold"] == own[part]["acc_cold"]


def test_newest_run_of_the_data_is_the_default(toy_runs, capsys):
    data = toy_runs["mkr", 1].parent.parent
    assert evaluate("--data", data) == 0
    assert "mmss_mkr on toy" in capsys.readouterr().out  # the last one that the fixture trained
    assert (toy_runs["mmss_mkr", 2] / "evaluation.json").is_file()


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (lambda path: None, "no such data folder; build it with `python -m pipeline build"),
        (lambda path: path.mkdir(), "make one with `python -m recommender.train --data"),
        (
            lambda path: (path / "models" / "killed").mkdir(parents=True),
            "make one with `python -m recommender.train --data",
        ),
    ],
)
def test_without_a_run_one_line_says_how_to_make_one(tmp_path, capsys, prepare, message):
    data = tmp_path / "data"
    prepare(data)
    assert evaluate("--data", data) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_bare_command_names_the_bare_commands(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert evaluate() == 2
    error = capsys.readouterr().err
    assert "`python -m recommender.train`" in error
    assert "Traceback" not in error


def test_a_run_whose_rows_changed_since_is_refused(toy_runs, tmp_path, capsys):
    folder = tmp_path / "run"
    shutil.copytree(toy_runs["mkr", 1], folder)
    config = json.loads((folder / "config.json").read_text())
    config["training"]["split_seed"] += 10  # as if the program now split otherwise
    (folder / "config.json").write_text(json.dumps(config))
    assert evaluate("--run", folder) == 2
    assert "train again" in capsys.readouterr().err


@pytest.mark.parametrize("wrong", [("--ks", "0"), ("--bootstrap", "-1"), ("--block", "0")])
def test_wrong_settings_are_one_line(toy_runs, capsys, wrong):
    assert evaluate("--run", toy_runs["mkr", 1], *wrong) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_unknown_flags_leave_with_two(capsys):
    with pytest.raises(SystemExit) as left:
        evaluate("--rankings")
    assert left.value.code == 2
    assert capsys.readouterr().err.startswith("error: ")


def test_damaged_metrics_are_one_line(toy_runs, tmp_path, capsys):
    folder = tmp_path / "run"
    shutil.copytree(toy_runs["mkr", 1], folder)
    (folder / "metrics.json").write_text("{")
    assert evaluate("--run", folder) == 2
    error = capsys.readouterr().err
    assert "metrics.json: damaged" in error
    assert error.count("\n") == 1
