"""KGAT, KGIN and MCCLK against their equations, computed node by node.

The naive versions are loops over single edges in plain torch; autograd gives the reference
gradients.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from recommender import create_model
from recommender.data import Interactions, KnowledgeGraph, TrainingSplit
from recommender.models.kgat import KGAT, collaborative_graph
from recommender.models.kgin import KGIN, distance_correlation
from recommender.models.mcclk import MCCLK
from recommender.models.registry import resolve

N_USERS, N_ITEMS, N_ENTITIES, N_RELATIONS = 5, 6, 10, 2
USERS, POSITIVES, NEGATIVES = [0, 3, 3, 1], [2, 1, 4, 5], [4, 0, 2, 2]
Triple = tuple[int, int, int]


@pytest.fixture(scope="module")
def train() -> TrainingSplit:
    """Few users and items. User 4 likes nothing, nobody likes item 3, item 5 has no fact."""
    likes = [(0, 0), (0, 2), (1, 2), (1, 5), (2, 0), (2, 1), (3, 1), (3, 4)]
    dislikes = [(0, 4), (1, 0), (2, 3), (3, 2), (4, 0)]
    rows = [(u, i, 1) for u, i in likes] + [(u, i, 0) for u, i in dislikes]
    # The first triple is duplicated, and items 1 and 2 have two relations with entity 7.
    triples = [(0, 0, 6), (0, 0, 6), (1, 0, 7), (1, 1, 7), (2, 0, 7), (2, 1, 7), (3, 0, 6)]
    triples += [(4, 1, 8), (7, 1, 8), (0, 1, 9)]
    graph = KnowledgeGraph(*np.array(triples).T, n_entities=N_ENTITIES, n_relations=N_RELATIONS)
    return TrainingSplit(Interactions(*np.array(rows).T), graph, N_USERS, N_ITEMS)


def build(name: str, train: TrainingSplit, **settings: Any) -> Any:
    """A model in double precision without dropout, away from its initial symmetries."""
    known = resolve(name).model.Config.model_fields
    quiet = {key: 0.0 for key in ("message_dropout", "node_dropout") if key in known}
    torch.manual_seed(0)
    model = create_model(name, train, seed=3, dim=4, **quiet, **settings).double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    model.train()
    model.begin_epoch()
    return model


def both_ways(train: TrainingSplit) -> list[Triple]:
    graph = train.graph
    stated = set(zip(*(c.tolist() for c in (graph.head, graph.relation, graph.tail)), strict=True))
    return sorted(stated | {(t, r + N_RELATIONS, h) for h, r, t in stated})


def liked(train: TrainingSplit) -> list[tuple[int, int]]:
    users, items = train.positives
    return list(zip(users.tolist(), items.tolist(), strict=True))


def unit(vector: Tensor) -> Tensor:
    return vector / vector.norm().clamp_min(1e-12)


def mean(vectors: list[Tensor], like: Tensor) -> Tensor:
    return torch.stack(vectors).mean(dim=0) if vectors else torch.zeros_like(like)


def pairwise_loss(user: list[Tensor], item: list[Tensor]) -> Tensor:
    """Σ -ln σ(ŷ_ui - ŷ_uj), written out."""
    total = torch.zeros((), dtype=torch.float64)
    for u, i, j in zip(USERS, POSITIVES, NEGATIVES, strict=True):
        total = total - torch.log(torch.sigmoid(user[u] @ item[i] - user[u] @ item[j]))
    return total


def columns() -> tuple[Tensor, Tensor, Tensor]:
    return torch.tensor(USERS), torch.tensor(POSITIVES), torch.tensor(NEGATIVES)


def agree(model: Any, actual: Tensor, expected: Tensor, atol: float = 1e-9) -> None:
    """Values and gradients of every parameter agree."""
    torch.testing.assert_close(actual, expected, rtol=1e-6, atol=atol)
    parameters = [p for p in model.parameters() if p.requires_grad]
    ours, theirs = (
        torch.autograd.grad(value, parameters, allow_unused=True) for value in (actual, expected)
    )
    for parameter, mine, other in zip(parameters, ours, theirs, strict=True):
        mine, other = (torch.zeros_like(parameter) if g is None else g for g in (mine, other))
        torch.testing.assert_close(mine, other, rtol=1e-5, atol=max(atol, 1e-8))


# --- KGAT


def kgat_attention(model: KGAT, triples: list[Triple]) -> dict[Triple, float]:
    """π of every triple (Eq. 4 and 5)."""
    matrices, nodes, relations = (
        weight.detach() for weight in (model.matrices, model.nodes, model.relations)
    )
    scores = {
        (h, r, t): float(
            (matrices[r] @ nodes[t]) @ torch.tanh(matrices[r] @ nodes[h] + relations[r])
        )
        for h, r, t in triples
    }
    sums: dict[int, float] = {}
    for (h, _, _), score in scores.items():
        sums[h] = sums.get(h, 0.0) + np.exp(score)
    return {triple: np.exp(score) / sums[triple[0]] for triple, score in scores.items()}


def kgat_triples(train: TrainingSplit) -> list[Triple]:
    graph = train.graph
    stated = set(zip(*(c.tolist() for c in (graph.head, graph.relation, graph.tail)), strict=True))
    stated |= {(N_ENTITIES + u, N_RELATIONS, i) for u, i in liked(train)}
    return sorted(stated | {(t, r + N_RELATIONS + 1, h) for h, r, t in stated})


def kgat_vectors(model: KGAT, triples: list[Triple]) -> list[Tensor]:
    """e* of every node (Eq. 8 to 11)."""
    weights = kgat_attention(model, triples)
    now = list(model.nodes.unbind())
    final = [[vector] for vector in now]
    for first, second in zip(model.sums, model.products, strict=True):
        after = []
        for h, own in enumerate(now):
            near = torch.zeros_like(own)
            for triple in triples:
                if triple[0] == h:
                    near = near + weights[triple] * now[triple[2]]
            out = functional.leaky_relu(first.weight @ (own + near) + first.bias, 0.2)
            out = out + functional.leaky_relu(second.weight @ (own * near) + second.bias, 0.2)
            after.append(out)
            final[h].append(unit(out) if model.config.normalise else out)
        now = after
    return [torch.cat(parts) for parts in final]


def test_collaborative_graph_has_users_likes_and_inverses(train: TrainingSplit) -> None:
    graph = collaborative_graph(train)
    triples = zip(graph.head.tolist(), graph.relation.tolist(), graph.tail.tolist(), strict=True)
    assert sorted(triples) == kgat_triples(train)
    assert (graph.n_entities, graph.n_relations) == (N_ENTITIES + N_USERS, 2 * (N_RELATIONS + 1))


@pytest.mark.parametrize("normalise", [True, False])
def test_kgat_ranking_is_equations_4_to_13(train: TrainingSplit, normalise: bool) -> None:
    model = build(
        "kgat", train, relation_dim=3, layer_dims=(4, 3), normalise=normalise, l2_weight=0.01
    )
    triples = kgat_triples(train)
    vectors = kgat_vectors(model, triples)
    user, item = vectors[N_ENTITIES:], vectors[:N_ITEMS]
    used = [N_ENTITIES + u for u in USERS] + POSITIVES + NEGATIVES
    penalty = torch.stack([model.nodes[n].square().sum() for n in used]).sum()
    expected = (pairwise_loss(user, item) + 0.01 * penalty) / len(USERS)
    # π is a matrix of single-precision numbers, as every constant matrix here is.
    agree(model, model.loss(*columns(), 1.0), expected, atol=1e-6)
    with torch.no_grad():
        scores = model.eval().score_items(torch.arange(N_USERS), 0, N_ITEMS)
    naive = torch.stack(user) @ torch.stack(item).T
    torch.testing.assert_close(scores, naive.detach(), rtol=1e-5, atol=1e-6)


def test_kgat_embedding_is_equations_1_and_2(train: TrainingSplit) -> None:
    model = build("kgat", train, relation_dim=3, layer_dims=(4,), l2_weight=0.01)
    task = model.tasks(None)[1]
    heads, relations, tails, false = (c[:7] for c in task.samples(np.random.default_rng(0)))
    total = torch.zeros((), dtype=torch.float64)
    for h, r, t, f in zip(heads, relations, tails, false, strict=True):
        matrix, e = model.matrices[r], model.nodes
        g = [((matrix @ e[h] + model.relations[r] - matrix @ e[x]) ** 2).sum() for x in (t, f)]
        squares = [e[x].square().sum() for x in (h, t, f)] + [model.relations[r].square().sum()]
        total = total - torch.log(torch.sigmoid(g[1] - g[0])) + 0.01 * sum(squares)
    actual = task.loss(*(torch.from_numpy(c.copy()) for c in (heads, relations, tails, false)))
    agree(model, actual, total / 7)


def test_kgat_corrupts_tails_alone_and_never_into_a_true_triple(train: TrainingSplit) -> None:
    model = build("kgat", train)
    heads, relations, tails, false = model.tasks(None)[1].samples(np.random.default_rng(1))
    true = set(kgat_triples(train))
    assert set(zip(heads.tolist(), relations.tolist(), tails.tolist(), strict=True)) == true
    drawn = set(zip(heads.tolist(), relations.tolist(), false.tolist(), strict=True))
    assert not drawn & true


def test_kgat_weights_hold_for_an_epoch_and_travel_with_the_run(train: TrainingSplit) -> None:
    model = build("kgat", train)
    before = model.attention.clone()
    with torch.no_grad():
        model.nodes.mul_(3)
    assert torch.equal(model.attention, before)
    model.begin_epoch()
    assert not torch.equal(model.attention, before)
    assert "attention" in model.state_dict()


# --- KGIN


def kgin_intents(model: KGIN) -> list[Tensor]:
    """Eq. 1 and 2."""
    intents = []
    for weights in model.intent_weights.unbind():
        alpha = weights.exp() / weights.exp().sum()
        intents.append(sum((a * e for a, e in zip(alpha, model.relations, strict=True))))
    return intents


def kgin_vectors(model: KGIN, train: TrainingSplit) -> tuple[list[Tensor], list[Tensor]]:
    """Eq. 7 to 13."""
    intents, triples, likes = kgin_intents(model), both_ways(train), liked(train)
    user, entity = list(model.users.unbind()), list(model.entities.unbind())
    start, users, entities = user, user, entity
    scale = unit if model.config.normalise else (lambda vector: vector)
    for _ in range(model.config.layers):
        next_user = []
        for u in range(N_USERS):
            scores = torch.stack([intent @ start[u] for intent in intents])
            beta = scores.exp() / scores.exp().sum()
            items = [i for v, i in likes if v == u]
            total = torch.zeros_like(start[u])
            for share, intent in zip(beta, intents, strict=True):
                for i in items:
                    total = total + share * intent * entity[i] / len(items)
            next_user.append(scale(total))
        next_entity = [
            scale(mean([model.relations[r] * entity[t] for h, r, t in triples if h == e], own))
            for e, own in enumerate(entity)
        ]
        user, entity = next_user, next_entity
        users = [a + b for a, b in zip(users, user, strict=True)]
        entities = [a + b for a, b in zip(entities, entity, strict=True)]
    return users, entities[:N_ITEMS]


def naive_distance_correlation(a: Tensor, b: Tensor) -> Tensor:
    """Székely, Rizzo and Bakirov 2007, sums written out; its variances and covariance in roots."""

    def centred(x: Tensor) -> list[list[Tensor]]:
        n = range(len(x))
        d = [[(x[j] - x[k]).abs() for k in n] for j in n]
        rows = [sum(d[j]) / len(x) for j in n]
        whole = sum(rows) / len(x)
        return [[d[j][k] - rows[j] - rows[k] + whole for k in n] for j in n]

    def covariance(x: list[list[Tensor]], y: list[list[Tensor]]) -> Tensor:
        products = [p * q for r, s in zip(x, y, strict=True) for p, q in zip(r, s, strict=True)]
        return (torch.stack(products).mean() + 1e-8).sqrt()

    x, y = centred(a), centred(b)
    return covariance(x, y) / (covariance(x, x) * covariance(y, y) + 1e-8).sqrt()


@pytest.mark.parametrize("independence", ["distance_correlation", "mutual_information"])
@pytest.mark.parametrize("normalise", [True, False])
def test_kgin_loss_is_equation_16(train: TrainingSplit, normalise: bool, independence: str) -> None:
    model = build(
        "kgin",
        train,
        intents=3,
        layers=2,
        normalise=normalise,
        independence=independence,
        independence_weight=0.7,
        l2_weight=0.01,
    )
    user, item = kgin_vectors(model, train)
    intents = kgin_intents(model)
    if independence == "distance_correlation":
        dependence = sum(
            naive_distance_correlation(a, b) for a, b in itertools.combinations(intents, 2)
        )
    else:
        dependence = torch.zeros((), dtype=torch.float64)
        for p, own in enumerate(intents):
            similar = [(own @ e / own.norm() / e.norm() / 0.2).exp() for e in intents]
            dependence = dependence - torch.log(similar[p] / sum(similar))
    used = [model.users[u] for u in USERS] + [model.entities[i] for i in POSITIVES + NEGATIVES]
    penalty = torch.stack([vector.square().sum() for vector in used]).sum()
    expected = (pairwise_loss(user, item) + 0.01 * penalty) / len(USERS) + 0.7 * dependence
    agree(model, model.loss(*columns(), 1.0), expected, atol=1e-7)
    with torch.no_grad():
        scores = model.eval().score_items(torch.arange(N_USERS), 0, N_ITEMS)
    naive = torch.stack(user) @ torch.stack(item).T
    torch.testing.assert_close(scores, naive.detach(), rtol=1e-6, atol=1e-7)


def test_distance_correlation_is_one_for_lines_and_small_for_unrelated_vectors() -> None:
    x = torch.randn(200, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    y = torch.randn(200, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    assert distance_correlation(x, -2 * x + 5).item() == pytest.approx(1, abs=1e-3)
    assert distance_correlation(x, y).item() < 0.3


# --- MCCLK


def mcclk_item_graph(model: MCCLK, train: TrainingSplit) -> np.ndarray:
    """Eq. 1 to 4 as a dense matrix."""
    entity = [vector.detach() for vector in model.entities.unbind()]
    relations, triples = model.relations.detach(), both_ways(train)
    for _ in range(model.config.semantic_hops):
        entity = [
            mean([relations[r] * entity[t] for h, r, t in triples if h == e], own)
            for e, own in enumerate(entity)
        ]
    items = torch.stack([unit(vector) for vector in entity[:N_ITEMS]])
    similarity = (items @ items.T).numpy()
    kept = np.zeros_like(similarity)
    for i, row in enumerate(similarity):
        top = np.argsort(-row)[: model.config.neighbours]
        kept[i, top] = np.maximum(row[top], 0)
    degrees = kept.sum(axis=1)
    root = np.divide(1, np.sqrt(degrees), out=np.zeros_like(degrees), where=degrees > 0)
    return root[:, None] * kept * root


def mcclk_views(model: MCCLK, train: TrainingSplit) -> dict[str, list[Tensor]]:
    """Eq. 5 to 8 and 11 to 13."""
    config, likes, triples = model.config, liked(train), both_ways(train)
    by_user = {u: [i for v, i in likes if v == u] for u in range(N_USERS)}
    by_item = {i: [u for u, j in likes if j == i] for i in range(N_ITEMS)}
    first_users = list(model.users.unbind())
    first_items = list(model.entities.unbind())[:N_ITEMS]

    user, item = first_users, first_items
    user_c, item_c = user, item
    for _ in range(config.collaborative_layers):
        after = []
        for own, near, other, back in (
            (user, by_user, item, by_item),
            (item, by_item, user, by_user),
        ):
            side = []
            for n, vector in enumerate(own):
                total = torch.zeros_like(vector)
                for m in near[n]:
                    total = total + other[m] / np.sqrt(len(near[n]) * len(back[m]))
                side.append(total)
            after.append(side)
        user, item = after
        user_c = [a + b for a, b in zip(user_c, user, strict=True)]
        item_c = [a + b for a, b in zip(item_c, item, strict=True)]

    graph = mcclk_item_graph(model, train)
    item, item_s = first_items, first_items
    for _ in range(config.semantic_layers):
        item = [sum(graph[i, j] * item[j] for j in range(N_ITEMS)) for i in range(N_ITEMS)]
        item_s = [a + b for a, b in zip(item_s, item, strict=True)]

    scale = unit if config.normalise else (lambda vector: vector)
    user, entity = first_users, list(model.entities.unbind())
    user_g, item_g = user, entity
    for _ in range(config.structural_layers):
        next_user = [scale(mean([entity[i] for i in by_user[u]], v)) for u, v in enumerate(user)]
        next_entity = []
        for e, own in enumerate(entity):
            near = [(r, t) for h, r, t in triples if h == e]
            total = torch.zeros_like(own)
            if near:
                joined = [
                    torch.cat([own, model.relations[r]])
                    @ torch.cat([entity[t], model.relations[r]])
                    for r, t in near
                ]
                beta = torch.stack(joined).exp() / torch.stack(joined).exp().sum()
                for weight, (r, t) in zip(beta, near, strict=True):
                    total = total + weight * model.relations[r] * entity[t] / len(near)
            next_entity.append(scale(total))
        user, entity = next_user, next_entity
        user_g = [a + b for a, b in zip(user_g, user, strict=True)]
        item_g = [a + b for a, b in zip(item_g, entity, strict=True)]
    return {
        "user_c": user_c,
        "item_c": item_c,
        "item_s": item_s,
        "user_g": user_g,
        "item_g": item_g[:N_ITEMS],
    }


def naive_contrast(anchors: list[Tensor], others: list[Tensor], tau: float) -> list[Tensor]:
    """Eq. 10 and 15, term by term."""

    def similar(x: Tensor, y: Tensor) -> Tensor:
        return (x @ y / (x.norm() * y.norm()) / tau).exp()

    losses = []
    for i, anchor in enumerate(anchors):
        positive = similar(anchor, others[i])
        rest = [
            similar(anchor, side[k])
            for side in (anchors, others)
            for k in range(len(anchors))
            if k != i
        ]
        losses.append(-torch.log(positive / (positive + sum(rest))))
    return losses


def project(head: Any, vector: Tensor) -> Tensor:
    hidden = head[0].weight @ vector + head[0].bias
    return head[2].weight @ functional.elu(hidden) + head[2].bias  # type: ignore[no-any-return]


@pytest.mark.parametrize("normalise", [True, False])
def test_mcclk_loss_is_equation_20(train: TrainingSplit, normalise: bool) -> None:
    model = build(
        "mcclk",
        train,
        neighbours=3,
        semantic_layers=2,
        normalise=normalise,
        contrast_weight=0.6,
        local_share=0.3,
        l2_weight=0.01,
    )
    tau = model.config.temperature
    z = mcclk_views(model, train)
    both = [c + s for c, s in zip(z["item_c"], z["item_s"], strict=True)]
    user = [torch.cat(pair) for pair in zip(z["user_g"], z["user_c"], strict=True)]
    item = [torch.cat(pair) for pair in zip(z["item_g"], both, strict=True)]
    users, items = sorted(set(USERS)), sorted(set(POSITIVES + NEGATIVES))
    semantic, collaborative = (
        [project(model.local_head, z[side][i]) for i in items] for side in ("item_s", "item_c")
    )
    local = torch.stack(naive_contrast(semantic, collaborative, tau)).mean()
    overall = torch.zeros((), dtype=torch.float64)
    for ids, structural, other in ((items, z["item_g"], both), (users, z["user_g"], z["user_c"])):
        a, b = ([project(model.global_head, side[n]) for n in ids] for side in (structural, other))
        terms = naive_contrast(a, b, tau) + naive_contrast(b, a, tau)
        overall = overall + torch.stack(terms).sum() / (2 * len(ids))
    used = [model.users[u] for u in USERS] + [model.entities[i] for i in POSITIVES + NEGATIVES]
    penalty = torch.stack([vector.square().sum() for vector in used]).sum()
    expected = (pairwise_loss(user, item) + 0.01 * penalty) / len(USERS)
    expected = expected + 0.6 * (0.3 * local + 0.7 * overall)
    # The graphs are matrices of single-precision numbers, as every constant matrix here is.
    agree(model, model.loss(*columns(), 1.0), expected, atol=1e-6)
    with torch.no_grad():
        scores = model.eval().score_items(torch.arange(N_USERS), 0, N_ITEMS)
    naive = torch.stack(user) @ torch.stack(item).T
    torch.testing.assert_close(scores, naive.detach(), rtol=1e-5, atol=1e-6)


def test_mcclk_contrasts_at_most_so_many(train: TrainingSplit) -> None:
    model = build("mcclk", train, contrast_size=3)
    ids = torch.tensor([0, 1, 1, 2, 3, 4, 4])
    chosen = model._some(ids)
    assert (
        len(chosen) == 3 and len(chosen.unique()) == 3 and set(chosen.tolist()) <= {0, 1, 2, 3, 4}
    )
    assert model._some(torch.tensor([4, 4, 2])).tolist() == [2, 4]


def test_mcclk_graph_of_items_holds_for_an_epoch_and_travels(train: TrainingSplit) -> None:
    model = build("mcclk", train, neighbours=2)
    before = model.similarities.clone()
    with torch.no_grad():
        model.entities.add_(torch.randn_like(model.entities))
    model.item_graph()
    assert torch.equal(model.similarities, before)
    model.begin_epoch()
    assert not torch.equal(model.similarities, before)
    assert {"similar_items", "similarities"} <= set(model.state_dict())


# --- all three


@pytest.mark.parametrize("name", ["kgat", "kgin", "mcclk"])
def test_shares_of_a_batch_add_up(name: str, train: TrainingSplit) -> None:
    """In data-parallel training, per-batch terms count once in total."""
    settings = {"kgin": {"independence_weight": 0.5}, "mcclk": {"contrast_weight": 0.0}}
    model = build(name, train, l2_weight=0.01, **settings.get(name, {}))
    whole = model.loss(*columns(), 1.0)
    parts = [model.loss(*(c[part] for c in columns()), 0.5) for part in (slice(2), slice(2, 4))]
    torch.testing.assert_close(sum(parts), whole)


@pytest.mark.parametrize("name", ["kgat", "kgin", "mcclk"])
def test_the_graph_reaches_the_scores(name: str, train: TrainingSplit) -> None:
    """The score of an item without likes depends on its entity."""
    model = build(name, train)
    user, item = model.propagate()
    table = model.nodes if name == "kgat" else model.entities
    (gradient,) = torch.autograd.grad((user[0] * item[3]).sum(), [table])
    assert gradient[6].abs().sum() > 0
