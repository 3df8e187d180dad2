"""Every equation of the paper against a naive computation with the d × d product.

The naive side is plain numpy on one sample at a time, written from the paper; its gradients are
central differences.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from recommender import create_model, load, split
from recommender.data.negatives import StaticNegatives
from recommender.models.knowledge_task import KnowledgeGraphTask
from recommender.models.mkr import MKR, RecommendationTask

TOLERANCE = 1e-6
Params = dict[str, np.ndarray]


# The paper, sample by sample


def sigmoid(x):  # Eq. 4, 12
    return 1 / (1 + np.exp(-x))


def tanh(x):  # Eq. 5, 13
    return (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x))


def softsign(x):  # Eq. 6, 14
    return x / (1 + np.abs(x))


def softplus(x):  # Eq. 15
    return np.log(1 + np.exp(x))


FUNCTIONS = {"S1": sigmoid, "T": tanh, "S2": softsign, "S3": softplus}
HIDDEN = {"relu": lambda x: np.maximum(x, 0), "sigmoid": sigmoid, "tanh": tanh}


def mean_of(names, x):  # the bracket of Eq. 3; Eq. 10, 11
    return sum(FUNCTIONS[name](x) for name in names.split("+")) / len(names.split("+"))


def mlp(p: Params, prefix: str, x, activation, last=None):  # M(x) = σ(Wx + b)
    n = sum(name.startswith(prefix) and name.endswith("weight") for name in p)
    for i in range(n):
        function = HIDDEN[last] if last and i == n - 1 else HIDDEN[activation]
        x = function(p[f"{prefix}{i}.weight"] @ x + p[f"{prefix}{i}.bias"])
    return x


def unit(p: Params, layer: int, v, e, v0, e0, kind):  # Eq. 16-19; MKR's Eq. 9 and 10
    def get(name):
        return p[f"units.units.{layer}.{name}"]

    if kind == "cross_stitch":
        a = get("alpha")
        return a[0, 0] * v + a[0, 1] * e, a[1, 0] * v + a[1, 1] * e
    if kind == "deep_cross":
        return (
            np.outer(e0, v) @ get("weight_ev") + v + get("bias_v"),
            np.outer(v0, e) @ get("weight_ve") + e + get("bias_e"),
        )
    C = np.outer(v, e)  # Eq. 16
    return (
        C @ get("weight_vv") + C.T @ get("weight_ev") + get("bias_v"),  # Eq. 17
        C @ get("weight_ve") + C.T @ get("weight_ee") + get("bias_e"),  # Eq. 18
    )


def stack(p: Params, c, v, e):
    v0, e0 = v, e
    for layer in range(c.low_layers):
        v, e = unit(p, layer, v, e, v0, e0, c.unit)
    return v, e


def f_rs(p: Params, c, user, item, entity):  # Eq. 1 and 2
    u = mlp(p, "user_layers.", p["users.weight"][user], c.activation)
    v, _ = stack(p, c, p["items.weight"][item], p["entities.weight"][entity])
    if c.f_rs == "dot":
        return u @ v, u, v
    x = np.concatenate([u, v])
    for i in range(c.high_layers):
        x = p[f"rs_layers.{i}.weight"] @ x + p[f"rs_layers.{i}.bias"]
        if i < c.high_layers - 1:
            x = HIDDEN[c.activation](x)
    return x[0], u, v


def y_hat(c, f):  # Eq. 3
    return sigmoid(f) if c.prediction == "plain" else sigmoid(mean_of(c.prediction, f))


def penalised(p: Params, prefixes):
    matrices = ("weight", "weight_vv", "weight_ev", "weight_ve", "weight_ee", "alpha")
    return sum(
        (p[name] ** 2).sum()
        for name in p
        if name.startswith(prefixes) and name.split(".")[-1] in matrices
    )


def recommendation_loss(p: Params, c, batch):  # L_RS and its part of L_REG in Eq. 20
    total, features = 0.0, 0.0
    for user, item, entity, label in zip(*batch, strict=True):
        f, u, v = f_rs(p, c, user, item, entity)
        y = sigmoid(f) if c.rs_loss == "score" else y_hat(c, f)
        total -= label * np.log(y) + (1 - label) * np.log(1 - y)
        features += u @ u + v @ v
    if c.rs_reduction == "mean":
        total /= len(batch[0])
    prefixes = ("user_layers.", "units.", "rs_layers.")
    return total + c.lambda2 * (features + penalised(p, prefixes))


def triple(p: Params, c, head, item, relation, tail):  # Eq. 7-11
    v = p["items.weight"][item] if item >= 0 else np.zeros(c.dim)
    _, h = stack(p, c, v, p["entities.weight"][head])  # Eq. 7
    r = p["kge.relations.weight"][relation]
    if c.relation_mlp:
        r = mlp(p, "kge.relation_layers.", r, c.activation)  # Eq. 8
    t = mlp(p, "kge.tail_layers.", p["entities.weight"][tail], c.activation)
    t_hat = mlp(
        p, "kge.prediction_layers.", np.concatenate([h, r]), c.activation, c.tail_activation
    )  # Eq. 9
    return mean_of(c.triple_score, t @ t_hat), h, t


def knowledge_loss(p: Params, c, batch):  # L_KG and its part of L_REG in Eq. 20
    heads, items, relations, tails, *false_tails = batch
    gain, features = 0.0, 0.0
    for i in range(len(heads)):
        score, h, t = triple(p, c, heads[i], items[i], relations[i], tails[i])
        gain += score
        features += h @ h + t @ t
        if false_tails:
            score, _, t = triple(p, c, heads[i], items[i], relations[i], false_tails[0][i])
            gain -= score
            features += t @ t
    if c.kg_reduction == "mean":
        gain /= len(heads)
    prefixes = ("units.", "kge.relation_layers.", "kge.tail_layers.", "kge.prediction_layers.")
    return -c.lambda1 * gain + c.lambda2 * (features + penalised(p, prefixes))


def differences(loss, p: Params, step: float = 1e-6) -> Params:
    """Central differences of `loss` for every entry of every parameter."""
    gradient = {}
    for name, value in p.items():
        gradient[name] = np.zeros_like(value)
        for index in np.ndindex(value.shape):
            kept = value[index]
            value[index] = kept + step
            above = loss()
            value[index] = kept - step
            below = loss()
            value[index] = kept
            gradient[name][index] = (above - below) / (2 * step)
    return gradient


# The comparison

CASES = {
    "mmss": {},
    "two layers, H 2": {"low_layers": 2, "high_layers": 2},
    "three layers": {"low_layers": 3, "relation_mlp": False, "false_triples": False},
    "loss on the score": {"rs_loss": "score", "lambda1": 0.3},
    "S1 predicts, T scores": {"prediction": "S1", "triple_score": "T"},
    "T+S2, S2+S3": {"prediction": "T+S2", "triple_score": "S2+S3", "activation": "sigmoid"},
    "S1+S2, S1+T": {"prediction": "S1+S2", "triple_score": "S1+T", "activation": "tanh"},
    "plain": {"prediction": "plain", "triple_score": "S1", "tail_activation": "relu"},
    "f_RS an MLP": {"f_rs": "mlp", "high_layers": 2},
    "sum and mean": {"rs_reduction": "sum", "kg_reduction": "mean"},
    "deep & cross": {"unit": "deep_cross", "low_layers": 2},
    "cross-stitch": {"unit": "cross_stitch", "low_layers": 2},
}


@pytest.fixture(params=CASES.values(), ids=CASES.keys())
def model(request: pytest.FixtureRequest, toy_data: Path) -> MKR:
    parts = split(load(toy_data), 1)
    settings = {"dim": 3, "lambda2": 0.01, **request.param}
    model = create_model("mmss_mkr", parts.train, seed=3, **settings).double()
    assert isinstance(model, MKR)
    with torch.no_grad():
        for parameter in model.parameters():  # biases off zero, scores off the linear part
            parameter += 0.3 * torch.randn_like(parameter)
    return model


@pytest.fixture(autouse=True)
def fixed_noise() -> None:
    torch.manual_seed(5)


def parameters_of(model: MKR) -> Params:
    return {name: value.detach().numpy().copy() for name, value in model.named_parameters()}


ROWS = (
    np.array([0, 1, 2, 1, 0]),
    np.array([4, 4, 7, 9, 2]),
    np.array([4, 4, 7, 40, 31]),  # own entities, and neighbours
    np.array([1, 0, 1, 1, 0]),
)
TRIPLES = (
    np.array([4, 30, 48, 7]),
    np.array([4, 2, -1, 7]),  # the item itself, a neighbour, none
    np.array([0, 2, 2, 1]),
    np.array([30, 49, 49, 33]),
    np.array([35, 3, 7, 34]),
)


def test_recommendation_loss_and_gradients(model: MKR, toy_data: Path) -> None:
    sampler = StaticNegatives(split(load(toy_data), 1).train)
    p = parameters_of(model)
    loss = RecommendationTask(model, sampler).loss(*map(torch.from_numpy, ROWS))
    keep = ("users.", "items.", "entities.", "user_layers.", "units.", "rs_layers.")
    p_used = {name: value for name, value in p.items() if name.startswith(keep)}
    assert loss.item() == pytest.approx(recommendation_loss(p, model.config, ROWS), abs=TOLERANCE)
    loss.backward()
    expected = differences(lambda: recommendation_loss(p, model.config, ROWS), p_used)
    check_gradients(model, expected)


def test_knowledge_loss_and_gradients(model: MKR) -> None:
    batch = TRIPLES if model.config.false_triples else TRIPLES[:4]
    p = parameters_of(model)
    loss = KnowledgeGraphTask(model).loss(*map(torch.from_numpy, batch))
    assert loss.item() == pytest.approx(knowledge_loss(p, model.config, batch), abs=TOLERANCE)
    loss.backward()
    keep = ("items.", "entities.", "units.", "kge.")
    p_used = {name: value for name, value in p.items() if name.startswith(keep)}
    expected = differences(lambda: knowledge_loss(p, model.config, batch), p_used)
    check_gradients(model, expected)


def check_gradients(model: MKR, expected: Params) -> None:
    for name, parameter in model.named_parameters():
        got = np.zeros(parameter.shape) if parameter.grad is None else parameter.grad.numpy()
        want = expected.get(name, np.zeros(parameter.shape))
        np.testing.assert_allclose(got, want, atol=TOLERANCE, err_msg=name)


def test_scores_and_predictions(model: MKR) -> None:
    """Eq. 1-6 for pairs, and the same numbers from the blocked catalogue."""
    model.eval()
    p = parameters_of(model)
    users, items = torch.tensor([0, 3, 5]), torch.tensor([2, 7, 7])
    with torch.no_grad():
        scores, predictions = model.score(users, items), model.predict(users, items)
        block = model.score_items(users, 2, 8)
    for k, (user, item) in enumerate(zip(users.tolist(), items.tolist(), strict=True)):
        f, _, _ = f_rs(p, model.config, user, item, item)
        assert scores[k].item() == pytest.approx(f, abs=TOLERANCE)
        assert predictions[k].item() == pytest.approx(y_hat(model.config, f), abs=TOLERANCE)
        assert block[k, item - 2].item() == pytest.approx(f, abs=TOLERANCE)
    assert block.shape == (3, 6)


def test_triple_scores_follow_eq_10(model: MKR) -> None:
    p = parameters_of(model)
    heads, items, relations, tails = map(torch.from_numpy, TRIPLES[:4])
    kge = model.kge
    with torch.no_grad():
        predicted = kge.predicted_tail(model.head_features(items, heads), kge.relation(relations))
        scores = kge(kge.match(kge.tail(model.entities(tails)), predicted))
    expected = [triple(p, model.config, *row)[0] for row in zip(*TRIPLES[:4], strict=True)]
    np.testing.assert_allclose(scores.numpy(), expected, atol=TOLERANCE)
