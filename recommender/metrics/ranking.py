"""Ranking metrics over the whole catalogue: NDCG, recall, hit rate, MRR, precision at k.

The protocol, for each user with at least one held-out positive:

* **relevant** are the held-out (test) positives, all equally;
* **excluded** from the list are the training positives; all other items are ranked, including
  validation positives and sampled negatives;
* ties are ordered by item id, so that results are deterministic.

Every metric is computed per user and averaged over users, so that intervals and paired tests can
resample users.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.data import HeldOut, TrainingSplit
from recommender.metrics.lists.base import RecommendedLists
from recommender.scoring import DEFAULT_BLOCK, ItemScorer, ItemSets, top_k

__all__ = [
    "DEFAULT_KS",
    "RANKING_METRICS",
    "RankingResult",
    "evaluate_ranking",
    "hit",
    "judge_lists",
    "mrr",
    "ndcg",
    "precision",
    "rank_users",
    "recall",
    "relevant_items",
    "sample_users",
]

DEFAULT_KS = (10, 20)

FloatArray = NDArray[np.float64]
Hits = NDArray[np.bool_]
Counts = NDArray[np.int64]


def precision(hits: Hits, n_relevant: Counts, k: int) -> FloatArray:
    """Share of the k positions with a relevant item; missing positions of a shorter list count.

    Args:
        hits: ``[users, ≥ k]``, relevance of the item at each rank, best rank first.
        n_relevant: ``[users]``, number of relevant items (at least 1).
        k: length of the list.

    Returns:
        ``[users]``, as for every metric here.
    """
    return np.asarray(hits[:, :k].sum(axis=1) / k)


def recall(hits: Hits, n_relevant: Counts, k: int) -> FloatArray:
    """Share of the relevant items that are among the first k; see `precision`."""
    return np.asarray(hits[:, :k].sum(axis=1) / n_relevant)


def hit(hits: Hits, n_relevant: Counts, k: int) -> FloatArray:
    """1 if a relevant item is among the first k, else 0; see `precision`."""
    return np.asarray(hits[:, :k].any(axis=1), dtype=np.float64)


def mrr(hits: Hits, n_relevant: Counts, k: int) -> FloatArray:
    """1 / rank of the first relevant item, 0 if it is not among the first k; see `precision`."""
    shown = hits[:, :k]
    return np.where(shown.any(axis=1), 1.0 / (1.0 + shown.argmax(axis=1)), 0.0)


def ndcg(hits: Hits, n_relevant: Counts, k: int) -> FloatArray:
    """Gain of the relevant items, 1 / log2(1 + rank), over that of the ideal list.

    Järvelin and Kekäläinen (2002), binary gains; the ideal list of k positions starts with min(k,
    relevant) relevant items. See `precision`.
    """
    places = min(k, max(hits.shape[1], int(n_relevant.max(initial=1))))  # k may be any number
    discount = 1.0 / np.log2(np.arange(2, places + 2))
    ideal = np.cumsum(discount)[np.minimum(n_relevant, places) - 1]
    shown = hits[:, :k]
    return np.asarray((shown @ discount[: shown.shape[1]]) / ideal)


RANKING_METRICS: Mapping[str, Callable[[Hits, Counts, int], FloatArray]] = {
    "precision": precision,
    "recall": recall,
    "ndcg": ndcg,
    "mrr": mrr,
    "hit": hit,
}


@dataclass(frozen=True, eq=False)
class RankingResult:
    """Ranking metrics of every evaluated user.

    Attributes:
        users: ``[u]`` users with at least one relevant item, ascending.
        per_user: metric, such as ``ndcg@10``, to its ``[u]`` values.
        n_relevant: number of relevant items over all users.
    """

    users: NDArray[np.int64]
    per_user: Mapping[str, FloatArray]
    n_relevant: int

    def means(self) -> dict[str, float | None]:
        """Each metric averaged over users; None without users."""
        return {
            name: float(values.mean()) if len(values) else None
            for name, values in self.per_user.items()
        }


def evaluate_ranking(
    model: ItemScorer,
    train: TrainingSplit,
    held_out: HeldOut,
    ks: Sequence[int] = DEFAULT_KS,
    *,
    limit: int = 0,
    block: int = DEFAULT_BLOCK,
    progress: Callable[[int], None] | None = None,
) -> RankingResult:
    """Rank the whole catalogue for each user and evaluate the first k positions.

    Args:
        model: scores blocks of items.
        train: its positives are excluded from the lists.
        held_out: its positives are relevant; its sampled negatives are not used.
        ks: lengths of the lists.
        limit: maximum number of users, drawn by `sample_users`; 0 for all.
        block: scores in memory at a time, see `recommender.scoring.top_k`.
        progress: called with the number of users done since its last call.

    Raises:
        ValueError: a length below 1.
        RunError: a model that returns NaN.
    """
    relevant = relevant_items(held_out, train.n_users)
    users = sample_users(train.n_users, limit)
    users = users[relevant.sizes[users] > 0]
    longest = longest_list(ks)
    lists = rank_users(model, train, users, longest, block=block, progress=progress)
    return judge_lists(lists, relevant, ks)


def judge_lists(
    lists: RecommendedLists, relevant: ItemSets, ks: Sequence[int] = DEFAULT_KS
) -> RankingResult:
    """Ranking metrics of given lists; users without relevant items are left out.

    Args:
        lists: at least as long as the longest of `ks`, or as the catalogue; users ascending.
        relevant: the relevant items, by user id.
        ks: lengths of the lists.
    """
    longest_list(ks)
    judged = lists.of(relevant.sizes[lists.users] > 0)
    hits = relevant.contains(judged.users[:, None], judged.items)
    n_relevant = relevant.sizes[judged.users]
    per_user = {
        f"{name}@{k}": metric(hits, n_relevant, k)
        for name, metric in RANKING_METRICS.items()
        for k in sorted(set(ks))
    }
    return RankingResult(judged.users, per_user, int(n_relevant.sum()))


def rank_users(
    model: ItemScorer,
    train: TrainingSplit,
    users: NDArray[np.int64],
    k: int,
    *,
    block: int = DEFAULT_BLOCK,
    progress: Callable[[int], None] | None = None,
) -> RecommendedLists:
    """The k best items of each of `users` without training positives; all items if k is larger."""
    histories = ItemSets(*train.history)
    length = min(k, model.n_items)  # memory depends on the length
    best = top_k(model, users, length, histories, block=block, progress=progress)
    return RecommendedLists(users, best.items, histories)


def relevant_items(held_out: HeldOut, n_users: int) -> ItemSets:
    """The positives of held-out rows, by user."""
    liked = held_out.labels == 1
    return ItemSets.from_pairs(held_out.users[liked], held_out.items[liked], n_users)


def sample_users(n_users: int, limit: int = 0) -> NDArray[np.int64]:
    """All users, ascending; or a fixed sample of `limit` of them if there are more."""
    if not limit or limit >= n_users:
        return np.arange(n_users)
    return np.sort(np.random.default_rng(0).choice(n_users, limit, replace=False))


def longest_list(ks: Sequence[int]) -> int:
    """The longest of the lengths.

    Raises:
        ValueError: none is given, or one below 1.
    """
    if not ks or min(ks) < 1:
        raise ValueError(f"lists of {list(ks)} items cannot be judged; give lengths of at least 1")
    return max(ks)
