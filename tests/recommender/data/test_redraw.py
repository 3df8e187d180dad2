"""Resampled negatives: the build's procedure, with other items."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.build import BuildReport
from recommender import load
from recommender.data import Interactions
from recommender.data.resampled_negatives import FILE_SEED, redraw_negatives


def test_the_seed_of_the_file_changes_nothing(toy_data: Path) -> None:
    dataset = load(toy_data)
    assert redraw_negatives(dataset, FILE_SEED) is dataset


def test_same_seed_same_rows(toy_data: Path) -> None:
    dataset = load(toy_data)
    first, again, other = (redraw_negatives(dataset, n).interactions for n in (1, 1, 2))
    np.testing.assert_array_equal(first.items, again.items)
    assert not np.array_equal(first.items, other.items)


@settings(max_examples=40, deadline=None)
@given(
    pairs=st.sets(st.tuples(st.integers(0, 5), st.integers(0, 7)), min_size=1),
    seed=st.integers(0, 99),
)
def test_as_many_negatives_as_positives_where_there_are(
    toy_data: Path, pairs: set[tuple[int, int]], seed: int
) -> None:
    users, items = np.array(sorted(pairs), dtype=np.int64).T
    dataset = replace(
        load(toy_data),
        interactions=Interactions(users, items, np.ones(len(users), dtype=np.int64)),
        n_users=6,
        n_items=8,
    )
    if seed == FILE_SEED:
        return
    rows = redraw_negatives(dataset, seed).interactions
    positive = rows.labels == 1
    assert set(zip(rows.users[positive], rows.items[positive], strict=True)) == pairs
    drawn = list(zip(rows.users[~positive], rows.items[~positive], strict=True))
    assert len(set(drawn)) == len(drawn)
    assert not set(drawn) & pairs
    for user in range(6):
        mine = sum(u == user for u, _ in pairs)
        assert sum(u == user for u, _ in drawn) == min(mine, 8 - mine)


@pytest.mark.real_data
@pytest.mark.slow
def test_it_is_the_preparations_own_procedure(stock_lastfm: Callable[[int], BuildReport]) -> None:
    """On Last.FM, where every row is a positive, a build with that seed has the same rows."""
    drawn = redraw_negatives(load(stock_lastfm(FILE_SEED).out), 1).interactions
    built = load(stock_lastfm(1).out).interactions
    for name in ("users", "items", "labels"):
        np.testing.assert_array_equal(getattr(drawn, name), getattr(built, name))
