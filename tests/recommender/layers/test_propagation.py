"""Light graph convolution, values and gradients, against dense matrices and loops."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from recommender.layers.propagation import Edges, Propagation, batch_size_for, symmetric_weights

N_NODES = 9


@pytest.mark.parametrize("dim", [64, 128])
def test_an_epochs_steps_grow_with_the_data_no_further_than_their_cost_allows(dim: int) -> None:
    for n_positives in (13_000, 226_000):  # Last.FM and MovieLens 1M as the published runs have it
        assert batch_size_for(n_positives, dim, 2048) == 2048
    sizes = [2**k for k in range(20, 31)]
    steps = [-(-n // batch_size_for(n, dim, 2048)) for n in sizes]
    for n, count in zip(sizes, steps, strict=True):
        assert count == 8 or count * n * dim <= 2**32
    assert steps == sorted(steps, reverse=True)
    assert steps[-1] == 8


def edges(rng: np.random.Generator, n: int) -> Edges:
    """n different pairs of different nodes with random weights."""
    pairs = [(i, j) for i in range(N_NODES) for j in range(i)]
    chosen = np.array(pairs)[rng.permutation(len(pairs))[:n]].reshape(-1, 2)
    return chosen[:, 0], chosen[:, 1], rng.random(n)


def dense(kinds: list[Edges], masked: list[int]) -> np.ndarray:
    """A, edge by edge; kinds between the same two nodes add up."""
    matrix = np.zeros((N_NODES, N_NODES))
    for kind, (left, right, weights) in enumerate(kinds):
        for n, (i, j, weight) in enumerate(zip(left, right, weights, strict=True)):
            if kind == 0 and n in masked:
                continue
            matrix[i, j] += weight
            matrix[j, i] += weight
    return matrix


@given(seed=st.integers(0, 999), n_layers=st.integers(0, 4), data=st.data())
def test_the_mean_of_the_powers_and_its_gradient(
    seed: int, n_layers: int, data: st.DataObject
) -> None:
    rng = np.random.default_rng(seed)
    kinds = [edges(rng, n) for n in data.draw(st.tuples(*[st.integers(0, 12)] * 3))]
    masked = data.draw(st.lists(st.integers(0, max(len(kinds[0][0]) - 1, 0)), max_size=5))
    masked = masked if len(kinds[0][0]) else []
    matrix = dense(kinds, masked)
    smoothing = sum(np.linalg.matrix_power(matrix, k) for k in range(n_layers + 1)) / (n_layers + 1)

    propagation = Propagation(N_NODES, *kinds).double()
    x = torch.from_numpy(rng.normal(size=(N_NODES, 3))).requires_grad_()
    places = torch.tensor(masked, dtype=torch.int64)
    y = propagation(x, n_layers, places)
    np.testing.assert_allclose(y.detach(), smoothing @ x.detach().numpy(), rtol=1e-5, atol=1e-6)

    weights = rng.normal(size=y.shape)
    (gradient,) = torch.autograd.grad((y * torch.from_numpy(weights)).sum(), x)
    np.testing.assert_allclose(gradient, smoothing.T @ weights, rtol=1e-5, atol=1e-6)


def test_layers_are_the_terms_of_the_mean() -> None:
    rng = np.random.default_rng(1)
    propagation = Propagation(N_NODES, edges(rng, 10), edges(rng, 5))
    x = torch.randn(N_NODES, 4, requires_grad=True)
    layers = propagation.layers(x, 3)
    assert len(layers) == 4 and not any(layer.requires_grad for layer in layers)
    mean = torch.stack(layers).mean(dim=0)
    torch.testing.assert_close(propagation(x, 3).detach(), mean, rtol=1e-5, atol=1e-6)


def test_a_masked_edge_leaves_all_others_as_they_are() -> None:
    """Weights keep the full graph's degrees, and the next step uses the edge again."""
    rng = np.random.default_rng(2)
    propagation = Propagation(N_NODES, edges(rng, 10))
    whole = propagation.matrix().to_dense()
    without = propagation.matrix(torch.tensor([4, 7])).to_dense()
    assert ((whole != without).sum(), (without[whole != without] == 0).all()) == (4, True)
    assert torch.equal(propagation.matrix().to_dense(), whole)


def test_weights_are_symmetrically_normalised() -> None:
    left, right = np.array([0, 0, 0, 3]), np.array([1, 2, 3, 2])
    expected = [1 / math.sqrt(a * b) for a, b in ((3, 1), (3, 2), (3, 2), (2, 2))]
    assert symmetric_weights(left, right, 5).tolist() == pytest.approx(expected)
    assert symmetric_weights(left[:0], right[:0], 5).tolist() == []


def test_mixed_precision_runs_in_the_graphs_own() -> None:
    rng = np.random.default_rng(3)
    propagation = Propagation(N_NODES, edges(rng, 10))
    x = torch.randn(N_NODES, 4)
    assert propagation(x.bfloat16(), 2).dtype == torch.float32
    torch.testing.assert_close(
        propagation(x.bfloat16(), 2), propagation(x, 2), rtol=0.05, atol=0.05
    )
