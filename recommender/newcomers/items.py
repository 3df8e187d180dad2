"""Score a new item from its facts: the users who would like it, and its rank in their lists."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from recommender.data import Split
from recommender.data.facts import Facts
from recommender.models.base import Recommender
from recommender.newcomers.capabilities import require_fold_in_items
from recommender.scoring import DEFAULT_BLOCK, ItemScorer, ItemSets

__all__ = ["Placements", "place_new_item"]


@dataclass(frozen=True, eq=False)
class Placements:
    """Ranks of a new item in all users' lists.

    Attributes:
        scores: ``[n_users]`` raw scores.
        ranks: ``[n_users]`` rank in the user's list of new items, from 1.
        n_items: number of items of the catalogue.
    """

    scores: NDArray[np.float64]
    ranks: NDArray[np.int64]
    n_items: int

    def audience(self, most: int) -> NDArray[np.int64]:
        """Users sorted by rank of the item in their lists, then by score."""
        order = np.lexsort((np.arange(len(self.ranks)), -self.scores, self.ranks))
        return order[:most]

    def users_within(self, rank: int) -> int:
        """Number of users with the item among the first k of their list."""
        return int((self.ranks <= rank).sum())


def place_new_item(
    model: Recommender, split: Split, facts: Facts, *, block: int = DEFAULT_BLOCK
) -> Placements:
    """Score a new item for every training user, and rank it in the catalogue.

    Args:
        model: a trained model that can score items by their facts.
        split: the split that it was trained on.
        facts: facts about the item.
        block: scores in memory at a time.

    Raises:
        ConfigError: the model does not support this.
    """
    require_fold_in_items(model)
    model.eval()
    with torch.inference_mode():
        scorer = model.fold_in_items([facts])
        histories = ItemSets.from_pairs(
            *split.dataset.interactions.positives, split.dataset.n_users
        )
        return _placements(model, scorer, histories, block)


def _placements(
    model: Recommender, scorer: ItemScorer, histories: ItemSets, block: int
) -> Placements:
    n_users, n_items = histories.n_users, model.n_items
    scores, ranks = np.empty(n_users), np.empty(n_users, dtype=np.int64)
    step = max(1, block // max(n_items, 1))
    for start in range(0, n_users, step):
        users = np.arange(start, min(start + step, n_users))
        ids = torch.from_numpy(users).to(model.device)
        own = scorer.score_items(ids, 0, 1)
        catalogue = model.score_items(ids, 0, n_items).clone()
        rows, items = histories.pairs(users)
        catalogue[torch.from_numpy(rows), torch.from_numpy(items)] = -torch.inf
        # Ties: known items rank before the new one.
        above = (catalogue >= own).sum(dim=1)
        scores[users] = own[:, 0].double().cpu().numpy()
        ranks[users] = above.cpu().numpy() + 1
    return Placements(scores, ranks, n_items)
