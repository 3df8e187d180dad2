"""Resampled reports equal reports of copied rows; comparisons use the same rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from recommender.data import HeldOut, Interactions, KnowledgeGraph, TrainingSplit
from recommender.metrics.ctr import evaluate_ctr
from recommender.metrics.predictions import Predictions
from recommender.metrics.significance import resample_users
from recommender.metrics.significance.contrast import (
    contrast_predictions,
    contrast_seeds,
    correct,
)

N_ITEMS = 25


@pytest.fixture
def predictions() -> Predictions:
    random = np.random.default_rng(11)
    users = np.sort(random.choice([2, 3, 5, 8, 13, 21, 34], 160))
    items, labels = random.integers(0, N_ITEMS, 160), random.integers(0, 2, 160)
    scores = (random.normal(size=160) + labels).round(1)  # with ties
    none = np.zeros(0, dtype=np.int64)
    warm = np.arange(0, N_ITEMS, 2)
    train = TrainingSplit(
        Interactions(np.zeros_like(warm), warm, np.ones_like(warm)),
        KnowledgeGraph(none, none, none, N_ITEMS, 1),
        40,
        N_ITEMS,
    )
    return Predictions(HeldOut(users, items, labels), train, scores, 1 / (1 + np.exp(-scores)))


def test_every_resampled_metric_is_the_report_of_the_copied_rows(predictions):
    weights = resample_users(predictions.n_users, 15, seed=2)
    samples = predictions.resample(weights)
    for n, drawn in enumerate(weights.astype(int)):
        rows = np.repeat(np.arange(len(predictions.rows)), drawn[predictions.owners])
        report = evaluate_ctr(
            predictions.rows.labels[rows],
            predictions.scores[rows],
            predictions.probabilities[rows],
            predictions.rows.items[rows],
            predictions.train,
        )
        for name, values in samples.items():
            assert values[n] == pytest.approx(report[name], abs=1e-12), name


def test_a_better_model_is_found_better_by_every_test(predictions):
    lift = np.where(predictions.rows.labels == 1, 1.5, -1.5)
    better = replace(
        predictions,
        scores=predictions.scores + lift,
        probabilities=1 / (1 + np.exp(-predictions.scores - lift)),
    )
    rows = {c.metric: c for c in contrast_predictions(predictions, better, n_resamples=300)}
    assert rows["auc"].p_value < 1e-6
    assert rows["acc"].low > 0
    assert rows["acc"].p_value == pytest.approx(2 / 2**7, abs=0.01)  # seven users can say no more
    assert rows["log_loss"].high < 0
    back = {c.metric: c for c in contrast_predictions(better, predictions, n_resamples=300)}
    for name, row in rows.items():
        assert back[name].difference == -row.difference
        assert back[name].p_value == row.p_value


def test_models_of_different_rows_are_not_compared(predictions):
    items = predictions.rows.items.copy()
    items[0] += 1
    other = replace(predictions, rows=replace(predictions.rows, items=items))
    with pytest.raises(ValueError, match="items"):
        contrast_predictions(predictions, other)


def test_a_metric_undefined_for_one_model_is_undefined_in_the_contrast(predictions):
    diverged = replace(predictions, scores=np.full(160, np.nan))
    rows = {c.metric: c for c in contrast_predictions(predictions, diverged, n_resamples=20)}
    assert rows["auc"].difference is None
    assert rows["auc"].p_value is None


def test_a_seed_without_a_value_leaves_the_metric_undefined():
    (row,) = contrast_seeds({"auc": [0.8, None, 0.7]}, {"auc": [0.9, 0.8, 0.8]})
    assert (row.difference, row.p_value, row.low) == (None, None, None)


def test_correction_covers_all_tables():
    tables = [
        contrast_seeds({"auc": [0.80, 0.81, 0.79]}, {"auc": [0.82, 0.84, 0.80]}),
        contrast_seeds({"auc": [0.80, 0.81, 0.79]}, {"auc": [0.80, 0.82, 0.79]}),
    ]
    corrected = correct(tables)
    smallest = min((t[0].p_value, n) for n, t in enumerate(tables))
    assert corrected[smallest[1]][0].p_holm == pytest.approx(2 * smallest[0])
