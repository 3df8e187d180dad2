"""Mining on synthetic data with known truth: held-out facts, training, predictions."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from recommender.data.graph import KnowledgeGraph
from recommender.mining import MODELS, Mined, MiningProblem, Target, mine
from recommender.mining.calibrate import wilson_lower
from recommender.mining.features import entity_features
from recommender.mining.problem import hold_out

N, NATIONS, TAGS = 600, 4, 40
COUNTRY, TAG, FRIEND = 0, 1, 2


@cache
def world() -> tuple[MiningProblem, np.ndarray]:
    """Singers of four nations, indicated by tags and friends; every other country is unknown.

    Sources: 0 states countries and friends, 1 the tags. The last fifty singers have no fact.
    """
    rng = np.random.default_rng(2)
    nation = rng.integers(NATIONS, size=N)
    heads, relations, tails, sources = [], [], [], []

    def add(h: int, r: int, t: int, source: int) -> None:
        heads.append(h), relations.append(r), tails.append(t), sources.append(source)

    first_tag = N + NATIONS
    for singer in range(N - 50):
        for _ in range(3):
            tag = nation[singer] * 10 + rng.integers(10)
            add(singer, TAG, first_tag + int(tag), 1)
        friends = np.flatnonzero((nation == nation[singer]) & (np.arange(N) < N - 50))
        add(singer, FRIEND, int(rng.choice(friends)), 0)
        if singer % 2:
            add(singer, COUNTRY, N + int(nation[singer]), 0)
    graph = KnowledgeGraph(
        *(np.array(column) for column in (heads, relations, tails)), first_tag + TAGS, 3
    )
    known = np.unique(graph.head[graph.relation == COUNTRY])
    singers = np.arange(N)
    target = Target(singers, N + np.arange(NATIONS), np.setdiff1d(singers, known), single=True)
    texts = [f"x{e}" for e in range(graph.n_entities)]
    return MiningProblem(graph, np.array(sources), texts, {COUNTRY: target}), nation


@cache
def mined(*models: str) -> Mined:
    return mine(world()[0], models, epochs=20, share=0.5, precision=0.75)


@pytest.mark.parametrize("model", ["inductive", "complex"])
def test_what_is_proposed_is_true_and_as_sure_as_it_says(model: str) -> None:
    found, (problem, nation) = mined(model), world()
    assert len(found.head) > 60
    right = nation[found.head] == found.tail - N
    assert right.mean() > 0.9
    assert abs(right.mean() - found.confidence.mean()) < 0.1
    assert np.isin(found.head, problem.targets[COUNTRY].gaps).all()
    assert len(np.unique(found.head)) == len(found.head)  # one country each
    # of singers without tags or friends nothing is claimed
    assert not (found.head >= N - 50).any()


def test_measured_on_the_other_half_of_what_was_hidden() -> None:
    measured = mined("inductive").measured[COUNTRY]
    assert measured.thresholds[2] < 1
    assert np.isinf(measured.thresholds[0])
    assert 0 < measured.right <= measured.taken < measured.subjects
    assert measured.low < measured.right / measured.taken
    assert (np.diff(measured.curve[:, 0]) <= 0).all()


def test_models_agree_on_the_interface() -> None:
    """Every model mines; an untrained one predicts nothing rather than noise."""
    problem, nation = world()
    for model in sorted(set(MODELS) - {"inductive", "complex"}):
        found = mine(problem, [model], epochs=2, share=0.3)
        right = nation[found.head] == found.tail - N
        assert not len(found.head) or right.mean() > 0.85, model


def test_noise_is_not_mined() -> None:
    problem, _ = world()
    graph, rng = problem.graph, np.random.default_rng(0)
    tail = graph.tail.copy()
    own = graph.relation == COUNTRY
    tail[own] = N + rng.integers(NATIONS, size=own.sum())
    shuffled = KnowledgeGraph(graph.head, graph.relation, tail, graph.n_entities, 3)
    noise = MiningProblem(shuffled, problem.sources, problem.texts, problem.targets)
    assert len(mine(noise, ["inductive"], epochs=5, share=0.5).head) == 0


def test_same_seed_same_facts() -> None:
    problem, _ = world()
    one, other = (mine(problem, ["inductive"], epochs=3, precision=0.5) for _ in range(2))
    np.testing.assert_array_equal(one.head, other.head)
    np.testing.assert_array_equal(one.confidence, other.confidence)


def test_a_hidden_fact_goes_with_what_its_source_states() -> None:
    problem, _ = world()
    hidden = hold_out(problem, 0.5, 1)
    graph, train, subjects = problem.graph, hidden.train, hidden.subjects[COUNTRY]
    assert len(subjects)
    of_source_1 = 0
    for subject in subjects.tolist():
        assert not ((train.head == subject) & (train.relation == COUNTRY)).any()
        friends = (train.head == subject) & (train.relation == FRIEND)
        tags = (train.head == subject) & (train.relation == TAG)
        before = ((graph.head == subject) & (graph.relation == TAG)).sum()
        if before > 2 and tags.sum() == before:  # the kind that loses a source
            of_source_1 += 1
            assert not friends.any()
    assert of_source_1
    assert len(train) + len(hidden.truth) < len(graph)
    assert set(hidden.truth.relation) == {COUNTRY}


def test_features_over_the_asked_relation_are_marked() -> None:
    """So that a model can exclude the predicted relation."""
    graph = KnowledgeGraph(
        np.array([0, 0, 1]), np.array([COUNTRY, TAG, COUNTRY]), np.array([2, 3, 2]), 4, 2
    )
    features = entity_features(graph, ["Abba", "", "Sweden", "pop"])
    rows = slice(features.start[0], features.start[1])
    over = features.relation[rows]
    assert set(over) == {-1, COUNTRY, TAG}
    for kind in (over == -1, over >= 0):
        assert kind.any()
    text = features.weight[rows][over == -1]
    assert (text**2).sum() == pytest.approx(1)


def test_wilson_bound() -> None:
    """Bound for 95 of 100 at 95%, by the formula."""
    low = wilson_lower(np.array([95, 0]), np.array([100, 0]), 0.95)
    assert low[0] == pytest.approx(0.9011, abs=1e-3)
    assert low[1] == 0.0
