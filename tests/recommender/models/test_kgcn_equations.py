"""KGCN and KGNN-LS against a plain recursion over single entities, in numpy."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from recommender import create_model, load, split
from recommender.data import Interactions, TrainingSplit, make_sampler
from recommender.layers.neighbourhood import sample_neighbours
from recommender.models.kgcn import KGCN
from recommender.models.kgnn_ls import KGNNLS

USERS, ITEMS, LABELS = [0, 3, 3, 17, 30], [2, 2, 9, 29, 4], [1, 0, 1, 1, 0]


@pytest.fixture(scope="module")
def train(toy_data: Path) -> TrainingSplit:
    return split(load(toy_data), 1).train


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def cross_entropy(scores: Any, labels: Any) -> float:
    p = sigmoid(np.asarray(scores))
    y = np.asarray(labels)
    return float(-(y * np.log(p) + (1 - y) * np.log(1 - p)).mean())


class Naive:
    """One user, one entity at a time."""

    def __init__(self, model: KGCN) -> None:
        state = {name: value.numpy() for name, value in model.state_dict().items()}
        self.config = model.config
        self.user, self.entity = state["users.weight"], state["entities.weight"]
        self.relation = state["relations"]
        self.near, self.by = state["neighbours"], state["relations_to"]
        self.layers = [
            (state[f"aggregators.{i}.layer.weight"], state[f"aggregators.{i}.layer.bias"])
            for i in range(model.config.hops)
        ]

    def weights(self, user: int, entity: int) -> np.ndarray:
        scores = np.array([self.user[user] @ self.relation[r] for r in self.by[entity]])
        if self.config.reading == "code":
            scores = scores / self.config.dim
        return np.exp(scores) / np.exp(scores).sum()

    def vector(self, user: int, entity: int, layer: int) -> np.ndarray:
        """e^u[layer] of Algorithm 1."""
        if layer == 0:
            return self.entity[entity]
        pooled = np.zeros(self.config.dim)
        for weight, neighbour in zip(self.weights(user, entity), self.near[entity], strict=True):
            pooled = pooled + weight * self.vector(user, neighbour, layer - 1)
        if self.config.reading == "code":
            pooled = pooled / self.config.neighbours
        own = self.vector(user, entity, layer - 1)
        mixed = {
            "sum": own + pooled,
            "concat": np.concatenate([own, pooled]),
            "neighbour": pooled,
        }[self.config.aggregator]
        matrix, bias = self.layers[layer - 1]
        output = matrix @ mixed + bias
        return np.tanh(output) if layer == self.config.hops else np.maximum(output, 0)

    def score(self, user: int, item: int) -> float:
        return float(self.user[user] @ self.vector(user, item, self.config.hops))

    def penalty(self) -> float:
        tables = [self.user, self.entity, self.relation, *(matrix for matrix, _ in self.layers)]
        return self.config.l2_weight / 2 * sum(float((t**2).sum()) for t in tables)

    def label(self, user: int, entity: int, item: int, layer: int, liked: set[Any]) -> float:
        """The label after `layer` rounds of propagation, the item's own held out."""
        if entity < 30 and entity != item:
            return float((user, int(entity)) in liked)
        if layer == 0:
            return 0.5
        total = sum(
            weight * self.label(user, neighbour, item, layer - 1, liked)
            for weight, neighbour in zip(self.weights(user, entity), self.near[entity], strict=True)
        )
        code = self.config.ls_reading == "code"  # type: ignore[attr-defined]
        return float(total / self.config.neighbours if code else total)


def build(name: str, train: TrainingSplit, **settings: Any) -> Any:
    torch.manual_seed(0)
    model = create_model(name, train, seed=3, dim=5, neighbours=3, **settings).double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return model


@pytest.mark.parametrize("aggregator", ["sum", "concat", "neighbour"])
@pytest.mark.parametrize("hops", [1, 2, 3])
@pytest.mark.parametrize("reading", ["code", "paper"])
def test_kgcn_scores(aggregator: str, hops: int, reading: str, train: TrainingSplit) -> None:
    model = build("kgcn", train, aggregator=aggregator, hops=hops, reading=reading)
    naive = Naive(model)
    expected = [naive.score(u, v) for u, v in zip(USERS, ITEMS, strict=True)]
    with torch.no_grad():
        scores = model.score(torch.tensor(USERS), torch.tensor(ITEMS))
    np.testing.assert_allclose(scores, expected, rtol=1e-10)


def test_kgcn_loss_is_equation_8(train: TrainingSplit) -> None:
    model = build("kgcn", train, hops=2, l2_weight=0.01)
    naive = Naive(model)
    scores = [naive.score(u, v) for u, v in zip(USERS, ITEMS, strict=True)]
    loss = model.loss(torch.tensor(USERS), torch.tensor(ITEMS), torch.tensor(LABELS), 1.0)
    assert loss.item() == pytest.approx(cross_entropy(scores, LABELS) + naive.penalty(), abs=1e-12)


def test_penalty_over_tables_has_the_right_gradient(train: TrainingSplit) -> None:
    model = build("kgcn", train, l2_weight=0.01)
    columns = torch.tensor(USERS), torch.tensor(ITEMS), torch.tensor(LABELS)
    model.loss(*columns, 1.0).backward()
    unused = model.users.weight.grad[1]
    torch.testing.assert_close(unused, 0.01 * model.users.weight[1].detach())
    assert all(torch.isfinite(p.grad).all() for p in model.parameters())


@pytest.mark.parametrize("name", ["kgcn", "kgnn_ls"])
def test_shares_of_a_batch_add_up(name: str, train: TrainingSplit) -> None:
    model = build(name, train, hops=2, l2_weight=0.01)
    columns = torch.tensor(USERS), torch.tensor(ITEMS), torch.tensor(LABELS)
    whole = model.loss(*columns, 1.0)
    parts = [
        model.loss(*(c[part] for c in columns), len(columns[0][part]) / 5)
        for part in (slice(0, 2), slice(2, 5))
    ]
    torch.testing.assert_close(sum(parts), whole)


@pytest.mark.parametrize("hops", [1, 2, 3])
@pytest.mark.parametrize("reading", ["code", "paper"])
def test_labels_spread_as_in_the_recursion(hops: int, reading: str, train: TrainingSplit) -> None:
    model = build("kgnn_ls", train, hops=hops, ls_reading=reading)
    naive = Naive(model)
    liked = set(zip(*(column.tolist() for column in train.positives), strict=True))
    users, items = torch.tensor(USERS), torch.tensor(ITEMS)
    with torch.no_grad():
        entities, relations = model.receptive_field(items)
        weights = model.attention(model.users(users), relations)
        labels = model.propagate(users, entities, weights)
    expected = [naive.label(u, v, v, hops, liked) for u, v in zip(USERS, ITEMS, strict=True)]
    np.testing.assert_allclose(labels, expected, rtol=1e-10)


def test_kgnn_ls_loss_is_equation_9(train: TrainingSplit) -> None:
    model = build("kgnn_ls", train, hops=2, ls_weight=0.7, ls_reading="paper")
    naive = Naive(model)
    liked = set(zip(*(column.tolist() for column in train.positives), strict=True))
    pairs = list(zip(USERS, ITEMS, strict=True))
    spread = np.array([naive.label(u, v, v, 2, liked) for u, v in pairs])
    spread = np.clip(spread, 1e-6, 1 - 1e-6)
    expected = (
        cross_entropy([naive.score(u, v) for u, v in pairs], LABELS)
        + naive.penalty()
        + 0.7 * cross_entropy(np.log(spread / (1 - spread)), LABELS)
    )
    loss = model.loss(torch.tensor(USERS), torch.tensor(ITEMS), torch.tensor(LABELS), 1.0)
    assert loss.item() == pytest.approx(expected, abs=1e-10)


def test_own_label_never_reaches_itself(train: TrainingSplit) -> None:
    """An item's label must not return to it through its genre."""
    model = build("kgnn_ls", train, hops=2)
    assert isinstance(model, KGNNLS)
    users, items = (torch.from_numpy(column[:50].copy()) for column in train.positives)
    with torch.no_grad():
        entities, relations = model.receptive_field(items)
        weights = model.attention(model.users(users), relations)
        before = model.propagate(users, entities, weights)
        own = users * train.n_items + items
        for n in range(len(users)):
            model.liked = torch.from_numpy(train.positive_keys)
            model.liked = model.liked[model.liked != own[n]]
            after = model.propagate(users, entities, weights)
            assert after[n] == before[n]


def test_no_training_negative_is_looked_at(train: TrainingSplit) -> None:
    """Their number per user would reveal the held-out labels."""
    rows = train.interactions
    positive_only = replace(train, interactions=rows.rows(np.flatnonzero(rows.labels == 1)))
    for name in ("kgcn", "kgnn_ls"):
        first, second = create_model(name, train), create_model(name, positive_only)
        for (key, a), (_, b) in zip(
            [*first.named_parameters(), *first.named_buffers()],
            [*second.named_parameters(), *second.named_buffers()],
            strict=True,
        ):
            assert torch.equal(a, b), key


def test_neighbours_are_edges_drawn_without_replacement_where_possible(
    train: TrainingSplit,
) -> None:
    graph = train.graph
    edges = set(zip(graph.head, graph.relation, graph.tail, strict=True))
    edges |= {(t, r, h) for h, r, t in edges}
    entities, relations = sample_neighbours(graph, 4, np.random.default_rng(0))
    assert entities.shape == relations.shape == (train.n_entities, 4)
    for entity in range(train.n_entities):
        drawn = list(zip(relations[entity], entities[entity], strict=True))
        own = {(r, t) for h, r, t in edges if h == entity}
        if not own:
            assert set(drawn) == {(train.n_relations, entity)}
            continue
        assert set(drawn) <= own
        if len(own) >= 4:
            assert len(set(drawn)) == 4


def test_a_run_keeps_its_draw_of_neighbours(train: TrainingSplit) -> None:
    """`load_run` builds the model with another seed; the draw travels with the parameters."""
    first, second = create_model("kgcn", train, seed=1), create_model("kgcn", train, seed=2)
    assert isinstance(first, KGCN) and isinstance(second, KGCN)
    assert not torch.equal(first.neighbours, second.neighbours)
    second.load_state_dict(first.state_dict())
    assert torch.equal(first.neighbours, second.neighbours)


def test_rowwise_and_whole_tables_have_their_own_kind_of_table(train: TrainingSplit) -> None:
    """Adam may be lazy only without a penalty over the whole table."""
    from recommender.layers.embedding import EmbeddingTable

    assert not isinstance(build("kgcn", train).entities, EmbeddingTable)
    assert isinstance(build("kgcn", train, l2_scope="batch").entities, EmbeddingTable)
    columns = make_sampler("static", train).draw(np.random.default_rng(0))
    assert len(columns) == len(train)


def test_items_without_a_history_still_score(toy_data: Path) -> None:
    train = split(load(toy_data), 1).train
    none = Interactions(*(np.array([x], dtype=np.int64) for x in (0, 0, 1)))
    model = create_model("kgnn_ls", replace(train, interactions=none), hops=2)
    with torch.no_grad():
        assert torch.isfinite(model.score(torch.tensor([5, 39]), torch.tensor([29, 1]))).all()


def test_all_users_start_on_one_side_and_differ_in_their_signs_alone_from_the_public_code(
    train: TrainingSplit,
) -> None:
    for name in ("kgcn", "kgnn_ls"):
        aligned = create_model(name, train).state_dict()
        public = create_model(name, train, user_init="xavier").state_dict()
        assert (aligned["users.weight"] >= 0).all()
        assert (public["users.weight"] < 0).any()
        assert torch.equal(aligned.pop("users.weight"), public.pop("users.weight").abs())
        assert all(torch.equal(aligned[key], public[key]) for key in public)


@pytest.mark.parametrize("l2_scope", ["tables", "batch"])
def test_which_signs_the_users_share_is_of_no_consequence(
    train: TrainingSplit, l2_scope: str
) -> None:
    """Flipping a coordinate of users, relations and aggregator leaves the scores unchanged."""
    model = create_model("kgcn", train, l2_scope=l2_scope)
    users, items = torch.tensor(USERS), torch.tensor(ITEMS)
    before = model.score(users, items)
    state = model.state_dict()
    for key in ("users.weight", "relations"):
        state[key][:, 3] *= -1
    state["aggregators.0.layer.weight"][3] *= -1
    torch.testing.assert_close(model.score(users, items), before)


def test_a_block_of_the_catalogue_is_scored_in_bounded_memory(
    train: TrainingSplit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The vectors of the receptive field are not all materialised at once."""
    model = create_model("kgnn_ls", train, dim=8, neighbours=4, hops=2)
    users = torch.arange(20)
    whole = model.score_items(users, 0, train.n_items)
    monkeypatch.setattr("recommender.models.base._NUMBERS_AT_A_TIME", 10 * 4**2 * 8)
    sizes: list[int] = []
    score = model.score

    def counted(users: torch.Tensor, items: torch.Tensor) -> torch.Tensor:
        sizes.append(len(users))
        return score(users, items)

    monkeypatch.setattr(model, "score", counted)
    torch.testing.assert_close(model.score_items(users, 0, train.n_items), whole)
    assert max(sizes) == 10
    assert sum(sizes) == 20 * train.n_items
