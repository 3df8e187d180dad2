"""Multiply by a constant sparse matrix A in a model: A x, with gradients for x."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy.sparse import csr_array
from torch import Tensor, nn

from recommender.kernels.csr_product import csr_product

__all__ = ["CompressedRows", "SparseMatrix", "sum_of_rows"]

_ENTRIES = 2**22  # matrix entries gathered at a time

# Warnings about the beta API, which do not concern results.
warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta")
warnings.filterwarnings("ignore", message="Sparse invariant checks are implicitly disabled")


class SparseMatrix(nn.Module):
    """A constant CSR matrix A [n, m], and its transpose for the backward pass.

    It is derived from the data and not saved in checkpoints. torch's CSR product lacks gradients on
    some devices, and its COO product is several times slower.
    """

    forward_offsets: Tensor
    forward_columns: Tensor
    forward_values: Tensor

    def __init__(self, matrix: csr_array) -> None:
        super().__init__()
        self.shape = tuple(int(size) for size in matrix.shape)
        for side, unsorted in (("forward", matrix.tocsr()), ("backward", matrix.T.tocsr())):
            values = unsorted.sorted_indices()  # a copy: the arrays may be shared buffers
            self._keep(f"{side}_offsets", values.indptr.astype(np.int64))
            self._keep(f"{side}_columns", values.indices.astype(np.int64))
            self._keep(f"{side}_values", values.data.astype(np.float32))

    def _keep(self, name: str, values: np.ndarray) -> None:
        self.register_buffer(name, torch.from_numpy(values), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """A x: [m, d] → [n, d]."""
        product: Tensor = _Product.apply(x, self)  # type: ignore[no-untyped-call]
        return product

    def multiply(self, x: Tensor) -> Tensor:
        """A x, without a gradient."""
        return self._product("forward", x)

    def multiply_transposed(self, x: Tensor) -> Tensor:
        """Aᵀ x, without a gradient."""
        return self._product("backward", x)

    def rows(self, start: int, stop: int) -> Tensor:
        """The rows start … stop - 1 as a sparse tensor [stop - start, m], without a gradient."""
        return self._rows("forward", start, stop)

    def transposed_rows(self, start: int, stop: int) -> Tensor:
        """The rows start … stop - 1 of Aᵀ as a sparse tensor, [stop - start, n]."""
        return self._rows("backward", start, stop)

    def gathered(self, ids: Tensor) -> Tensor:
        """The given rows as a sparse tensor: int64 [b] → [b, m], without a gradient."""
        _, columns, values = self.entries(ids)
        counts = self.forward_offsets[ids + 1] - self.forward_offsets[ids]
        return torch.sparse_csr_tensor(
            torch.cat([counts.new_zeros(1), counts.cumsum(0)]),
            columns,
            values,
            size=(len(ids), self.shape[1]),
            check_invariants=False,
        )

    def entries(self, ids: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Entries of the given rows: `(position in ids, column, value)`, [n] each."""
        starts = self.forward_offsets[ids]
        counts = self.forward_offsets[ids + 1] - starts
        row = torch.repeat_interleave(torch.arange(len(ids), device=ids.device), counts)
        within = torch.arange(len(row), device=ids.device) - (counts.cumsum(0) - counts)[row]
        entries = starts[row] + within
        return row, self.forward_columns[entries], self.forward_values[entries]

    def dense_rows(self, ids: Tensor) -> Tensor:
        """The given rows as a dense tensor: int64 [b] → [b, m]."""
        row, column, value = self.entries(ids)
        dense = self.forward_values.new_zeros(len(ids), self.shape[1])
        dense[row, column] = value
        return dense

    def _rows(self, side: str, start: int, stop: int) -> Tensor:
        offsets = getattr(self, f"{side}_offsets")[start : stop + 1]
        first, last = int(offsets[0]), int(offsets[-1])
        return torch.sparse_csr_tensor(
            offsets - first,
            getattr(self, f"{side}_columns")[first:last],
            getattr(self, f"{side}_values")[first:last],
            size=(stop - start, self.shape[1] if side == "forward" else self.shape[0]),
            check_invariants=False,
        )

    def _product(self, side: str, x: Tensor) -> Tensor:
        # in the matrix's precision: there is no sparse bf16 product on a CPU
        x = x.detach().to(self.forward_values.dtype)
        if x.device.type == "cpu":  # bit-identical to torch's product, in a third of the time
            offsets, columns, values = (
                getattr(self, f"{side}_{name}").numpy() for name in ("offsets", "columns", "values")
            )
            return torch.from_numpy(csr_product(offsets, columns, values, x.contiguous().numpy()))
        with torch.autocast(x.device.type, enabled=False):
            return self._tensor(side) @ x

    def _tensor(self, side: str) -> Tensor:
        n, m = self.shape
        return torch.sparse_csr_tensor(
            getattr(self, f"{side}_offsets"),
            getattr(self, f"{side}_columns"),
            getattr(self, f"{side}_values"),
            size=(n, m) if side == "forward" else (m, n),
            check_invariants=False,
        )


@dataclass(frozen=True, eq=False)
class CompressedRows:
    """A sparse matrix [n, m]: row r holds columns[offsets[r] : offsets[r + 1]] and their values."""

    offsets: Tensor
    columns: Tensor
    values: Tensor


def sum_of_rows(
    matrix: CompressedRows, picked: Tensor, weights: Tensor, targets: Tensor, out: Tensor
) -> None:
    """out[targets[n]] += weights[n] * matrix[picked[n]] for all n, in bounded memory.

    Fast for few picked rows, as only their entries are touched.

    Args:
        matrix: ``[n, m]``.
        picked, weights, targets: ``[p]`` each.
        out: ``[b, m]``, contiguous.
    """
    flat, width = out.view(-1), out.shape[1]
    counts = (matrix.offsets[1:] - matrix.offsets[:-1])[picked]
    ends = counts.cumsum(0)
    first, done = 0, 0
    while first < len(picked):
        limit = torch.searchsorted(ends, done + _ENTRIES, right=True)
        last = max(first + 1, int(limit))
        part = slice(first, last)
        row = torch.repeat_interleave(torch.arange(first, last, device=out.device), counts[part])
        within = torch.arange(done, done + len(row), device=out.device) - (ends - counts)[row]
        entries = matrix.offsets[picked[row]] + within
        into = targets[row] * width + matrix.columns[entries]
        flat.index_add_(0, into, weights[row] * matrix.values[entries])
        first, done = last, int(ends[last - 1])


class _Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, matrix: SparseMatrix) -> Tensor:
        ctx.matrix = matrix
        return matrix.multiply(x)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        return ctx.matrix.multiply_transposed(gradients[0]), None
