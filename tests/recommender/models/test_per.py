"""PER: the diffused matrix and its factorisation."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from recommender import create_model
from recommender.data import Split, make_sampler
from recommender.data.matrices import item_attributes, positive_matrix
from recommender.models.per import PER, factorise, unit_attributes


def test_diffusion_is_cosine_over_shared_entities(checkerboard: Split) -> None:
    """R̃[u, v] = Σ cos(v, w) over the training positives w of u, v itself included."""
    train = checkerboard.train
    liked = positive_matrix(train).toarray()
    for relation in range(train.n_relations):
        unit = unit_attributes(train, relation)
        entities = item_attributes(train.graph, train.n_items, relation).toarray()
        lengths = np.linalg.norm(entities, axis=1)
        cosine = entities @ entities.T / np.outer(lengths, lengths)
        np.testing.assert_allclose((liked @ unit) @ unit.T.toarray(), liked @ cosine)


def test_factors_find_a_product_of_low_rank() -> None:
    rng = np.random.default_rng(0)
    left, right = rng.random((20, 3)), rng.random((15, 3))
    u, v = factorise(csr_array(left), csr_array(right), 3, 2000, np.random.default_rng(1))
    assert (u >= 0).all()
    assert (v >= 0).all()
    np.testing.assert_allclose(u @ v.T, left @ right.T, atol=0.05)


def test_score_is_the_weighted_sum_over_paths(checkerboard: Split) -> None:
    train = checkerboard.train
    model = create_model("per", train, min_triples=1, rank=2)
    assert isinstance(model, PER)
    model.tasks(make_sampler("fresh", train))
    with torch.no_grad():
        model.weights.copy_(torch.tensor([0.5, -2.0]))
        actual = model.score(torch.tensor([3]), torch.tensor([8])).item()
    u, v = model.user_factors[3].reshape(2, 2), model.item_factors[8].reshape(2, 2)
    assert actual == pytest.approx((0.5 * u[0] @ v[0] - 2.0 * u[1] @ v[1]).item(), rel=1e-5)


def test_only_relations_with_enough_triples_are_paths(checkerboard: Split) -> None:
    assert create_model("per", checkerboard.train, min_triples=24).relations == [0, 1]
    model = create_model("per", checkerboard.train, min_triples=25)
    assert model.relations == []
    assert model.score(torch.tensor([0]), torch.tensor([1])).tolist() == [0.0]
