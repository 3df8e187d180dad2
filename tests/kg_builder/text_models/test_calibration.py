"""Calibration of scores, thresholds, and calibration error."""

from __future__ import annotations

import numpy as np
import pytest

from kg_builder.text_models.calibration import (
    Calibration,
    expected_calibration_error,
    fit_decision,
)


def test_confidences_are_put_right() -> None:
    draw = np.random.default_rng(0)
    scores = draw.uniform(0.5, 1, 2000)
    right = draw.uniform(size=2000) < scores**2  # scores promise too much
    calibration = Calibration.fit(scores[:1000].tolist(), right[:1000].tolist())
    before = expected_calibration_error(
        scores[1000:].tolist(), right[1000:].tolist(), equal_width=True
    )
    after = expected_calibration_error(
        [calibration(score) for score in scores[1000:]], right[1000:].tolist(), equal_width=True
    )
    assert before > 0.1
    assert after < 0.06


def test_too_little_to_calibrate_on_leaves_scores_alone() -> None:
    assert Calibration.fit([0.3, 0.9], [True, False])(0.4) == pytest.approx(0.4)
    assert Calibration.fit([0.9] * 50, [True] * 50)(0.4) == pytest.approx(0.4)


def test_decisions_are_calibrated_and_choose_the_best_f1() -> None:
    logits = [n / 50 - 4 for n in range(400)]
    right = [n % 10 < (n // 40) for n in range(400)]
    decision = fit_decision(logits, right, sum(right))
    confidence = [decision.confidence(x) for x in logits]
    assert confidence == sorted(confidence)
    assert expected_calibration_error(confidence, right) < 0.08
    assert 0.2 < decision.threshold < 0.6


def test_confidences_allow_for_what_an_annotation_leaves_out() -> None:
    logits = [n / 50 - 4 for n in range(400)]
    right = [n % 10 < (n // 80) for n in range(400)]
    whole, half = fit_decision(logits, right, 80), fit_decision(logits, right, 80, stated_share=0.5)
    assert half.confidence(0) == pytest.approx(2 * whole.confidence(0), abs=0.02)


def test_calibration_error_of_the_sure_and_wrong_is_one() -> None:
    assert expected_calibration_error([1.0, 1.0], [False, False]) == 1.0
    assert expected_calibration_error([], []) == 0.0


def test_bins_of_equal_width_are_weighted_by_what_lies_in_them() -> None:
    confidences, right = [0.1, 0.9, 0.9, 0.9], [False, True, True, False]
    error = expected_calibration_error(confidences, right, bins=2, equal_width=True)
    assert error == pytest.approx(0.25 * 0.1 + 0.75 * abs(0.9 - 2 / 3))
