"""Explain a batch of recommendations: users, items and histories in, reasons out.

Reasons are factual with respect to the graph and the training data. Facts are chosen by their
contribution to the model's score if available, else by rarity.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import copy
from itertools import compress, pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recommender.data import TrainingSplit
from recommender.explanation.arguments import LEAST_IDF, Arguments, Fact, values
from recommender.explanation.co_listening import Listeners
from recommender.explanation.evidence import Basis, Evidence, Reason
from recommender.explanation.index import GraphIndex
from recommender.explanation.longer_paths import Meetings
from recommender.explanation.profiles import Profiles
from recommender.explanation.vocabulary import Vocabulary
from recommender.explanation.weights import Contributions, FactWeights, Weigher
from recommender.scoring import ItemSets

__all__ = ["Explainer"]

IntArray = NDArray[np.int64]

_USERS_AT_A_TIME = 256
_WEAK = ("through", "path")
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
        self._index = GraphIndex(train.graph, train.n_items, phrases)
        self._names = None if vocabulary is None else vocabulary.names
        self._weigher = Weigher(self._index, vocabulary, contributions)
        self._listeners = Listeners(self._history, train.n_items)
        self._arguments = Arguments(self._index, self._listeners, self._names)
        self._meetings = Meetings(self._index, self._weigher.rarity, self._listeners, self._names)

    @property
    def index(self) -> GraphIndex:
        """The graph as features of items."""
        return self._index

    def joined_by(self, newcomers: ItemSets) -> Explainer:
        """A copy of the explainer with newcomers: newcomer n is user `n_users + n`.

        They count as listeners like the training users. The model has no contributions of facts for
        them, so facts are weighted by rarity. The graph's index is reused.
        """
        joined = copy(self)
        joined._weigher = self._weigher.by_rarity()
        joined._history = self._history.followed_by(newcomers)
        joined._listeners = self._listeners.joined_by(newcomers)
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
        for pair, evidence in self._shared(profiles, rows, facts):
            found[pair] = Reason(tuple(evidence))
        # Pairs without a strong reason are tried with weaker ones.
        for weaker in (self._meetings.through, self._meetings.path):
            left = _without(found)
            for index, argument in weaker(profiles, rows[left], items[left]):
                found[left[index]] = Reason((argument,))
        # Co-listening is used if the graph has no reason, and added if it has only a weak one.
        left = np.array([n for n, r in enumerate(found) if r is None or r.kind in _WEAK], dtype=int)
        for index, argument in self._listeners.find(users[rows[left]], items[left]):
            before = found[left[index]]
            found[left[index]] = Reason((*(before.evidence if before else ()), argument))
        table: list[list[Reason | None]] = [[None] * lists.shape[1] for _ in users]
        for row, column, reason in zip(rows.tolist(), columns.tolist(), found, strict=True):
            table[row][column] = reason or _MODEL
        return table

    def _shared(
        self, profiles: Profiles, rows: IntArray, facts: FactWeights
    ) -> Iterator[tuple[int, list[Evidence]]]:
        """Direct links, and facts shared with items of the history."""
        index = self._index
        pairs, features = facts.pairs, index.features[facts.holdings]
        entity = index.entity[features]
        linked = (entity < index.n_items) & self._history.contains(
            profiles.users[rows[pairs]], entity
        )
        telling = (index.idf[features] >= LEAST_IDF) & ~index.common[features]
        supported = (linked | telling) & (facts.values > 0)
        left, right = profiles.with_feature(rows[pairs], features)
        useful = np.flatnonzero(supported & (linked | (left < right)))
        value = values(facts.ranks[useful], (right - left)[useful], facts.from_model[useful])
        useful = useful[np.lexsort((facts.holdings[useful], -value, pairs[useful]))]
        entities = entity[useful]
        named, concepts = np.ones(len(useful), dtype=bool), entities
        if self._names is not None:
            named, concepts = self._names.named(entities), self._names.concepts(entities)
        columns = (
            facts.holdings[useful], entities, concepts, facts.values[useful], facts.ranks[useful],
            named, left[useful], right[useful],
        )  # fmt: skip
        candidates = list(map(Fact, *(column.tolist() for column in columns)))
        is_link = linked[useful]
        changes = np.flatnonzero(np.diff(pairs[useful], prepend=-1))
        for start, stop in pairwise([*changes.tolist(), len(useful)]):
            group, links = candidates[start:stop], is_link[start:stop].tolist()
            basis: Basis = "model" if facts.from_model[useful[start]] else "rarity"
            yield (
                int(pairs[useful[start]]),
                self._arguments.best(
                    list(compress(group, links)),
                    [fact for fact, link in zip(group, links, strict=True) if not link],
                    profiles.items,
                    basis,
                ),
            )


def _without(found: Sequence[Reason | None]) -> IntArray:
    return np.array([n for n, reason in enumerate(found) if reason is None], dtype=np.int64)
