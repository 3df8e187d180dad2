"""Recommend items to a new user from a list of likes, without retraining (fold-in)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from recommender.data import Split
from recommender.data.items import ItemNames
from recommender.errors import ConfigError
from recommender.lists import ListOptions
from recommender.models.base import Recommender
from recommender.newcomers.capabilities import require_fold_in
from recommender.recommendations import Recommendations, recommendations_for_newcomers
from recommender.scoring import ItemSets
from recommender.training.runs import LoadedRun

__all__ = ["item_names", "recommend_to_newcomer"]


def recommend_to_newcomer(
    model: Recommender | LoadedRun,
    split: Split | None = None,
    *,
    likes: Sequence[str | int],
    top: int = 10,
    options: ListOptions | None = None,
) -> Recommendations:
    """Recommend to a new user from some liked items: `recommend_to_newcomer(run, likes=["Björk"])`.

    Args:
        model: a loaded run, or a trained model.
        split: training split of a model; not needed for a run.
        likes: names of items, in any spelling found by `recommender.data.names`, or item ids.
        top: length of the list.
        options: filters and re-ranking.

    Returns:
        One list, with reasons.

    Raises:
        ConfigError: the model cannot fold people in, or a name is unknown.
    """
    if isinstance(model, LoadedRun):
        trained, parts = model.model, model.split
    elif split is None:
        raise ConfigError("a model has no data; also give the split, or a run")
    else:
        trained, parts = model, split
    require_fold_in(trained)
    likings = ItemSets.of_lists([[_item(like, parts) for like in likes]])
    return recommendations_for_newcomers(trained, parts, likings, top, options=options)


def _item(like: str | int, split: Split) -> int:
    if isinstance(like, str):
        return item_names(split).resolve(like).match.id
    if not 0 <= like < split.train.n_items:
        raise ConfigError(f"no item {like}; items are 0 to {split.train.n_items - 1}")
    return int(like)


@lru_cache(maxsize=1)
def item_names(split: Split) -> ItemNames:
    """Item name index of the last split (cached); the most popular first among namesakes."""
    dataset = split.dataset
    popularity = np.bincount(split.train.positives[1], minlength=dataset.n_items)
    return ItemNames(dataset.catalogue, dataset.n_items, popularity)
