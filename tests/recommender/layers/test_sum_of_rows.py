"""Weighted sums of sparse rows against the dense product."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

import recommender.layers.sparse as sparse
from recommender.layers.sparse import CompressedRows, sum_of_rows


@pytest.mark.parametrize("limit", [1, 7, 1000])
def test_sums_are_those_of_the_dense_product(limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """For any block size, including rows longer than a block."""
    monkeypatch.setattr(sparse, "_ENTRIES", limit)
    rng = np.random.default_rng(limit)
    dense = rng.random((8, 12)) * (rng.random((8, 12)) < 0.4)
    dense[3] = 0
    matrix = csr_array(dense)
    rows = CompressedRows(*map(torch.from_numpy, (matrix.indptr, matrix.indices, matrix.data)))
    picked, targets = rng.integers(0, 8, 30), rng.integers(0, 5, 30)
    weights = rng.normal(size=30)
    out = torch.ones(5, 12, dtype=torch.float64)
    sum_of_rows(rows, *map(torch.from_numpy, (picked, weights, targets)), out)
    expected = np.ones((5, 12))
    for row, weight, target in zip(picked, weights, targets, strict=True):
        expected[target] += weight * dense[row]
    np.testing.assert_allclose(out.numpy(), expected)
