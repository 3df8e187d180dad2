"""SHINE against dense adjacency rows, in numpy."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from recommender import create_model, load, split
from recommender.data import KnowledgeGraph, TrainingSplit
from recommender.models.shine import SHINE

USERS, ITEMS, LABELS = [0, 3, 3, 17, 30], [2, 2, 9, 29, 4], [1, 0, 1, 1, 0]


@pytest.fixture(scope="module")
def train(toy_data: Path) -> TrainingSplit:
    return split(load(toy_data), 1).train


def build(train: TrainingSplit, **settings: Any) -> SHINE:
    torch.manual_seed(0)
    model = create_model("shine", train, seed=3, **{"dim": 4, "hidden_dim": 6, **settings}).double()
    assert isinstance(model, SHINE)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return model


FUNCTIONS = {
    "relu": lambda x: np.maximum(x, 0),
    "tanh": np.tanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
}


class Naive:
    def __init__(self, model: SHINE, train: TrainingSplit) -> None:
        self.state = {name: value.numpy() for name, value in model.state_dict().items()}
        self.config = model.config
        self.y = np.zeros((train.n_users, train.n_items))
        self.y[train.positives] = 1
        self.profile = np.zeros((train.n_items, train.n_entities))
        for head, tail in zip(train.graph.head, train.graph.tail, strict=True):
            for a, b in ((head, tail), (tail, head)):
                if a < train.n_items:
                    self.profile[a, b] = 1
        self.user_rows: dict[str, np.ndarray] = {}
        if train.user_graph is not None:
            near = np.zeros((train.user_graph.n_entities,) * 2)
            near[train.user_graph.head, train.user_graph.tail] = 1
            near = np.maximum(near, near.T)[: train.n_users]
            self.user_rows = {
                name: rows
                for name, rows in (
                    ("social", near[:, : train.n_users]),
                    ("attribute", near[:, train.n_users :]),
                )
                if rows.any()
            }
        self.activate = FUNCTIONS[model.config.activation]

    def code(self, coder: str, row: np.ndarray) -> np.ndarray:
        get = lambda name: self.state[f"{coder}_coder.{name}"]  # noqa: E731
        hidden = self.activate(row @ get("first") + get("bias"))
        return np.asarray(self.activate(get("second.weight") @ hidden + get("second.bias")))

    def rebuilt(self, coder: str, code: np.ndarray) -> np.ndarray:
        get = lambda name: self.state[f"{coder}_coder.{name}"]  # noqa: E731
        hidden = self.activate(get("third.weight") @ code + get("third.bias"))
        return np.asarray(get("fourth.weight") @ hidden + get("fourth.bias"))

    def score(self, user: int, item: int) -> float:
        y = self.y.copy()
        y[user, item] = 0  # the pair itself is left out
        u, v = self.code("user", y[user]), self.code("item", y[:, item])
        p = self.code("profile", self.profile[item])
        us = [u, *(self.code(name, rows[user]) for name, rows in self.user_rows.items())]
        join: Any = {
            "sum": lambda codes: np.sum(codes, axis=0),
            "max": lambda codes: np.max(codes, axis=0),
            "concat": np.concatenate,
        }[self.config.joined]
        u, item_code = join(us), join([v, p])
        if "widen.weight" in self.state:
            u = self.state["widen.weight"] @ u + self.state["widen.bias"]
        assert len(u) == len(item_code)
        if self.config.similarity == "dot":
            value = u @ item_code
        elif self.config.similarity == "euclidean":
            value = -((u - item_code) ** 2).sum()
        else:
            pair = np.concatenate([u, item_code])
            value = (self.state["logistic.weight"] @ pair + self.state["logistic.bias"])[0]
        return float(value + self.state["similarity_bias"])

    def rebuild_loss(self, coder: str, rows: np.ndarray) -> float:
        total = 0.0
        for row in rows:
            weight = np.where(row > 0, self.config.alpha, 1.0)
            total += float(
                (((row - self.rebuilt(coder, self.code(coder, row))) * weight) ** 2).sum()
            )
        return total / len(rows)


def knowing(train: TrainingSplit, *triples: tuple[int, int, int]) -> TrainingSplit:
    """The split with these facts about users."""
    head, relation, tail = np.array(triples).T
    n_entities = max(train.n_users, int(tail.max()) + 1)
    graph = KnowledgeGraph(head, relation, tail, n_entities, int(relation.max()) + 1)
    return replace(train, user_graph=graph)


FRIENDS = [(0, 0, 3), (3, 0, 17), (5, 0, 6), (17, 0, 30)]


def ages(train: TrainingSplit) -> list[tuple[int, int, int]]:
    return [(user, 1, train.n_users + user % 3) for user in range(0, train.n_users, 2)]


@pytest.mark.parametrize("joined", ["sum", "max", "concat"])
@pytest.mark.parametrize("similarity", ["dot", "euclidean", "logistic"])
@pytest.mark.parametrize("known", ["nothing", "friends", "ages", "both"])
def test_scores(joined: str, similarity: str, known: str, train: TrainingSplit) -> None:
    if known != "nothing":
        friends, old = known != "ages", known != "friends"
        train = knowing(train, *(FRIENDS * friends), *(ages(train) * old))
    model = build(train, joined=joined, similarity=similarity, activation="tanh")
    naive = Naive(model, train)
    expected = np.array([[naive.score(u, v) for v in range(3, 20)] for u in USERS])
    with torch.no_grad():
        block = model.score_items(torch.tensor(USERS), 3, 20)
        pairs = model.score(torch.tensor(USERS), torch.tensor([3, 4, 5, 6, 7]))
    np.testing.assert_allclose(block, expected, rtol=1e-9)
    np.testing.assert_allclose(pairs, expected[range(5), range(5)], rtol=1e-9)


@pytest.mark.parametrize("activation", ["relu", "sigmoid"])
@pytest.mark.parametrize("social", [False, True])
def test_loss_is_equation_9(activation: str, social: bool, train: TrainingSplit) -> None:
    train = knowing(train, *FRIENDS, *ages(train)) if social else train
    model = build(train, activation=activation, rebuild_weight=0.3, l2_weight=0.01, alpha=4.0)
    naive = Naive(model, train)
    scores = np.array([naive.score(u, v) for u, v in zip(USERS, ITEMS, strict=True)])
    p, y = 1 / (1 + np.exp(-scores)), np.array(LABELS)
    users, items = sorted(set(USERS)), sorted(set(ITEMS))
    expected = (
        -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean()
        + 0.3 * naive.rebuild_loss("user", naive.y[users])
        + 0.3 * naive.rebuild_loss("item", naive.y[:, items].T)
        + 0.3 * naive.rebuild_loss("profile", naive.profile[items])
        + sum(0.3 * naive.rebuild_loss(name, x[users]) for name, x in naive.user_rows.items())
        + 0.01 / 2 * sum((w**2).sum() for w in naive.state.values() if w.ndim > 1)
    )
    columns = [torch.tensor(column) for column in (USERS, ITEMS, LABELS)]
    loss = model.loss(*columns, 1.0)
    assert loss.item() == pytest.approx(float(expected), rel=1e-9)
    loss.backward()
    assert all(torch.isfinite(q.grad).all() for q in model.parameters() if q.grad is not None)


def test_friends_move_the_scores_of_a_user_and_can_be_switched_off(train: TrainingSplit) -> None:
    one, other = knowing(train, (0, 0, 3), (5, 0, 6)), knowing(train, (0, 0, 4), (5, 0, 6))
    users = torch.tensor([0, 5])
    with torch.no_grad():
        scores = [build(known).score_items(users, 0, 20) for known in (one, other)]
        off = [
            build(known, user_networks=False).score_items(users, 0, 20) for known in (one, train)
        ]
    assert not torch.allclose(scores[0][0], scores[1][0])
    torch.testing.assert_close(scores[0][1], scores[1][1])
    torch.testing.assert_close(off[0], off[1])


def test_the_judged_pair_is_in_neither_row(train: TrainingSplit) -> None:
    """A positive's score does not depend on whether train contains it."""
    users, items = (column[:20] for column in train.positives)
    model = build(train)
    with torch.no_grad():
        scores = model.score(torch.from_numpy(users.copy()), torch.from_numpy(items.copy()))
        rows = train.interactions
        for n in range(20):
            kept = ~((rows.users == users[n]) & (rows.items == items[n]))
            without = build(replace(train, interactions=rows.rows(np.flatnonzero(kept))))
            pair = torch.tensor([int(users[n])]), torch.tensor([int(items[n])])
            torch.testing.assert_close(without.score(*pair)[0], scores[n])


def test_no_training_negative_is_looked_at(train: TrainingSplit) -> None:
    rows = train.interactions
    only = replace(train, interactions=rows.rows(np.flatnonzero(rows.labels == 1)))
    first, second = build(train), build(only)
    users, items = torch.tensor(USERS), torch.tensor(ITEMS)
    with torch.no_grad():
        assert torch.equal(first.score(users, items), second.score(users, items))
