"""`python -m recommender.compare`: on the same rows, over seeds, and its refusals."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from recommender.cli import main_guard
from recommender.compare import main
from recommender.metrics.significance import delong_test, paired_t_test
from recommender.training.evaluation import score_rows
from recommender.training.runs import load_run


def compare(*arguments: object) -> int:
    return main_guard(main, [str(argument) for argument in arguments])


def compared(capsys, *arguments: object) -> list[dict]:
    assert compare(*arguments, "--format", "json", "--bootstrap", 60) == 0
    return json.loads(capsys.readouterr().out)


def own_auc(folder) -> float:
    return json.loads((folder / "metrics.json").read_text())["test"]["auc"]


def test_two_runs_on_the_same_rows(toy_runs, capsys):
    first, second = toy_runs["mkr", 1], toy_runs["mmss_mkr", 1]
    (comparison,) = compared(capsys, first, second, "--ranking", "--ks", 5)
    rows = {contrast["metric"]: contrast for contrast in comparison["contrasts"]}
    assert {"auc", "acc", "auc_warm", "auc_cold", "ndcg@5", "recall@5"} <= set(rows)
    auc = rows["auc"]
    assert auc["difference"] == pytest.approx(own_auc(second) - own_auc(first))
    one, two = load_run(first), load_run(second)
    expected = delong_test(
        one.split.test.labels,
        score_rows(one.model, one.split.test)[0],
        score_rows(two.model, two.split.test)[0],
    )
    assert auc["p_value"] == pytest.approx(expected.p_value)
    for row in rows.values():
        if row["p_value"] is not None:
            assert row["p_holm"] >= row["p_value"]
            assert row["low"] <= row["difference"] + 1e-9
            assert row["high"] >= row["difference"] - 1e-9


def test_a_run_does_not_differ_from_itself(toy_runs, tmp_path, capsys):
    copy = tmp_path / "copy"
    shutil.copytree(toy_runs["mkr", 1], copy)
    (comparison,) = compared(capsys, toy_runs["mkr", 1], copy)
    for row in comparison["contrasts"]:
        if row["difference"] is not None:
            assert row["difference"] == 0
            assert row["low"] in (0, None)  # what all lists have in common has no interval
            assert row["high"] == row["low"]
            assert {row["p_value"], row["p_holm"]} <= {1.0, None}


def test_several_seeds_are_paired_whatever_their_order(toy_runs, capsys):
    runs = [toy_runs[key] for key in (("mkr", 2), ("mmss_mkr", 1), ("mmss_mkr", 2), ("mkr", 1))]
    (comparison,) = compared(capsys, *runs)
    assert (comparison["first"], comparison["second"]) == ("mkr", "mmss_mkr")
    assert comparison["seeds"] == 2
    (auc,) = (row for row in comparison["contrasts"] if row["metric"] == "auc")
    gaps = [own_auc(toy_runs["mmss_mkr", s]) - own_auc(toy_runs["mkr", s]) for s in (2, 1)]
    p_value, low, high = paired_t_test(np.array(gaps))
    assert (auc["p_value"], auc["low"], auc["high"]) == pytest.approx((p_value, low, high))
    assert auc["difference"] == pytest.approx(np.mean(gaps))


def test_tables_are_printed(toy_runs, capsys):
    assert compare(toy_runs["mkr", 1], toy_runs["mmss_mkr", 1], "--bootstrap", 20) == 0
    shown = capsys.readouterr().out
    assert "DeLong for auc" in shown
    assert "sign flips by user for acc" in shown
    assert compare(*toy_runs.values(), "--bootstrap", 20) == 0
    assert "2 pairs of runs" in capsys.readouterr().out


def test_different_splits_are_refused(toy_runs, capsys):
    assert compare(toy_runs["mkr", 1], toy_runs["mmss_mkr", 2]) == 2
    error = capsys.readouterr().err
    assert "different data or splits cannot be compared" in error
    assert error.count("\n") == 1


def test_one_method_on_two_splits_is_nothing_to_compare(toy_runs, capsys):
    assert compare(toy_runs["mkr", 1], toy_runs["mkr", 2]) == 2
    assert "nothing to compare" in capsys.readouterr().err


def test_one_run_alone_is_refused(toy_runs, capsys):
    assert compare(toy_runs["mkr", 1]) == 2
    assert "at least two" in capsys.readouterr().err


def test_a_folder_that_is_no_run_is_named(toy_runs, tmp_path, capsys):
    assert compare(toy_runs["mkr", 1], tmp_path / "nothing") == 2
    assert "nothing: no run there" in capsys.readouterr().err
