"""Numba kernel of Adagrad on few embedding rows; the others have no gradient and stay."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

__all__ = ["step_rows"]


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def step_rows(
    theta: Any, squares: Any, rows: Any, gradient: Any, lr: float, eps: float
) -> None:  # pragma: no cover
    """A step on distinct `rows` of `theta` and of the sums of `squares`; `gradient` [rows, dim]."""
    rate, small = theta.dtype.type(lr), theta.dtype.type(eps)
    for k in range(len(rows)):
        row = rows[k]
        for j in range(theta.shape[1]):
            g = gradient[k, j]
            total = squares[row, j] + g * g
            squares[row, j] = total
            theta[row, j] -= rate * g / (np.sqrt(total) + small)
