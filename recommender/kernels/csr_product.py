"""Multiply compressed rows by a dense matrix, several threads taking rows of equal work."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import numpy as np
import torch
from numba import njit

__all__ = ["csr_product", "in_row_blocks"]

_SMALLEST_SHARE: Final = 2**18
"""Numbers to multiply below which another thread costs more than it saves."""


def csr_product(
    offsets: np.ndarray, columns: np.ndarray, values: np.ndarray, x: np.ndarray
) -> np.ndarray:
    """A x, each sum in the order of the row's entries, by however many threads.

    The sums are those of scipy's product, to the last bit.

    Args:
        offsets, columns, values: A, ``[n, m]`` in compressed rows.
        x: ``[m, d]`` of the type of the values, contiguous.

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
    """Call `work(first, last)` for blocks of rows that cover all, on as many threads as torch's.

    Args:
        work: releases the interpreter's lock; no block may depend on another.
        offsets: of compressed rows, ``[n + 1]``: blocks have about as many entries each.
        width: numbers per entry.
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
    """Rows first … last - 1 of A x; arguments as of `csr_product`."""
    for row in range(first, last):
        total = out[row]
        total[:] = 0
        for entry in range(offsets[row], offsets[row + 1]):
            value, other = values[entry], x[columns[entry]]
            for j in range(len(total)):
                total[j] += value * other[j]
