"""Splits, negatives, corrupted triples and S(v): valid samples, no leakage."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender import ConfigError, load, split
from recommender.data import FreshNegatives, Interactions, KnowledgeGraph, TrainingSplit
from recommender.data.associations import Associations
from recommender.data.negatives import corrupt_tails


def rows_of(part) -> set[tuple[int, int, int]]:
    return set(zip(part.users.tolist(), part.items.tolist(), part.labels.tolist(), strict=True))


def test_parts_are_6_2_2_and_disjoint(toy_data: Path) -> None:
    data = load(toy_data)
    parts = split(data, 4)
    n = len(data.interactions)
    assert (len(parts.valid), len(parts.test)) == (n // 5, n // 5)
    train, valid, test = rows_of(parts.train), rows_of(parts.valid), rows_of(parts.test)
    assert not (train & valid or train & test or valid & test)
    assert train | valid | test == rows_of(data.interactions)


def test_parts_follow_the_public_code(toy_data: Path) -> None:
    """np.random.seed, then choice of validation among all and of test among the rest."""
    data = load(toy_data)
    n = len(data.interactions)
    rng = np.random.RandomState(555)  # what np.random.seed(555) gives
    valid = rng.choice(list(range(n)), size=int(n * 0.2), replace=False)
    left = set(range(n)) - set(valid.tolist())
    test = rng.choice(list(left), size=int(n * 0.2), replace=False)
    parts = split(data, 555)
    assert rows_of(parts.valid) == rows_of(data.interactions.rows(valid))
    assert rows_of(parts.test) == rows_of(data.interactions.rows(test))


def test_seeds_decide(toy_data: Path) -> None:
    data = load(toy_data)
    assert rows_of(split(data, 1).test) == rows_of(split(data, 1).test)
    assert rows_of(split(data, 1).test) != rows_of(split(data, 2).test)


@pytest.mark.parametrize("ratios", [(0.5, 0.2, 0.2), (1.0, 0.0, 0.0), (0.9999, 0.00005, 0.00005)])
def test_impossible_ratios_are_refused(ratios: tuple[float, float, float], toy_data: Path) -> None:
    with pytest.raises(ConfigError):
        split(load(toy_data), 1, ratios)


def world(n_users: int, n_items: int, seed: int) -> TrainingSplit:
    rng = np.random.default_rng(seed)
    pairs = np.flatnonzero(rng.random(n_users * n_items) < 0.4)
    users, items = np.divmod(pairs, n_items)
    if not len(pairs):
        users, items = np.array([0]), np.array([0])
    none = np.zeros(0, dtype=np.int64)
    graph = KnowledgeGraph(none, none, none, n_items, 0)
    rows = Interactions(users, items, np.ones(len(users), dtype=np.int64))
    return TrainingSplit(rows, graph, n_users, n_items)


@given(st.integers(1, 8), st.integers(1, 8), st.integers(0, 99))
def test_fresh_negatives_are_never_train_positives(n_users: int, n_items: int, seed: int) -> None:
    train = world(n_users, n_items, seed)
    rows = FreshNegatives(train).draw(np.random.default_rng(seed))
    negative = rows.labels == 0
    assert not train.is_positive(rows.users[negative], rows.items[negative]).any()
    assert rows_of(rows.rows(~negative)) == rows_of(train.interactions)
    # one per positive, but for users who have every item
    full = np.bincount(train.users, minlength=n_users) == n_items
    assert negative.sum() == (~full[train.users]).sum()


def test_fresh_negatives_are_uniform_and_new(toy_data: Path) -> None:
    train = split(load(toy_data), 1).train
    sampler = FreshNegatives(train)
    rng = np.random.default_rng(0)
    draws = [sampler.draw(rng) for _ in range(400)]
    assert not np.array_equal(draws[0].items, draws[1].items)
    user = 3
    drawn = np.concatenate([d.items[(d.labels == 0) & (d.users == user)] for d in draws])
    counts = np.bincount(drawn, minlength=train.n_items)
    allowed = ~train.is_positive(np.full(train.n_items, user), np.arange(train.n_items))
    assert (counts[~allowed] == 0).all()
    expected = len(drawn) / allowed.sum()
    chi2 = ((counts[allowed] - expected) ** 2 / expected).sum()
    assert chi2 < 3 * allowed.sum()


def test_corrupted_triples_are_not_in_the_graph(toy_data: Path) -> None:
    graph = load(toy_data).graph
    rng = np.random.default_rng(0)
    first, second = corrupt_tails(graph, rng), corrupt_tails(graph, rng)
    for tails in (first, second):
        assert not graph.contains(graph.head, graph.relation, tails).any()
    assert not np.array_equal(first, second)


def test_corruption_ends_where_nothing_is_false() -> None:
    graph = KnowledgeGraph(*np.array([[0, 0], [0, 0], [0, 1]]), 2, 1)
    assert len(corrupt_tails(graph, np.random.default_rng(0))) == 2


def test_associations(toy_data: Path) -> None:
    data = load(toy_data)
    rng = np.random.default_rng(0)
    items = np.arange(data.n_items)
    own = Associations(data.graph, data.n_items, "own")
    assert np.array_equal(own.entities_of(items, rng), items)
    # a genre samples a neighbouring item; an entity without items has none
    heads = np.array([3, data.n_items, data.n_entities - 2])
    for _ in range(5):
        v = own.items_of(heads, rng)
        assert v[0] == 3 and v[2] == -1
        assert v[1] % 2 == 0 and v[1] < data.n_items
    neighbour = Associations(data.graph, data.n_items, "neighbour")
    drawn = {int(neighbour.entities_of(np.array([7]), rng)[0]) for _ in range(60)}
    assert drawn == {data.n_items + 1, data.n_items + 2 + 7}
    offsets, members = neighbour.entity_lists()
    assert set(members[offsets[7] : offsets[8]].tolist()) == drawn


def test_items_without_neighbours_stand_for_themselves() -> None:
    graph = KnowledgeGraph(*np.array([[1], [0], [3]]), 4, 1)
    rng = np.random.default_rng(0)
    associations = Associations(graph, 3, "neighbour")
    assert associations.entities_of(np.array([0, 1, 2]), rng).tolist() == [0, 3, 2]
    offsets, members = associations.entity_lists()
    assert offsets.tolist() == [0, 1, 2, 3] and members.tolist() == [0, 3, 2]


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_that_the_generator_does_not_take_is_refused(toy_data, seed):
    with pytest.raises(ConfigError, match="give a number from 0 to 4294967295"):
        split(load(toy_data), seed)
