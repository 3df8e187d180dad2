"""DKN against plain loops over windows and clicked items, in numpy."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from recommender import create_model, load, split
from recommender.data import TrainingSplit
from recommender.layers.names import read_names, windows
from recommender.models.dkn import DKN

USERS, ITEMS, LABELS = [0, 3, 3, 17, 30], [2, 2, 9, 29, 4], [1, 0, 1, 1, 0]


class Titles:
    """A catalogue of names of one to four words."""

    def item_name(self, item: int) -> str:
        return " ".join(
            ["The Red", "Blue", "Hot Chip", "a b c d"][item % 4].split()[: 1 + item % 5]
        )


@pytest.fixture(scope="module")
def train(toy_data: Path) -> TrainingSplit:
    return replace(split(load(toy_data), 1).train, catalogue=Titles())  # type: ignore[arg-type]


def build(train: TrainingSplit, **settings: Any) -> DKN:
    torch.manual_seed(0)
    settings = {"dim": 4, "filters": 3, "history": 5, **settings}
    model = create_model("dkn", train, seed=3, **settings).double()
    assert isinstance(model, DKN)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
        model.words.weight[0] = 0
    return model


def naive_features(model: DKN, train: TrainingSplit) -> np.ndarray:
    state = {name: value.numpy() for name, value in model.state_dict().items()}
    words = read_names([Titles().item_name(i) for i in range(train.n_items)], model.config.words)
    graph = train.graph
    function = {"tanh": np.tanh, "linear": lambda x: x}
    features = []
    for item in range(train.n_items):
        around = {t for h, t in zip(graph.head, graph.tail, strict=True) if h == item}
        around |= {h for h, t in zip(graph.head, graph.tail, strict=True) if t == item}
        channels = [state["entities.weight"][item]]
        if model.config.context:
            channels.append(state["entities.weight"][sorted(around)].mean(axis=0))
        if model.config.transform != "none":
            g = function[model.config.transform]
            channels = [
                g(state[f"maps.{n}.weight"] @ c + state[f"maps.{n}.bias"])
                for n, c in enumerate(channels)
            ]
        own = [w for w in words.words[item] if w]
        rows = [np.concatenate([state["words.weight"][w], *channels]) for w in own]
        parts = []
        for n, width in enumerate(model.config.widths):
            padded = rows + [np.zeros_like(rows[0])] * max(0, width - len(rows))
            matrix, bias = state[f"filters.{n}.weight"], state[f"filters.{n}.bias"]
            # The layer sees all words of a window, each word with its channels.
            answers = [
                np.maximum(matrix @ np.concatenate(padded[at : at + width]) + bias, 0)
                for at in range(len(padded) - width + 1)
            ]
            parts.append(np.max(answers, axis=0))
        features.append(np.concatenate(parts))
    return np.array(features)


@pytest.mark.parametrize("context", [True, False])
@pytest.mark.parametrize("transform", ["tanh", "linear", "none"])
def test_kcnn(context: bool, transform: str, train: TrainingSplit) -> None:
    model = build(train, context=context, transform=transform)
    with torch.no_grad():
        features = model.item_features()
    np.testing.assert_allclose(features, naive_features(model, train), rtol=1e-9, atol=1e-12)


def naive_score(model: DKN, features: np.ndarray, user: int, item: int) -> float:
    state = {name: value.numpy() for name, value in model.state_dict().items()}

    def network(name: str, x: np.ndarray) -> float:
        hidden = np.maximum(state[f"{name}.0.weight"] @ x + state[f"{name}.0.bias"], 0)
        return float((state[f"{name}.1.weight"] @ hidden + state[f"{name}.1.bias"])[0])

    candidate = features[item]
    clicked = [features[i] for i in state["history"][user] if i >= 0 and i != item]
    dot = model.config.interaction == "dot"
    taste = np.zeros_like(candidate)
    if clicked:
        attention = np.array(
            [
                c @ candidate
                if dot
                else network("attention_network", np.concatenate([c, candidate]))
                for c in clicked
            ]
        )
        weights = np.exp(attention) / np.exp(attention).sum()
        taste = sum(w * c for w, c in zip(weights, clicked, strict=True))
    score = (
        taste @ candidate if dot else network("score_network", np.concatenate([taste, candidate]))
    )
    return float(score + state["bias"])


@pytest.mark.parametrize("interaction", ["dot", "dnn"])
def test_scores(interaction: str, train: TrainingSplit) -> None:
    model = build(train, interaction=interaction).eval()
    features = naive_features(model, train)
    expected = [naive_score(model, features, u, v) for u, v in zip(USERS, ITEMS, strict=True)]
    with torch.no_grad():
        scores = model.score(torch.tensor(USERS), torch.tensor(ITEMS))
        block = model.score_items(torch.tensor(USERS), 1, 30)
    np.testing.assert_allclose(scores, expected, rtol=1e-9)
    np.testing.assert_allclose(block[torch.arange(5), torch.tensor(ITEMS) - 1], expected, rtol=1e-9)


def test_gradients_are_finite_and_reach_every_channel(train: TrainingSplit) -> None:
    model = build(train, l2_weight=0.0)
    model.loss(torch.tensor(USERS), torch.tensor(ITEMS), torch.tensor(LABELS), 1.0).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None and torch.isfinite(parameter.grad).all(), name
        assert parameter.grad.abs().sum() > 0, name
    assert (model.words.weight.grad[0] == 0).all()  # type: ignore[index]


def test_histories_hold_training_positives_only(train: TrainingSplit) -> None:
    model = build(train)
    liked = set(zip(*(column.tolist() for column in train.positives), strict=True))
    for user, items in enumerate(model.history.tolist()):
        mine = [(user, item) for item in items if item >= 0]
        assert set(mine) <= liked and len(set(mine)) == len(mine)
        assert len(mine) == min(5, sum(u == user for u, _ in liked))


def test_a_user_without_history_scores_the_bias(train: TrainingSplit) -> None:
    rows = train.interactions
    without = replace(train, interactions=rows.rows(np.flatnonzero(rows.users != 3)))
    model = build(without).eval()
    with torch.no_grad():
        scores = model.score(torch.tensor([3, 3]), torch.tensor([1, 2]))
    torch.testing.assert_close(scores, model.bias.detach().expand(2))


@given(
    names=st.lists(st.text(max_size=12), min_size=1, max_size=6),
    width=st.integers(1, 4),
    longest=st.integers(1, 5),
)
def test_windows_cover_every_name(names: list[str], width: int, longest: int) -> None:
    read = read_names(names, longest)
    found = windows(read, width)
    assert set(found.items.tolist()) == set(range(len(names)))  # no item is empty
    for item, words in enumerate(read.words):
        own = words[words > 0].tolist()
        mine = found.words[found.items == item].tolist()
        if len(own) < width:
            assert mine == [own + [0] * (width - len(own))]
        else:
            assert mine == [own[k : k + width] for k in range(len(own) - width + 1)]
    assert read.words.max() == read.n_words
