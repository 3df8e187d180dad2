"""Reasons at one remove: facts that makers of a recommended item share with makers in the history.

A song whose performer plays trip hop is connected with a liked song whose performer does, although
the graph says so of neither song.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy

import numpy as np
from numpy.typing import NDArray

from recommender.data import KnowledgeGraph
from recommender.explanation.arguments import Arguments, Valued, value_of
from recommender.explanation.co_listening import Listeners
from recommender.explanation.evidence import Evidence, Step
from recommender.explanation.index import GraphIndex
from recommender.explanation.longer_paths import Meetings
from recommender.explanation.makers import Makers
from recommender.explanation.profiles import Profiles
from recommender.explanation.vocabulary import Vocabulary
from recommender.explanation.weights import FactWeights, Weigher
from recommender.scoring import ItemSets

__all__ = ["MakerFacts"]

IntArray = NDArray[np.int64]


class MakerFacts:
    """Finds arguments about the makers of items as `Explainer` does about items.

    The makers of a user's items are the history, and facts are weighted by rarity among the items.
    Items that share a maker with the history are left out: that is the better reason.

    Args:
        makers: of the items.
        graph: the training graph.
        items: features of the items.
        history: items of each user.
        listeners: popularity of items.
        vocabulary: see `Explainer`.
    """

    def __init__(
        self,
        makers: Makers,
        graph: KnowledgeGraph,
        items: GraphIndex,
        history: ItemSets,
        listeners: Listeners,
        vocabulary: Vocabulary | None,
    ) -> None:
        self._items, self._history, self._popularity = items, history, listeners
        self._makers = makers
        phrases = None if vocabulary is None else vocabulary.phrases
        names = None if vocabulary is None else vocabulary.names
        self.index = self._makers.index(graph, phrases)
        self._weigher = Weigher(self.index, vocabulary, None)
        self._known = self._makers.of_sets(history)
        listeners = Listeners(self._known, graph.n_entities)
        self._arguments = Arguments(self.index, listeners, names)
        self._meetings = Meetings(self.index, self._weigher.rarity, listeners, names)

    def joined_by(self, newcomers: ItemSets) -> MakerFacts:
        """A copy with newcomers, see `Explainer.joined_by`."""
        joined = copy(self)
        joined._history = self._history.followed_by(newcomers)
        joined._known = self._known.followed_by(self._makers.of_sets(newcomers))
        return joined

    def profiles(self, users: IntArray) -> Profiles:
        """Facts about the makers of the users' items."""
        return Profiles(self.index, self._known, users)

    def find(
        self, profiles: Profiles, rows: IntArray, items: IntArray, weights: FactWeights
    ) -> dict[int, Valued]:
        """The best argument of each pair from a link or facts shared by makers, with its value.

        If the model weights the item's facts, the argument has the weight of the fact that names
        the maker, which includes what the model gathers from the maker's own; and no value if that
        is not positive.

        Args:
            profiles: of the users, by `profiles`.
            rows: ``[n]`` positions of the pairs' users in the profiles.
            items: ``[n]`` the pairs' items.
            weights: of the items' facts.
        """
        pairs, pair_of_makers = self._new(profiles, rows, items)
        makers = self._makers.makers[pair_of_makers]
        facts = self._weigher.weigh(profiles.users[rows[pairs]], makers)
        best: dict[int, tuple[float, int, Evidence]] = {}
        for place, found in self._arguments.find(profiles, rows[pairs], facts):
            pair, value = int(pairs[place]), value_of(found[0])
            if pair not in best or value > best[pair][0]:
                best[pair] = (value, int(pair_of_makers[place]), found[0])
        arguments: dict[int, Valued] = {}
        for pair, (value, made, about) in best.items():
            user = int(profiles.users[rows[pair]])
            at = weights.position(pair, self._holding(made))
            weight = float(weights.values[at]) if weights.from_model[at] else None
            if weight is not None:
                value = max(0.0, float(weights.ranks[at]))
            arguments[pair] = value, self._argument(user, made, about, weight or None)
        return arguments

    def through(
        self, profiles: Profiles, rows: IntArray, items: IntArray
    ) -> Iterator[tuple[int, Evidence]]:
        """The same for an entity to which the makers are related by different relations."""
        pairs, made = self._new(profiles, rows, items)
        makers = self._makers.makers[made]
        found = self._meetings.through(profiles, rows[pairs], makers)
        best: dict[int, tuple[int, Evidence]] = {}
        for place, about in found:
            pair = int(pairs[place])
            if pair not in best or about.weight > best[pair][1].weight:
                best[pair] = (int(made[place]), about)
        for pair, (maker, about) in best.items():
            yield pair, self._argument(int(profiles.users[rows[pair]]), maker, about)

    def _new(
        self, profiles: Profiles, rows: IntArray, items: IntArray
    ) -> tuple[IntArray, IntArray]:
        """Pairs whose item has no maker in the history, each with the item's makers."""
        pairs, made = self._makers.of_items(items)
        known = profiles.contain(rows[pairs], self._makers.makers[made])
        new = ~np.isin(pairs, pairs[known])
        return pairs[new], made[new]

    def _argument(
        self, user: int, made: int, about: Evidence, weight: float | None = None
    ) -> Evidence:
        """An argument about a maker as one about its item; `weight` is the model's, if any."""
        works, ends = self._works_by(user, about.items)
        return Evidence(
            "makers",
            works,
            (self._step(made),),
            ends=ends,
            makers=about,
            weight=about.weight if weight is None else weight,
            basis="rarity" if weight is None else "model",
        )

    def _works_by(
        self, user: int, makers: tuple[int, ...]
    ) -> tuple[tuple[int, ...], tuple[Step, ...]]:
        """Items of the history by some makers, the best-known first, and who made each.

        A work by several of them is listed under the first.
        """
        history = self._history.of(user)
        places, made = self._makers.of_items(history)
        by_them = np.isin(self._makers.makers[made], makers)
        works, made = history[places[by_them]].tolist(), made[by_them].tolist()
        pairs = zip(works, made, strict=True)
        first: dict[int, int] = {}
        for work, pair in sorted(pairs, key=lambda p: makers.index(self._makers.makers[p[1]])):
            first.setdefault(work, pair)
        items = self._popularity.best_known(first)
        return items, tuple(self._step(first[item]) for item in items)

    def _holding(self, made: int) -> int:
        item, triple = self._makers.items[[made]], self._makers.triples[[made]]
        return int(self._items.holdings_at(item, triple)[0])

    def _step(self, made: int) -> Step:
        return self._items.step(self._holding(made))
