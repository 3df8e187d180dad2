"""Base of the embeddings that score a query (h, r, ?) against all entities in one product."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from recommender.kge.all_entities import Metric, pair_scores, scores_of_all
from recommender.kge.base import TripleModel

__all__ = ["QueryModel", "complex_product"]


class QueryModel(TripleModel):
    """A model that needs to say only what its query is, and by which metric it meets entities."""

    metric: ClassVar[Metric]

    def score(self, heads: Tensor, relations: Tensor, tails: Tensor) -> Tensor:
        """Of each query with its tail."""
        return pair_scores(self.queries(heads, relations), self.entities(tails), self.metric)

    def views(self, relation: int) -> tuple[Tensor, Tensor]:
        """The queries of all entities, and all entities."""
        everyone = torch.arange(self.n_entities, device=self.entities.weight.device)
        queries = self.queries(everyone, torch.full_like(everyone, relation))
        return queries, self.entities.weight

    def compare(self, heads: Tensor, tails: Tensor) -> Tensor:
        """By the metric."""
        return scores_of_all(heads, tails, self.metric)

    def loss(self, true: Tensor, false: Tensor) -> Tensor:
        """-Σ ln σ(score(true)) - Σ ln σ(-score(false))."""
        return (functional.softplus(-true) + functional.softplus(false)).sum()


def complex_product(one: Tensor, other: Tensor) -> Tensor:
    """Products of complex numbers whose real parts fill the first half of a row; [b, d]."""
    (a, b), (c, d) = one.chunk(2, dim=1), other.chunk(2, dim=1)
    return torch.cat([a * c - b * d, a * d + b * c], dim=1)
