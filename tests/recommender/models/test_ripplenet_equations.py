"""RippleNet against plain loops over single memories, in numpy."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from recommender import create_model, load, split
from recommender.data import KnowledgeGraph, TrainingSplit
from recommender.models.ripplenet import RippleNet, ripple_sets

USERS, ITEMS, LABELS = [0, 3, 3, 17, 30], [2, 2, 9, 29, 4], [1, 0, 1, 1, 0]


@pytest.fixture(scope="module")
def train(toy_data: Path) -> TrainingSplit:
    """The toy data with a graph with longer paths, also back to items."""
    train = split(load(toy_data), 1).train
    rng = np.random.default_rng(5)
    n = 120
    graph = KnowledgeGraph(
        rng.integers(50, size=n), rng.integers(3, size=n), rng.integers(50, size=n), 50, 3
    )
    return replace(train, graph=graph)


def build(train: TrainingSplit, **settings: Any) -> RippleNet:
    settings = {"dim": 4, "memories": 5, **settings}
    torch.manual_seed(0)
    model = create_model("ripplenet", train, seed=3, **settings).double()
    assert isinstance(model, RippleNet)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return model


def naive_score(model: RippleNet, user: int, item: int) -> float:
    entity = model.entities.weight.detach().numpy()
    relation, transform = model.relations.detach().numpy(), model.transform.detach().numpy()
    head, by, tail = (x.numpy() for x in (model.head, model.relation, model.tail))
    v = entity[item]
    answers = []
    for hop in range(model.config.hops):
        triples = [int(m) for m in model.memories[user, hop]]
        logits = np.array([v @ relation[by[m]] @ entity[head[m]] for m in triples])
        p = np.exp(logits) / np.exp(logits).sum()
        o = sum(p[i] * entity[tail[m]] for i, m in enumerate(triples))
        v = {
            "none": v,
            "replace": o,
            "plus": v + o,
            "replace_transform": o @ transform,
            "plus_transform": (v + o) @ transform,
        }[model.config.item_update]
        answers.append(o)
    u = sum(answers) if model.config.using_all_hops else answers[-1]
    return float(u @ v)


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-np.asarray(x)))


@pytest.mark.parametrize("mode", ["none", "replace", "plus", "replace_transform", "plus_transform"])
@pytest.mark.parametrize("hops", [1, 3])
@pytest.mark.parametrize("all_hops", [True, False])
def test_scores(mode: str, hops: int, all_hops: bool, train: TrainingSplit) -> None:
    model = build(train, item_update=mode, hops=hops, using_all_hops=all_hops)
    with torch.no_grad():
        scores = model.score(torch.tensor(USERS), torch.tensor(ITEMS))
        block = model.score_items(torch.tensor(USERS), 2, 30)
    expected = [naive_score(model, u, v) for u, v in zip(USERS, ITEMS, strict=True)]
    np.testing.assert_allclose(scores, expected, rtol=1e-9)
    np.testing.assert_allclose(block[range(5), np.array(ITEMS) - 2], expected, rtol=1e-9)


@pytest.mark.parametrize("memories", [2, 40])  # some of the triples, or all of them
@pytest.mark.parametrize("undirected", [False, True])
def test_loss_is_equation_9(memories: int, undirected: bool, train: TrainingSplit) -> None:
    model = build(
        train, memories=memories, undirected=undirected, kge_weight=0.3, l2_weight=0.01, hops=2
    )
    used = model.memories[torch.tensor(USERS)]
    assert (model._used(used)[0] is None) == (memories == 40)
    entity, relation = model.entities.weight.detach().numpy(), model.relations.detach().numpy()
    p = sigmoid([naive_score(model, u, v) for u, v in zip(USERS, ITEMS, strict=True)])
    y = np.array(LABELS)
    expected = -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean()
    for hop in range(2):
        truths = []
        for user in USERS:
            for m in model.memories[user, hop].tolist():
                h, r = entity[model.head[m]], relation[model.relation[m]]
                t = entity[model.tail[m]]
                truths.append(sigmoid(h @ r.T @ t))
                expected += 0.01 * ((h**2).sum() + (t**2).sum() + (r**2).sum())
        expected -= 0.3 * np.mean(truths)
    expected += 0.01 * (model.transform.detach().numpy() ** 2).sum() / 2
    columns = [torch.tensor(column) for column in (USERS, ITEMS, LABELS)]
    loss = model.loss(*columns, 1.0)
    assert loss.item() == pytest.approx(expected, rel=1e-9)
    loss.backward()
    assert all(torch.isfinite(q.grad).all() for q in model.parameters() if q.grad is not None)
    parts = [
        model.loss(*(c[part] for c in columns), len(columns[0][part]) / 5).item()
        for part in (slice(0, 2), slice(2, 5))
    ]
    assert sum(parts) == pytest.approx(expected, rel=1e-9)


def test_ripples_start_at_the_history_and_go_on_where_they_ended(train: TrainingSplit) -> None:
    head, tail = train.graph.head, train.graph.tail
    sets = ripple_sets(train, head, tail, 3, 6, np.random.default_rng(0))
    offsets, liked = train.history
    starts = set(head.tolist())
    repeated = 0
    for user in range(train.n_users):
        seeds = set(liked[offsets[user] : offsets[user + 1]].tolist())
        for hop in range(3):
            triples = sets[user, hop]
            if not seeds & starts:
                if hop:
                    np.testing.assert_array_equal(triples, sets[user, hop - 1])
                    repeated += 1
                else:
                    assert (triples == -1).all()
                continue
            assert set(head[triples].tolist()) <= seeds
            possible = np.isin(head, list(seeds)).sum()
            if hop == 0 and possible >= 6:
                assert len(set(triples.tolist())) == 6  # without replacement
            seeds = set(tail[triples].tolist())
    assert repeated < train.n_users


def test_a_dead_end_repeats_the_hop_before(toy_data: Path) -> None:
    """In the toy data only the first genre is the head of further triples."""
    train = split(load(toy_data), 1).train
    graph = train.graph
    sets = ripple_sets(train, graph.head, graph.tail, 2, 4, np.random.default_rng(0))
    dead = ~np.isin(graph.tail[sets[:, 0]], graph.head).any(axis=1)
    assert dead.any()
    np.testing.assert_array_equal(sets[dead, 0], sets[dead, 1])


@pytest.mark.parametrize("memories", [3, 64])
def test_users_without_history_score_zero_and_train(memories: int, train: TrainingSplit) -> None:
    rows = train.interactions
    kept = rows.rows(np.flatnonzero(rows.users != 3))
    model = build(replace(train, interactions=kept), memories=memories)
    assert (model.memories[3] == -1).all()
    users, items = torch.tensor([3, 0]), torch.tensor([1, 1])
    with torch.no_grad():
        scores = model.score(users, items)
        block = model.score_items(users, 0, 30)
    assert scores[0] == 0 and scores[1] != 0
    assert (block[0] == 0).all() and (block[1] != 0).all()
    loss = model.loss(users, items, torch.tensor([1, 0]), 1.0)
    loss.backward()
    assert torch.isfinite(loss)
    assert all(torch.isfinite(p.grad).all() for p in model.parameters() if p.grad is not None)


def test_only_training_positives_seed_the_ripples(train: TrainingSplit) -> None:
    rows = train.interactions
    only = replace(train, interactions=rows.rows(np.flatnonzero(rows.labels == 1)))
    first, second = create_model("ripplenet", train), create_model("ripplenet", only)
    assert isinstance(first, RippleNet) and isinstance(second, RippleNet)
    assert torch.equal(first.memories, second.memories)
