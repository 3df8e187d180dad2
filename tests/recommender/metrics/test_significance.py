"""Intervals and tests against their definitions, scipy, and known distributions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from recommender.metrics import auc
from recommender.metrics.significance import (
    bootstrap_p_value,
    delong_test,
    holm,
    paired_t_test,
    percentile_interval,
    resample_users,
    resampled_auc,
    resampled_mean,
    sign_flip_test,
    wilcoxon_test,
)


def make_rows(n_users=50, per_user=8, seed=0, ties=False):
    random = np.random.default_rng(seed)
    users = np.repeat(np.arange(n_users), per_user)
    labels = random.integers(0, 2, len(users))
    scores = random.normal(size=len(users)) + labels
    return users, labels, np.round(scores) if ties else scores


@pytest.mark.parametrize("ties", [False, True])
def test_resampled_auc_is_the_auc_of_the_copied_rows(ties):
    users, labels, scores = make_rows(ties=ties)
    weights = resample_users(50, 20, seed=1)
    found = resampled_auc(labels, scores, users, weights)
    for sample, value in zip(weights.astype(int), found, strict=True):
        copies = np.repeat(np.arange(len(users)), sample[users])
        assert value == pytest.approx(auc(labels[copies], scores[copies]), abs=1e-12)


def test_resampled_mean_is_the_mean_of_the_copied_rows():
    users, labels, _ = make_rows()
    keep = users % 3 != 0  # users of different sizes, some without a row
    weights = resample_users(50, 20, seed=1)
    sums = np.bincount(users[keep], labels[keep], minlength=50)
    sizes = np.bincount(users[keep], minlength=50)
    found = resampled_mean(sums, sizes, weights)
    for sample, value in zip(weights.astype(int), found, strict=True):
        copies = np.repeat(np.flatnonzero(keep), sample[users[keep]])
        assert value == pytest.approx(labels[copies].mean(), abs=1e-12)


def test_every_resample_draws_as_many_users_as_there_are():
    weights = resample_users(30, 100, seed=3)
    assert (weights.sum(axis=1) == 30).all()
    assert weights.mean() == pytest.approx(1.0)
    np.testing.assert_array_equal(weights, resample_users(30, 100, seed=3))
    assert (weights != resample_users(30, 100, seed=4)).any()


def test_interval_covers_the_truth_as_often_as_it_says():
    random = np.random.default_rng(5)
    covered = 0
    for trial in range(200):
        values = random.normal(loc=1.0, size=80)
        samples = resampled_mean(values, np.ones(80), resample_users(80, 400, seed=trial))
        low, high = percentile_interval(samples)
        covered += low <= 1.0 <= high
    assert 0.89 <= covered / 200 <= 0.985


def test_interval_over_users_is_wider_when_a_users_rows_are_copies():
    users, labels, scores = make_rows(n_users=60, per_user=1)
    weights = resample_users(60, 500)
    low, high = percentile_interval(resampled_auc(labels, scores, users, weights))
    copied = [np.repeat(x, 9) for x in (labels, scores, users)]
    low9, high9 = percentile_interval(resampled_auc(*copied, weights))
    assert (low9, high9) == pytest.approx((low, high))  # nine copies are no more evidence than one


def test_undefined_resamples_are_left_out_and_too_many_give_no_interval():
    assert percentile_interval([np.nan] * 6 + [0.5] * 4) is None
    assert percentile_interval([np.nan] * 4 + [0.5] * 6) == (0.5, 0.5)
    assert math.isnan(bootstrap_p_value([np.nan]))
    assert np.isnan(resampled_auc([1, 1], [0.1, 0.2], [0, 1], resample_users(2, 3))).all()


def test_bootstrap_p_counts_the_wrong_side_twice():
    assert bootstrap_p_value(np.full(999, 0.1)) == pytest.approx(2 / 1000)
    assert bootstrap_p_value([0.1] * 90 + [-0.1] * 9) == pytest.approx(2 * 10 / 100)
    assert bootstrap_p_value(np.zeros(50)) == 1.0


def naive_delong(labels, first, second):
    """The definition: compare every positive with every negative."""
    positive = labels == 1
    shares = []
    for scores in (first, second):
        above = scores[positive][:, None] - scores[~positive][None, :]
        shares.append(np.where(above > 0, 1.0, np.where(above == 0, 0.5, 0.0)))
    gap = shares[1] - shares[0]
    variance = (
        gap.mean(1).var(ddof=1) / positive.sum() + gap.mean(0).var(ddof=1) / (~positive).sum()
    )
    return gap.mean(), math.sqrt(variance)


@pytest.mark.parametrize("ties", [False, True])
def test_delong_is_its_definition(ties):
    _, labels, first = make_rows(seed=2, ties=ties)
    second = first + np.random.default_rng(9).normal(scale=0.7, size=len(first)).round(
        0 if ties else 9
    )
    found = delong_test(labels, first, second)
    difference, error = naive_delong(labels, first, second)
    assert found.difference == pytest.approx(difference, abs=1e-12)
    assert found.standard_error == pytest.approx(error, abs=1e-12)
    assert found.p_value == pytest.approx(2 * stats.norm.sf(abs(difference / error)), abs=1e-12)
    assert found.auc_first == pytest.approx(auc(labels, first), abs=1e-12)


def test_delong_rejects_at_its_level_where_nothing_differs():
    rejected = 0
    for seed in range(300):
        _, labels, base = make_rows(seed=seed)
        random = np.random.default_rng(1000 + seed)
        first, second = (base + random.normal(size=len(base)) for _ in range(2))
        rejected += delong_test(labels, first, second).p_value < 0.05
    assert 0.02 <= rejected / 300 <= 0.09


def test_delong_of_the_same_order_finds_no_difference():
    _, labels, scores = make_rows()
    assert delong_test(labels, scores, 2 * scores + 1).p_value == 1.0
    assert delong_test([1, 1, 1], [1, 2, 3], [1, 2, 3]) is None


def test_sign_flips_agree_with_the_exact_test():
    differences = np.array([0.3, -0.1, 0.4, 0.2, 0.5, 0.1, -0.2, 0.6])
    exact = stats.permutation_test(
        (differences,), np.mean, permutation_type="samples", n_resamples=np.inf
    ).pvalue
    found = sign_flip_test({"a": differences, "b": -differences}, n_permutations=40_000)
    assert found["a"] == pytest.approx(exact, abs=0.01)
    assert found["b"] == found["a"]


def test_sign_flips_of_equal_runs_and_of_very_different_ones():
    found = sign_flip_test({"same": np.zeros(40), "better": np.ones(40)}, n_permutations=999)
    assert found == {"same": 1.0, "better": 1 / 1000}


def test_t_and_wilcoxon_are_scipys():
    values = np.array([0.004, 0.001, 0.006, -0.002, 0.003])
    p, low, high = paired_t_test(values)
    reference = stats.ttest_1samp(values, 0)
    assert p == pytest.approx(reference.pvalue)
    assert (low, high) == pytest.approx(tuple(reference.confidence_interval(0.95)))
    assert wilcoxon_test(values) == pytest.approx(stats.wilcoxon(values).pvalue)
    assert paired_t_test([0.1]) is None
    assert paired_t_test([0.1, 0.1]) == (0.0, 0.1, 0.1)
    assert wilcoxon_test([0.0, 0.0]) is None


def test_holm_by_hand():
    assert holm({"a": 0.01, "b": 0.04, "c": 0.03}) == pytest.approx(
        {"a": 0.03, "b": 0.06, "c": 0.06}
    )
    found = holm({"a": 0.01, "b": float("nan")})
    assert found["a"] == 0.01
    assert math.isnan(found["b"])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_holm_never_helps_and_keeps_the_order(p_values):
    raw = {str(n): p for n, p in enumerate(p_values)}
    adjusted = holm(raw)
    assert all(raw[n] <= adjusted[n] <= 1 for n in raw)
    by_raw = [adjusted[n] for n in sorted(raw, key=lambda n: (raw[n], adjusted[n]))]
    assert by_raw == sorted(by_raw)
