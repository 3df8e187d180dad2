"""Find the reasons for many recommendations at once.

What a reason says is true of the graph and of the training data; it is not a trace of the model's
arithmetic, which has no such steps.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from itertools import groupby

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recommender.data import TrainingSplit
from recommender.explanation.evidence import Evidence, Kind, Reason
from recommender.explanation.index import GraphIndex, expand
from recommender.explanation.listeners import Listeners
from recommender.explanation.profiles import Profiles
from recommender.scoring import ItemSets

__all__ = ["Explainer"]

IntArray = NDArray[np.int64]

_USERS_AT_A_TIME = 256
_MOST_SHARED = 2  # entities named in one argument
_LEAST_IDF = math.log(2)  # what more than half of the catalogue has says nothing about taste
_WEAK = ("through", "path")
_MODEL = Reason((Evidence("model"),))


class Explainer:
    """Reasons from the knowledge graph, from other users' histories where the graph has none.

    Everything comes from the training split: the user's history are his training positives.

    Args:
        train: graph and histories.
        telling: ``[n_relations]``, how much sharing a relation's entity means to a person, beside
            its rarity; all the same by default.
    """

    def __init__(self, train: TrainingSplit, telling: ArrayLike | None = None) -> None:
        self._history = ItemSets(*train.history)
        self._index = GraphIndex(train.graph, train.n_items)
        self._n_items = train.n_items
        means = np.ones(train.n_relations) if telling is None else np.asarray(telling)
        self._weight = self._index.idf * means[self._index.relation]
        self._listeners = Listeners(self._history, train.n_items)

    def joined_by(self, newcomers: ItemSets) -> Explainer:
        """An explainer that knows more people: newcomer n is its user `n_users + n`.

        They count among the listeners, as the users of the training do. The graph is not looked at
        again.
        """
        joined = copy(self)
        joined._history = self._history.followed_by(newcomers)
        joined._listeners = Listeners(joined._history, self._n_items)
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
            items: ``[n, k]`` the items recommended to each; a -1 is no item and gets None.
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
        for pair, evidence in self._shared(profiles, rows, items):
            found[pair] = Reason(tuple(evidence))
        # What has no strong reason is looked at again, with weaker ones.
        for weaker in (self._through, self._path):
            left = _without(found)
            for place, argument in weaker(profiles, rows[left], items[left]):
                found[left[place]] = Reason((argument,))
        # Other listeners speak where the graph is silent, and beside it where it only whispers.
        left = np.array([n for n, r in enumerate(found) if r is None or r.kind in _WEAK], dtype=int)
        for place, argument in self._listeners.find(users[rows[left]], items[left]):
            before = found[left[place]]
            found[left[place]] = Reason((*(before.evidence if before else ()), argument))
        table: list[list[Reason | None]] = [[None] * lists.shape[1] for _ in users]
        for row, column, reason in zip(rows.tolist(), columns.tolist(), found, strict=True):
            table[row][column] = reason or _MODEL
        return table

    def _shared(
        self, profiles: Profiles, rows: IntArray, items: IntArray
    ) -> Iterator[tuple[int, list[Evidence]]]:
        """Direct links, and what the item has in common with items of the history."""
        index = self._index
        pairs, features = index.features_of(items)
        entity = index.entity[features]
        linked = (entity < index.n_items) & self._history.contains(
            profiles.users[rows[pairs]], entity
        )
        told = linked | (index.idf[features] >= _LEAST_IDF)
        pairs, features, entity, linked = pairs[told], features[told], entity[told], linked[told]
        left, right = profiles.with_feature(rows[pairs], features)
        useful = linked | (left < right)
        candidates = zip(
            pairs[useful].tolist(),
            features[useful].tolist(),
            linked[useful].tolist(),
            left[useful].tolist(),
            right[useful].tolist(),
            strict=True,
        )
        for pair, group in groupby(candidates, key=lambda candidate: candidate[0]):
            links, shared = [], {}
            for _, feature, is_link, start, stop in group:
                if is_link:
                    links.append(feature)
                else:
                    shared[feature] = frozenset(profiles.items[start:stop].tolist())
            arguments = [*self._link(links), *self._in_common(shared)]
            yield pair, arguments[:2]

    def _link(self, links: Sequence[int]) -> list[Evidence]:
        """One argument out of all direct links: of one relation, the rarest first."""
        if not links:
            return []
        index = self._index
        best = max(links, key=lambda f: (self._weight[f], -f))
        alike = [
            f
            for f in links
            if (index.relation[f], index.forward[f]) == (index.relation[best], index.forward[best])
        ]
        items = self._listeners.best_known(index.entity[alike].tolist())
        by_entity = {int(index.entity[f]): index.step(f) for f in alike}
        steps = tuple(by_entity[item] for item in items)
        return [Evidence("link", items, steps, weight=float(index.idf[best]))]

    def _in_common(self, shared: dict[int, frozenset[int]]) -> list[Evidence]:
        """Up to two arguments: entities, and the items of the history that share all of them."""
        arguments: list[Evidence] = []
        rest = dict(shared)
        while rest and len(arguments) < 2:
            chosen, sharers = self._strongest(rest)
            entities = {int(self._index.entity[f]) for f in chosen}
            rest = {f: s for f, s in rest.items() if int(self._index.entity[f]) not in entities}
            if arguments and sharers <= set(arguments[0].items):
                continue  # the same items again: another argument about them adds no support
            steps = tuple(self._index.step(f) for f in chosen)
            weight = float(self._index.idf[list(chosen)].sum())
            items = self._listeners.best_known(sharers)
            arguments.append(Evidence("shared", items, steps, weight=weight))
        return arguments

    def _strongest(self, shared: dict[int, frozenset[int]]) -> tuple[list[int], frozenset[int]]:
        """Features, and the items with all of them, of the greatest Σ weight · (1 + ln items).

        Greedy: start from the best feature and add another as long as the value grows. So a rare
        label shared with one artist and a common genre shared with twelve both have their chance,
        and every item named truly shares every entity named.
        """
        weights = self._weight

        def value(weight: float, sharers: frozenset[int]) -> float:
            return weight * (1 + math.log(len(sharers)))

        ranked = sorted(shared, key=lambda f: (-value(float(weights[f]), shared[f]), f))
        chosen, sharers, weight = [ranked[0]], shared[ranked[0]], float(weights[ranked[0]])
        entities = {int(self._index.entity[ranked[0]])}
        for feature in ranked[1:]:
            both = sharers & shared[feature]
            if len(chosen) == _MOST_SHARED:
                break
            if not both or int(self._index.entity[feature]) in entities:
                continue
            if value(weight + float(weights[feature]), both) > value(weight, sharers):
                chosen.append(feature)
                entities.add(int(self._index.entity[feature]))
                sharers, weight = both, weight + float(weights[feature])
        return chosen, sharers

    def _through(
        self, profiles: Profiles, rows: IntArray, items: IntArray
    ) -> Iterator[tuple[int, Evidence]]:
        """One entity that both touch, though by different relations; the rarest."""
        pairs, features = self._index.features_of(items)
        return self._meeting(
            "through", profiles, rows, pairs, features, self._index.entity[features]
        )

    def _path(
        self, profiles: Profiles, rows: IntArray, items: IntArray
    ) -> Iterator[tuple[int, Evidence]]:
        """Two linked entities, neither an item, between the item and the history; the rarest."""
        pairs, features = self._index.features_of(items)
        near = self._index.entity[features]
        inner = near >= self._index.n_items
        pairs, features, near = pairs[inner], features[inner], near[inner]
        places, far = self._index.neighbours(near)
        return self._meeting("path", profiles, rows, pairs[places], features[places], far)

    def _meeting(
        self,
        kind: Kind,
        profiles: Profiles,
        rows: IntArray,
        pairs: IntArray,
        features: IntArray,
        entities: IntArray,
    ) -> Iterator[tuple[int, Evidence]]:
        """Best meeting of each pair: its own feature, an entity, the history's features of it."""
        index = self._index
        left, right = profiles.with_entity(rows[pairs], entities)
        places, holdings = expand(left, right)
        ends = profiles.features[holdings]
        told = np.minimum(index.idf[features[places]], index.idf[ends]) >= _LEAST_IDF
        places, ends = places[told], ends[told]
        weights = np.minimum(self._weight[features[places]], self._weight[ends])
        order = np.lexsort((ends, features[places], -weights, pairs[places]))
        _, first = np.unique(pairs[places][order], return_index=True)
        for best in order[first]:
            place, end = int(places[best]), int(ends[best])
            met = slice(left[place], right[place])
            items = profiles.items[met][profiles.features[met] == end]
            yield (
                int(pairs[place]),
                Evidence(
                    kind,
                    self._listeners.best_known(items.tolist()),
                    (index.step(int(features[place])),),
                    (index.step(end),),
                    weight=float(min(index.idf[features[place]], index.idf[end])),
                ),
            )


def _without(found: Sequence[Reason | None]) -> IntArray:
    return np.array([n for n, reason in enumerate(found) if reason is None], dtype=np.int64)
