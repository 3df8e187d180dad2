"""Co-occurrence counts of the kernel against scipy's product."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from recommender.kernels.co_occurrences import co_occurrences


@pytest.mark.parametrize("n_columns", [1, 63, 64, 65, 200])
def test_pairs_are_counted_as_in_the_product(n_columns: int) -> None:
    rng = np.random.default_rng(n_columns)
    dense = (rng.random((40, n_columns)) < 0.1).astype(np.float32)
    expected = dense.T @ dense
    np.fill_diagonal(expected, 0)
    found = co_occurrences(csr_array(dense))
    np.testing.assert_array_equal(found.toarray(), expected)
    assert found.has_sorted_indices
    assert found.nnz == np.count_nonzero(expected)
