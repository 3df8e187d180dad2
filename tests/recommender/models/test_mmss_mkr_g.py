"""MMSS_MKR-G against dense matrices and plain sums; its leakage guarantees."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from recommender import Trainer, create_model
from recommender.data import (
    Catalogue,
    Dataset,
    HeldOut,
    Interactions,
    KnowledgeGraph,
    Split,
    TrainingSplit,
    make_sampler,
)
from recommender.data.facts import Facts
from recommender.models.mmss_mkr_g import GraphMKR, RankingTask
from recommender.models.mmss_mkr_g_newcomers import NewItems, Strangers
from recommender.scoring import ItemSets, top_k

SMALL: dict[str, Any] = {"dim": 5, "nearest": 4, "batch_size": 16, "lr": 0.03}
TWO_VIEWS = {"low_layers": 1, "kge_interval": 1, "prediction": "S1+T+S2"}
Floats = NDArray[np.float64]


def build(train: TrainingSplit, **settings: Any) -> GraphMKR:
    """A model in double precision with perturbed parameters."""
    torch.manual_seed(0)
    model = create_model("mmss_mkr_g", train, **{**SMALL, **settings}).double().eval()
    assert isinstance(model, GraphMKR)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return model


def as_split(train: TrainingSplit) -> Split:
    """A split with held-out rows, for the training loop."""
    users = np.arange(train.n_users)
    held = HeldOut(users, users % train.n_items, users // 2 % 2)
    dataset = Dataset(
        Path("odd"),
        train.interactions,
        train.graph,
        train.n_users,
        train.n_items,
        Catalogue(Path()),
    )
    return Split(train, held, held, dataset, seed=0, ratios=(0.6, 0.2, 0.2))


def trained(parts: Split, **settings: Any) -> GraphMKR:
    model = create_model("mmss_mkr_g", parts.train, **{**SMALL, "schedule": 2, **settings})
    Trainer(patience=0, threads=1, device="cpu").fit(model, parts)
    assert isinstance(model, GraphMKR)
    return model.eval()


def adjacency(model: GraphMKR, train: TrainingSplit, masked: set[tuple[int, int]]) -> Floats:
    """A, from sets of pairs: users, then entities, then attributes of users."""
    n_users, n_entities = train.n_users, model.n_entities
    likes = {(u, n_users + i) for u, i in np.column_stack(train.positives).tolist()}
    graph, known = train.graph, train.user_graph
    facts = {
        (n_users + min(h, t), n_users + max(h, t))
        for h, t in zip(graph.head.tolist(), graph.tail.tolist(), strict=True)
        if h != t
    }
    social = set()
    if known is not None:
        for ends in zip(known.head.tolist(), known.tail.tolist(), strict=True):
            low, high = sorted(end if end < n_users else end + n_entities for end in ends)
            social |= {(low, high)} if low != high else set()
    n_attributes = model.attributes.num_embeddings
    matrix = np.zeros((n_users + n_entities + n_attributes,) * 2)
    config = model.config
    for pairs, weight in (
        (likes, 1.0),
        (facts, config.knowledge_weight),
        (social, config.social_weight),
    ):
        degree = np.zeros(len(matrix))
        for pair in pairs:
            degree[list(pair)] += 1
        for a, b in pairs:
            if weight != 1 or (a, b - n_users) not in masked:
                matrix[a, b] += weight / np.sqrt(degree[a] * degree[b])
                matrix[b, a] = matrix[a, b]
    return matrix


def naive_final(model: GraphMKR, train: TrainingSplit, masked: set[tuple[int, int]]) -> Tensor:
    """The mean of A^k x(0) with a dense A, and x(0) with the d × d product of Eq. 16."""
    entities = model.entities.weight
    if model.two_views:
        v, e = model.items.weight, entities[: train.n_items]
        mixed = [one + other for one, other in zip(v, e, strict=True)]
        for unit in model.units.units:
            for n, (one, other) in enumerate(zip(v, e, strict=True)):
                product = torch.outer(one, other)
                mixed[n] = mixed[n] + (
                    product @ unit.weight_vv + product.T @ unit.weight_ev + unit.bias_v
                )
        entities = torch.cat([torch.stack(mixed), entities[train.n_items :]])
    x = torch.cat([model.users.weight, entities, model.attributes.weight])
    matrix = torch.from_numpy(adjacency(model, train, masked))
    total = x
    for _ in range(model.config.layers):
        x = matrix @ x
        total = total + x
    return total / (model.config.layers + 1)


def naive_score(model: GraphMKR, final: Tensor, user: int, item: int, left_out: bool) -> Tensor:
    """w · x + b + Σ a_j relu(W_j · x + c_j), one pair at a time."""
    counts = model.features.pairs(np.array([user]), np.array([item]), left_out=left_out)[0]
    if not model.config.path_features:
        counts = torch.cat([torch.zeros(6), counts[6:]])
    x = torch.cat([(final[user] @ final[model.n_users + item])[None], counts])
    head = model.head
    score = head.linear.weight[0] @ x + head.linear.bias[0]
    for row, bias, out in zip(
        head.hidden.weight, head.hidden.bias, head.out.weight[0], strict=True
    ):
        score = score + out * torch.relu(row @ x + bias)
    return score


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"layers": 0, "hidden": 0},
        {"layers": 2, "path_features": False, "social_weight": 0.4, "knowledge_weight": 0.0},
        TWO_VIEWS,
        {"kge_interval": 2},
    ],
)
def test_scores_are_what_the_equations_say(
    settings: dict[str, Any], odd_train: TrainingSplit
) -> None:
    model = build(odd_train, **settings)
    with torch.no_grad():
        final = naive_final(model, odd_train, set())
        torch.testing.assert_close(model.final(), final, rtol=1e-5, atol=1e-6)
        everybody = torch.arange(model.n_users)
        scores = model.score_items(everybody, 0, model.n_items)
        expected = [
            [naive_score(model, final, user, item, False) for item in range(model.n_items)]
            for user in range(model.n_users)
        ]
        torch.testing.assert_close(scores, torch.tensor(expected), rtol=1e-4, atol=1e-5)
        users, items = everybody.repeat_interleave(10), torch.arange(10).repeat(model.n_users)
        pairs = model.score(users, items).view_as(scores)
        torch.testing.assert_close(pairs, scores, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(model.score_items(everybody[3:5], 4, 7), scores[3:5, 4:7])


def naive_loss(model: GraphMKR, train: TrainingSplit, columns: list[NDArray[np.int64]]) -> Tensor:
    """The batch's loss, written out pair by pair."""
    users, items, *_ = columns
    positives, negatives = items[:, 0], items[:, 1:]
    pairs = list(zip(users.tolist(), positives.tolist(), strict=True))
    final = naive_final(model, train, set(pairs))
    config, n = model.config, len(pairs)
    mixture = model.mixture or (lambda score: score)
    softmax = rows_of_positives = rows_of_negatives = contrast = torch.zeros(())
    z = final / final.norm(dim=1, keepdim=True)
    for (user, item), others in zip(pairs, negatives.tolist(), strict=True):
        liked = naive_score(model, final, user, item, True)
        scores = torch.stack([naive_score(model, final, user, other, False) for other in others])
        softmax = softmax - (liked.exp() / (liked.exp() + scores.exp().sum())).log() / n
        rows_of_positives = rows_of_positives - torch.sigmoid(mixture(liked)).log() / n
        wrong = -(1 - torch.sigmoid(mixture(scores))).log().mean()
        rows_of_negatives = rows_of_negatives + wrong / n

        def likeness(u: int, i: int) -> Tensor:
            return (z[u] @ z[model.n_users + i] / config.temperature).exp()

        own = likeness(user, item)
        strange = [(u, i) for u, i in pairs if u != user and i != item]
        by_user = own / (own + sum(likeness(user, i) for _, i in strange))
        by_item = own / (own + sum(likeness(u, item) for u, _ in strange))
        contrast = contrast - (by_user.log() + by_item.log()) / (2 * n)
    rows = rows_of_positives + rows_of_negatives
    return softmax + config.row_loss * rows + config.contrast * contrast


def batch(model: GraphMKR, train: TrainingSplit, n: int) -> tuple[RankingTask, list[NDArray[Any]]]:
    task = model.tasks(make_sampler("fresh", train))[0]
    assert isinstance(task, RankingTask)
    columns = task.samples(np.random.default_rng(3))
    return task, [column[7 : 7 + n] for column in columns]


@pytest.mark.parametrize("settings", [{}, TWO_VIEWS, {"row_loss": 0.0, "contrast": 0.0}])
def test_the_loss_and_its_gradients(settings: dict[str, Any], odd_train: TrainingSplit) -> None:
    model = build(odd_train, n_negatives=3, **settings).train()
    task, columns = batch(model, odd_train, 9)
    parameters = [parameter for parameter in task.parameters() if parameter.numel()]
    loss = task.loss(*map(torch.from_numpy, columns))
    expected = naive_loss(model, odd_train, columns)
    torch.testing.assert_close(loss, expected, rtol=1e-5, atol=1e-6)
    ours = torch.autograd.grad(loss, parameters, allow_unused=True)
    theirs = torch.autograd.grad(expected, parameters, allow_unused=True)
    assert sum(gradient is not None for gradient in theirs) > 4
    for one, other in zip(ours, theirs, strict=True):
        zero = torch.zeros(())
        torch.testing.assert_close(
            zero if one is None else one, zero if other is None else other, rtol=1e-4, atol=1e-5
        )
    half = task.loss(*map(torch.from_numpy, columns), share=0.5)
    torch.testing.assert_close(half, loss / 2)


def test_a_batch_taken_in_parts_of_one_propagation_has_the_same_gradients(
    odd_train: TrainingSplit,
) -> None:
    # the contrast is one among the pairs of a part
    model = build(odd_train, contrast=0.0, low_layers=1)
    task, columns = batch(model, odd_train, 11)
    tensors = [torch.from_numpy(column) for column in columns]

    def gradients(part: int) -> tuple[Tensor, list[Tensor]]:
        task._part = part
        model.zero_grad()
        loss = task.loss(*tensors, share=0.5)
        loss.backward()
        return loss.detach(), [p.grad.clone() for p in task.parameters() if p.grad is not None]

    (whole, expected), (found, in_parts) = gradients(11), gradients(3)
    torch.testing.assert_close(found, whole)
    torch.testing.assert_close(in_parts, expected)


def test_an_epochs_samples(odd_train: TrainingSplit) -> None:
    """Every positive once, with its edge and with items without a positive of its user."""
    model = build(odd_train, n_negatives=4)
    task, _ = batch(model, odd_train, 1)
    users, items, edges, *sums = task.samples(np.random.default_rng(1))
    positives, negatives = items[:, 0], items[:, 1:]
    keys = users * odd_train.n_items + positives
    assert sorted(keys.tolist()) == odd_train.positive_keys.tolist()
    assert (odd_train.positive_keys[edges] == keys).all()
    assert negatives.shape == (len(users), 4)
    assert not odd_train.is_positive(users.repeat(4), negatives.ravel()).any()
    pairs = users.repeat(5), items.ravel()
    known = model.features.pairs(*pairs, left_out=False, sums=[part.ravel() for part in sums])
    assert torch.equal(known, model.features.pairs(*pairs, left_out=False))


def test_what_is_to_be_predicted_is_no_input(odd_train: TrainingSplit) -> None:
    """A batch positive's score does not depend on its own edge weight."""
    model = build(odd_train).train()
    edges = torch.tensor([3, 11])
    users, items = np.divmod(odd_train.positive_keys[edges], odd_train.n_items)
    scores = []
    with torch.no_grad():
        for weight in (0.5, 7.0):
            model.propagation.values[model.propagation.places[:, edges]] = weight
            final = model.final(masked=edges)
            asked = torch.from_numpy(users), torch.from_numpy(items)
            features = model.pair_features(*asked, left_out=True)
            scores.append(model.head_scores(model.products(final, *asked), features))
            seen = model.score(*asked)
    assert torch.equal(*scores)
    assert not torch.allclose(scores[0], seen)


def test_scoring_again_after_a_step_is_not_the_old_scores(odd_train: TrainingSplit) -> None:
    model = build(odd_train)
    with torch.no_grad():
        before = model.score_items(torch.arange(3), 0, 10)
        assert torch.equal(model.score_items(torch.arange(3), 0, 10), before)
        model.train()
        model.users.weight.mul_(2)
        model.eval()
        assert not torch.allclose(model.score_items(torch.arange(3), 0, 10), before)
    # with gradients asked for, the kept vectors, which have none, are not used
    assert model.score(torch.tensor([0]), torch.tensor([0])).requires_grad
    (gradient,) = torch.autograd.grad(
        model.score(torch.tensor([0]), torch.tensor([0])).sum(), model.users.weight
    )
    assert gradient.abs().sum() > 0


# Newcomers


def test_a_folded_in_user_lacks_his_own_vector_alone(odd_train: TrainingSplit) -> None:
    """Without friendships, everything else equals the training user's."""
    train = replace(odd_train, user_graph=None)
    model = build(train)
    with torch.no_grad():
        strangers = model.fold_in(ItemSets(*train.history))
        assert isinstance(strangers, Strangers)
        own = model.users.weight
        expected = model.final()[: train.n_users] + (own.mean(dim=0) - own) / 4
        torch.testing.assert_close(strangers._vectors, expected, rtol=1e-5, atol=1e-6)
        own.copy_(own.mean(dim=0).expand_as(own))
        model.forget()
        everybody = torch.arange(train.n_users)
        torch.testing.assert_close(
            model.fold_in(ItemSets(*train.history)).score_items(everybody, 2, 9),
            model.score_items(everybody, 2, 9),
            rtol=1e-5,
            atol=1e-6,
        )


def test_strangers_with_no_history_are_alike(odd_train: TrainingSplit) -> None:
    model = build(odd_train)
    scorer = model.fold_in(ItemSets.of_lists([[], [2, 4], []]))
    scores = scorer.score_items(torch.arange(3), 0, 10)
    assert scores.isfinite().all()
    torch.testing.assert_close(scores[0], scores[2])
    assert not torch.allclose(scores[0], scores[1])
    nobody = model.fold_in(ItemSets.empty(0))
    assert nobody.score_items(torch.arange(0), 0, 10).shape == (0, 10)


def test_a_folded_in_item_lacks_its_own_vector_alone(odd_train: TrainingSplit) -> None:
    """Item 9, which has facts and no listener."""
    model = build(odd_train)
    graph = odd_train.graph
    entities = np.concatenate([graph.tail[graph.head == 9], graph.head[graph.tail == 9]])
    known = Facts(np.zeros(len(entities), int), entities, np.ones(len(entities), bool))
    nothing = Facts(*np.zeros((2, 0), dtype=np.int64), np.zeros(0, dtype=bool))
    with torch.no_grad():
        new = model.fold_in_items([known, nothing])
        assert isinstance(new, NewItems) and new.n_items == 2
        items = model.entities.weight[:10]
        expected = model.final()[model.n_users + 9] + (items.mean(dim=0) - items[9]) / 4
        torch.testing.assert_close(new._vectors[0], expected, rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(new._vectors[1], items.mean(dim=0) / 4)
    everybody = torch.arange(model.n_users)
    scores = new.score_items(everybody, 0, 2)
    assert scores.isfinite().all() and not scores.requires_grad
    torch.testing.assert_close(new.score_items(everybody[2:4], 1, 2), scores[2:4, 1:])


@pytest.fixture(scope="module")
def black_and_white(checkerboard: Split) -> GraphMKR:
    return trained(checkerboard, dim=8, schedule=8, batch_size=32)


def test_newcomers_get_items_of_their_colour(black_and_white: GraphMKR) -> None:
    histories = ItemSets.of_lists([[2, 8], [5, 7, 11]])
    lists = top_k(black_and_white.fold_in(histories), [0, 1], 8, exclude=histories)
    assert (lists.items[0] % 2 == 0).all() and (lists.items[1] % 2 == 1).all()
    black, white = (Facts(*np.array([[0], [entity], [1]])) for entity in (24, 25))
    scores = black_and_white.fold_in_items([black, white]).score_items(torch.arange(24), 0, 2)
    prefers_black = scores[:, 0] > scores[:, 1]
    assert prefers_black[::2].all() and not prefers_black[1::2].any()


def test_a_history_folded_in_ranks_as_its_owner(
    black_and_white: GraphMKR, checkerboard: Split
) -> None:
    everybody = torch.arange(24)
    with torch.no_grad():
        own = black_and_white.score_items(everybody, 0, 24).numpy()
    folded = black_and_white.fold_in(ItemSets(*checkerboard.train.history))
    theirs = folded.score_items(everybody, 0, 24).numpy()
    for mine, other in zip(own, theirs, strict=True):
        ranks = mine.argsort().argsort(), other.argsort().argsort()
        assert np.corrcoef(*ranks)[0, 1] > 0.8


# Reasons


def by_triple(model: GraphMKR, user: int, item: int) -> dict[int, float]:
    found = model.triple_contributions(torch.tensor([user]), torch.tensor([item]))
    assert found is not None and not found.pairs.any()
    graph = model.graph
    assert ((graph.head[found.triples] == item) | (graph.tail[found.triples] == item)).all()
    return dict(zip(found.triples.tolist(), found.values.tolist(), strict=True))


def test_parts_along_edges_make_up_the_inner_product(odd_train: TrainingSplit) -> None:
    """With a linear head: the facts, the listeners, and the item's own vector add up."""
    model = build(odd_train, hidden=0, path_features=False)
    weight = model.head.linear.weight[0, 0].item()
    with torch.no_grad():
        final, layers = model.final().numpy(), [layer.numpy() for layer in model.layers()]
    steps = sum(layers[:-1]) / len(layers)
    matrix = adjacency(model, odd_train, set())
    for user in (0, 4, 13):
        for item in range(10):
            node = model.n_users + item
            listeners = matrix[node, : model.n_users] @ steps[: model.n_users]
            rest = weight * final[user] @ (layers[0][node] / len(layers) + listeners)
            total = sum(by_triple(model, user, item).values()) + rest
            assert total == pytest.approx(weight * final[user] @ final[node], abs=1e-6)


def test_parts_of_shared_facts_are_first_order_deletions(odd_train: TrainingSplit) -> None:
    """Items 2 and 4, and 1 and 5, are joined by triples: these count for both ends."""
    model = build(odd_train, knowledge_weight=0.0, init_scale=0.01)
    graph, features = model.graph, model.features
    vectors, alike = features.facts.matrix.toarray(), features.alike.toarray()
    checked = 0
    for user in range(odd_train.n_users):
        history = features.members.histories.of(user)
        for item in range(10):
            near = np.array([j for j in history if alike[item, j] > 0], dtype=np.int64)
            triples = by_triple(model, user, item)
            others = {t: int(graph.head[t] + graph.tail[t] - item) for t in triples}
            for entity in set(others.values()):
                actual = sum(v for t, v in triples.items() if others[t] == entity)
                lost = vectors[item, entity] * vectors[near, entity]
                if entity in near:
                    lost[near == entity] += vectors[item, item] * vectors[entity, item]
                expected = slope_of_deletion(model, user, item, alike[item, near], lost)
                assert actual == pytest.approx(expected, rel=1e-3, abs=1e-5)
                checked += bool(expected)
    assert checked > 50


def slope_of_deletion(
    model: GraphMKR, user: int, item: int, cosines: Floats, lost: Floats
) -> float:
    """Central difference of the score by the deleted share."""
    features, step = model.features, 1e-4
    length = len(features.members.histories.of(user))
    with torch.no_grad():
        final = model.final()
        product = (final[user] @ final[model.n_users + item])[None]
        counts = features.pairs(np.array([user]), np.array([item]), left_out=False)[0]
        scores = []
        for share in (-step, step):
            left = cosines - share * lost
            raw = torch.tensor([left.sum() / np.sqrt(length + 1), np.sqrt((left**2).sum())])
            moved = counts.clone()
            moved[2:4] = (raw - features.mean[2:4]) / features.scale[2:4]
            scores.append(model.head(torch.cat([product, moved])).item())
    return (scores[0] - scores[1]) / (2 * step)


# Odd data, and the tasks


@pytest.mark.parametrize(
    "settings",
    [{}, {"hidden": 0, "layers": 0}, {**TWO_VIEWS, "associated": "neighbour"}, {"pairs": "rows"}],
)
def test_it_trains_on_odd_data(
    settings: dict[str, Any], odd_train: TrainingSplit, recwarn: pytest.WarningsRecorder
) -> None:
    model = trained(as_split(odd_train), **settings)
    assert model.attributes.num_embeddings == 4
    with torch.no_grad():
        assert model.score_items(torch.arange(14), 0, 10).isfinite().all()
    assert not [warning for warning in recwarn if "zero-element" in str(warning.message)]


NOTHING = np.zeros(0, dtype=np.int64)


@pytest.mark.parametrize("settings", [{}, TWO_VIEWS])
@pytest.mark.parametrize("n_items", [1, 10])
def test_it_needs_neither_facts_nor_friends_nor_a_choice(
    n_items: int, settings: dict[str, Any], odd_train: TrainingSplit
) -> None:
    empty = KnowledgeGraph(NOTHING, NOTHING, NOTHING, n_items, 0)
    items = np.minimum(odd_train.items, n_items - 1)
    users, first = np.unique(odd_train.users * n_items + items, return_index=True)
    rows = Interactions(users // n_items, items[first], odd_train.labels[first])
    train = TrainingSplit(rows, empty, 14, n_items)
    model = trained(as_split(train), **settings)
    with torch.no_grad():
        assert model.score_items(torch.arange(14), 0, n_items).isfinite().all()
    strangers = model.fold_in(ItemSets.of_lists([[], [0]])).score_items(torch.arange(2), 0, n_items)
    assert strangers.isfinite().all()
    nothing = Facts(NOTHING, NOTHING, np.zeros(0, dtype=bool))
    assert model.fold_in_items([nothing]).score_items(torch.arange(14), 0, 1).isfinite().all()
    found = model.triple_contributions(torch.arange(3), torch.zeros(3, dtype=torch.int64))
    assert found is not None and not len(found.values)


def test_the_kg_task_and_the_mixture_train_beside_it(checkerboard: Split) -> None:
    class Losses(list[dict[str, float]]):
        def start(self, settings: Any, epochs_done: int) -> None: ...
        def finish(self, metrics: Any) -> None: ...
        def epoch(self, record: Any) -> None:
            self.append(dict(record))

    losses = Losses()
    settings = {**SMALL, **TWO_VIEWS, "lr_kge": 0.01, "schedule": 6, "kge_interval": 2}
    model = create_model("mmss_mkr_g", checkerboard.train, **settings)
    Trainer(patience=0, threads=1, device="cpu", loggers=[losses]).fit(model, checkerboard)
    graph_losses = [record for record in losses if "loss_knowledge_graph" in record]
    assert [record["epoch"] for record in graph_losses] == [1, 3, 5]
    assert graph_losses[-1]["loss_knowledge_graph"] < graph_losses[0]["loss_knowledge_graph"]
    assert losses[-1]["loss_recommendation"] < losses[0]["loss_recommendation"]
    scores = torch.linspace(-9, 9, 50)
    y = model.probability(scores)
    assert (y.diff() > 0).all()
    expected = torch.sigmoid(
        (torch.sigmoid(scores) + torch.tanh(scores) + scores / (1 + scores.abs())) / 3
    )
    torch.testing.assert_close(y, expected)
