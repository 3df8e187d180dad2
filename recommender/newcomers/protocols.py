"""Measure cold-start quality with k revealed likes or facts, compared with a retrained model.

All rows of a protocol use the same people, test positives and candidate items, regardless of the
revealed data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import rankdata
from torch import Tensor

from recommender.data import HeldOut, Split
from recommender.metrics.ranking import ndcg, recall
from recommender.models.base import Recommender
from recommender.newcomers.held_out import facts_of, first_likes
from recommender.scoring import ItemScorer, ItemSets, top_k

__all__ = ["AMOUNTS", "Point", "items_left_out", "users_left_out"]

IntArray = NDArray[np.int64]

#: Numbers of revealed likes or facts; None for all.
AMOUNTS: tuple[int | None, ...] = (0, 1, 3, 5, 10, None)


@dataclass(frozen=True)
class Point:
    """A measurement.

    Attributes:
        given: maximum number of revealed likes or facts; None for all.
        mean_given: mean number revealed, since some have fewer.
        retrained: whether the model was trained with the users or items.
        values: the metrics.
    """

    given: int | None
    mean_given: float
    retrained: bool
    values: dict[str, float]


def users_left_out(
    folding: Recommender,
    retrained: Recommender,
    split: Split,
    users: IntArray,
    *,
    amounts: Sequence[int | None] = AMOUNTS,
    seed: int = 555,
) -> list[Point]:
    """Evaluate lists for new users with limited numbers of revealed training positives.

    Evaluated on their test positives in the whole catalogue; all their training positives are
    excluded, revealed or not.

    Args:
        folding: trained without the users.
        retrained: trained with all of their training positives.
        split: the split with the users.
        users: the held-out users.
        amounts: numbers of revealed training positives.
        seed: of their choice.

    Returns:
        ``ndcg@10`` and ``recall@20`` for each amount, with the retrained model last.
    """
    histories = _rows_of(ItemSets(*split.train.history), users)
    relevant = _rows_of(_positives(split.test, split.train.n_users), users)
    points = []
    for most in amounts:
        given = first_likes(histories, most, seed)
        with torch.inference_mode():
            scorer = folding.eval().fold_in(given)
        values = _judge(scorer, np.arange(len(users)), histories, relevant)
        points.append(Point(most, float(given.sizes.mean()), False, values))
    everybody = _Chosen(retrained.eval(), users=users)
    values = _judge(everybody, np.arange(len(users)), histories, relevant)
    return [*points, Point(None, float(histories.sizes.mean()), True, values)]


def items_left_out(
    folding: Recommender,
    retrained: Recommender,
    split: Split,
    items: IntArray,
    *,
    amounts: Sequence[int | None] = AMOUNTS,
    seed: int = 555,
) -> list[Point]:
    """Evaluate lists of only new items with limited numbers of revealed facts.

    Evaluated for users with a test positive among them; their training positives are excluded. The
    retrained model has the items' facts and training positives.

    Args:
        folding: trained without the items' rows and triples.
        retrained: trained with them.
        split: the split with the items.
        items: the held-out items.
        amounts: numbers of revealed facts.
        seed: of their choice.

    Returns:
        ``ndcg@10``, ``recall@20``, and ``auc`` (mean over items of the probability that a listener
        is ranked above a non-listener), as in `users_left_out`.
    """
    n_users = split.train.n_users
    histories = _columns_of(ItemSets(*split.train.history), items, split.train.n_items)
    relevant = _columns_of(_positives(split.test, n_users), items, split.train.n_items)
    users = np.flatnonzero(relevant.sizes)
    points = []
    for most in amounts:
        facts = facts_of(split, items, most, seed)
        with torch.inference_mode():
            scorer = folding.eval().fold_in_items(facts)
        values = _judge(scorer, users, histories, relevant) | _auc(scorer, histories, relevant)
        mean = float(np.mean([len(own) for own in facts]))
        points.append(Point(most, mean, False, values))
    chosen = _Chosen(retrained.eval(), items=items)
    values = _judge(chosen, users, histories, relevant) | _auc(chosen, histories, relevant)
    return [*points, Point(None, points[-1].mean_given, True, values)]


def _judge(
    scorer: ItemScorer, users: IntArray, excluded: ItemSets, relevant: ItemSets
) -> dict[str, float]:
    lists = top_k(scorer, users, 20, excluded)
    hits, counts = relevant.contains(users[:, None], lists.items), relevant.sizes[users]
    return {
        "ndcg@10": float(ndcg(hits, counts, 10).mean()),
        "recall@20": float(recall(hits, counts, 20).mean()),
    }


def _auc(scorer: ItemScorer, histories: ItemSets, relevant: ItemSets) -> dict[str, float]:
    """AUC of users ranked for each item, excluding training positives."""
    n_users, n_items = histories.n_users, scorer.n_items
    with torch.inference_mode():
        ids = torch.arange(n_users, device=scorer.device)
        scores = scorer.score_items(ids, 0, n_items).double().cpu().numpy()
    likes = relevant.matrix(n_items).toarray() > 0
    plays = histories.matrix(n_items).toarray() > 0
    values = []
    for item in range(n_items):
        asked = ~plays[:, item]
        positive = likes[asked, item]
        n_positive = int(positive.sum())
        if 0 < n_positive < len(positive):
            ranks = rankdata(scores[asked, item])[positive].sum()
            above = ranks - n_positive * (n_positive + 1) / 2
            values.append(above / (n_positive * (len(positive) - n_positive)))
    return {"auc": float(np.mean(values))}


class _Chosen:
    """Restriction of a scorer to some users or items, renumbered from 0."""

    def __init__(
        self, model: Recommender, users: IntArray | None = None, items: IntArray | None = None
    ) -> None:
        self._model = model
        self._users = None if users is None else torch.from_numpy(users).to(model.device)
        self._items = None if items is None else torch.from_numpy(items).to(model.device)
        self.n_items = model.n_items if items is None else len(items)

    @property
    def device(self) -> torch.device:
        """Device of the model."""
        return self._model.device

    def score_items(self, users: Tensor, start: int, stop: int) -> Tensor:
        """The model's scores."""
        asked = users if self._users is None else self._users[users]
        if self._items is None:
            return self._model.score_items(asked, start, stop)
        return self._model.score_items(asked, 0, self._model.n_items)[:, self._items[start:stop]]


def _positives(rows: HeldOut, n_users: int) -> ItemSets:
    liked = rows.labels == 1
    return ItemSets.from_pairs(rows.users[liked], rows.items[liked], n_users)


def _rows_of(sets: ItemSets, users: IntArray) -> ItemSets:
    """Restrict the sets to some users, renumbered from 0."""
    rows, items = sets.pairs(users)
    return ItemSets.from_pairs(rows, items, len(users))


def _columns_of(sets: ItemSets, items: IntArray, n_items: int) -> ItemSets:
    """Restrict the sets to some items, renumbered from 0."""
    number = np.full(n_items, -1)
    number[items] = np.arange(len(items))
    users = np.repeat(np.arange(sets.n_users), sets.sizes)
    kept = number[sets.items] >= 0
    return ItemSets.from_pairs(users[kept], number[sets.items[kept]], sets.n_users)
