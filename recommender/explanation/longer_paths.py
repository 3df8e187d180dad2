"""Find longer graph paths from an item to the history, for pairs that share no fact."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from recommender.explanation.arguments import LEAST_IDF
from recommender.explanation.co_listening import Listeners
from recommender.explanation.evidence import Evidence, Kind
from recommender.explanation.index import GraphIndex, expand
from recommender.explanation.names import Names
from recommender.explanation.profiles import Profiles

IntArray = NDArray[np.int64]


class Meetings:
    """Find entities at which a fact of the item and one of the history meet.

    Args:
        index: the graph as features of items.
        weight: ``[n_holdings]`` weight of every fact.
        listeners: popularity of items.
        names: readable names; entities without one rank lower.
    """

    def __init__(
        self,
        index: GraphIndex,
        weight: NDArray[np.float64],
        listeners: Listeners,
        names: Names | None,
    ) -> None:
        self._index = index
        self._weight = weight
        self._listeners = listeners
        self._names = names

    def through(
        self, profiles: Profiles, rows: IntArray, items: IntArray
    ) -> Iterator[tuple[int, Evidence]]:
        """The best entity of each pair to which both are related, by different relations.

        Args:
            profiles: of the users.
            rows: ``[n]`` positions of the pairs' users in the profiles.
            items: ``[n]`` the pairs' items.

        Yields:
            Positions of pairs and their arguments, as from `path`.
        """
        pairs, holdings = self._index.holdings_of(items)
        met = self._index.entity[self._index.features[holdings]]
        return self._meeting("through", profiles, rows, pairs, holdings, met)

    def path(
        self, profiles: Profiles, rows: IntArray, items: IntArray
    ) -> Iterator[tuple[int, Evidence]]:
        """The best two linked entities between item and history; the first may be an item."""
        pairs, holdings = self._index.holdings_of(items)
        near = self._index.entity[self._index.features[holdings]]
        places, far = self._index.neighbours(near)
        return self._meeting("path", profiles, rows, pairs[places], holdings[places], far)

    def _meeting(
        self,
        kind: Kind,
        profiles: Profiles,
        rows: IntArray,
        pairs: IntArray,
        holdings: IntArray,
        entities: IntArray,
    ) -> Iterator[tuple[int, Evidence]]:
        """Best meeting of each pair: the item's fact, the entity, the history's facts about it."""
        index = self._index
        left, right = profiles.with_entity(rows[pairs], entities)
        places, held = expand(left, right)
        own, ends = holdings[places], profiles.features[held]
        theirs = profiles.holdings[held]
        telling = np.minimum(index.idf[index.features[own]], index.idf[ends]) >= LEAST_IDF
        weights = np.minimum(self._weight[own], self._weight[theirs])
        telling &= ~(index.common[index.features[own]] | index.common[ends]) & (weights > 0)
        places, own, ends, weights = (
            places[telling],
            own[telling],
            ends[telling],
            weights[telling],
        )
        named = np.zeros(len(places))
        if self._names is not None:
            named += self._names.named(index.entity[index.features[own]])
            named += self._names.named(index.entity[ends])
        order = np.lexsort((ends, own, -weights, -named, pairs[places]))
        _, first = np.unique(pairs[places][order], return_index=True)
        for best in order[first]:
            pair, end = int(places[best]), int(ends[best])
            met = slice(left[pair], right[pair])
            alike = profiles.items[met][profiles.features[met] == end]
            items = self._listeners.best_known(alike.tolist())
            step = index.step(int(own[best]), float(self._weight[own[best]]))
            theirs_best = index.holding_of(items[0], end)
            last = index.step(theirs_best, float(self._weight[theirs_best]))
            between = step.entity != last.entity
            yield (
                int(pairs[pair]),
                Evidence(
                    kind,
                    items,
                    (step,),
                    (index.between(step.entity, last.entity),) if between else (),
                    (last,),
                    weight=float(weights[best]),
                ),
            )
