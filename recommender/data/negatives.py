"""Draw negatives of an epoch: the file's or fresh user–item rows, and corrupted triples.

Two readings of "sample … from matrix Y": the prepared negatives again and again (static), or new
ones each epoch (fresh). Samplers draw from the generator they are handed and keep no state of
their own, so that saving the generator is enough to resume them bit by bit.
"""

from __future__ import annotations

from typing import Literal, Protocol

import numpy as np

from recommender.data.graph import KnowledgeGraph
from recommender.data.interactions import Interactions
from recommender.data.splits import TrainingSplit
from recommender.data.tables import IntArray

__all__ = [
    "FreshNegatives",
    "InteractionSampler",
    "NegativesPolicy",
    "StaticNegatives",
    "corrupt_tails",
    "make_sampler",
]

NegativesPolicy = Literal["static", "fresh"]

_ROUNDS = 100  # of drawing false tails anew


class InteractionSampler(Protocol):
    """Makes the rows of one epoch."""

    @property
    def n_rows(self) -> int:
        """Rows per epoch."""

    def draw(self, rng: np.random.Generator) -> Interactions:
        """The rows of the next epoch, not shuffled."""


class StaticNegatives:
    """The training rows as prepared: every epoch sees the same negatives."""

    def __init__(self, train: TrainingSplit) -> None:
        self._rows = train.interactions

    @property
    def n_rows(self) -> int:
        """Rows per epoch."""
        return len(self._rows)

    def draw(self, rng: np.random.Generator) -> Interactions:
        """The prepared rows; the generator is left untouched."""
        return self._rows


class FreshNegatives:
    """Train's positives, and for each a uniform item that its user has no positive on in train.

    The prepared negatives are never looked at: their number per user would tell how many of his
    negatives were held out, and with it the labels of his held-out rows.
    """

    def __init__(self, train: TrainingSplit) -> None:
        self._train = train
        users, items = train.positives
        # A user with every item as a positive has no negative to draw; his positives stay.
        offsets, _ = train.history
        drawable = np.diff(offsets) < train.n_items
        self._negative_users: IntArray = users[drawable[users]]
        self._users: IntArray = np.concatenate([users, self._negative_users])
        self._items = items
        labels = np.zeros(len(self._users), dtype=np.int64)
        labels[: len(users)] = 1
        self._labels: IntArray = labels

    @property
    def n_rows(self) -> int:
        """Rows per epoch."""
        return len(self._users)

    def draw(self, rng: np.random.Generator) -> Interactions:
        """The positives and newly drawn negatives, by rejection of train's positives."""
        users, n_items = self._negative_users, self._train.n_items
        drawn = rng.integers(n_items, size=len(users))
        again = np.flatnonzero(self._train.is_positive(users, drawn))
        while len(again):
            drawn[again] = rng.integers(n_items, size=len(again))
            again = again[self._train.is_positive(users[again], drawn[again])]
        return Interactions(self._users, np.concatenate([self._items, drawn]), self._labels)


def make_sampler(policy: NegativesPolicy, train: TrainingSplit) -> InteractionSampler:
    """The sampler of that name over the training split."""
    return FreshNegatives(train) if policy == "fresh" else StaticNegatives(train)


def corrupt_tails(graph: KnowledgeGraph, rng: np.random.Generator) -> IntArray:
    """False triples (h', r', t') ∉ G (Eq. 20): a uniform tail for each triple; int64 [n_triples].

    A pair (h, r) that every entity completes has no such tail; after 100 rounds it keeps its
    last draw (only conceivable in graphs of a handful of entities).
    """
    tails = rng.integers(graph.n_entities, size=len(graph))
    again = np.flatnonzero(graph.contains(graph.head, graph.relation, tails))
    for _ in range(_ROUNDS):
        if not len(again):
            break
        tails[again] = rng.integers(graph.n_entities, size=len(again))
        taken = graph.contains(graph.head[again], graph.relation[again], tails[again])
        again = again[taken]
    return tails
