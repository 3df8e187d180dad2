"""Merged pairs, their order and probabilities, with hand-computed numbers."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
from scipy.special import expit

from kg_builder.fusion.cluster import Clustering, cluster

MATCH = 0.9
"""Its log-odds are 2.2: what is to match has more."""


def clustered(size, odds, *, exclusive=None, **settings) -> Clustering:
    """Cluster by the log-odds of pairs."""
    pairs = sorted(odds)
    return cluster(
        size,
        np.array(pairs, dtype=np.int64).reshape(-1, 2),
        expit(np.array([odds[pair] for pair in pairs], dtype=float)),
        np.full(len(pairs), MATCH),
        exclusive=[-1] * size if exclusive is None else exclusive,
        **settings,
    )


def path(*steps):
    """A merge path of a `Clustering`, with the log-odds between the sides."""
    return [(left, right, pytest.approx(float(expit(odds)))) for left, right, odds in steps]


def test_a_merge_has_the_mean_of_the_log_odds_across():
    """(1, 3) and (0, 2) merge first; then (1, 2) merges all, by the mean of four pairs."""
    odds = {(1, 3): 3.9, (0, 2): 3.8, (1, 2): 3.0, (0, 1): 1.0, (0, 3): 2.0, (2, 3): -0.5}
    found = clustered(4, odds)
    assert found.label.tolist() == [0, 0, 0, 0]
    assert found.label.dtype == np.int64
    assert found.path == path((1, 3, 3.9), (0, 2, 3.8), (1, 2, (3 + 1 + 2 - 0.5) / 4))
    assert found.refused == {}


@pytest.mark.parametrize(("between", "merged"), [(-2.9, True), (-3.1, False)])
def test_a_mean_of_zero_is_enough(between, merged):
    found = clustered(3, {(0, 1): 3.5, (1, 2): 3.0, (0, 2): between})
    assert found.label.tolist() == ([0, 0, 0] if merged else [0, 0, 2])
    if not merged:
        assert found.refused == {(1, 2): "the clusters do not agree as a whole"}
        assert found.path == path((0, 1, 3.5))


def test_as_much_for_as_against_is_not_enough_and_log_odds_are_kept_within_four():
    """Four and minus four make zero; so do ten and minus fourteen."""
    extreme = {(0, 1): 10.0, (1, 2): 9.0, (0, 2): -14.0}
    found = clustered(3, extreme, linkage=-0.01)
    assert found.path == path((0, 1, 4.0), (1, 2, 0.0))
    assert clustered(3, extreme, linkage=0.0).label.tolist() == [0, 0, 2]


def test_a_pair_that_was_never_compared_counts_a_little_against():
    pairs = {(0, 1): 3.5, (1, 2): 3.0}
    assert clustered(3, pairs).path == path((0, 1, 3.5), (1, 2, (3.0 - 1.5) / 2))
    assert clustered(3, pairs, unseen=-4.0).label.tolist() == [0, 0, 2]
    defaults = inspect.signature(cluster).parameters
    assert (defaults["unseen"].default, defaults["linkage"].default) == (-1.5, 0.0)


def test_a_probability_at_the_threshold_matches():
    pairs, probability = np.array([[0, 1]]), np.array([MATCH])
    for match, label in ((MATCH, [0, 0]), (MATCH + 1e-9, [0, 1])):
        found = cluster(2, pairs, probability, np.array([match]), exclusive=[-1, -1])
        assert found.label.tolist() == label


def test_better_pairs_go_first_and_equal_ones_in_their_order():
    found = clustered(6, {(0, 3): 3.0, (1, 2): 3.0, (4, 5): 3.5})
    assert [step[:2] for step in found.path] == [(4, 5), (0, 3), (1, 2)]
    found = clustered(3, {(0, 1): 2.5, (0, 2): 3.0, (1, 2): 2.5}, exclusive=[-1, 7, 7])
    assert found.label.tolist() == [0, 1, 0]


def test_a_source_is_clean_only_where_it_says_so():
    pair = {(0, 1): 3.0}
    for source in (None, -1, -7):
        assert clustered(2, pair, exclusive=[source] * 2).label.tolist() == [0, 0]
    for source in (0, 1, 5):
        found = clustered(2, pair, exclusive=[source] * 2)
        assert found.label.tolist() == [0, 1]
        assert found.refused == {(0, 1): "a clean source would hold it twice"}
    assert clustered(2, pair, exclusive=[0, 1]).label.tolist() == [0, 0]


def test_what_a_cluster_holds_of_a_clean_source_counts_for_all_of_it():
    odds = {(0, 1): 3.9, (0, 2): 3.0, (1, 2): 3.0}
    found = clustered(3, odds, exclusive=[-1, 4, 4])
    assert found.label.tolist() == [0, 0, 2]


@pytest.mark.parametrize("cannot", [(0, 3), (3, 0)])
def test_a_persons_no_holds_between_all_records_of_two_clusters(cannot):
    """Whichever side of the pair has which of the two."""
    odds = {(1, 3): 3.9, (0, 2): 3.8, (1, 2): 3.0}
    found = clustered(4, odds, cannot=[cannot], unseen=4.0)
    assert found.label.tolist() == [0, 1, 0, 1]
    assert found.refused == {
        (1, 2): "a person called them different, or several of the source have the name"
    }
    turned = clustered(4, {(0, 2): 3.9, (1, 3): 3.8, (0, 3): 3.0}, cannot=[(1, 2)], unseen=4.0)
    assert turned.label.tolist() == [0, 1, 0, 1]


def test_a_persons_yes_goes_first_and_overrules_clean_sources_and_the_mean():
    found = clustered(3, {(0, 1): -4.0, (1, 2): 3.9}, must=[(0, 1)], exclusive=[2, 2, -1])
    assert found.path[0] == (0, 1, 1.0)
    assert found.label.tolist() == [0, 0, 0]
    assert found.path[1:] == path((1, 2, (3.9 - 1.5) / 2))
    again = clustered(3, {}, must=[(0, 1), (0, 2), (1, 2)])
    assert again.path == [(0, 1, 1.0), (0, 2, 1.0)]
    assert again.label.tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    "settings",
    [{"exclusive": [3, 3, -1, -1]}, {"cannot": [(0, 1)]}, {"linkage": 3.1}],
    ids=["clean source", "person", "mean"],
)
def test_after_a_refused_pair_the_others_go_on(settings):
    """The refused pair is the best one, or, for the mean, the one that joins two clusters."""
    if "linkage" in settings:
        odds = {(0, 1): 3.9, (1, 2): 3.8, (3, 4): 3.5}
        found = clustered(5, odds, **settings)
        assert found.label.tolist() == [0, 0, 2, 3, 3]
    else:
        found = clustered(4, {(0, 1): 3.9, (2, 3): 3.0}, **settings)
        assert found.label.tolist() == [0, 1, 2, 2]
    assert len(found.refused) == 1


def test_of_equally_probable_pairs_those_of_the_same_spelling_come_first():
    pairs, even = np.array([[0, 2], [1, 2]]), np.array([0.9, 0.9])
    for first, expected in (([True, False], [0, 1, 0]), ([False, True], [0, 1, 1])):
        found = cluster(3, pairs, even, np.full(2, 0.8), exclusive=[0, 0, 1], first=np.array(first))
        assert found.label.tolist() == expected
