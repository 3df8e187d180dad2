"""Re-ranking against the published formulas, computed naively."""

from __future__ import annotations

import math

import numpy as np
import pytest

from recommender.data import load, split
from recommender.errors import ConfigError
from recommender.lists.criteria import criteria
from recommender.lists.options import ListOptions
from recommender.lists.rerank import Reranker, relevance_of
from recommender.scoring import ItemSets, TopK

K = 6


@pytest.fixture(scope="module")
def train(named_toy_data):
    return split(load(named_toy_data), 1).train


@pytest.fixture(scope="module")
def pools(train):
    """Twelve random items for each of five users, by falling random scores; one pool is short."""
    rng = np.random.default_rng(1)
    items = np.array([rng.permutation(train.n_items)[:12] for _ in range(5)])
    scores = -np.sort(-rng.normal(size=(5, 12)), axis=1)
    items[4, 3:], scores[4, 3:] = -1, -np.inf
    return TopK(items, scores)


def lists(train, pools, **weights):
    histories = ItemSets(*train.history)
    return Reranker(train, weights).choose(pools, range(5), histories, K)


def attributes(train, item: int) -> dict[int, float]:
    """The tf-idf vector of an item, from the triples one by one."""
    sets = [set() for _ in range(train.n_items)]
    graph = train.graph
    for head, tail in zip(graph.head.tolist(), graph.tail.tolist(), strict=True):
        if head < train.n_items:
            sets[head].add(tail)
        if tail < train.n_items:
            sets[tail].add(head)
    counts = {e: sum(e in s for s in sets) for e in sets[item]}
    vector = {e: math.log(train.n_items / count) for e, count in counts.items()}
    length = math.sqrt(sum(v * v for v in vector.values())) or 1.0
    return {e: v / length for e, v in vector.items()}


def cosine(a: dict[int, float], b: dict[int, float]) -> float:
    return sum(value * b.get(e, 0.0) for e, value in a.items())


def relevance(pools, user: int) -> tuple[list[int], list[float]]:
    items = [i for i in pools.items[user].tolist() if i >= 0]
    scores = pools.scores[user][: len(items)]
    low, high = min(scores), max(scores)
    return items, [(s - low) / (high - low) for s in scores]


@pytest.mark.parametrize("weight", [0.2, 0.5, 0.9])
def test_diversity_is_maximal_marginal_relevance(train, pools, weight):
    found = lists(train, pools, diversity=weight)
    vectors = [attributes(train, item) for item in range(train.n_items)]
    for user in range(5):
        items, values = relevance(pools, user)
        chosen: list[int] = []
        while len(chosen) < min(K, len(items)):
            best = max(
                (i for i in items if i not in chosen),
                key=lambda i: (
                    (1 - weight) * values[items.index(i)]
                    - weight * max((cosine(vectors[i], vectors[c]) for c in chosen), default=0.0)
                ),
            )
            chosen.append(best)
        assert found.items[user].tolist() == chosen + [-1] * (K - len(chosen))


@pytest.mark.parametrize("weight", [0.2, 0.5, 0.9])
def test_calibration_is_stecks_greedy_algorithm(train, pools, weight):
    found = lists(train, pools, calibration=weight)
    genre = {i: 30 + i % 2 for i in range(train.n_items)}  # conftest: two genres, by parity
    histories = ItemSets(*train.history)
    for user in range(5):
        items, values = relevance(pools, user)
        own = [genre[i] for i in histories.of(user).tolist()]
        p = {g: own.count(g) / len(own) for g in set(own)}

        def divergence(chosen: list[int], p: dict[int, float] = p) -> float:
            total = 0.0
            for g, share in p.items():
                q = sum(genre[i] == g for i in chosen) / len(chosen)
                total += share * math.log(share / (0.99 * q + 0.01 * share))
            return total

        chosen: list[int] = []
        while len(chosen) < min(K, len(items)):
            best = max(
                (i for i in items if i not in chosen),
                key=lambda i: round(
                    (1 - weight) * sum(values[items.index(c)] for c in [*chosen, i])
                    - weight * divergence([*chosen, i]),
                    9,
                ),
            )
            chosen.append(best)
        assert found.items[user].tolist() == chosen + [-1] * (K - len(chosen))


def test_popularity_adds_the_logarithm_of_the_listeners(train, pools):
    counts = np.bincount(train.positives[1], minlength=train.n_items)
    bias = np.log1p(counts) / np.log1p(counts.max())
    for weight in (-0.7, 0.4):
        found = lists(train, pools, popularity=weight)
        for user in range(4):
            items, values = relevance(pools, user)
            total = np.array(values) + weight * bias[items]
            order = np.argsort(-total, kind="stable")[:K]
            assert found.items[user].tolist() == [items[index] for index in order]


def test_criteria_add_up(train, pools):
    """With all three, the first item has no list to differ from: relevance, popularity, genres."""
    found = lists(train, pools, diversity=0.3, calibration=0.2, popularity=-0.5)
    again = lists(train, pools, popularity=-0.5, calibration=0.2, diversity=0.3)
    assert found.items.tolist() == again.items.tolist()
    rows = [sorted(i for i in row if i >= 0) for row in found.items.tolist()]
    for row, pool in zip(rows, pools.items.tolist(), strict=True):
        assert len(set(row)) == len(row)
        assert set(row) <= set(pool)


def test_scores_stay_those_of_the_model(train, pools):
    found = lists(train, pools, diversity=0.5)
    for user in range(5):
        by_item = dict(zip(pools.items[user].tolist(), pools.scores[user].tolist(), strict=True))
        shown = found.items[user] >= 0
        expected = [by_item[i] for i in found.items[user][shown].tolist()]
        assert found.scores[user][shown].tolist() == expected
        assert np.isneginf(found.scores[user][~shown]).all()


def test_nothing_asked_for_leaves_the_order(train, pools):
    found = lists(train, pools)
    assert found.items.tolist() == pools.items[:, :K].tolist()


def test_full_diversity_takes_another_genre_second(train, pools):
    found = lists(train, pools, diversity=1.0)
    assert all(first % 2 != second % 2 for first, second in found.items[:4, :2].tolist())


def test_relevance_of_equal_scores_is_equal():
    assert relevance_of(np.array([2.0, 2.0])).tolist() == [1.0, 1.0]
    assert relevance_of(np.array([])).tolist() == []
    assert relevance_of(np.array([4.0, 3.0, 2.0])).tolist() == [1.0, 0.5, 0.0]


def test_weights_out_of_range_are_refused():
    assert list(criteria()) == ["calibration", "diversity", "popularity"]
    with pytest.raises(ConfigError, match=r"--diversity 1\.5: give a weight from 0 to 1"):
        ListOptions(weights={"diversity": 1.5})
    with pytest.raises(ConfigError, match="--popularity 3"):
        ListOptions(weights={"popularity": 3})
    with pytest.raises(ConfigError, match="more than 1 together"):
        ListOptions(weights={"diversity": 0.6, "calibration": 0.6})
    with pytest.raises(ConfigError, match="no criterion 'novelty'; there are calibration"):
        ListOptions(weights={"novelty": 0.1})
    with pytest.raises(ConfigError, match="pool"):
        ListOptions(pool=0)
