"""Numba kernels of exact Adam on few embedding rows: skipped steps are applied when read.

A row without a gradient still moves under Adam, because its first moment m decays but is not
zero. From step s, when the row was last up to date, to step t it moves by

    Δθ = -lr Σ_{i=s+1..t}  a_i r^(i-s)  m_s / (√v_s + ε'),
    r = β₁ / √β₂,  a_i = √(1-β₂^i) / (1-β₁^i)

where ε' = ε √(1-β₂^i) β₂^(-(i-s)/2) hardly depends on i. So two numbers per pair (s, t), the sum
without the fraction and the mean ε' under its weights, suffice to update a row in one pass: exactly
if √v is far above or, except in the first steps of a training, far below ε; to first order in
between.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

__all__ = ["add_rows", "catch_up", "extend_carry", "step_rows"]


@njit(cache=True, nogil=True)
def extend_carry(
    carry: Any, t: int, beta1: float, beta2: float, horizon: int
) -> None:  # pragma: no cover
    """Add step t's term to `carry[:, s]` of the last `horizon` steps s; entry t starts at 0.

    `carry` [2, …] holds the sums, and the sums weighted with ε' / ε.
    """
    correction = math.sqrt(1.0 - beta2**t)
    decay = math.sqrt(beta2)
    plain, weighted = correction / (1.0 - beta1**t), correction * correction / (1.0 - beta1**t)
    for s in range(t - 1, max(-1, t - 1 - horizon), -1):
        plain *= beta1 / decay
        weighted *= beta1 / beta2
        carry[0, s] += plain
        carry[1, s] += weighted
    carry[:, t] = 0.0


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def catch_up(
    theta: Any,
    m: Any,
    v: Any,
    last: Any,
    rows: Any,
    carry: Any,
    t: int,
    lr: float,
    beta1: float,
    beta2: float,
    eps: float,
) -> None:  # pragma: no cover
    """Bring `rows` up to date with step t, as if each had had zero gradients since `last`."""
    for k in range(len(rows)):
        row = rows[k]
        s = last[row]
        if s == t:
            continue
        if s > 0:  # a row that never had a gradient has m = 0 and is unchanged
            move = theta.dtype.type(lr * carry[0, s])
            small = theta.dtype.type(eps * carry[1, s] / carry[0, s])
            decay1 = theta.dtype.type(beta1 ** (t - s))
            decay2 = theta.dtype.type(beta2 ** (t - s))
            for j in range(theta.shape[1]):
                first, second = m[row, j], v[row, j]
                theta[row, j] -= move * first / (np.sqrt(second) + small)
                m[row, j] = decay1 * first
                v[row, j] = decay2 * second
        last[row] = t


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def step_rows(
    theta: Any,
    m: Any,
    v: Any,
    last: Any,
    rows: Any,
    gradient: Any,
    t: int,
    lr: float,
    beta1: float,
    beta2: float,
    eps: float,
) -> None:  # pragma: no cover
    """Step t on distinct `rows`, which are up to date with step t - 1; `gradient` [rows, dim]."""
    one = theta.dtype.type(1.0)
    b1, b2 = theta.dtype.type(beta1), theta.dtype.type(beta2)
    correction = math.sqrt(1.0 - beta2**t)
    rate = theta.dtype.type(lr * correction / (1.0 - beta1**t))
    small = theta.dtype.type(eps * correction)
    for k in range(len(rows)):
        row = rows[k]
        for j in range(theta.shape[1]):
            g = gradient[k, j]
            first = b1 * m[row, j] + (one - b1) * g
            second = b2 * v[row, j] + (one - b2) * g * g
            m[row, j] = first
            v[row, j] = second
            theta[row, j] -= rate * first / (np.sqrt(second) + small)
        last[row] = t


@njit(cache=True, nogil=True)
def add_rows(ids: Any, values: Any, slot: Any, rows: Any, gradient: Any) -> int:  # pragma: no cover
    """Sum the gradients of equal ids, in order of appearance.

    Args:
        ids: int64 [b], with repetitions.
        values: [b, dim], the gradient of each lookup.
        slot: int64 [n] of -1, scratch, restored.
        rows: int64 [b], filled with the distinct ids.
        gradient: [b, dim], filled with their sums.

    Returns:
        The number of distinct ids.
    """
    count = 0
    for k in range(len(ids)):
        row = ids[k]
        target = slot[row]
        if target < 0:
            slot[row] = count
            rows[count] = row
            gradient[count, :] = values[k, :]
            count += 1
        else:
            for j in range(values.shape[1]):
                gradient[target, j] += values[k, j]
    for k in range(count):
        slot[rows[k]] = -1
    return count
