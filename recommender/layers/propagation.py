"""LightGCN propagation over users, items, facts and friends, with the batch's edges masked."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import numpy as np
import torch
from numba import njit
from torch import Tensor, nn

from recommender.data.splits import TrainingSplit
from recommender.data.tables import IntArray, distinct
from recommender.kernels.csr_product import in_row_blocks

__all__ = [
    "Edges",
    "Propagation",
    "batch_size_for",
    "interaction_edges",
    "joined_pairs",
    "knowledge_edges",
    "social_edges",
    "symmetric_weights",
]

_NUMBERS_PER_EPOCH: Final = 2**32
_MIN_STEPS: Final = 8
_FAST = {"reassoc", "contract", "nsz"}  # allows reordering of sums, but keeps NaN and infinity

Edges = tuple[IntArray, IntArray, np.ndarray]
"""Undirected edges: their two ends, int64 [n] each, and their weights, float [n]."""


def batch_size_for(n_positives: int, dim: int, wanted: int) -> int:
    """Batch size of a model that propagates over the whole graph in every step.

    With a fixed batch size, an epoch's cost would be quadratic in the interactions. Here the steps
    of an epoch process at most 2^32 numbers (edges times `dim`), or eight times all edges if that
    is more, so that the cost becomes linear. On smaller data the requested size is used.
    """
    steps = max(_MIN_STEPS, _NUMBERS_PER_EPOCH // max(1, n_positives * dim))
    return max(wanted, -(-n_positives // steps))


def symmetric_weights(left: IntArray, right: IntArray, n_nodes: int) -> np.ndarray:
    """1 / √(degree · degree) of each edge, degrees counted over these edges only; [n]."""
    degrees = np.bincount(left, minlength=n_nodes) + np.bincount(right, minlength=n_nodes)
    return np.asarray(1 / np.sqrt(degrees[left] * degrees[right]))


def interaction_edges(train: TrainingSplit) -> Edges:
    """Training positives, in the order of `positive_keys`; users first, then items."""
    users, items = np.divmod(train.positive_keys, train.n_items)
    n_nodes = train.n_users + train.n_items
    items = items + train.n_users
    return users, items, symmetric_weights(users, items, n_nodes)


def knowledge_edges(train: TrainingSplit, weight: float) -> Edges:
    """Pairs of adjacent entities, in either direction and by any relation."""
    graph = train.graph
    left, right = joined_pairs(graph.head, graph.tail, graph.n_entities)
    values = weight * symmetric_weights(left, right, graph.n_entities)
    return left + train.n_users, right + train.n_users, values


def social_edges(train: TrainingSplit, n_entities: int, weight: float) -> Edges:
    """Edges between friends, and between users and attributes; attributes follow the entities."""
    graph = train.user_graph
    if graph is None:
        nothing = np.zeros(0, dtype=np.int64)
        return nothing, nothing, np.zeros(0)
    left, right = joined_pairs(graph.head, graph.tail, graph.n_entities)
    values = weight * symmetric_weights(left, right, graph.n_entities)
    ends = [np.where(end < train.n_users, end, end + n_entities) for end in (left, right)]
    return ends[0], ends[1], values


def joined_pairs(head: IntArray, tail: IntArray, n_nodes: int) -> tuple[IntArray, IntArray]:
    """Distinct pairs of different nodes, the lower id first."""
    low, high = np.minimum(head, tail), np.maximum(head, tail)
    keys = distinct((low * n_nodes + high)[low != high])
    left, right = np.divmod(keys, max(n_nodes, 1))
    return left, right


class Propagation(nn.Module):
    """x(k+1) = A x(k) over several kinds of undirected edges: users' items, facts, friends.

    As in LightGCN (He et al., SIGIR 2020, Eq. 7) there is neither a weight matrix nor an activation
    between layers. A is derived from the data and not saved in checkpoints.

    Args:
        n_nodes: number of nodes.
        edges: the kinds of edges, with distinct pairs of nodes in each kind. `masked` of `forward`
            refers to the first kind.
    """

    offsets: Tensor
    columns: Tensor
    values: Tensor
    places: Tensor

    def __init__(self, n_nodes: int, *edges: Edges) -> None:
        super().__init__()
        self.n_nodes = n_nodes
        left, right, weight = (np.concatenate(column) for column in zip(*edges, strict=True))
        source, target = np.concatenate([left, right]), np.concatenate([right, left])
        order = np.lexsort((target, source))
        positions = np.empty(len(order), dtype=np.int64)
        positions[order] = np.arange(len(order))
        offsets = np.zeros(n_nodes + 1, dtype=np.int64)
        np.cumsum(np.bincount(source, minlength=n_nodes), out=offsets[1:])
        n_masked = len(edges[0][0])
        for name, array in (
            ("offsets", offsets),
            ("columns", target[order]),
            ("values", np.tile(weight, 2)[order].astype(np.float32)),
            (
                "places",
                np.stack([positions[:n_masked], positions[len(left) : len(left) + n_masked]]),
            ),
        ):
            self.register_buffer(name, torch.from_numpy(array), persistent=False)

    def forward(self, x: Tensor, n_layers: int, masked: Tensor | None = None) -> Tensor:
        """The mean of x, A x, … A^K x; [n_nodes, d] → the same.

        Args:
            x: the nodes' vectors.
            n_layers: K.
            masked: int64 [b], edges of the first kind to leave out.
        """
        smoothed: Tensor = _Smoothing.apply(x, self.matrix(masked), n_layers)  # type: ignore[no-untyped-call]
        return smoothed

    @torch.no_grad()
    def layers(self, x: Tensor, n_layers: int) -> list[Tensor]:
        """x, A x, … A^K x, each [n_nodes, d], without a gradient."""
        matrix, layers = self.matrix(), [x.detach()]
        for _ in range(n_layers):
            layers.append(matrix @ layers[-1].to(matrix.dtype))
        return layers

    def matrix(self, masked: Tensor | None = None) -> Tensor:
        """A as a sparse tensor, without some edges of the first kind."""
        values = self.values
        if masked is not None:
            values = values.clone()
            values[self.places[:, masked].reshape(-1)] = 0
        size = (self.n_nodes, self.n_nodes)
        return torch.sparse_csr_tensor(
            self.offsets, self.columns, values, size=size, check_invariants=False
        )


class _Smoothing(torch.autograd.Function):
    """x → (I + A + … + A^K) x / (K + 1). As A = Aᵀ, the backward pass is the same map."""

    @staticmethod
    def forward(context: Any, x: Tensor, matrix: Tensor, n_layers: int) -> Tensor:
        context.matrix, context.n_layers = matrix, n_layers
        return _smooth(x, matrix, n_layers)

    @staticmethod
    def backward(context: Any, *gradients: Any) -> Any:
        return _smooth(gradients[0], context.matrix, context.n_layers), None, None


def _smooth(x: Tensor, matrix: Tensor, n_layers: int) -> Tensor:
    """By Horner's rule: y ← x + A y, K times, from y = x; in A's own precision."""
    x = x.detach().to(matrix.dtype).contiguous()
    y = x
    if x.device.type == "cpu":
        parts = (matrix.crow_indices(), matrix.col_indices(), matrix.values())
        offsets, columns, values = (part.numpy() for part in parts)
        buffers = [torch.empty_like(x) for _ in range(min(n_layers, 2))]
        for step in range(n_layers):
            out = buffers[step % 2]
            args = offsets, columns, values, x.numpy(), y.numpy(), out.numpy()
            in_row_blocks(partial(_smoothing_step, *args), offsets, x.shape[1])
            y = out
    else:
        for _ in range(n_layers):
            y = x + matrix @ y
    return y / (n_layers + 1)


@njit(cache=True, nogil=True, error_model="numpy", fastmath=_FAST)
def _smoothing_step(
    offsets: Any, columns: Any, values: Any, x: Any, y: Any, out: Any, first: int, last: int
) -> None:  # pragma: no cover
    """out = x + A y in the rows first … last - 1, for a CSR matrix A.

    Args:
        offsets, columns, values: A, ``[n, n]``.
        x, y, out: ``[n, d]``; `out` must be distinct from the others.
    """
    for row in range(first, last):
        total = out[row]
        total[:] = x[row]
        for entry in range(offsets[row], offsets[row + 1]):
            value, other = values[entry], y[columns[entry]]
            if value != 0:
                for j in range(len(total)):
                    total[j] += value * other[j]
