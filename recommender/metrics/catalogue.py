"""Compute ranking and list metrics over the whole catalogue in one pass over the users."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from recommender.data import HeldOut, TrainingSplit
from recommender.metrics.lists import ListResult, evaluate_lists
from recommender.metrics.ranking import (
    DEFAULT_KS,
    RankingResult,
    judge_lists,
    longest_list,
    rank_users,
    relevant_items,
    sample_users,
)
from recommender.scoring import DEFAULT_BLOCK, ItemScorer

__all__ = ["CatalogueResult", "evaluate_catalogue"]


@dataclass(frozen=True, eq=False)
class CatalogueResult:
    """Ranking and list metrics of one part.

    Attributes:
        ranking: accuracy of the lists on held-out positives, over users with any.
        lists: list metrics, over users with a history.
        n_ranked: number of users for whom the catalogue was ranked.
        n_users: total number of users.
    """

    ranking: RankingResult
    lists: ListResult
    n_ranked: int
    n_users: int

    def means(self) -> dict[str, float | None]:
        """Every metric by name and length, ``ndcg@10`` or ``coverage@20``; None if undefined."""
        return {**self.ranking.means(), **self.lists.means()}

    def report(self) -> dict[str, Any]:
        """`means` with counts and the excluded items, for ``json.dumps``."""
        return {
            **self.means(),
            "users": len(self.ranking.users),
            "relevant": self.ranking.n_relevant,
            "lists": len(self.lists.users),
            "ranked_users": self.n_ranked,
            "all_users": self.n_users,
            "excluded": "training positives",
            "basis": dict(self.lists.basis),
        }


def evaluate_catalogue(
    model: ItemScorer,
    train: TrainingSplit,
    parts: Mapping[str, HeldOut],
    ks: Sequence[int] = DEFAULT_KS,
    *,
    limit: int = 0,
    block: int = DEFAULT_BLOCK,
    progress: Callable[[int], None] | None = None,
) -> dict[str, CatalogueResult]:
    """Rank the catalogue once for each user and compute all ranking and list metrics.

    The lists exclude only training positives, so that those of validation and test are the same,
    and further parts cost nothing.

    Args:
        model: scores blocks of items.
        train: its positives are excluded; the list metrics are built from it.
        parts: held-out rows by name; their positives are relevant.
        ks: lengths of the lists.
        limit: maximum number of users to rank for, drawn by `sample_users`; 0 for all.
        block: scores in memory at a time, see `recommender.scoring.top_k`.
        progress: called with the number of users done since its last call.

    Raises:
        ValueError: a length below 1.
        RunError: a model that returns NaN.
    """
    users = sample_users(train.n_users, limit)
    lists = rank_users(model, train, users, longest_list(ks), block=block, progress=progress)
    measured = evaluate_lists(lists, train, ks)
    return {
        name: CatalogueResult(
            judge_lists(lists, relevant_items(rows, train.n_users), ks),
            measured,
            len(users),
            train.n_users,
        )
        for name, rows in parts.items()
    }
