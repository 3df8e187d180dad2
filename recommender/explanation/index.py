"""The graph as features of items: (relation, direction, entity), with their rarity."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recommender.data import KnowledgeGraph
from recommender.explanation.evidence import Step
from recommender.scoring import ItemSets

__all__ = ["GraphIndex", "expand"]

IntArray = NDArray[np.int64]


class GraphIndex:
    """Features of all items.

    A feature is one end of a triple as seen from an item: *has genre trip hop* or *is named as a
    member by Massive Attack*. Feature ids are sorted by entity, so that those of one entity are
    neighbours.

    Attributes:
        relation, forward, entity: ``[n_features]``, what a feature says.
        starts, features: features of each item in compressed rows, ``[n_items + 1]``, ``[n]``.
        idf: ``[n_features]``, ln(items / items with the feature): its informativeness.
    """

    def __init__(self, graph: KnowledgeGraph, n_items: int) -> None:
        self.n_items, self.n_entities = n_items, graph.n_entities
        out, back = graph.head < n_items, graph.tail < n_items
        item = np.concatenate([graph.head[out], graph.tail[back]])
        entity = np.concatenate([graph.tail[out], graph.head[back]])
        relation = np.concatenate([graph.relation[out], graph.relation[back]])
        forward = np.repeat([1, 0], [int(out.sum()), int(back.sum())])
        other = item != entity
        keys = ((entity * graph.n_relations + relation) * 2 + forward)[other]
        known, feature = np.unique(keys, return_inverse=True)
        self.forward = known % 2 == 1
        self.entity, self.relation = np.divmod(known // 2, max(graph.n_relations, 1))
        self.n_features = len(known)
        rows = ItemSets.from_pairs(item[other], feature, n_items)  # an item's set of features
        self.starts, self.features = rows.starts, rows.items
        self._items_with = np.bincount(self.features, minlength=self.n_features)
        self.idf = np.log(n_items / np.maximum(self._items_with, 1))
        #: ``[n_entities + 1]``: features of entity e are ``first_of[e] … first_of[e + 1] - 1``.
        self.first_of = np.searchsorted(self.entity, np.arange(self.n_entities + 1))
        self._graph = graph

    def step(self, feature: int) -> Step:
        """A feature as a value."""
        return Step(
            int(self.relation[feature]), bool(self.forward[feature]), int(self.entity[feature])
        )

    def features_of(self, items: IntArray) -> tuple[IntArray, IntArray]:
        """Positions in `items` and the features of each, as two aligned arrays."""
        rows, places = expand(self.starts[items], self.starts[items + 1])
        return rows, self.features[places]

    def neighbours(self, entities: IntArray) -> tuple[IntArray, IntArray]:
        """Positions in `entities` and the entities linked to each, in either direction.

        Only entities that are not items: a path over a third item says little.
        """
        offsets, linked = self._graph.adjacency
        rows, places = expand(offsets[entities], offsets[entities + 1])
        far = linked[places]
        keep = (far >= self.n_items) & (far != entities[rows])
        return rows[keep], far[keep]


def expand(starts: IntArray, stops: IntArray) -> tuple[IntArray, IntArray]:
    """All integers of the ranges ``starts[n] … stops[n] - 1``, and the n of each."""
    sizes = np.maximum(stops - starts, 0)
    rows = np.repeat(np.arange(len(sizes)), sizes)
    within = np.arange(len(rows)) - (np.cumsum(sizes) - sizes)[rows]
    return rows, np.asarray(starts[rows] + within)
