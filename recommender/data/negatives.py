"""Sample negatives for an epoch: prepared or fresh user–item rows, and corrupted triples.

Two readings of "sample … from matrix Y": the prepared negatives in every epoch (static), or new
ones each epoch (fresh). Samplers use the given generator and keep no state, so that saving the
generator suffices for an exact resume.
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

_ROUNDS = 100  # of redrawing true tails


class InteractionSampler(Protocol):
    """Interface of a sampler of an epoch's rows."""

    @property
    def n_rows(self) -> int:
        """Rows per epoch."""

    def draw(self, rng: np.random.Generator) -> Interactions:
        """The rows of the next epoch, unshuffled."""


class StaticNegatives:
    """Prepared training rows: the same negatives in every epoch."""

    def __init__(self, train: TrainingSplit) -> None:
        self._rows = train.interactions

    @property
    def n_rows(self) -> int:
        """Rows per epoch."""
        return len(self._rows)

    def draw(self, rng: np.random.Generator) -> Interactions:
        """The prepared rows; the generator is not used."""
        return self._rows


class FreshNegatives:
    """Training positives, each with a uniform item that is no training positive of the user.

    The prepared negatives are not used: their number per user would reveal the number of held-out
    negatives, and with it the labels of held-out rows.
    """

    def __init__(self, train: TrainingSplit) -> None:
        self._train = train
        users, items = train.positives
        # A user with all items as positives has no negatives; the positives are kept.
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
        """The positives and new negatives, by rejection sampling against the training positives."""
        users, n_items = self._negative_users, self._train.n_items
        drawn = rng.integers(n_items, size=len(users))
        again = np.flatnonzero(self._train.is_positive(users, drawn))
        while len(again):
            drawn[again] = rng.integers(n_items, size=len(again))
            again = again[self._train.is_positive(users[again], drawn[again])]
        return Interactions(self._users, np.concatenate([self._items, drawn]), self._labels)


def make_sampler(policy: NegativesPolicy, train: TrainingSplit) -> InteractionSampler:
    """Create a sampler by name over the training split."""
    return FreshNegatives(train) if policy == "fresh" else StaticNegatives(train)


def corrupt_tails(graph: KnowledgeGraph, rng: np.random.Generator) -> IntArray:
    """False triples (h', r', t') ∉ G (Eq. 20): a uniform tail for each triple; int64 [n_triples].

    A pair (h, r) that is true with every entity has no such tail; after 100 rounds it keeps the
    last draw (only possible in tiny graphs).
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
