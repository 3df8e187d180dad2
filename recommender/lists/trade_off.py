"""What a criterion costs and what it brings: the same pools, re-ranked with several weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from recommender.data import HeldOut, Split
from recommender.data.matrices import tfidf_attributes
from recommender.lists.calibration import SMOOTHING, genre_shares, mean_shares
from recommender.lists.criteria import criterion_named
from recommender.lists.options import DEFAULT_POOL
from recommender.lists.rerank import Reranker
from recommender.metrics.ranking import ndcg, recall
from recommender.scoring import DEFAULT_BLOCK, ItemScorer, ItemSets, TopK, top_k

__all__ = ["MOST_PLAYED", "TradeOff", "trade_off"]

MOST_PLAYED = 100


@dataclass(frozen=True)
class TradeOff:
    """Lists of one weight, measured.

    Attributes:
        weight: of the criterion.
        ndcg, recall: at the lists' length, means over the users.
        most_played: share of the places that go to the 100 items with most training positives.
        items: how many different items stand in all lists together.
        diversity: 1 - mean cosine of the pairs of a list in the graph (tf-idf).
        divergence: of the list's genres from the history's, in nats; Steck's C_KL.
    """

    weight: float
    ndcg: float
    recall: float
    most_played: float
    items: int
    diversity: float
    divergence: float


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
    """Re-rank everybody's best items with each weight, and measure the lists.

    The protocol is that of `recommender.metrics.ranking`: users with a positive in `held_out`, all
    items but their training positives.

    Args:
        model: scores blocks of items.
        split: the split that it was trained on.
        held_out: validation or test rows.
        criterion: name of the criterion.
        weights: its weights; 0 leaves the order of the scores.
        k: length of the lists.
        pool: items that re-ranking chooses from.
        block: scores held at a time.
        progress: called with the number of users done since its last call, for every weight.

    Raises:
        ConfigError: no such criterion, or a weight out of range.
    """
    for weight in weights:
        criterion_named(criterion).check(weight)
    histories = ItemSets(*split.train.history)
    liked = held_out.labels == 1
    n_users = split.train.n_users
    relevant = ItemSets.from_pairs(held_out.users[liked], held_out.items[liked], n_users)
    users = np.flatnonzero(relevant.sizes)
    pools = top_k(model, users, max(k, pool), histories, block=block)
    measure = _Measure(split, users, histories, relevant, k)
    found = []
    for weight in weights:
        reranker = Reranker(split.train, {criterion: weight})
        lists = reranker.choose(pools, users, histories, k, progress)
        found.append(measure(weight, lists))
    return found


class _Measure:
    def __init__(
        self, split: Split, users: np.ndarray, histories: ItemSets, relevant: ItemSets, k: int
    ) -> None:
        self._users, self._histories, self._relevant, self._k = users, histories, relevant, k
        counts = np.bincount(split.train.positives[1], minlength=split.train.n_items)
        self._best = np.zeros(len(counts), dtype=bool)
        self._best[np.argsort(-counts, kind="stable")[:MOST_PLAYED]] = True
        self._attributes = tfidf_attributes(split.train.graph, split.train.n_items)
        self._genres = genre_shares(split.train)

    def __call__(self, weight: float, lists: TopK) -> TradeOff:
        hits = self._relevant.contains(self._users[:, None], lists.items)
        counts = self._relevant.sizes[self._users]
        shown = lists.items[lists.items >= 0]
        return TradeOff(
            weight,
            float(ndcg(hits, counts, self._k).mean()),
            float(recall(hits, counts, self._k).mean()),
            float(self._best[shown].mean()),
            len(np.unique(shown)),
            float(np.nanmean([self._diversity(row[row >= 0]) for row in lists.items])),
            float(
                np.mean(
                    [
                        self._divergence(user, row[row >= 0])
                        for user, row in zip(self._users.tolist(), lists.items, strict=True)
                    ]
                )
            ),
        )

    def _diversity(self, items: np.ndarray) -> float:
        """1 - mean cosine over the pairs; |Σ x|² holds each pair twice and each item once."""
        rows = self._attributes[items]
        n = len(items)
        if n < 2:
            return float("nan")
        total = rows.sum(axis=0)
        own = float(rows.multiply(rows).sum())
        return 1.0 - (float(total @ total) - own) / (n * (n - 1))

    def _divergence(self, user: int, items: np.ndarray) -> float:
        wanted = mean_shares(self._genres, self._histories.of(user))
        genres = np.flatnonzero(wanted)
        p, q = wanted[genres], mean_shares(self._genres, items)[genres]
        return float(p @ np.log(p / ((1 - SMOOTHING) * q + SMOOTHING * p)))
