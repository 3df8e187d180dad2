"""A step of graph convolution on the CPU."""

from __future__ import annotations

from typing import Any

from numba import njit

__all__ = ["smoothing_step"]

_FAST = {"reassoc", "contract", "nsz"}  # sums in any order; NaN and infinity stay what they are


@njit(cache=True, nogil=True, error_model="numpy", fastmath=_FAST)
def smoothing_step(
    offsets: Any, columns: Any, values: Any, x: Any, y: Any, out: Any
) -> None:  # pragma: no cover
    """out = x + A y for a matrix A in compressed rows.

    Args:
        offsets, columns, values: A, ``[n, n]``.
        x, y, out: ``[n, d]``; `out` is none of the others.
    """
    for row in range(len(offsets) - 1):
        total = out[row]
        total[:] = x[row]
        for place in range(offsets[row], offsets[row + 1]):
            value, other = values[place], y[columns[place]]
            if value != 0:
                for j in range(len(total)):
                    total[j] += value * other[j]
