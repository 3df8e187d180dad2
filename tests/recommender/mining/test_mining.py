"""Mining on synthetic data with known truth: held-out facts, training, predictions."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from recommender.data.graph import KnowledgeGraph
from recommender.mining import MODELS, Mined, MiningProblem, Target, mine
from recommender.mining.calibrate import wilson_lower
from recommender.mining.features import DESCRIPTION, NAME, entity_features
from recommender.mining.problem import HeldOut, hold_out
from recommender.mining.users import UserModel

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
    assert measured.thresholds[3] < 1
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


def with_listeners() -> tuple[MiningProblem, np.ndarray]:
    """The singers without facts but some countries; users of one nation each hear its singers.

    The last hundred singers have no user; all have a description that tells nothing.
    """
    problem, nation = world()
    rng = np.random.default_rng(8)
    pairs = []
    for user in range(120):
        own = np.flatnonzero((nation == user % NATIONS) & (np.arange(N) < N - 100))
        strangers = rng.choice(N - 100, size=3, replace=False)
        pairs += [(user, int(e)) for e in {*rng.choice(own, size=25, replace=False), *strangers}]
    graph = problem.graph
    stated = graph.relation == COUNTRY
    only = KnowledgeGraph(
        graph.head[stated], graph.relation[stated], graph.tail[stated], graph.n_entities, 3
    )
    singers = MiningProblem(
        only,
        problem.sources[stated],
        problem.names,
        problem.targets,
        descriptions=["a singer"] * graph.n_entities,
        interactions=np.array(sorted(pairs)),
    )
    return singers, nation


def test_the_users_of_an_item_tell_its_values() -> None:
    problem, nation = with_listeners()
    found = mine(problem, ["users"], epochs=20, share=0.3, precision=0.8)
    right = nation[found.head] == found.tail - N
    assert len(found.head) > 100
    assert right.mean() > 0.85
    assert not (found.head >= N - 100).any()  # nobody hears them


def test_a_relation_without_values_is_not_mined() -> None:
    problem, _ = with_listeners()
    nothing = np.zeros(0, dtype=np.int64)
    targets = {**problem.targets, FRIEND: Target(np.arange(N), nothing, np.arange(N), single=False)}
    found = mine(replace(problem, targets=targets), ["users"], epochs=2, share=0.5)
    assert FRIEND not in found.measured
    assert not (found.relation == FRIEND).any()


def test_an_item_says_nothing_about_itself() -> None:
    """A stated value does not count among those of the users' other items."""
    head, tail = np.array([0, 1]), np.array([2, 3])
    graph = KnowledgeGraph(head, np.zeros(2, dtype=np.int64), tail, 4, 1)
    target = Target(np.arange(2), np.array([2, 3]), np.zeros(0, dtype=np.int64), single=True)
    problem = MiningProblem(
        graph,
        np.zeros(2, dtype=np.int64),
        ["a", "b", "X", "Y"],
        {0: target},
        interactions=np.array([[0, 0], [0, 1]]),
    )
    everything = HeldOut(graph, {}, graph, 2, np.ones(4, dtype=np.int64), [""] * 4)
    model = UserModel(problem, everything, seed=0)
    ratios, users = model.shares[0].log_ratios(np.array([0, 1]))
    assert users.tolist() == [1, 1]
    assert ratios[0, 1] > 0 > ratios[0, 0]  # the other item's Y, not its own X
    assert ratios[1, 0] > 0 > ratios[1, 1]


def test_descriptions_are_hidden_like_facts() -> None:
    """Heads with gaps have no description here, so neither has any held-out subject."""
    problem, _ = world()
    described = [
        "" if e in set(problem.targets[COUNTRY].gaps.tolist()) else "from its country"
        for e in range(problem.graph.n_entities)
    ]
    hidden = hold_out(replace(problem, descriptions=described), 3, 0, 1)
    subjects = hidden.subjects[COUNTRY]
    assert len(subjects)
    assert {hidden.descriptions[e] for e in subjects} == {""}


def test_noise_is_not_mined() -> None:
    problem, _ = world()
    graph, rng = problem.graph, np.random.default_rng(0)
    tail = graph.tail.copy()
    own = graph.relation == COUNTRY
    tail[own] = N + rng.integers(NATIONS, size=own.sum())
    shuffled = KnowledgeGraph(graph.head, graph.relation, tail, graph.n_entities, 3)
    noise = MiningProblem(shuffled, problem.sources, problem.names, problem.targets)
    assert len(mine(noise, ["inductive"], epochs=5, share=0.5).head) == 0


def test_same_seed_same_facts() -> None:
    problem, _ = world()
    one, other = (mine(problem, ["inductive"], epochs=3, precision=0.5) for _ in range(2))
    np.testing.assert_array_equal(one.head, other.head)
    np.testing.assert_array_equal(one.confidence, other.confidence)


def test_each_subject_is_hidden_once_and_keeps_no_more_than_heads_with_gaps() -> None:
    problem, _ = world()
    graph, target = problem.graph, problem.targets[COUNTRY]
    with_value = np.unique(graph.head[graph.relation == COUNTRY])
    folds = [hold_out(problem, 3, number, 1) for number in range(3)]
    np.testing.assert_array_equal(
        np.sort(np.concatenate([fold.subjects[COUNTRY] for fold in folds])), with_value
    )

    def tags(part: KnowledgeGraph, heads: np.ndarray) -> np.ndarray:
        own = (part.relation == TAG) & np.isin(part.head, heads)
        return np.bincount(part.head[own], minlength=N)[heads]

    for fold in folds:
        subjects = fold.subjects[COUNTRY]
        train = fold.train
        assert not (np.isin(train.head, subjects) & (train.relation == COUNTRY)).any()
        assert set(fold.truth.relation) == {COUNTRY}
        left = tags(train, subjects)
        assert left.max() <= tags(graph, target.gaps).max()
        assert (left == 0).any()  # as the last singers
        assert (left == 3).any()


@cache
def genres() -> MiningProblem:
    """Singers with two of the three genres of a family, of which some are not stated."""
    rng = np.random.default_rng(4)
    singers, families = 900, 4
    family = rng.integers(families, size=singers)
    rows = []
    for singer in range(singers):
        own = singers + family[singer] * 3 + rng.permutation(3)
        rows += [(singer, 0, int(tail)) for tail in own[: 1 if singer < 300 else 3]]
        rows.append((singer, 1, singers + 3 * families + int(rng.integers(20))))
    head, relation, tail = np.array(rows).T
    graph = KnowledgeGraph(head, relation, tail, singers + 3 * families + 20, 2)
    own = relation == 0
    target = Target(
        np.arange(singers),
        singers + np.arange(3 * families),
        np.arange(singers),
        single=False,
        further=True,
        known=np.unique(head[own] * graph.n_entities + tail[own]),
    )
    return MiningProblem(
        graph, np.zeros(len(graph), dtype=np.int64), ["x"] * graph.n_entities, {0: target}
    )


def test_heads_with_a_value_get_further_ones() -> None:
    problem = genres()
    target = problem.targets[0]
    found = mine(problem, ["inductive"], epochs=20, share=0.5, precision=0.8)
    keys = found.head * problem.graph.n_entities + found.tail
    assert not np.isin(keys, target.known).any()
    assert len(np.unique(keys)) == len(keys)
    poor = found.head < 300
    assert poor.sum() > 100
    graph = problem.graph
    stated = dict(
        zip(graph.head[graph.relation == 0], graph.tail[graph.relation == 0], strict=True)
    )
    family = np.array([stated[head] for head in found.head[poor]])
    # these heads are less sure than held-out ones, and the required precision still holds
    assert ((family - 900) // 3 == (found.tail[poor] - 900) // 3).mean() > 0.8


def test_features_over_the_asked_relation_are_marked() -> None:
    """So that a model can exclude the predicted relation; what one entity alone has is left out."""
    graph = KnowledgeGraph(
        np.array([0, 0, 1]), np.array([COUNTRY, TAG, COUNTRY]), np.array([2, 3, 2]), 4, 2
    )
    names, descriptions = ["Abba", "Abba", "Sweden", "pop"], ["A band", "A band", "", ""]
    features = entity_features(graph, names, descriptions, np.array([0, 1]))
    rows = slice(features.start[0], features.start[1])
    over = features.relation[rows]
    assert set(over) == {NAME, DESCRIPTION, COUNTRY}  # nobody shares the tag
    assert set(features.value[rows][over == COUNTRY]) == {2}
    assert features.start[2] == features.start[4]  # not asked for
    for kind in (NAME, DESCRIPTION):
        assert (features.weight[rows][over == kind] ** 2).sum() == pytest.approx(1)


def test_wilson_bound() -> None:
    """Bound for 95 of 100 at 95%, by the formula."""
    low = wilson_lower(np.array([95, 0]), np.array([100, 0]), 0.95)
    assert low[0] == pytest.approx(0.9011, abs=1e-3)
    assert low[1] == 0.0
