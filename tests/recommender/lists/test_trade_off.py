"""The trade-off of a criterion: computed as defined, printed, plotted."""

from __future__ import annotations

import json

import numpy as np
import pytest

from recommender.cli import main_guard
from recommender.lists.trade_off import trade_off
from recommender.metrics.ranking import evaluate_ranking
from recommender.trade_off import main
from recommender.training.runs import load_run


@pytest.fixture(scope="module")
def run(toy_runs):
    return toy_runs["mkr", 1]


def test_weight_zero_is_the_ranking_itself(run):
    model, _, parts, _ = load_run(run)
    (plain,) = trade_off(model, parts, parts.test, "popularity", [0.0], pool=20)
    means = evaluate_ranking(model, parts.train, parts.test, (10,)).means()
    assert plain.values["ndcg"] == pytest.approx(means["ndcg@10"])
    assert plain.values["recall"] == pytest.approx(means["recall@10"])
    assert plain.values["popularity_share"] == 1.0  # the catalogue has fewer than a hundred items


def test_each_criterion_moves_what_it_is_about(run):
    model, _, parts, _ = load_run(run)
    settings = {"diversity": ("diversity", 1), "calibration": ("calibration", -1)}
    for criterion, (field, direction) in settings.items():
        points = trade_off(model, parts, parts.valid, criterion, [0.0, 0.9], k=5, pool=20)
        before, after = (point.values[field] for point in points)
        assert direction * (after - before) > 0, criterion


def test_the_command_prints_writes_and_draws(run, capsys):
    command = ["--run", str(run), "--weights", "-0.5", "0", "0.5", "--pool", "20", "--top", "5"]
    assert main_guard(main, command) == 0
    shown = capsys.readouterr().out
    assert "NDCG@5" in shown
    assert "most played" in " ".join(shown.split())
    report = json.loads((run / "trade_off-popularity.json").read_text())
    assert [point["weight"] for point in report["points"]] == [-0.5, 0, 0.5]
    assert all(np.isfinite(list(point.values())).all() for point in report["points"])
    picture = (run / "trade_off-popularity.png").read_bytes()
    assert main_guard(main, command) == 0
    assert (run / "trade_off-popularity.png").read_bytes() == picture


def test_a_weight_out_of_range_is_one_line(run, capsys):
    command = ["--run", str(run), "--criterion", "diversity", "--weights", "-0.5"]
    assert main_guard(main, command) == 2
    assert "--diversity -0.5: give a weight from 0 to 1" in capsys.readouterr().err


def test_no_bar_stands_before_the_complaint(toy_runs, capsys):
    flags = ["--run", str(toy_runs["mkr", 1]), "--criterion", "popularity", "--weights", "0", "5"]
    assert main_guard(main, flags) == 2
    error = capsys.readouterr().err
    assert "--popularity 5: give a weight from -2 to 2" in error
    assert error.count("\n") == 1


def test_lists_longer_than_the_catalogue_hold_the_catalogue(toy_runs, capsys):
    flags = ["--run", str(toy_runs["mkr", 1]), "--criterion", "popularity", "--weights", "0"]
    assert main_guard(main, [*flags, "--top", str(10**20)]) == 0
