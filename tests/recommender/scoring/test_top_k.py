"""Top items in blocks equal those from sorting the full matrix."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.errors import RunError
from recommender.scoring import ItemSets, top_k


class TableScorer:
    """Scores from a given table, returned as views."""

    def __init__(self, table: np.ndarray) -> None:
        self.table = torch.as_tensor(table)
        self.n_items = self.table.shape[1]
        self.device = torch.device("cpu")
        self.largest_block = 0

    def score_items(self, users: torch.Tensor, start: int, stop: int) -> torch.Tensor:
        self.largest_block = max(self.largest_block, len(users) * (stop - start))
        return self.table[users, start:stop]


def sort_everything(table: np.ndarray, k: int, exclude: ItemSets) -> np.ndarray:
    """The plain answer: sort each row by score, best first, then by item id."""
    lists = np.full((len(table), k), -1)
    for user, row in enumerate(table):
        banned = set(exclude.of(user).tolist())
        allowed = [i for i in range(len(row)) if i not in banned and row[i] > -np.inf]
        best = sorted(allowed, key=lambda i: (-row[i], i))[:k]
        lists[user, : len(best)] = best
    return lists


@st.composite
def catalogues(draw):
    n_users, n_items = draw(st.integers(1, 6)), draw(st.integers(1, 30))
    levels = draw(st.sampled_from([1, 3, 1000]))  # 1 and 3: ties everywhere
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    table = random.integers(0, levels, (n_users, n_items)).astype(np.float32)
    n_excluded = draw(st.integers(0, n_users * n_items))
    exclude = ItemSets.from_pairs(
        random.integers(0, n_users, n_excluded), random.integers(0, n_items, n_excluded), n_users
    )
    return table, exclude


@given(catalogues(), st.integers(1, 12), st.integers(1, 60))
@settings(max_examples=200, deadline=None)
def test_blocks_give_what_sorting_everything_gives(catalogue, k, block):
    table, exclude = catalogue
    found = top_k(TableScorer(table), np.arange(len(table)), k, exclude, block=block)
    np.testing.assert_array_equal(found.items, sort_everything(table, k, exclude))
    present = found.items >= 0
    rows = np.nonzero(present)[0]
    np.testing.assert_array_equal(found.scores[present], table[rows, found.items[present]])
    assert (found.scores[~present] == -np.inf).all()


def test_answers_come_in_the_order_of_the_question():
    table = np.random.default_rng(0).normal(size=(5, 20))
    exclude = ItemSets.from_pairs([3, 3, 0], [1, 2, 3], 5)
    all_users = top_k(TableScorer(table), np.arange(5), 4, exclude)
    some = top_k(TableScorer(table), [3, 0, 3], 4, exclude)
    np.testing.assert_array_equal(some.items, all_users.items[[3, 0, 3]])
    assert some.scores.dtype == np.float64  # the model's own precision


def test_no_block_is_larger_than_asked_for():
    scorer = TableScorer(np.random.default_rng(0).normal(size=(40, 300)))
    top_k(scorer, np.arange(40), 5, block=500)
    assert scorer.largest_block <= 500


def test_the_models_scores_are_left_alone():
    table = np.zeros((1, 4))
    scorer = TableScorer(table)
    top_k(scorer, [0], 2, ItemSets.from_pairs([0], [1], 1))
    assert (scorer.table == 0).all()


@pytest.mark.parametrize("block", [3, 100])
def test_a_diverged_model_is_an_error_and_not_a_list(block):
    table = np.zeros((2, 9))
    table[1, 7] = np.nan
    with pytest.raises(RunError, match="NaN"):
        top_k(TableScorer(table), [0, 1], 2, block=block)


def test_progress_counts_the_users():
    done = []
    top_k(TableScorer(np.zeros((7, 3))), np.arange(7), 1, block=6, progress=done.append)
    assert sum(done) == 7
    assert len(done) > 1


def test_nobody_asked_is_nobody_answered():
    assert top_k(TableScorer(np.zeros((7, 3))), [], 2).items.shape == (0, 2)


def test_item_sets_hold_each_pair_once_in_order():
    sets = ItemSets.from_pairs([2, 0, 2, 2], [5, 1, 3, 5], n_users=4)
    assert [sets.of(u).tolist() for u in range(4)] == [[1], [], [3, 5], []]
    assert sets.sizes.tolist() == [1, 0, 2, 0]
    rows, items = sets.pairs([2, 1, 0])
    assert (rows.tolist(), items.tolist()) == ([0, 0, 2], [3, 5, 1])


def test_item_sets_know_their_members():
    sets = ItemSets.from_pairs([2, 0, 2], [5, 1, 3], n_users=3)
    members = sets.contains(np.array([[0], [1], [2]]), np.array([[1, 5, 9]]))
    assert members.tolist() == [[True, False, False], [False] * 3, [False, True, False]]
    assert not ItemSets.empty(3).contains([0, 1], [0, 0]).any()
    assert not sets.contains([0], [-1]).any()


def test_item_sets_refuse_users_out_of_range():
    with pytest.raises(ValueError, match="user ids"):
        ItemSets.from_pairs([3], [0], n_users=3)
