"""EASE and RP3beta against their formulas, computed naively."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import recommender.models.ease as ease
from recommender import create_model
from recommender.data import Interactions, KnowledgeGraph, TrainingSplit
from recommender.data.matrices import positive_matrix
from recommender.errors import ConfigError

NOTHING = np.zeros(0, dtype=np.int64)
FEW_USERS, FEW_ITEMS = (11, 30), (40, 13)


def random_train(n_users: int, n_items: int) -> TrainingSplit:
    """Random positives; user 0 and item 0 have none."""
    rng = np.random.default_rng(n_users)
    liked = rng.random((n_users, n_items)) < 0.2
    liked[0], liked[:, 0] = False, False
    users, items = np.nonzero(liked)
    graph = KnowledgeGraph(NOTHING, NOTHING, NOTHING, n_entities=n_items, n_relations=0)
    rows = Interactions(users, items, np.ones(len(users), dtype=np.int64))
    return TrainingSplit(rows, graph, n_users, n_items)


def scores_of(name: str, train: TrainingSplit, start: int = 0, **settings: float) -> np.ndarray:
    model = create_model(name, train, **settings)
    model.fit()
    return model.eval().score_items(torch.arange(train.n_users), start, train.n_items).numpy()


@pytest.mark.parametrize("l2_weight", [0.5, 30.0])
@pytest.mark.parametrize("shape", [FEW_USERS, FEW_ITEMS])
def test_ease_is_equation_8(shape: tuple[int, int], l2_weight: float) -> None:
    """The same B whether items × items or users × users are inverted."""
    train = random_train(*shape)
    x = positive_matrix(train).toarray()
    p = np.linalg.inv(x.T @ x + l2_weight * np.eye(shape[1]))
    b = np.eye(shape[1]) - p @ np.diag(1 / np.diag(p))
    scores = scores_of("ease", train, 2, l2_weight=l2_weight)
    np.testing.assert_allclose(scores, (x @ b)[:, 2:], atol=1e-6)


@pytest.mark.parametrize("shape", [FEW_USERS, FEW_ITEMS])
def test_ease_is_the_constrained_regression(shape: tuple[int, int]) -> None:
    """Each column of B is the ridge regression of an item on all others."""
    train = random_train(*shape)
    x = positive_matrix(train).toarray()
    scores = scores_of("ease", train, l2_weight=2.0)
    for item in range(shape[1]):
        others = np.delete(x, item, axis=1)
        ridge = others.T @ others + 2.0 * np.eye(others.shape[1])
        expected = others @ np.linalg.solve(ridge, others.T @ x[:, item])
        np.testing.assert_allclose(scores[:, item], expected, atol=1e-6)


@pytest.mark.parametrize("shape", [FEW_USERS, FEW_ITEMS])
def test_ease_in_single_precision(shape: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """The precision used for large data; the matrix is assembled from blocks."""
    train = random_train(*shape)
    exact = scores_of("ease", train, l2_weight=5.0)
    monkeypatch.setattr(ease, "_DOUBLE_UP_TO", 0)
    monkeypatch.setattr(ease, "_COLUMNS", 4)
    np.testing.assert_allclose(scores_of("ease", train, l2_weight=5.0), exact, atol=1e-5)


def test_ease_names_what_fits_where_it_does_not() -> None:
    train = random_train(*FEW_USERS)
    large = TrainingSplit(train.interactions, train.graph, 100_000, 200_000)
    with pytest.raises(ConfigError, match=r"120 GB .* --max-memory-gb 8: .* rp3beta"):
        create_model("ease", large)


@pytest.mark.parametrize("k", [4, 1000])
@pytest.mark.parametrize("shape", [FEW_USERS, FEW_ITEMS])
def test_rp3beta_is_the_sum_over_all_walks(shape: tuple[int, int], k: int) -> None:
    """Sum over every walk user - item - other user - other item."""
    alpha, beta = 0.7, 0.4
    train = random_train(*shape)
    x = positive_matrix(train).toarray()
    by_user, by_item = x.sum(axis=1), x.sum(axis=0)
    onward = np.zeros((shape[1], shape[1]))
    for user in range(shape[0]):
        liked = np.flatnonzero(x[user])
        for item in liked:
            for end in liked[liked != item]:
                step = (1 / by_item[item] * 1 / by_user[user]) ** alpha
                onward[item, end] += step / by_item[end] ** beta
    for item, row in enumerate(onward):
        onward[item, np.argsort(-row, kind="stable")[k:]] = 0
    expected = x @ onward / np.maximum(by_user, 1)[:, None] ** alpha
    scores = scores_of("rp3beta", train, 3, alpha=alpha, beta=beta, k=k)
    np.testing.assert_allclose(scores, expected[:, 3:], atol=1e-6)
