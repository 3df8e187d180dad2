"""Multiply a CSR matrix by a dense matrix, with threads on row blocks of equal work."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import numpy as np
import torch
from numba import njit

__all__ = ["csr_product", "in_row_blocks"]

_SMALLEST_SHARE: Final = 2**18
"""Minimum multiplications per thread for a further thread to pay off."""


def csr_product(
    offsets: np.ndarray, columns: np.ndarray, values: np.ndarray, x: np.ndarray
) -> np.ndarray:
    """Compute A x, each sum in the order of the row's entries, independent of the threads.

    The result equals scipy's product bit by bit.

    Args:
        offsets, columns, values: A, ``[n, m]`` in CSR format.
        x: ``[m, d]`` of the dtype of the values, contiguous.

    Returns:
        ``[n, d]``.
    """
    out = np.empty((len(offsets) - 1, x.shape[1]), dtype=x.dtype)
    in_row_blocks(
        lambda first, last: _csr_product(offsets, columns, values, x, out, first, last),
        offsets,
        x.shape[1],
    )
    return out


def in_row_blocks(work: Callable[[int, int], None], offsets: np.ndarray, width: int) -> None:
    """Call `work(first, last)` for blocks covering all rows, on as many threads as torch's.

    Args:
        work: must release the GIL; blocks must be independent.
        offsets: CSR offsets, ``[n + 1]``; blocks have similar numbers of entries.
        width: multiplications per entry.
    """
    n_rows, n_entries = len(offsets) - 1, int(offsets[-1])
    n_blocks = max(1, min(torch.get_num_threads(), n_entries * width // _SMALLEST_SHARE))
    bounds = np.searchsorted(offsets, np.arange(1, n_blocks) * n_entries // n_blocks)
    starts = [0, *bounds.tolist()]
    blocks = list(zip(starts, [*starts[1:], n_rows], strict=True))
    if n_blocks == 1:
        work(0, n_rows)
        return
    with ThreadPoolExecutor(n_blocks) as pool:
        for done in [pool.submit(work, first, last) for first, last in blocks]:
            done.result()


@njit(cache=True, nogil=True, error_model="numpy")
def _csr_product(
    offsets: Any, columns: Any, values: Any, x: Any, out: Any, first: int, last: int
) -> None:  # pragma: no cover
    """Rows first … last - 1 of A x; see `csr_product`."""
    for row in range(first, last):
        total = out[row]
        total[:] = 0
        for entry in range(offsets[row], offsets[row + 1]):
            value, other = values[entry], x[columns[entry]]
            for j in range(len(total)):
                total[j] += value * other[j]
