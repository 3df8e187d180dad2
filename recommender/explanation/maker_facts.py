"""Reasons at one remove: facts that makers of a recommended item share with makers in the history.

A song whose performer plays trip hop is connected with a liked song whose performer does, although
the graph says so of neither song.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import replace

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
        self._holdings = items.holdings_at(makers.items, makers.triples)
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
        pairs, made = self._new(profiles, rows, items)
        makers = self._makers.makers[made]
        facts = self._weigher.weigh(profiles.users[rows[pairs]], makers)
        best: dict[int, tuple[int, Evidence]] = {}
        for place, found in self._arguments.find(profiles, rows[pairs], facts):
            pair, about = int(pairs[place]), found[0]
            if pair not in best or value_of(about) > value_of(best[pair][1]):
                best[pair] = (int(made[place]), about)
        arguments: dict[int, Valued] = {}
        for pair, argument in self._as_arguments(profiles, rows, best):
            at = weights.position(pair, int(self._holdings[best[pair][0]]))
            if not weights.from_model[at]:
                arguments[pair] = value_of(best[pair][1]), argument
            elif weights.values[at] > 0:
                argument = replace(argument, weight=float(weights.values[at]), basis="model")
                arguments[pair] = float(weights.ranks[at]), argument
            else:
                arguments[pair] = 0.0, argument
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
        yield from self._as_arguments(profiles, rows, best)

    def _new(
        self, profiles: Profiles, rows: IntArray, items: IntArray
    ) -> tuple[IntArray, IntArray]:
        """Pairs whose item has no maker in the history, each with the item's makers."""
        pairs, made = self._makers.of_items(items)
        known = profiles.contain(rows[pairs], self._makers.makers[made])
        new = ~np.isin(pairs, pairs[known])
        return pairs[new], made[new]

    def _as_arguments(
        self, profiles: Profiles, rows: IntArray, best: Mapping[int, tuple[int, Evidence]]
    ) -> Iterator[tuple[int, Evidence]]:
        """Turn arguments about a maker into arguments about the item, with works of the history.

        Args:
            profiles, rows: see `find`.
            best: for a pair, who made its item (a pair of `Makers`), and the argument about that.
        """
        works: dict[int, dict[int, list[int]]] = {}
        for pair, (made, about) in best.items():
            user = int(profiles.users[rows[pair]])
            if user not in works:
                works[user] = self._works(user)
            first: dict[int, int] = {}  # a work by several counts as one by the first
            for maker in about.items:
                for other in works[user][maker]:
                    first.setdefault(int(self._makers.items[other]), other)
            items = self._popularity.best_known(first)
            yield (
                pair,
                Evidence(
                    "makers",
                    items,
                    (self._step(made),),
                    ends=tuple(self._step(first[item]) for item in items),
                    makers=about,
                    weight=about.weight,
                ),
            )

    def _works(self, user: int) -> dict[int, list[int]]:
        """The works in a user's history by their makers, as pairs of `Makers`."""
        _, made = self._makers.of_items(self._history.of(user))
        found: dict[int, list[int]] = {}
        for pair, maker in zip(made.tolist(), self._makers.makers[made].tolist(), strict=True):
            found.setdefault(maker, []).append(pair)
        return found

    def _step(self, made: int) -> Step:
        return self._items.step(int(self._holdings[made]))
