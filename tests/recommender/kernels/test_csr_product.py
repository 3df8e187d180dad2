"""The CSR product is bit-identical to scipy's with any number of threads."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.sparse import random_array

from recommender.kernels import csr_product as module
from recommender.kernels.csr_product import csr_product, in_row_blocks


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_sums_are_those_of_scipy(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SMALLEST_SHARE", 1)
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    rng = np.random.default_rng(0)
    matrix = random_array((40, 30), density=0.2, rng=rng, dtype=np.float32).tocsr()
    matrix.sort_indices()
    x = rng.normal(size=(30, 7)).astype(np.float32)
    offsets, columns = matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64)
    found = csr_product(offsets, columns, matrix.data, x)
    np.testing.assert_array_equal(found, matrix @ x)


def test_blocks_cover_every_row_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SMALLEST_SHARE", 1)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 4)
    for sizes in ([0, 0, 9, 0], [1] * 10, [0], [5]):
        seen: list[int] = []
        offsets = np.concatenate([[0], np.cumsum(sizes)])
        in_row_blocks(lambda first, last, seen=seen: seen.extend(range(first, last)), offsets, 3)
        assert sorted(seen) == list(range(len(sizes)))
