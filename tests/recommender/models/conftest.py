"""Checkerboard data: black users like black items, white users white ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from recommender.data import (
    Catalogue,
    Dataset,
    HeldOut,
    Interactions,
    KnowledgeGraph,
    Split,
    TrainingSplit,
)

N = 24


@pytest.fixture(scope="session")
def checkerboard() -> Split:
    """24 users and 24 items; of each user's own colour three items are held out as positives.

    A user's training negatives and his held-out ones are of the other colour. In the graph the
    colour is a genre (relation 0); everything has a country (relation 1) that says nothing.
    """
    train: list[tuple[int, int, int]] = []
    valid: list[tuple[int, int, int]] = []
    test: list[tuple[int, int, int]] = []
    for user in range(N):
        rng = np.random.default_rng(user)
        own = rng.permutation(np.arange(user % 2, N, 2))
        other = rng.permutation(np.arange(1 - user % 2, N, 2))
        for items, label in ((own, 1), (other, 0)):
            for part, chosen in ((test, items[:2]), (valid, items[2:3]), (train, items[3:])):
                part.extend((user, int(item), label) for item in chosen)
    items = np.arange(N)
    graph = KnowledgeGraph(
        head=np.concatenate([items, items]),
        relation=np.repeat([0, 1], N),
        tail=np.concatenate([N + items % 2, np.full(N, N + 2)]),
        n_entities=N + 3,
        n_relations=2,
    )
    rows = Interactions(*np.array(train + valid + test).T)
    folder = Path("checkerboard")
    return Split(
        TrainingSplit(Interactions(*np.array(train).T), graph, N, N),
        HeldOut(*np.array(valid).T),
        HeldOut(*np.array(test).T),
        Dataset(folder, rows, graph, N, N, Catalogue(folder)),
        seed=0,
        ratios=(0.6, 0.2, 0.2),
    )
