"""Explain a batch of recommendations: users, items and histories in, reasons out.

Reasons are factual with respect to the graph and the training data. Facts are chosen by their
contribution to the model's score if available, else by rarity.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recommender.data import TrainingSplit
from recommender.explanation.arguments import Arguments, Valued
from recommender.explanation.co_listening import Listeners
from recommender.explanation.evidence import Evidence, Reason
from recommender.explanation.index import GraphIndex
from recommender.explanation.longer_paths import Meetings
from recommender.explanation.maker_facts import MakerFacts
from recommender.explanation.makers import Makers
from recommender.explanation.profiles import Profiles
from recommender.explanation.vocabulary import Vocabulary
from recommender.explanation.weights import Contributions, Weigher
from recommender.scoring import ItemSets

__all__ = ["Explainer"]

IntArray = NDArray[np.int64]

_USERS_AT_A_TIME = 256
_MODEL = Reason((Evidence("model"),))


class Explainer:
    """Generates reasons from the knowledge graph, or else from other users' histories.

    Only the training split is used: a user's history are the training positives.

    Args:
        train: graph and histories.
        vocabulary: relevance and equivalence of relations and entities; by default all are equally
            relevant.
        contributions: contribution of each triple at an item to the model's score; by default, or
            if unavailable, facts are weighted by rarity.
    """

    def __init__(
        self,
        train: TrainingSplit,
        vocabulary: Vocabulary | None = None,
        contributions: Contributions | None = None,
    ) -> None:
        self._history = ItemSets(*train.history)
        phrases = None if vocabulary is None else vocabulary.phrases
        names = None if vocabulary is None else vocabulary.names
        makers = Makers.of(train.graph, train.n_items, train.catalogue)
        self._index = makers.index_of_items(train.graph, phrases)
        self._weigher = Weigher(self._index, vocabulary, contributions)
        self._listeners = Listeners(self._history, train.n_items)
        self._arguments = Arguments(self._index, self._listeners, names)
        self._meetings = Meetings(self._index, self._weigher.rarity, self._listeners, names)
        self._makers = None
        if len(makers):
            self._makers = MakerFacts(
                makers, train.graph, self._index, self._history, self._listeners, vocabulary
            )

    @property
    def index(self) -> GraphIndex:
        """The graph as features of items."""
        return self._index

    @property
    def index_of_makers(self) -> GraphIndex | None:
        """The same of those who made the items; None if the graph has no makers."""
        return None if self._makers is None else self._makers.index

    def joined_by(self, newcomers: ItemSets) -> Explainer:
        """A copy of the explainer with newcomers: newcomer n is user `n_users + n`.

        They count as listeners like the training users. The model has no contributions of facts for
        them, so facts are weighted by rarity. The graph's index is reused.
        """
        joined = copy(self)
        joined._weigher = self._weigher.by_rarity()
        joined._history = self._history.followed_by(newcomers)
        joined._listeners = self._listeners.joined_by(newcomers)
        joined._makers = self._makers and self._makers.joined_by(newcomers)
        return joined

    def explain(
        self,
        users: ArrayLike,
        items: ArrayLike,
        progress: Callable[[int], None] | None = None,
    ) -> list[list[Reason | None]]:
        """Find a reason for every recommended item.

        Args:
            users: ``[n]`` user ids.
            items: ``[n, k]`` the items recommended to each; -1 for none, which gets None.
            progress: called with the number of users done since its last call.

        Returns:
            ``[n][k]`` reasons.
        """
        asked, lists = np.asarray(users, dtype=np.int64), np.asarray(items, dtype=np.int64)
        reasons: list[list[Reason | None]] = []
        for first in range(0, len(asked), _USERS_AT_A_TIME):
            some = slice(first, first + _USERS_AT_A_TIME)
            reasons += self._explain_some(asked[some], lists[some])
            if progress is not None:
                progress(len(asked[some]))
        return reasons

    def _explain_some(self, users: IntArray, lists: IntArray) -> list[list[Reason | None]]:
        rows, columns = np.nonzero(lists >= 0)
        items = lists[rows, columns]
        found: list[Reason | None] = [None] * len(items)
        profiles = Profiles(self._index, self._history, users)
        facts = self._weigher.weigh(users[rows], items)
        weaker = [
            partial(self._meetings.through, profiles),
            partial(self._meetings.path, profiles),
        ]
        others: dict[int, Valued] = {}
        if self._makers is not None:
            of_makers = self._makers.profiles(users)
            others = self._makers.find(of_makers, rows, items, facts)
            weaker.insert(1, partial(self._makers.through, of_makers))
        for pair, (_, argument) in others.items():
            found[pair] = Reason((argument,))
        for pair, evidence in self._arguments.find(profiles, rows, facts, others):
            found[pair] = Reason(tuple(evidence))
        # Pairs without a strong reason are tried with weaker ones.
        for connect in weaker:
            left = _without(found)
            for index, argument in connect(rows[left], items[left]):
                found[left[index]] = Reason((argument,))
        # Co-listening is used if the graph has no reason, and added if it has only a weak one.
        left = np.array(
            [n for n, r in enumerate(found) if r is None or r.evidence[0].is_weak], dtype=int
        )
        for index, argument in self._listeners.find(users[rows[left]], items[left]):
            before = found[left[index]]
            found[left[index]] = Reason((*(before.evidence if before else ()), argument))
        table: list[list[Reason | None]] = [[None] * lists.shape[1] for _ in users]
        for row, column, reason in zip(rows.tolist(), columns.tolist(), found, strict=True):
            table[row][column] = reason or _MODEL
        return table


def _without(found: Sequence[Reason | None]) -> IntArray:
    return np.array([n for n, reason in enumerate(found) if reason is None], dtype=np.int64)
