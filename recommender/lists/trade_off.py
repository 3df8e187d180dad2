"""Trade-off curves: re-rank the same candidates with several weights of a criterion."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from recommender.data import HeldOut, Split
from recommender.lists.criteria import criterion_named
from recommender.lists.options import DEFAULT_POOL
from recommender.lists.rerank import Reranker
from recommender.metrics.lists import (
    AggregateMetric,
    ListMetric,
    PerUserMetric,
    RecommendedLists,
    list_metrics,
)
from recommender.metrics.ranking import judge_lists, relevant_items
from recommender.scoring import DEFAULT_BLOCK, ItemScorer, ItemSets, top_k

__all__ = ["LIST_METRICS", "TradeOff", "trade_off"]

#: List metrics measured besides accuracy; see `recommender.metrics.lists`.
LIST_METRICS = ("popularity_share", "distinct_items", "diversity", "calibration")


@dataclass(frozen=True)
class TradeOff:
    """Metrics of the lists with one weight.

    Attributes:
        weight: of the criterion.
        values: ``ndcg``, ``recall`` and the `LIST_METRICS`, all at the lists' length; None if
            undefined.
    """

    weight: float
    values: Mapping[str, float | None]


def trade_off(
    model: ItemScorer,
    split: Split,
    held_out: HeldOut,
    criterion: str,
    weights: Sequence[float],
    *,
    k: int = 10,
    pool: int = DEFAULT_POOL,
    block: int = DEFAULT_BLOCK,
    progress: Callable[[int], None] | None = None,
) -> list[TradeOff]:
    """Re-rank all users' best items with each weight, and measure the lists.

    The protocol is that of `recommender.metrics.ranking`: users with a positive in `held_out`, all
    items except their training positives.

    Args:
        model: scores blocks of items.
        split: the split that it was trained on.
        held_out: validation or test rows.
        criterion: name of the criterion.
        weights: its weights; 0 keeps the order of scores.
        k: length of the lists.
        pool: number of items that are re-ranked.
        block: scores in memory at a time.
        progress: called with the number of users done since its last call, for every weight.

    Raises:
        ConfigError: no such criterion, or a weight out of range.
    """
    for weight in weights:
        criterion_named(criterion).check(weight)
    histories = ItemSets(*split.train.history)
    relevant = relevant_items(held_out, split.train.n_users)
    users = np.flatnonzero(relevant.sizes)
    longest = min(max(k, pool), model.n_items)  # memory depends on the length
    pools = top_k(model, users, longest, histories, block=block)
    metrics = [list_metrics()[name](split.train) for name in LIST_METRICS]
    found = []
    for weight in weights:
        reranker = Reranker(split.train, {criterion: weight})
        best = reranker.choose(pools, users, histories, min(k, longest), progress)
        lists = RecommendedLists(users, best.items, histories)
        accuracy = judge_lists(lists, relevant, (k,)).means()
        values = {name: accuracy[f"{name}@{k}"] for name in ("ndcg", "recall")}
        found.append(TradeOff(weight, values | {m.name: _value(m, lists) for m in metrics}))
    return found


def _value(metric: ListMetric, lists: RecommendedLists) -> float | None:
    """Mean over the lists for which the metric is defined."""
    if isinstance(metric, AggregateMetric):
        return metric.value(lists)
    assert isinstance(metric, PerUserMetric)
    values = metric.per_user(lists)
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if len(defined) else None
