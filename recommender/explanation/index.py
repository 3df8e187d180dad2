"""Index the graph as sparse item features (relation, entity) with idf, to find shared facts."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from recommender.data import KnowledgeGraph
from recommender.explanation.evidence import Step

__all__ = ["GraphIndex", "expand"]

IntArray = NDArray[np.int64]

_ENOUGH = 20  # minimum number of items with a fact of the kind for a meaningful share
_RARE_ENOUGH = math.log(200)  # rarer than one in 200 is not more informative, only more obscure


class GraphIndex:
    """Sparse features of all items.

    A feature is a relation with an entity as seen from an item: *plays trip hop*, or *is a member
    of Massive Attack*. The two ends of a triple have different features, and triples of different
    relations may give the same (`hasMember` seen from the member, `memberOf` seen from the band),
    as defined by `phrases`. Feature ids are sorted by entity, so that those of one entity are
    neighbours. An item and one of its features make a *holding*, with the triples that state it.

    Args:
        graph: the training graph.
        n_items: ids below this are items.
        phrases: ``[n_relations, 2]`` an integer for a relation's meaning seen from its tail ``[:,
            0]`` and from its head ``[:, 1]``; all different by default.
        works: ``[n_entities]`` for features of other entities in place of the items (see
            `Makers.index`): how many items an entity with a feature stands for, 0 for entities to
            leave out. An item by two counts half for each.
        without: ``[n_triples]``, triples to leave out.

    Attributes:
        entity: ``[n_features]``.
        starts, features: features of each entity in compressed rows, ``[n_entities + 1]``,
            ``[n_holdings]``; positions in the latter are the holdings' ids. Only items (or
            entities with `works`) have any.
        idf: ``[n_features]``, ln(items / items with the feature).
        common: ``[n_features]``, whether more than half of the items with a fact of the kind have
            it (*features vocals*), for kinds with at least 20 items.
        rarity: ``[n_features]``, the mean of `idf` and of the idf among the items with a fact of
            the kind, up to ln 200. A graph has the birthplace of few artists and a genre of most:
            plain idf would make any birthplace a rare feature.
    """

    def __init__(
        self,
        graph: KnowledgeGraph,
        n_items: int,
        phrases: IntArray | None = None,
        *,
        works: NDArray[np.float64] | None = None,
        without: NDArray[np.bool_] | None = None,
    ) -> None:
        self.n_items, self.n_entities = n_items, graph.n_entities
        if phrases is None:
            phrases = np.arange(2 * graph.n_relations).reshape(-1, 2)
        n_phrases = 1 + int(phrases.max(initial=0))
        kept = graph.head != graph.tail
        if without is not None:
            kept &= ~without
        described = np.arange(self.n_entities) < n_items if works is None else works > 0
        out, back = kept & described[graph.head], kept & described[graph.tail]
        item = np.concatenate([graph.head[out], graph.tail[back]])
        entity = np.concatenate([graph.tail[out], graph.head[back]])
        relation = np.concatenate([graph.relation[out], graph.relation[back]])
        triple = np.concatenate([np.flatnonzero(out), np.flatnonzero(back)])
        forward = np.repeat([1, 0], [int(out.sum()), int(back.sum())])

        known, feature = np.unique(
            entity * n_phrases + phrases[relation, forward], return_inverse=True
        )
        self.n_features = len(known)
        self.entity, phrase = np.divmod(known, n_phrases)
        cells, holding = np.unique(item * max(self.n_features, 1) + feature, return_inverse=True)
        owner, self.features = np.divmod(cells, max(self.n_features, 1))
        self.starts = np.searchsorted(owner, np.arange(self.n_entities + 1))
        #: ``[n_entities + 1]``: features of entity e are ``first_of[e] … first_of[e + 1] - 1``.
        self.first_of = np.searchsorted(self.entity, np.arange(self.n_entities + 1))

        order = np.lexsort((forward, triple, holding))
        self._triples, self._forward = triple[order], forward[order] == 1
        self._triple_starts = np.searchsorted(holding[order], np.arange(len(cells) + 1))
        self._holding_of = np.full((2, len(graph)), -1, dtype=np.int64)
        self._holding_of[forward, triple] = holding
        #: ``[n_holdings]``: relation of the first triple that states each.
        self.relation = relation[order][self._triple_starts[:-1]]
        self._graph, self._without = graph, without

        stands_for = np.ones(self.n_entities) if works is None else works
        with_feature = np.bincount(self.features, stands_for[owner], minlength=self.n_features)
        with_feature = np.maximum(with_feature, 1)
        owner, said = np.divmod(np.unique(owner * n_phrases + phrase[self.features]), n_phrases)
        with_phrase = np.bincount(said, stands_for[owner], minlength=n_phrases)[phrase]
        self.idf = np.log(n_items / with_feature)
        among = np.log(np.maximum(with_phrase, 1) / with_feature)
        self.common = (2 * with_feature > with_phrase) & (with_phrase >= _ENOUGH)
        self.rarity = np.minimum((self.idf + among) / 2, _RARE_ENOUGH)

    def step(self, holding: int, weight: float = 0.0) -> Step:
        """A holding as a value, seen from its item."""
        rows = slice(self._triple_starts[holding], self._triple_starts[holding + 1])
        return Step(
            int(self.relation[holding]),
            bool(self._forward[rows.start]),
            int(self.entity[self.features[holding]]),
            tuple(self._triples[rows].tolist()),
            weight,
        )

    def holdings_of(self, items: IntArray) -> tuple[IntArray, IntArray]:
        """Positions in `items` and the holdings of each, as two aligned arrays."""
        return expand(self.starts[items], self.starts[items + 1])

    def holding_of(self, item: int, feature: int) -> int:
        """The holding of an item that has the feature."""
        first, last = int(self.starts[item]), int(self.starts[item + 1])
        return first + int(np.searchsorted(self.features[first:last], feature))

    def holdings_at(self, items: IntArray, triples: IntArray) -> IntArray:
        """The holding that each triple gives the item at one of its ends, ``[n]``, or -1."""
        forward = (self._graph.head[triples] == items).astype(np.int64)
        return np.asarray(self._holding_of[forward, triples])

    def neighbours(self, entities: IntArray) -> tuple[IntArray, IntArray]:
        """Positions in `entities` and the entities linked to each, in either direction.

        Only entities that are not items, as these may be shared with the history.
        """
        if self._without is None:
            offsets, linked = self._graph.adjacency
            rows, places = expand(offsets[entities], offsets[entities + 1])
            far = linked[places]
        else:
            rows, triples, far = self._graph.triples_at(entities)
            kept = ~self._without[triples]
            rows, far = rows[kept], far[kept]
        keep = (far >= self.n_items) & (far != entities[rows])
        return rows[keep], far[keep]

    def between(self, near: int, far: int) -> Step:
        """The fact that links two entities, seen from the first; the first of several."""
        graph = self._graph
        ahead = (graph.head == near) & (graph.tail == far)
        linking = ahead | ((graph.head == far) & (graph.tail == near))
        if self._without is not None:
            linking &= ~self._without
        triples = np.flatnonzero(linking)
        first = int(triples[0])
        alike = triples[
            (graph.relation[triples] == graph.relation[first]) & (ahead[triples] == ahead[first])
        ]
        return Step(int(graph.relation[first]), bool(ahead[first]), far, tuple(alike.tolist()))


def expand(starts: IntArray, stops: IntArray) -> tuple[IntArray, IntArray]:
    """All integers of the ranges ``starts[n] … stops[n] - 1``, and the n of each."""
    sizes = np.maximum(stops - starts, 0)
    rows = np.repeat(np.arange(len(sizes)), sizes)
    within = np.arange(len(rows)) - (np.cumsum(sizes) - sizes)[rows]
    return rows, np.asarray(starts[rows] + within)
