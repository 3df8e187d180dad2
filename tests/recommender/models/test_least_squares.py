"""ALS and iALS against their equations, solved one row at a time."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from recommender import create_model
from recommender.data import Split
from recommender.data.matrices import positive_matrix
from recommender.layers.least_squares import gram_matrix, solve_rows
from recommender.models.als import ALS
from recommender.models.ials import IALS


@pytest.mark.parametrize(("n", "dim"), [(6, 3), (40, 3), (40, 12)])
def test_rows_are_solved_as_if_alone(n: int, dim: int) -> None:
    """Rows with fewer positives than factors and rows with more, and some without any."""
    rng = np.random.default_rng(n)
    positives = csr_array((rng.random((n, 20)) < rng.random((n, 1)) - 0.1).astype(np.float64))
    others, l2_weights = rng.normal(size=(20, dim)), rng.random(n) + 0.1
    common = 0.3 * others.T @ others
    solution = solve_rows(
        positives,
        torch.from_numpy(others),
        common=torch.from_numpy(common),
        weight=4.0,
        target=5.0,
        l2_weights=torch.from_numpy(l2_weights),
    )
    for row, liked in enumerate(positives.toarray()):
        matrix = common + 4.0 * others.T @ np.diag(liked) @ others + l2_weights[row] * np.eye(dim)
        expected = np.linalg.solve(matrix, 5.0 * others.T @ liked)
        np.testing.assert_allclose(solution[row].numpy(), expected, atol=1e-10)


def test_als_solves_equation_4(checkerboard: Split) -> None:
    """x_u = (Yᵀ C_u Y + λI)⁻¹ Yᵀ C_u p_u, with the diagonal C_u written out."""
    model = create_model("als", checkerboard.train, dim=3, alpha=4.0, l2_weight=0.5)
    assert isinstance(model, ALS)
    rng = np.random.default_rng(0)
    others = rng.normal(size=(model.n_items, 3))
    positives = positive_matrix(checkerboard.train)
    y = torch.from_numpy(others)
    actual = model.solve(positives, y, gram_matrix(y)).numpy()
    for user, preference in enumerate(positives.toarray()):
        confidence = np.diag(1 + 4.0 * preference)
        matrix = others.T @ confidence @ others + 0.5 * np.eye(3)
        expected = np.linalg.solve(matrix, others.T @ confidence @ preference)
        np.testing.assert_allclose(actual[user], expected, atol=1e-10)


def test_ials_descends_as_published(checkerboard: Split) -> None:
    """Three rounds of exact solutions for one vector after the other, from the same start."""
    settings = {"unobserved_weight": 0.2, "l2_weight": 0.03, "exponent": 0.7, "iterations": 3}
    model = create_model("ials", checkerboard.train, dim=4, **settings)
    assert isinstance(model, IALS)
    users, items = (vectors.double().numpy().copy() for vectors in (model.users, model.items))
    model.double().fit()
    ratings = positive_matrix(checkerboard.train).toarray()
    for step in range(7):  # the users once more in the end
        if step % 2 == 0:
            users = _naive_ials_side(ratings, items)
        else:
            items = _naive_ials_side(ratings.T, users)
    np.testing.assert_allclose(model.users.numpy(), users, atol=1e-6)
    np.testing.assert_allclose(model.items.numpy(), items, atol=1e-6)
    scores = model.score_items(torch.arange(model.n_users), 0, model.n_items)
    np.testing.assert_allclose(scores.numpy(), users @ items.T, atol=1e-6)


def _naive_ials_side(ratings: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The minimiser of Σ_S (xᵀy - 1)² + α0 Σ (xᵀy)² + λ(|S| + α0 m)^ν ‖x‖², each row."""
    rows = []
    for liked in ratings:
        chosen = others[liked == 1]
        weight = 0.03 * (len(chosen) + 0.2 * len(others)) ** 0.7
        hessian = chosen.T @ chosen + 0.2 * others.T @ others + weight * np.eye(others.shape[1])
        rows.append(np.linalg.solve(hessian, chosen.sum(axis=0)))
    return np.array(rows)


def test_ials_starts_at_the_stated_spread(checkerboard: Split) -> None:
    model = create_model("ials", checkerboard.train, dim=256, init_std=0.5)
    assert isinstance(model, IALS)
    assert float(model.items.std()) * 16 == pytest.approx(0.5, rel=0.05)
