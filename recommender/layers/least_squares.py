"""Solve an ALS half-step for implicit feedback: a regularised least-squares problem per row."""

from __future__ import annotations

import torch
from scipy.sparse import csr_array
from torch import Tensor

__all__ = ["gram_matrix", "solve_rows"]

_NUMBERS = 2**22  # maximum floats in memory at a time: gathered factors or matrices


def gram_matrix(factors: Tensor) -> Tensor:
    """YᵀY of ``[m, f]``: ``[f, f]``."""
    return factors.T @ factors


def solve_rows(
    positives: csr_array,
    others: Tensor,
    *,
    common: Tensor,
    weight: float,
    target: float,
    l2_weights: Tensor,
) -> Tensor:
    """x_u = (C + w Σ y_i y_iᵀ + λ_u I)⁻¹ t Σ y_i, the sums over u's positives, for every row u.

    In the eigenbasis of C, C + λ_u I is a diagonal D for every λ_u. With fewer positives c than
    factors f, the sum has rank c, and the system reduces to c × c (Woodbury): x_u = t D⁻¹ Y_uᵀ (I +
    w Y_u D⁻¹ Y_uᵀ)⁻¹ 1. Rows of similar length are solved in batches, padded to the longest. A row
    without positives gets zeros.

    Args:
        positives: zeros and ones ``[n, m]``.
        others: Y ``[m, f]``.
        common: C ``[f, f]``, the term common to all rows, positive semidefinite.
        weight, target: w and t.
        l2_weights: λ_u, ``[n]``.

    Returns:
        X ``[n, f]``.
    """
    n, dim = positives.shape[0], others.shape[1]
    offsets = torch.from_numpy(positives.indptr).long()
    counts = offsets.diff()
    used, columns = torch.unique(torch.from_numpy(positives.indices).long(), return_inverse=True)
    eigenvalues, basis = torch.linalg.eigh(common)
    # The last row, of zeros, is the padding.
    rotated = torch.cat([others[used] @ basis, others.new_zeros(1, dim)])
    solution = others.new_zeros(n, dim)
    order = counts.argsort(stable=True)
    order = order[counts[order] > 0]
    start = 0
    while start < len(order):
        stop = _chunk_end(counts[order], start, dim)
        rows = order[start:stop]
        width = int(counts[rows[-1]])
        positions = offsets[rows, None] + torch.arange(width)
        real = torch.arange(width) < counts[rows, None]
        ids = torch.where(real, columns[positions.clamp_max(len(columns) - 1)], len(used))
        diagonal = eigenvalues.clamp_min(0) + l2_weights[rows, None]
        solution[rows] = target * _solve(rotated[ids], diagonal, weight)
        start = stop
    back: Tensor = solution @ basis.T
    return back


def _solve(chosen: Tensor, diagonal: Tensor, weight: float) -> Tensor:
    """(D + w YᵀY)⁻¹ Yᵀ1 for Y ``[b, c, f]`` and diagonals D ``[b, f]``: ``[b, f]``."""
    if chosen.shape[1] < chosen.shape[2]:
        scaled = chosen / diagonal[:, None, :]
        identity = torch.eye(chosen.shape[1], dtype=chosen.dtype)
        inner = identity + weight * (chosen @ scaled.mT)
        ones = chosen.new_ones(*chosen.shape[:2], 1)
        return (scaled.mT @ _positive_definite_solve(inner, ones)).squeeze(2)
    matrices = torch.baddbmm(torch.diag_embed(diagonal), chosen.mT, chosen, alpha=weight)
    return _positive_definite_solve(matrices, chosen.sum(dim=1)[:, :, None]).squeeze(2)


def _positive_definite_solve(matrices: Tensor, right: Tensor) -> Tensor:
    return torch.cholesky_solve(right, torch.linalg.cholesky(matrices))


def _chunk_end(counts: Tensor, start: int, dim: int) -> int:
    """End of the largest padded chunk from `start` (sorted by counts) that fits into memory."""
    sizes = torch.arange(1, len(counts) - start + 1) * counts[start:].clamp_min(dim) * dim
    return start + max(1, int(torch.searchsorted(sizes, _NUMBERS, right=True)))
