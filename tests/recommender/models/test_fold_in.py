"""Fold-in of new users from their histories."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from recommender import Recommender, create_model
from recommender.data import Split
from recommender.errors import ConfigError
from recommender.scoring import ItemSets, top_k

SETTINGS: dict[str, dict[str, Any]] = {
    "als": {"dim": 3, "alpha": 2.0, "l2_weight": 0.1},
    "ease": {"l2_weight": 5.0},
    "ials": {"dim": 4},
    "item_knn": {"k": 8},
    "popularity": {},
    "rp3beta": {"k": 8},
    "user_knn": {"k": 100},
}
#: The only one of them in which a training user's score is not that of the history.
BY_HISTORY = sorted(set(SETTINGS) - {"user_knn"})


def fitted(name: str, parts: Split) -> Recommender:
    model = create_model(name, parts.train, **SETTINGS[name])
    model.fit()
    return model.eval()


def folded_in(model: Recommender, *histories: list[int]) -> np.ndarray:
    """Scores of all items for users with these histories."""
    users = np.repeat(np.arange(len(histories)), [len(history) for history in histories])
    items = np.array([item for history in histories for item in history], dtype=np.int64)
    scorer = model.fold_in(ItemSets.from_pairs(users, items, len(histories)))
    assert scorer.n_items == model.n_items
    return scorer.score_items(torch.arange(len(histories)), 0, model.n_items).numpy()


def own_scores(model: Recommender) -> np.ndarray:
    return model.score_items(torch.arange(model.n_users), 0, model.n_items).numpy()


@pytest.mark.parametrize("name", BY_HISTORY)
def test_a_training_users_history_gives_his_own_scores(name: str, checkerboard: Split) -> None:
    model = fitted(name, checkerboard)
    scorer = model.fold_in(ItemSets(*checkerboard.train.history))
    users = torch.tensor([5, 0, 5, 23])
    expected = model.score_items(users, 3, 20)
    torch.testing.assert_close(scorer.score_items(users, 3, 20), expected, rtol=1e-4, atol=1e-6)


def test_user_knn_adds_the_twin_to_the_neighbours(checkerboard: Split) -> None:
    """The training user is an additional neighbour for their own items; other scores are equal."""
    model = fitted("user_knn", checkerboard)
    histories = ItemSets(*checkerboard.train.history)
    users = np.arange(model.n_users)
    actual = model.fold_in(histories).score_items(torch.from_numpy(users), 0, model.n_items).numpy()
    mine = histories.contains(users[:, None], np.arange(model.n_items)[None, :])
    expected = own_scores(model)
    np.testing.assert_allclose(actual[~mine], expected[~mine], rtol=1e-5)
    assert (actual[mine] > expected[mine]).all()


@pytest.mark.parametrize("name", sorted(set(SETTINGS) - {"popularity"}))
def test_new_people_get_items_of_their_colour(name: str, checkerboard: Split) -> None:
    """Two black items suffice to identify a black user."""
    model = fitted(name, checkerboard)
    histories = ItemSets.from_pairs([0, 0, 1, 1], [2, 8, 5, 7], 2)
    lists = top_k(model.fold_in(histories), [0, 1], 8, exclude=histories)
    assert (lists.items[0] % 2 == 0).all()
    assert (lists.items[1] % 2 == 1).all()


@pytest.mark.parametrize("name", sorted(SETTINGS))
def test_without_a_history_people_get_what_is_liked_on_average(
    name: str, checkerboard: Split
) -> None:
    """Scores are the mean over training users, regardless of other users folded in."""
    model = fitted(name, checkerboard)
    alone, beside = folded_in(model, [])[0], folded_in(model, [4, 6], [], [])
    np.testing.assert_allclose(alone, beside[1], rtol=1e-6)
    np.testing.assert_array_equal(beside[1], beside[2])
    if name == "user_knn":  # everybody is an equal neighbour
        _, items = checkerboard.train.positives
        mean = np.bincount(items, minlength=model.n_items) / model.n_users
    else:
        mean = own_scores(model).mean(axis=0)
    np.testing.assert_allclose(alone, mean, rtol=1e-4, atol=1e-6)


def test_models_that_cannot_fold_in_say_so(checkerboard: Split) -> None:
    with pytest.raises(ConfigError, match="model bpr cannot score people"):
        create_model("bpr", checkerboard.train).fold_in(ItemSets.empty(1))
