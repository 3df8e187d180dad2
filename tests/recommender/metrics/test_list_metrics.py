"""List metrics against naive implementations, and on known lists."""

from __future__ import annotations

import math
from collections import Counter
from itertools import combinations, pairwise
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from recommender.data import Catalogue, HeldOut, Interactions, KnowledgeGraph, TrainingSplit
from recommender.metrics.catalogue import evaluate_catalogue
from recommender.metrics.lists import RecommendedLists, evaluate_lists, list_metrics
from recommender.metrics.lists.calibration import calibration_attributes
from recommender.metrics.ranking import evaluate_ranking, sample_users
from recommender.scoring import ItemSets

KS = (3, 8)
N_USERS, N_ITEMS, N_ENTITIES = 30, 150, 180
GENRE, LABEL = 0, 1


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Random lists, one short, two equal; a user without a history; items without a fact."""
    random = np.random.default_rng(3)
    weights = 1 / np.arange(1, N_ITEMS + 1)
    pairs = [
        (user, item)
        for user in range(1, N_USERS)
        for item in random.choice(N_ITEMS, 12, replace=False, p=weights / weights.sum())
    ]
    users, items = np.array(pairs).T
    facts = {
        (item, relation, int(random.integers(N_ITEMS, N_ITEMS + 12 + 18 * relation)))
        for item in range(N_ITEMS - 25)
        for relation in (GENRE, LABEL)
        for _ in range(random.integers(1, 4))
    }
    head, relation, tail = np.array(sorted(facts)).T
    backwards = random.random(len(head)) < 0.3
    head, tail = np.where(backwards, tail, head), np.where(backwards, head, tail)
    folder = tmp_path_factory.mktemp("names")
    (folder / "relations.tsv").write_text("id\tname\n0\tmusic.artist.genre\n1\trecord label\n")
    train = TrainingSplit(
        Interactions(users, items, np.ones_like(users)),
        KnowledgeGraph(head, relation, tail, N_ENTITIES, 2),
        N_USERS,
        N_ITEMS,
        Catalogue(folder),
    )
    rows = np.array([random.choice(N_ITEMS, 8, replace=False) for _ in range(N_USERS)])
    rows[3, 5:] = -1
    rows[5] = rows[4]
    lists = RecommendedLists(np.arange(N_USERS), rows, ItemSets(*train.history))
    return SimpleNamespace(train=train, lists=lists)


def neighbours(train: TrainingSplit, relation: int | None = None) -> dict[int, set[int]]:
    """Neighbouring entities of each item, triple by triple."""
    found: dict[int, set[int]] = {item: set() for item in range(train.n_items)}
    graph = train.graph
    for h, r, t in zip(graph.head, graph.relation, graph.tail, strict=True):
        if relation is None or r == relation:
            for one, other in ((h, t), (t, h)):
                if one < train.n_items:
                    found[int(one)].add(int(other))
    return found


def naive_novelty(train, items):
    played = Counter(int(i) for i in train.history[1])
    total = sum(played.values()) + train.n_items
    return sum(-math.log2((played[i] + 1) / total) for i in items) / len(items)


def naive_popularity_share(train, items):
    played = Counter(int(i) for i in train.history[1])
    best = sorted(range(train.n_items), key=lambda i: (-played[i], i))[:100]
    return sum(i in best for i in items) / len(items)


def naive_diversity(train, items):
    around = neighbours(train)
    having = Counter(e for entities in around.values() for e in entities)
    idf = {e: math.log(train.n_items / n) for e, n in having.items()}

    def cosine(a, b):
        lengths = [math.sqrt(sum(idf[e] ** 2 for e in around[i])) for i in (a, b)]
        return sum(idf[e] ** 2 for e in around[a] & around[b]) / math.prod(lengths)

    pairs = list(combinations([i for i in items if around[i]], 2))
    return 1 - sum(cosine(a, b) for a, b in pairs) / len(pairs) if pairs else math.nan


def naive_calibration(train, items, history, relation=GENRE):
    genres = neighbours(train, relation)

    def distribution(chosen):
        described = [i for i in chosen if genres[i]]
        shares: Counter[int] = Counter()
        for i in described:
            for genre in genres[i]:
                shares[genre] += 1 / len(genres[i]) / len(described)
        return shares

    p, q = distribution(history), distribution(items)
    return sum(v * math.log(v / (0.99 * q[g] + 0.01 * v)) for g, v in p.items())


def test_values_of_each_user_are_those_of_the_formulas(world):
    result = evaluate_lists(world.lists, world.train, KS)
    assert result.users.tolist() == list(range(1, N_USERS))  # nobody knows anything of user 0
    assert result.basis == {"calibration": "music.artist.genre"}
    for row, user in enumerate(result.users):
        history = ItemSets(*world.train.history).of(user).tolist()
        for k in KS:
            items = [int(i) for i in world.lists.items[user, :k] if i >= 0]
            expected = {
                "novelty": naive_novelty(world.train, items),
                "popularity_share": naive_popularity_share(world.train, items),
                "diversity": naive_diversity(world.train, items),
                "calibration": naive_calibration(world.train, items, history),
            }
            for name, value in expected.items():
                measured = result.per_user[f"{name}@{k}"][row]
                assert measured == pytest.approx(value, nan_ok=True), name
    assert 0 < result.means()["popularity_share@8"] < 1


def test_values_of_all_lists_are_those_of_a_count(world):
    means = evaluate_lists(world.lists, world.train, KS).means()
    for k in KS:
        rows = [tuple(int(i) for i in row[:k]) for row in world.lists.items[1:]]
        places = Counter(i for row in rows for i in row if i >= 0)
        assert means[f"distinct_items@{k}"] == len(places)
        assert means[f"coverage@{k}"] == pytest.approx(len(places) / N_ITEMS)
        equal = [sum(other == row for other in rows) > 1 for row in rows]
        assert means[f"shared_lists@{k}"] == sum(equal) == 2
        # Twice the area between the diagonal and the Lorenz curve, by trapezia.
        lorenz = np.cumsum([0, *sorted(places[i] for i in range(N_ITEMS))]) / places.total()
        under = sum((a + b) / 2 for a, b in pairwise(lorenz)) / N_ITEMS
        assert means[f"gini@{k}"] == pytest.approx(1 - 2 * under)


def test_a_list_like_the_history_is_calibrated_and_a_foreign_one_is_not(world):
    users = np.arange(1, N_USERS)
    histories = ItemSets(*world.train.history)
    own = RecommendedLists(users, np.array([histories.of(u) for u in users]), histories)
    assert evaluate_lists(own, world.train, (12,)).means()["calibration@12"] == pytest.approx(0)
    unknown = np.tile(np.arange(N_ITEMS - 25, N_ITEMS - 13), (len(users), 1))  # without a genre
    foreign = RecommendedLists(users, unknown, histories)
    worst = evaluate_lists(foreign, world.train, (12,))
    assert worst.means()["calibration@12"] == pytest.approx(-math.log(0.01))
    assert worst.means()["diversity@12"] is None  # of items without facts nobody can tell


def test_one_list_for_all_is_as_uneven_as_can_be(world):
    users = np.arange(1, N_USERS)
    same = RecommendedLists(users, np.full((len(users), 1), 7), ItemSets(*world.train.history))
    means = evaluate_lists(same, world.train, (1,)).means()
    assert means["gini@1"] == pytest.approx(1 - 1 / N_ITEMS)
    assert means["shared_lists@1"] == len(users)
    assert means["coverage@1"] == pytest.approx(1 / N_ITEMS)


def test_genres_that_few_items_have_give_way_to_all_facts(world):
    graph = world.train.graph
    few = (graph.relation == LABEL) | (np.minimum(graph.head, graph.tail) < 20)
    sparse = KnowledgeGraph(graph.head[few], graph.relation[few], graph.tail[few], N_ENTITIES, 2)
    train = TrainingSplit(world.train.interactions, sparse, N_USERS, N_ITEMS, world.train.catalogue)
    matrix, basis = calibration_attributes(train)
    assert basis == "all entities"
    around = neighbours(train)
    for item in (0, 60, N_ITEMS - 1):
        row = matrix[[item]].toarray()[0]
        assert set(np.flatnonzero(row)) == around[item]
        assert row.sum() == pytest.approx(1 if around[item] else 0)
    lists = evaluate_lists(world.lists, train, (8,))
    history = ItemSets(*train.history).of(1).tolist()
    items = world.lists.items[1].tolist()
    expected = naive_calibration(train, items, history, relation=None)
    assert lists.per_user["calibration@8"][0] == pytest.approx(expected)


def test_blocks_of_users_change_nothing(world, monkeypatch):
    whole = evaluate_lists(world.lists, world.train, KS)
    monkeypatch.setattr("recommender.metrics.lists.base._USERS_AT_A_TIME", 4)
    parts = evaluate_lists(world.lists, world.train, KS)
    for name, values in whole.per_user.items():
        np.testing.assert_array_equal(values, parts.per_user[name])


def test_no_list_is_undefined_and_no_crash(world):
    nobody = world.lists.of(np.zeros(N_USERS, dtype=bool))
    assert set(evaluate_lists(nobody, world.train, KS).means().values()) == {None}


def test_every_metric_is_found_and_says_what_it_is():
    metrics = list_metrics()
    assert {"coverage", "novelty", "diversity", "popularity_share", "calibration"} <= set(metrics)
    assert all(metric.title for metric in metrics.values())


class Table(SimpleNamespace):
    """A model whose scores are a table; counts how often a user is scored."""

    device = torch.device("cpu")
    n_items = N_ITEMS

    def score_items(self, users, start, stop):
        self.asked.append(len(users))
        return self.scores[users, start:stop]


@pytest.fixture
def held_out():
    random = np.random.default_rng(5)
    return {
        part: HeldOut(
            np.repeat(np.arange(N_USERS), 4),
            random.integers(0, N_ITEMS, 4 * N_USERS),
            np.tile([1, 1, 0, 0], N_USERS),
        )
        for part in ("valid", "test")
    }


def test_one_pass_serves_both_parts_and_the_lists(world, held_out):
    scores = torch.rand(N_USERS, N_ITEMS, generator=torch.manual_seed(1))
    model = Table(scores=scores, asked=[])
    results = evaluate_catalogue(model, world.train, held_out, KS)
    assert model.asked == [N_USERS]
    for part, result in results.items():
        alone = evaluate_ranking(model, world.train, held_out[part], KS)
        assert result.ranking.means() == alone.means()
    report = results["test"].report()
    assert report["lists"] == N_USERS - 1
    assert report["ndcg@8"] == results["test"].ranking.means()["ndcg@8"]
    assert report["coverage@8"] == results["valid"].report()["coverage@8"]


def test_a_limit_draws_the_same_users_always(world, held_out):
    model = Table(scores=torch.rand(N_USERS, N_ITEMS), asked=[])
    results = evaluate_catalogue(model, world.train, held_out, KS, limit=10)
    drawn = sample_users(N_USERS, 10)
    assert len(set(drawn.tolist())) == 10
    assert results["test"].ranking.users.tolist() == drawn.tolist()
    assert model.asked == [10]
    report = results["test"].report()
    assert (report["ranked_users"], report["all_users"]) == (10, N_USERS)
    alone = evaluate_ranking(model, world.train, held_out["test"], KS, limit=10)
    assert alone.means() == results["test"].ranking.means()
    assert sample_users(N_USERS, 0).tolist() == sample_users(N_USERS, 99).tolist()
