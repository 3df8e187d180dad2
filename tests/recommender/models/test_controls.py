"""Control models against their formulas, computed naively."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from recommender import create_model
from recommender.data import Split
from recommender.data.interactions import Interactions
from recommender.data.matrices import positive_matrix
from recommender.data.pairs import pair_up
from recommender.layers.calibration import PlattScaling
from recommender.layers.neighbours import nearest_rows
from recommender.models.lightgcn import LightGCN, normalised_bipartite
from recommender.models.popularity import expected_recounts


def random_matrix(rng: np.random.Generator, n: int, m: int, density: float = 0.3) -> csr_array:
    return csr_array((rng.random((n, m)) < density).astype(np.float64))


def test_popularity_counts_positives(checkerboard: Split) -> None:
    model = create_model("popularity", checkerboard.train)
    model.fit()
    _, items = checkerboard.train.positives
    expected = np.bincount(items, minlength=checkerboard.train.n_items)
    assert model.score_items(torch.tensor([0, 1]), 0, model.n_items)[1].tolist() == list(expected)


def test_leave_one_out_is_turings_estimate() -> None:
    """c* = (c + 1) N(c+1) / N(c): 4 items without, 6 with one, 1 with two positives."""
    counts = np.array([0] * 4 + [1] * 6 + [2])
    estimates = expected_recounts(counts)
    assert estimates[0] == pytest.approx(6 / 4)
    assert estimates[0] > estimates[1]
    assert (np.diff(estimates[1:]) > 0).all()


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000), st.integers(1, 12), st.sampled_from([0.0, 1.0, 10.0]))
def test_nearest_rows_by_definition(seed: int, k: int, shrinkage: float) -> None:
    matrix = random_matrix(np.random.default_rng(seed), 9, 7)
    dense = matrix.toarray()
    ids, values = nearest_rows(matrix, k, shrinkage)
    sizes = dense.sum(axis=1)
    with np.errstate(invalid="ignore"):
        cosine = (dense @ dense.T) / (np.sqrt(np.outer(sizes, sizes)) + shrinkage)
    cosine = np.nan_to_num(cosine)
    np.fill_diagonal(cosine, 0)
    for row in range(9):
        order = np.argsort(-cosine[row], kind="stable")[:k]
        similar = cosine[row, order]
        np.testing.assert_allclose(values[row, : len(order)], similar)
        assert (ids[row, : len(order)][similar > 0] == order[similar > 0]).all()


@pytest.mark.parametrize("name", ["item_knn", "user_knn"])
def test_knn_scores_by_definition(name: str, checkerboard: Split) -> None:
    model = create_model(name, checkerboard.train, k=5, shrinkage=2.0)
    model.fit()
    positives = positive_matrix(checkerboard.train)
    by_row = positives.T.tocsr() if name == "item_knn" else positives
    ids, values = nearest_rows(by_row, 5, 2.0)
    similar = np.zeros((by_row.shape[0],) * 2)
    np.put_along_axis(similar, ids, values, axis=1)
    dense = positives.toarray()
    expected = dense @ similar.T if name == "item_knn" else similar @ dense
    actual = model.score_items(torch.arange(model.n_users), 2, model.n_items)
    np.testing.assert_allclose(actual.numpy(), expected[:, 2:], rtol=1e-5)


def test_lightgcn_equals_its_matrix_form(checkerboard: Split) -> None:
    """E = (I + Ã + Ã² + Ã³) E(0) / 4, and the gradient of E goes back the same way."""
    model = create_model("lightgcn", checkerboard.train, dim=5, layers=3).double()
    assert isinstance(model, LightGCN)
    ratings = positive_matrix(checkerboard.train).toarray()
    n_users, n_items = ratings.shape
    adjacency = np.block([
        [np.zeros((n_users, n_users)), ratings],
        [ratings.T, np.zeros((n_items, n_items))],
    ])  # fmt: skip
    inverse_root = np.diag(adjacency.sum(axis=1) ** -0.5)
    a = inverse_root @ adjacency @ inverse_root
    whole = sum(np.linalg.matrix_power(a, power) for power in range(4)) / 4
    start = model.embeddings.detach().numpy()
    final = model.final_embeddings()
    np.testing.assert_allclose(final.detach().numpy(), whole @ start, atol=1e-6)
    weights = np.random.default_rng(0).normal(size=start.shape)
    (final * torch.from_numpy(weights)).sum().backward()
    np.testing.assert_allclose(model.embeddings.grad.numpy(), whole.T @ weights, atol=1e-6)
    scores = (whole @ start)[:n_users] @ (whole @ start)[n_users:].T
    with torch.inference_mode():
        actual = model.eval().score_items(torch.arange(n_users), 0, n_items)
    np.testing.assert_allclose(actual.numpy(), scores, atol=1e-6)


def test_nodes_without_edges_are_left_out() -> None:
    matrix = normalised_bipartite(csr_array(np.array([[1.0, 0.0], [0.0, 0.0]])))
    np.testing.assert_array_equal(matrix.toarray().sum(axis=1), [1, 0, 1, 0])


def test_every_user_has_a_pair_per_positive(checkerboard: Split) -> None:
    """The number of prepared negatives has no effect."""
    train = checkerboard.train
    rng = np.random.default_rng(1)
    few = np.flatnonzero((train.labels == 1) | ((train.users > 4) & (rng.random(len(train)) < 0.3)))
    users, liked, others = pair_up(train.interactions.rows(few), train, rng)
    np.testing.assert_array_equal(
        np.bincount(users), np.bincount(train.positives[0], minlength=train.n_users)
    )
    assert train.is_positive(users, liked).all()
    assert not train.is_positive(users, others).any()


def test_who_likes_everything_has_no_pair(checkerboard: Split) -> None:
    from recommender.data import TrainingSplit

    rows = Interactions(np.array([0, 0, 1]), np.array([0, 1, 0]), np.array([1, 1, 1]))
    train = TrainingSplit(rows, checkerboard.train.graph, 2, 2)
    users, _, others = pair_up(rows, train, np.random.default_rng(0))
    assert users.tolist() == [1]
    assert others.tolist() == [1]


def test_calibration_finds_the_probabilities_that_made_the_labels() -> None:
    rng = np.random.default_rng(3)
    scores = rng.exponential(20, size=20_000)
    truth = 1 / (1 + np.exp(-(2 * np.arcsinh(scores / np.median(scores)) - 2)))
    labels = (rng.random(len(scores)) < truth).astype(np.int64)
    platt = PlattScaling()
    platt.fit(scores, labels)
    np.testing.assert_allclose(platt(torch.from_numpy(scores)).numpy(), truth, atol=0.02)


@pytest.mark.parametrize("labels", [[0, 0, 0], [1, 1, 1], [1, 1, 0]])
def test_calibration_never_turns_an_order_round(labels: list[int]) -> None:
    platt = PlattScaling().double()
    platt.fit(np.array([0.0, 1.0, 5.0]), np.array(labels))
    probabilities = platt(torch.tensor([-1.0, 0.0, 1.0, 1e9], dtype=torch.float64))
    assert (probabilities.diff() > 0).all()
    assert ((probabilities > 0) & (probabilities < 1)).all()
