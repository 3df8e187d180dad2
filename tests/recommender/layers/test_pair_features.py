"""Pair features against their definitions, pair by pair."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array

from recommender.data import Interactions, KnowledgeGraph, TrainingSplit
from recommender.data.fact_vectors import FactVectors, nearest_rows
from recommender.data.facts import Facts
from recommender.kernels.history_sums import _LONGER, history_pairs
from recommender.layers.item_features import BANDS, degree_log_odds
from recommender.layers.pair_features import PairFeatures
from recommender.layers.user_counts import Audience
from recommender.scoring import ItemSets

NEAREST = 4
LOWER_BOUNDS = (0, 1, 2, 3, 4, 6, 8, 12, 16, 32, 64)


def band(degree: int) -> int:
    return max(n for n, bound in enumerate(LOWER_BOUNDS) if degree >= bound)


class Naive:
    """The features from sets and sums, each pair computed separately."""

    def __init__(self, train: TrainingSplit) -> None:
        self.train = train
        users, items = train.positives
        self.likes = {user: set(items[users == user].tolist()) for user in range(train.n_users)}
        self.listeners = {
            item: {user for user, liked in self.likes.items() if item in liked}
            for item in range(train.n_items)
        }
        graph = train.graph
        self.entities = {item: set[int]() for item in range(train.n_items)}
        for head, tail in zip(graph.head.tolist(), graph.tail.tolist(), strict=True):
            for item, entity in ((head, tail), (tail, head)):
                if item < train.n_items:
                    self.entities[item].add(entity)
        self.near = {item: self._nearest(item) for item in self.entities}

    def cosine(self, one: int, other: int) -> float:
        sets = [entities | {item} for item, entities in self.entities.items()]

        def weight(entity: int) -> float:
            return math.log(len(sets) / sum(entity in own for own in sets))

        def length(item: int) -> float:
            return math.sqrt(sum(weight(entity) ** 2 for entity in sets[item]))

        shared = sum(weight(entity) ** 2 for entity in sets[one] & sets[other])
        return shared / (length(one) * length(other))

    def _nearest(self, item: int) -> dict[int, float]:
        cosines = {other: self.cosine(item, other) for other in self.entities if other != item}
        best = sorted(cosines, key=lambda other: (-cosines[other], other))[:NEAREST]
        return {other: cosines[other] for other in best if cosines[other] > 0}

    def friends(self, user: int) -> set[int]:
        graph = self.train.user_graph
        if graph is None:
            return set()
        pairs = list(zip(graph.head.tolist(), graph.tail.tolist(), strict=True))
        found = {b for a, b in pairs if a == user} | {a for a, b in pairs if b == user}
        return {other for other in found if other < self.train.n_users and other != user}

    def pair(self, user: int, item: int) -> list[float]:
        history = self.likes[user] - {item}
        together = sum(
            len(self.listeners[item] & self.listeners[other])
            / math.sqrt(len(self.listeners[other]) + 5)
            for other in history
        )
        cosines = [self.near[item].get(other, 0.0) for other in self.likes[user]]
        friends = self.friends(user)
        plays = len(friends & self.listeners[item])
        return [
            together / math.sqrt(len(self.listeners[item]) + 5),
            math.log1p(together),
            sum(cosines) / math.sqrt(len(self.likes[user]) + 1),
            math.sqrt(sum(value**2 for value in cosines)),
            math.log1p(plays),
            plays / (len(friends) + 1),
        ]

    def log_odds(self) -> list[float]:
        degrees = [len(listeners) for listeners in self.listeners.values()]
        mean = sum(degrees) / len(degrees)
        odds = []
        for n in range(BANDS):
            positives = sum(degree for degree in degrees if degree and band(degree - 1) == n)
            negatives = mean * sum(band(degree) == n for degree in degrees)
            odds.append(math.log((positives + 1) / (negatives + 1)))
        return odds

    def item(self, item: int, log_odds: list[float]) -> list[float]:
        degree, near = len(self.listeners[item]), self.near[item]
        total = sum(value * math.log1p(len(self.listeners[n])) for n, value in near.items())
        own = band(degree)
        return [
            math.log1p(degree),
            total / sum(near.values()) if near else 0.0,
            max(near.values(), default=0.0),
            math.log1p(len(self.entities[item])),
            log_odds[own],
            *(float(n == own) for n in range(BANDS)),
        ]

    def row(self, user: int, item: int, log_odds: list[float] | None = None) -> list[float]:
        odds = self.log_odds() if log_odds is None else log_odds
        return [*self.pair(user, item), *self.item(item, odds), math.log1p(len(self.likes[user]))]


def raw(features: PairFeatures, standardised: torch.Tensor) -> NDArray[np.float64]:
    """The features before standardisation."""
    return (standardised * features.scale + features.mean).double().numpy()


@pytest.fixture(scope="module")
def features(odd_train: TrainingSplit) -> PairFeatures:
    return PairFeatures(odd_train, NEAREST)


def all_pairs(train: TrainingSplit) -> tuple[np.ndarray, np.ndarray]:
    users, items = np.meshgrid(np.arange(train.n_users), np.arange(train.n_items), indexing="ij")
    return users.ravel(), items.ravel()


def test_every_feature_is_what_its_definition_says(
    odd_train: TrainingSplit, features: PairFeatures
) -> None:
    naive = Naive(odd_train)
    users, items = all_pairs(odd_train)
    expected = [naive.row(u, i) for u, i in zip(users.tolist(), items.tolist(), strict=True)]
    actual = raw(features, features.pairs(users, items, left_out=False))
    np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-5)
    assert (np.ptp(actual[:, : features.n_pair], axis=0) > 0).all(), "a constant tests nothing"


def without(train: TrainingSplit, user: int, item: int) -> TrainingSplit:
    kept = ~((train.users == user) & (train.items == item))
    rows = Interactions(train.users[kept], train.items[kept], train.labels[kept])
    return replace(train, interactions=rows)


def test_left_out_is_as_if_the_row_were_not_there(
    odd_train: TrainingSplit, features: PairFeatures
) -> None:
    """Except the log odds of the bands, which are one table for all data."""
    log_odds = Naive(odd_train).log_odds()
    users, items = odd_train.positives
    actual = raw(features, features.pairs(users, items, left_out=True))
    for n, (user, item) in enumerate(zip(users.tolist(), items.tolist(), strict=True)):
        expected = Naive(without(odd_train, user, item)).row(user, item, log_odds)
        np.testing.assert_allclose(actual[n], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("start", "stop"), [(0, 10), (3, 4), (2, 9), (9, 10)])
def test_a_block_is_its_pairs(
    start: int, stop: int, odd_train: TrainingSplit, features: PairFeatures
) -> None:
    users = np.array([13, 0, 5, 5])
    pair, item, user = features.block(features.members, users, start, stop)
    width = stop - start
    whole = torch.cat(
        [pair, item.expand(4, -1, -1), user[:, None].expand(-1, width, -1)], dim=2
    ).reshape(4 * width, -1)
    items = np.tile(np.arange(start, stop), 4)
    expected = features.pairs(users.repeat(width), items, left_out=False)
    torch.testing.assert_close(whole, expected, rtol=1e-4, atol=1e-4)


def test_strangers_have_their_histories_and_no_friends(
    odd_train: TrainingSplit, features: PairFeatures
) -> None:
    alone = PairFeatures(replace(odd_train, user_graph=None), NEAREST)
    everybody = np.arange(odd_train.n_users)
    strangers = Audience.strangers(ItemSets(*odd_train.history))
    for part, expected in zip(
        alone.block(strangers, everybody, 0, 10),
        alone.block(alone.members, everybody, 0, 10),
        strict=True,
    ):
        assert torch.equal(part, expected)
    audience = Audience.strangers(ItemSets.of_lists([[], [3, 3]]))
    pair, _, _ = features.block(audience, np.arange(2), 0, 10)
    plain = pair * features.scale[: features.n_pair] + features.mean[: features.n_pair]
    assert plain[0].abs().max() < 1e-6, "nothing is known of him"
    assert plain[1, :, 4:].abs().max() < 1e-6 and plain[1, :, 0].max() > 0


def test_what_the_head_sees_is_standardised(
    odd_train: TrainingSplit, features: PairFeatures
) -> None:
    users, items = odd_train.positives
    rows = features.pairs(users, items, left_out=True)
    assert rows.abs().max() < 10 and rows.isfinite().all()
    assert (features.scale >= 1e-3).all()
    again = PairFeatures(odd_train, NEAREST)
    assert torch.equal(again.mean, features.mean) and torch.equal(again.scale, features.scale)


def test_the_prior_is_the_log_odds_at_the_degree(
    odd_train: TrainingSplit, features: PairFeatures
) -> None:
    log_odds = Naive(odd_train).log_odds()
    items = np.arange(odd_train.n_items)
    rows = features.pairs(np.zeros(10, dtype=int), items, left_out=False)
    expected = np.array([log_odds[band(int(degree))] for degree in features.degree])
    actual = rows @ features.prior()
    np.testing.assert_allclose(np.diff(actual), np.diff(expected), atol=1e-5)


def test_log_odds_by_hand() -> None:
    """Degrees 0, 1, 1, 4: leaving one out, two are met once at 0 and one four times at 3."""
    odds = degree_log_odds(np.array([0, 1, 1, 4], dtype=np.float32))
    mean = 6 / 4
    expected = {
        0: math.log((2 + 1) / (mean * 1 + 1)),
        1: math.log((0 + 1) / (mean * 2 + 1)),
        3: math.log((4 + 1) / (0 + 1)),
        4: math.log((0 + 1) / (mean * 1 + 1)),
    }
    for n in range(BANDS):
        assert odds[n] == pytest.approx(expected.get(n, 0.0))


def test_of_equally_near_items_the_lower_ids_are_kept() -> None:
    """Items 0 to 5 all have genre 6, so all are equally near."""
    graph = KnowledgeGraph(np.arange(5), np.zeros(5, int), np.full(5, 6), 7, 1)
    vectors = FactVectors(graph, 6).matrix.astype(np.float32)
    near = nearest_rows(vectors, vectors, 2, itself=False)
    assert [near.indices[near.indptr[i] : near.indptr[i + 1]].tolist() for i in range(6)] == [
        [1, 2], [0, 2], [0, 1], [0, 1], [0, 1], []
    ]  # fmt: skip


@pytest.mark.parametrize("nearest", [1, 3, 9, 50])
def test_nearest_by_facts(nearest: int, odd_train: TrainingSplit) -> None:
    naive = Naive(odd_train)
    vectors = FactVectors(odd_train.graph, 10).matrix
    found = nearest_rows(vectors, vectors, nearest, itself=False).toarray()
    for item in range(10):
        cosines = np.array([naive.cosine(item, other) for other in range(10)])
        cosines[item] = 0
        order = np.argsort(-np.round(cosines, 12), kind="stable")
        cosines[order[nearest:]] = 0
        np.testing.assert_allclose(found[item], cosines, atol=1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_nearest_rows_are_those_of_the_whole_product(seed: int) -> None:
    """Few distinct numbers, including zero, so that many products tie at the cut-off."""
    rng = np.random.default_rng(seed)
    m, n, d, nearest = rng.integers((0, 1, 1, 0), (9, 40, 6, 12))
    rows, others = (
        csr_array(
            (rng.integers(0, 4, (size, d)) * (rng.random((size, d)) < 0.7)).astype(np.float32)
        )
        for size in (m, n)
    )
    rows.data[rng.random(rows.nnz) < 0.2] = 0  # stored, and zero
    found = nearest_rows(rows, others, int(nearest))
    products = (rows @ others.T).toarray()
    for row, product in zip(found.toarray(), products, strict=True):
        order = np.argsort(-product, kind="stable")
        product[order[nearest:]] = 0
        np.testing.assert_array_equal(row, product)
    assert found.shape == (m, n) and found.has_sorted_indices and (found.data > 0).all()


def test_a_new_item_is_as_near_as_one_of_the_catalogue_with_its_facts(
    odd_train: TrainingSplit,
) -> None:
    """Item 7 has facts and no triple with another item; its nearest items are others."""
    vectors = FactVectors(odd_train.graph, 10)
    graph = odd_train.graph
    entities = np.concatenate([graph.tail[graph.head == 7], graph.head[graph.tail == 7]])
    assert len(entities) and (entities >= 10).all()
    facts = Facts(np.zeros(len(entities), int), entities, np.ones(len(entities), bool))
    nothing = Facts(*np.zeros((2, 0), dtype=np.int64), np.zeros(0, dtype=bool))
    new = vectors.of_new_items([facts, nothing])
    products = (new @ vectors.matrix.T).toarray()
    expected = (vectors.matrix[[7]] @ vectors.matrix.T).toarray()[0]
    others = np.arange(10) != 7
    np.testing.assert_allclose(products[0, others], expected[others], atol=1e-12)
    assert not products[1].any()


def test_a_new_items_features_are_those_of_an_item_without_listeners(
    odd_train: TrainingSplit, features: PairFeatures
) -> None:
    """Item 9, without listeners, given again by its facts."""
    near = features.alike[[9]]
    parts = features.new_items(features.members, np.arange(14), near, features.facts.counts[[9]])
    for part, expected in zip(
        parts, features.block(features.members, np.arange(14), 9, 10), strict=True
    ):
        torch.testing.assert_close(part, expected, rtol=1e-5, atol=1e-5)


def test_a_catalogue_of_one_item_and_no_facts() -> None:
    nothing = np.zeros(0, dtype=np.int64)
    graph = KnowledgeGraph(nothing, nothing, nothing, 1, 0)
    rows = Interactions(np.array([0, 2]), np.array([0, 0]), np.array([1, 1]))
    features = PairFeatures(TrainingSplit(rows, graph, 3, 1), NEAREST)
    users = np.arange(3)
    actual = raw(features, features.pairs(users, np.zeros(3, int), left_out=False))
    expected = [Naive(TrainingSplit(rows, graph, 3, 1)).row(user, 0) for user in range(3)]
    np.testing.assert_allclose(actual, expected, atol=1e-5)


def test_rows_gone_through_and_rows_looked_up_give_the_same_sums() -> None:
    """Short rows of M are iterated, long ones are searched; both occur here."""
    rng = np.random.default_rng(0)
    n = 400
    dense = np.where(rng.random((n, n)) < rng.random((n, 1)) ** 6, rng.random((n, n)), 0)
    matrix = csr_array(dense.astype(np.float32))
    weights = rng.random(n).astype(np.float32)
    histories = [np.sort(rng.choice(n, size, replace=False)) for size in (0, 1, 3, 5, 40)]
    starts = np.cumsum([0, *map(len, histories)])
    users, items = rng.integers(5, size=3000), rng.integers(n, size=3000)
    sums, squares = np.zeros(3000, np.float32), np.zeros(3000, np.float32)
    longer = np.diff(matrix.indptr)[items] > _LONGER * np.diff(starts)[users]
    assert 0 < longer.sum() < len(longer)
    history_pairs(
        starts, np.concatenate(histories), users, items,
        matrix.indptr, matrix.indices, matrix.data, weights, sums, squares,
    )  # fmt: skip
    weighted = (matrix.toarray() * weights).astype(np.float64)
    expected = [weighted[i, histories[u]] for u, i in zip(users, items, strict=True)]
    np.testing.assert_allclose(sums, [row.sum() for row in expected], rtol=1e-5)
    np.testing.assert_allclose(squares, [(row**2).sum() for row in expected], rtol=1e-5)
