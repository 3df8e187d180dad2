"""Cross-entropy of queries (h, r, ?) against all entities, by matrix products.

With the answers of a query grouped, one row of scores serves all triples that share it. On the
CPU the products run in numpy: its OpenBLAS does two to three times as many operations a second on
AMD processors as the MKL of torch (`benchmarks/embeddings.py` measures both). Products of bfloat16
run in torch, which uses the processor's instructions for them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from recommender.training.distributed import Group

__all__ = ["Metric", "Precision", "cross_entropy", "pair_scores", "scores_of_all"]

Metric = Literal["product", "distance", "squared_distance"]
Precision = Literal["float32", "bf16"]
_TINY = 1e-12  # below a squared distance that float32 can tell from 0
_IN_CACHE = 2**19  # scores of a block of rows that stay in a processor's own cache


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
    return _minus_distances(scores, _squares(queries), _squares(entities), metric)


def cross_entropy(
    queries: Tensor,
    entities: Tensor,
    rows: Tensor,
    answers: Tensor,
    weights: Tensor,
    metric: Metric = "product",
    offsets: Tensor | None = None,
    precision: Precision = "float32",
    group: Group | None = None,
) -> Tensor:
    """-Σ w ln softmax(scores)[row, answer], over the answers; a scalar with gradients.

    It equals the sum of Lacroix et al. 2018's full multiclass loss (Eq. 6) over the triples, with
    each query once instead of once per answer.

    Args:
        queries, entities: [b, d] and [n, d].
        rows, answers: the position of a true answer's query, and its entity; int64 [k], by
            ascending row. No pair stands twice.
        weights: of the answers, [k].
        metric: how a query and an entity make a score.
        offsets: added to the scores of each entity, [n], where it is no answer; no gradient.
        precision: of the factors of the products; sums and the softmax keep the type of `queries`.
        group: processes that share the softmax, each with entities of its own and the answers among
            them. The losses and gradients of all have to be added.
    """
    of = _Answers(rows.detach(), answers, weights, offsets, group or Group())
    loss: Tensor = _CrossEntropy.apply(  # type: ignore[no-untyped-call]
        queries, entities, of, metric, precision
    )
    return loss


@dataclass(frozen=True, eq=False)
class _Answers:
    """See `cross_entropy`."""

    rows: Tensor
    answers: Tensor
    weights: Tensor
    offsets: Tensor | None
    group: Group


class _CrossEntropy(torch.autograd.Function):
    """Computes gradients together with the loss, in place of the scores."""

    @staticmethod
    def forward(
        ctx: Any,
        queries: Tensor,
        entities: Tensor,
        of: _Answers,
        metric: Metric,
        precision: Precision,
    ) -> Tensor:
        left, right = queries.detach(), entities.detach()
        if precision == "bf16":
            left, right = left.bfloat16(), right.bfloat16()
        products = _product(left, right.T)
        loss, by_row, by_column = _differentiate(products, queries, entities, of, metric)
        by_query = _product(products, right).to(queries.dtype)
        by_entity = _product(products.T, left).to(entities.dtype)
        if metric != "product":  # d² = |q|² - 2 q·e + |e|²
            by_query.addcmul_(by_row[:, None], queries, value=-1)
            by_entity.addcmul_(by_column[:, None], entities, value=-1)
        ctx.save_for_backward(by_query, by_entity)
        return loss

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        by_query, by_entity = ctx.saved_tensors
        return by_query * gradient, by_entity * gradient, None, None, None


def _differentiate(
    products: Tensor, queries: Tensor, entities: Tensor, of: _Answers, metric: Metric
) -> tuple[Tensor, Tensor, Tensor]:
    """The loss; `products` [b, n] become its derivatives by them, some rows at a time.

    Returns:
        the loss, and the sums of the derivatives by row, [b], and by column, [n].
    """
    b, n = products.shape
    step = max(1, _IN_CACHE // max(1, n)) if products.device.type == "cpu" else b
    starts = torch.arange(0, b + step, step, device=of.rows.device)
    bounds = torch.searchsorted(of.rows, starts).tolist()
    blocks = [
        (slice(first, min(first + step, b)), slice(bounds[place], bounds[place + 1]))
        for place, first in enumerate(range(0, b, step))
    ]
    totals = queries.new_zeros(b).index_add_(0, of.rows, of.weights)
    lengths, by_column = (_squares(queries), _squares(entities)), queries.new_zeros(n)
    by_row, chances = queries.new_zeros(b), queries.new_zeros(len(of.rows))
    slopes, shared = torch.ones_like(chances), of.group.size > 1
    normalisers = queries.new_full((b,), -torch.inf)

    def soften(block: slice, part: slice) -> Tensor:
        """The softmax over these entities, times the derivatives of scores by products."""
        row, answer = of.rows[part] - block.start, of.answers[part]
        scores, distances = products[block].to(queries.dtype), None  # itself, or from bfloat16
        if metric != "product":
            _minus_distances(scores, lengths[0][block], lengths[1], metric)
            distances = scores.neg() if metric == "distance" else None
        if of.offsets is not None:
            scores.add_(of.offsets)
            scores.index_put_((row, answer), -of.offsets[answer], accumulate=True)
        highest = scores.amax(dim=1) if shared and n else None
        torch.softmax(scores, dim=1, out=scores)
        if highest is not None:
            normalisers[block] = highest - scores.amax(dim=1).log()
        chances[part] = scores[row, answer]
        if distances is not None:
            scores.div_(distances)
            slopes[part] = 1 / distances[row, answer]
        elif metric != "product":
            scores.mul_(2)
            slopes[part] = 2
        return scores

    def finish(scores: Tensor, block: slice, part: slice) -> None:
        """The derivatives of the loss."""
        row, answer = of.rows[part] - block.start, of.answers[part]
        scores.mul_(totals[block, None])
        scores.index_put_((row, answer), -of.weights[part] * slopes[part], accumulate=True)
        if metric != "product":
            by_row[block] = scores.sum(dim=1)
            by_column.add_(scores.sum(dim=0))
        if scores.dtype != products.dtype:  # else they are the same memory
            products[block] = scores

    if not shared:
        for block, part in blocks:
            finish(soften(block, part), block, part)
    else:  # the softmax over the entities of all processes, from those over each one's
        softened = [soften(block, part) for block, part in blocks]
        found = torch.stack(of.group.gather_equal(torch.stack([normalisers, totals])))
        shares = (normalisers - torch.logsumexp(found[:, 0], dim=0)).exp()
        totals = found[:, 1].sum(dim=0) * shares
        chances *= shares[of.rows]
        for scores, (block, part) in zip(softened, blocks, strict=True):
            finish(scores, block, part)
    return -(of.weights * chances.clamp_min(1e-37).log()).sum(), by_row, by_column


def _minus_distances(products: Tensor, left: Tensor, right: Tensor, metric: Metric) -> Tensor:
    """-d², or -d, in the memory of the products; [b, n] with squared lengths [b] and [n]."""
    products.mul_(-2).add_(left[:, None]).add_(right)
    if metric == "squared_distance":
        return products.neg_()
    return products.clamp_min_(_TINY).sqrt_().neg_()


def _squares(vectors: Tensor) -> Tensor:
    """|v|² of each row; [b, d] → [b]."""
    return vectors.detach().square().sum(dim=1)


def _product(one: Tensor, other: Tensor) -> Tensor:
    """`one @ other`, without gradients."""
    if one.device.type != "cpu" or one.dtype == torch.bfloat16:
        return one.detach() @ other.detach()
    return torch.from_numpy(np.matmul(one.detach().numpy(), other.detach().numpy()))
