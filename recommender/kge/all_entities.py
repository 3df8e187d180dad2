"""Cross-entropy of queries (h, r, ?) against all entities, by matrix products.

With the answers of a query grouped, one row of scores is used for all triples that share it. On the
CPU the products run in numpy: on AMD processors its OpenBLAS is two to three times as fast as the
MKL of torch (measured by `benchmarks/embeddings.py`).
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

__all__ = ["Metric", "cross_entropy", "pair_scores", "scores_of_all"]

Metric = Literal["product", "distance", "squared_distance"]
_TINY = 1e-12  # below the smallest squared distance distinguishable from 0 in float32


def pair_scores(queries: Tensor, entities: Tensor, metric: Metric) -> Tensor:
    """Score of each query with its own candidate; [b, d], [b, d] → [b]."""
    if metric == "product":
        return (queries * entities).sum(dim=1)
    squared = (queries - entities).square().sum(dim=1)
    return -squared if metric == "squared_distance" else -squared.clamp_min(_TINY).sqrt()


def scores_of_all(queries: Tensor, entities: Tensor, metric: Metric) -> Tensor:
    """Score of every query with every candidate; [b, d], [n, d] → [b, n]."""
    scores = _product(queries, entities.T)
    if metric == "product":
        return scores
    scores.mul_(-2).add_(queries.square().sum(dim=1)[:, None])
    scores.add_(entities.square().sum(dim=1))
    if metric == "squared_distance":
        return scores.neg_()
    return scores.clamp_min_(_TINY).sqrt_().neg_()


def cross_entropy(
    queries: Tensor,
    entities: Tensor,
    rows: Tensor,
    answers: Tensor,
    weights: Tensor,
    metric: Metric = "product",
    offsets: Tensor | None = None,
) -> Tensor:
    """-Σ w ln softmax(scores)[row, answer], over the answers; a scalar with gradients.

    It equals the sum of Lacroix et al. 2018's full multiclass loss (Eq. 6) over the triples, with
    each query once instead of once per answer.

    Args:
        queries, entities: [b, d] and [n, d].
        rows, answers: the position of a true answer's query, and its entity; int64 [k], distinct
            pairs.
        weights: of the answers, [k].
        metric: how a query and an entity are compared.
        offsets: added to the scores of each entity, [n], except for answers; no gradient.
    """
    loss: Tensor = _CrossEntropy.apply(  # type: ignore[no-untyped-call]
        queries, entities, rows, answers, weights, metric, offsets
    )
    return loss


class _CrossEntropy(torch.autograd.Function):
    """Computes gradients together with the loss, in place of the scores."""

    @staticmethod
    def forward(
        ctx: Any,
        queries: Tensor,
        entities: Tensor,
        rows: Tensor,
        answers: Tensor,
        weights: Tensor,
        metric: Metric,
        offsets: Tensor | None,
    ) -> Tensor:
        scores = scores_of_all(queries, entities, metric)
        distances = -scores if metric == "distance" else None
        if offsets is not None:
            scores.add_(offsets)
            scores.index_put_((rows, answers), -offsets[answers], accumulate=True)
        found = torch.softmax(scores, dim=1, out=scores)
        loss = -(weights * found[rows, answers].clamp_min(1e-37).log()).sum()
        total = torch.zeros(len(queries), dtype=found.dtype, device=found.device)
        found.mul_(total.index_add_(0, rows, weights)[:, None])
        found.index_put_((rows, answers), -weights, accumulate=True)  # now d loss / d scores
        if metric == "product":
            by_query, by_entity = _product(found, entities), _product(found.T, queries)
        else:  # s = -d or -d², and d² = |q|² - 2 q·e + |e|²
            if distances is not None:
                found.div_(distances.mul_(2))
            by_query = 2 * (_product(found, entities) - found.sum(dim=1)[:, None] * queries)
            by_entity = 2 * (_product(found.T, queries) - found.sum(dim=0)[:, None] * entities)
        ctx.save_for_backward(by_query, by_entity)
        return loss

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        by_query, by_entity = ctx.saved_tensors
        return by_query * gradient, by_entity * gradient, None, None, None, None, None


def _product(one: Tensor, other: Tensor) -> Tensor:
    """`one @ other`, without gradients."""
    if one.device.type != "cpu":
        return one.detach() @ other.detach()
    return torch.from_numpy(np.matmul(one.detach().numpy(), other.detach().numpy()))
