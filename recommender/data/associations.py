"""Sample an entity linked to an item, and an item linked to an entity, for MMSS_MKR's tasks."""

from __future__ import annotations

from typing import Literal

import numpy as np

from recommender.data.graph import KnowledgeGraph
from recommender.data.tables import IntArray

__all__ = ["Associations", "AssociationsPolicy"]

AssociationsPolicy = Literal["own", "neighbour"]


class Associations:
    """Samples e ~ S(v) and v ~ S(h) (Algorithm 1, lines 5 and 9).

    `own`: the entity with the item's id, and vice versa. `neighbour`: a uniform neighbour in G (an
    item without any keeps its own entity).

    For heads that are not items, both policies sample a neighbouring item, or -1 if there is none.
    """

    def __init__(self, graph: KnowledgeGraph, n_items: int, policy: AssociationsPolicy) -> None:
        self._n_items = n_items
        self._policy = policy
        offsets, neighbours = graph.adjacency
        self._offsets, self._neighbours = offsets, neighbours
        is_item = neighbours < n_items
        self._item_neighbours: IntArray = neighbours[is_item]
        kept = np.concatenate([[0], np.cumsum(is_item)])
        self._item_offsets: IntArray = kept[offsets].astype(np.int64)

    def entities_of(self, items: IntArray, rng: np.random.Generator) -> IntArray:
        """One e ~ S(v) per item; int64 [n] → [n]."""
        if self._policy == "own":
            return items
        return _draw(items, self._offsets, self._neighbours, rng, missing=items)

    def items_of(self, entities: IntArray, rng: np.random.Generator) -> IntArray:
        """One v ~ S(h) per entity, -1 where S(h) is empty; int64 [n] → [n]."""
        own = np.where(entities < self._n_items, entities, -1)
        if self._policy == "own":
            foreign = np.flatnonzero(own < 0)
            if not len(foreign):
                return own
            result = own.copy()
            result[foreign] = _draw(
                entities[foreign],
                self._item_offsets,
                self._item_neighbours,
                rng,
                missing=own[foreign],
            )
            return result
        return _draw(entities, self._item_offsets, self._item_neighbours, rng, missing=own)

    def entity_lists(self) -> tuple[IntArray, IntArray]:
        """S(v) of all items as CSR, `(offsets [n_items + 1], entities)`; none is empty."""
        items = np.arange(self._n_items)
        if self._policy == "own":
            return np.arange(self._n_items + 1), items
        counts = np.diff(self._offsets)[: self._n_items]
        padded = np.maximum(counts, 1)
        offsets = np.concatenate([[0], np.cumsum(padded)])
        entities = np.empty(offsets[-1], dtype=np.int64)
        entities[offsets[:-1][counts == 0]] = items[counts == 0]
        within = np.repeat(counts > 0, padded)
        entities[within] = self._neighbours[: self._offsets[self._n_items]]
        return offsets, entities


def _draw(
    ids: IntArray,
    offsets: IntArray,
    members: IntArray,
    rng: np.random.Generator,
    *,
    missing: IntArray,
) -> IntArray:
    """A uniform member of each id's list; `missing` if the list is empty."""
    start = offsets[ids]
    counts = offsets[ids + 1] - start
    if not len(members):
        return missing
    positions = start + (rng.random(len(ids)) * counts).astype(np.int64)
    return np.where(counts > 0, members[np.minimum(positions, len(members) - 1)], missing)
