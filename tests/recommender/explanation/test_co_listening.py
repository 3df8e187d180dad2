"""Newcomers are added to the listeners without recounting the others."""

import numpy as np
import pytest

from recommender.explanation.co_listening import Listeners
from recommender.scoring import ItemSets

N_ITEMS = 30


def people(generator, count):
    return ItemSets.of_lists(
        [generator.choice(N_ITEMS, size=generator.integers(1, 9)) for _ in range(count)]
    )


def evidence(listeners, everybody, users):
    """Evidence for every user and item outside the history."""
    pairs = [(u, i) for u in users for i in range(N_ITEMS) if i not in everybody.of(u)]
    asked = np.array(pairs, dtype=np.int64)
    return list(listeners.find(asked[:, 0], asked[:, 1]))


@pytest.mark.parametrize("users", [range(40, 43), range(40), range(43)], ids=str)
def test_joined_counts_equal_those_made_at_once(users):
    generator = np.random.default_rng(7)
    known, newcomers = people(generator, 40), people(generator, 3)
    everybody = known.followed_by(newcomers)
    at_once = Listeners(everybody, N_ITEMS)
    joined = Listeners(known, N_ITEMS).joined_by(newcomers)
    found = evidence(joined, everybody, users)
    assert found and found == evidence(at_once, everybody, users)
    assert joined.best_known(range(N_ITEMS)) == at_once.best_known(range(N_ITEMS))
    assert joined.n_users == everybody.n_users


def test_joining_leaves_the_others_as_they_were():
    generator = np.random.default_rng(8)
    known, newcomers = people(generator, 20), people(generator, 2)
    listeners = Listeners(known, N_ITEMS)
    before = evidence(listeners, known, range(20))
    listeners.joined_by(newcomers).joined_by(newcomers)
    assert evidence(listeners, known, range(20)) == before
