"""Group a graph's edges by head, for sums, means and softmaxes over neighbourhoods."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from recommender.data.graph import KnowledgeGraph
from recommender.data.tables import IntArray

__all__ = ["Edges", "Neighbourhoods"]


@dataclass(frozen=True, eq=False)
class Edges:
    """Triples (h, r, t) as aligned columns; N_h, the neighbourhood of h, are those with head h.

    Attributes:
        heads, relations, tails: int64 ``[e]``.
        shares: ``[e]`` weight of each edge in its head's mean: 1/|N_h|.
        n_heads: number of nodes that may be heads.
    """

    heads: Tensor
    relations: Tensor
    tails: Tensor
    shares: Tensor
    n_heads: int

    def head_vectors(self, x: Tensor) -> Tensor:
        """x_h of every edge: [n_heads, d] → [e, d]."""
        return x.index_select(0, self.heads)

    def tail_vectors(self, x: Tensor) -> Tensor:
        """x_t of every edge: [n, d] → [e, d]."""
        return x.index_select(0, self.tails)

    def messages(self, x: Tensor, relations: Tensor) -> Tensor:
        """e_r ⊙ x_t of every edge: [n, d] and [n_relations, d] → [e, d]."""
        return self.tail_vectors(x) * relations.index_select(0, self.relations)

    def total(self, values: Tensor) -> Tensor:
        """Sum of the edges' values over N_h: [e, …] → [n_heads, …]; zero without neighbours."""
        return values.new_zeros(self.n_heads, *values.shape[1:]).index_add(0, self.heads, values)

    def mean(self, values: Tensor) -> Tensor:
        """1/|N_h| times the sum over N_h: [e, d] → [n_heads, d]."""
        return self.total(values * self.shares[:, None].to(values.dtype))

    def softmax(self, scores: Tensor) -> Tensor:
        """exp(s) over its sum in N_h: [e] → [e]."""
        lowest = torch.full((self.n_heads,), -torch.inf, dtype=scores.dtype, device=scores.device)
        largest = lowest.scatter_reduce(0, self.heads, scores.detach(), "amax")
        weights = (scores - largest[self.heads]).exp()
        return weights / self.total(weights)[self.heads]


class Neighbourhoods(nn.Module):
    """The constant edges of a graph, derived from the data and not saved in checkpoints."""

    heads: Tensor
    relations: Tensor
    tails: Tensor
    shares: Tensor

    def __init__(
        self, heads: IntArray, relations: IntArray, tails: IntArray, *, n_heads: int
    ) -> None:
        super().__init__()
        self.n_heads = n_heads
        order = np.lexsort((tails, relations, heads))
        sizes = np.bincount(heads, minlength=n_heads)
        for name, column in (
            ("heads", heads[order]),
            ("relations", relations[order]),
            ("tails", tails[order]),
            ("shares", (1 / sizes[heads[order]]).astype(np.float32)),
        ):
            self.register_buffer(name, torch.from_numpy(column), persistent=False)

    @classmethod
    def of_graph(cls, graph: KnowledgeGraph) -> Neighbourhoods:
        """Create for all entities; with `graph.with_inverses()`, tails have neighbours too."""
        return cls(graph.head, graph.relation, graph.tail, n_heads=graph.n_entities)

    def forward(self, dropout: float = 0.0) -> Edges:
        """The edges; in training, each is dropped with probability `dropout`.

        Means are scaled by 1 / (1 - dropout), which makes them unbiased.
        """
        columns = self.heads, self.relations, self.tails, self.shares
        if self.training and dropout:
            kept = torch.rand(len(self.heads), device=self.heads.device) >= dropout
            index = kept.nonzero().squeeze(1)
            columns = tuple(column[index] for column in columns)  # type: ignore[assignment]
            return Edges(*columns[:3], columns[3] / (1 - dropout), self.n_heads)
        return Edges(*columns, self.n_heads)
