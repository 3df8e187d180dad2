"""Metrics of click-through prediction, against scikit-learn and hand-computed cases."""

from __future__ import annotations

import json
import math
from types import SimpleNamespace

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import assume, given
from hypothesis import strategies as st

from recommender.metrics.classification import accuracy, best_threshold, f1, log_loss
from recommender.metrics.ctr import evaluate_ctr, popularity_bands
from recommender.metrics.roc import auc

# Few distinct values, so that ties between and within the classes are common.
rows = st.lists(
    st.tuples(st.booleans(), st.sampled_from([-1.5, -0.1, 0.0, 0.25, 0.5, 0.75, 1.0])),
    min_size=1,
    max_size=40,
)


def make_rows(n: int = 400, seed: int = 0) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    labels = random.integers(0, 2, n)
    scores = (random.normal(size=n) + labels).astype(np.float32)
    return {
        "labels": labels,
        "scores": scores,
        "probabilities": 1 / (1 + np.exp(-scores)),
        "items": random.integers(0, 60, n),
    }


def make_train(items: list[int], labels: list[int]) -> SimpleNamespace:
    return SimpleNamespace(items=np.array(items), labels=np.array(labels))


@given(rows)
def test_auc_is_scikit_learns_ties_included(pairs):
    labels, scores = map(np.array, zip(*pairs, strict=True))
    assume(0 < labels.sum() < len(labels))
    expected = sklearn.metrics.roc_auc_score(labels, scores)
    assert auc(labels, scores) == pytest.approx(expected, abs=1e-12)


@given(rows)
def test_auc_of_the_opposite_question_is_the_complement(pairs):
    labels, scores = map(np.array, zip(*pairs, strict=True))
    assume(0 < labels.sum() < len(labels))
    assert auc(~labels, scores) == pytest.approx(1 - auc(labels, scores), abs=1e-12)


def test_auc_keeps_its_exactness_on_many_rows_of_one_score():
    labels = np.arange(200_000) % 2
    assert auc(labels, np.zeros(200_000, dtype=np.float32)) == 0.5


@pytest.mark.parametrize("labels", [[], [1, 1], [0, 0]])
def test_auc_is_undefined_with_one_class(labels):
    assert math.isnan(auc(labels, np.arange(len(labels))))


def test_auc_is_undefined_when_a_score_is_not_a_number():
    assert math.isnan(auc([1, 0, 1], [0.1, float("nan"), 0.3]))


def test_auc_refuses_rows_that_do_not_match():
    with pytest.raises(ValueError, match="labels"):
        auc([1, 0, 1], [0.5, 0.5])


@given(rows, st.sampled_from([0.0, 0.25, 0.5, 0.9]))
def test_threshold_metrics_are_scikit_learns(pairs, threshold):
    labels, values = map(np.array, zip(*pairs, strict=True))
    probabilities = np.clip(values, 0, 1)
    called = probabilities >= threshold
    assert accuracy(labels, probabilities, threshold) == pytest.approx(
        sklearn.metrics.accuracy_score(labels, called), abs=1e-12
    )
    assert log_loss(labels, probabilities) == pytest.approx(
        sklearn.metrics.log_loss(labels, probabilities, labels=[False, True]), abs=1e-6
    )
    if labels.any() or called.any():
        assert f1(labels, probabilities, threshold) == pytest.approx(
            sklearn.metrics.f1_score(labels, called), abs=1e-12
        )
    else:
        assert math.isnan(f1(labels, probabilities, threshold))


@given(rows)
def test_no_threshold_beats_the_best_one(pairs):
    labels, values = map(np.array, zip(*pairs, strict=True))
    found = accuracy(labels, values, best_threshold(labels, values))
    possible = [accuracy(labels, values, t) for t in [*values, np.max(values) + 1]]
    assert found == max(possible)


def test_best_threshold_separates_neighbouring_floats():
    low = np.float32(0.3)
    values = np.array([low, np.nextafter(low, np.float32(1))])
    assert accuracy([0, 1], values, best_threshold([0, 1], values)) == 1.0


def test_best_threshold_stays_at_a_half_where_nothing_speaks_against_it():
    assert best_threshold([], []) == 0.5
    assert best_threshold([0, 0, 1, 1], [0.1, 0.3, 0.7, 0.9]) == pytest.approx(0.5)


def test_report_tells_warm_from_cold_rows():
    data = make_rows()
    # Item 7 is in train, but only as a negative: it is cold all the same.
    train = make_train([*range(40), 7], [1] * 7 + [0] + [1] * 32 + [0])
    report = evaluate_ctr(**data, train=train, valid_threshold=0.6)
    warm = (data["items"] < 40) & (data["items"] != 7)
    for name, part in (("warm", warm), ("cold", ~warm)):
        labels, scores = data["labels"][part], data["scores"][part]
        assert report[f"auc_{name}"] == pytest.approx(
            sklearn.metrics.roc_auc_score(labels, scores), abs=1e-9
        )
        assert report[f"acc_{name}"] == np.mean((data["probabilities"][part] >= 0.5) == labels)
        assert report["counts"][f"{name}_rows"] == part.sum()
        assert report["counts"][f"{name}_positives"] == labels.sum()
    assert report["acc_valid_threshold"] == np.mean(
        (data["probabilities"] >= 0.6) == data["labels"]
    )
    assert report["counts"]["rows"] == 400


def test_every_row_is_in_one_popularity_band():
    bands = popularity_bands(np.arange(1000))
    assert (np.sum([mask for _, mask in bands], axis=0) == 1).all()
    assert [name for name, _ in bands] == [
        "0",
        "1",
        "2-3",
        "4-7",
        "8-15",
        "16-31",
        "32-127",
        "128-511",
        "512+",
    ]
    assert [int(mask.sum()) for _, mask in bands] == [1, 1, 2, 4, 8, 16, 96, 384, 488]


def test_band_auc_is_that_of_its_rows():
    data = make_rows()
    train = make_train([0, 0, 0, 1, 2], [1, 1, 1, 1, 0])
    bands = {b["train_positives"]: b for b in evaluate_ctr(**data, train=train)["bands"]}
    part = data["items"] == 0
    assert bands["2-3"]["rows"] == part.sum()
    assert bands["2-3"]["auc"] == pytest.approx(auc(data["labels"][part], data["scores"][part]))
    assert bands["512+"] == {"train_positives": "512+", "rows": 0, "positives": 0, "auc": None}


def test_report_without_a_class_or_without_rows_is_valid_json():
    for n in (0, 1, 5):
        data = {name: values[:n] for name, values in make_rows().items()}
        data["labels"] = np.zeros(n, dtype=int)
        text = json.dumps(evaluate_ctr(**data, train=make_train([], [])), allow_nan=False)
        assert json.loads(text)["auc"] is None
        assert json.loads(text)["counts"]["rows"] == n


def test_a_diverged_model_has_no_metrics_but_a_count():
    data = make_rows()
    data["scores"] = data["scores"].copy()
    data["scores"][3] = np.nan
    data["probabilities"][4] = np.inf
    report = evaluate_ctr(**data, train=make_train([1], [1]), valid_threshold=0.4)
    assert report["counts"]["not_finite"] == 2
    assert {report[m] for m in ("auc", "acc", "f1", "log_loss", "acc_valid_threshold")} == {None}
    assert {band["auc"] for band in report["bands"]} == {None}
    json.dumps(report, allow_nan=False)
