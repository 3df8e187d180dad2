"""Load the knowledge graph as three aligned integer arrays: heads, relations, tails."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from recommender.data.tables import IntArray, distinct, read_integer_columns

__all__ = ["KnowledgeGraph", "read_graph"]


@dataclass(frozen=True, eq=False)
class KnowledgeGraph:
    """Triples (h, r, t) ∈ G; entity ids below `n_items` are the items themselves.

    In a graph about the users, the ids below `n_users` are the users.

    Attributes:
        head, relation, tail: int64 arrays [n_triples].
        n_entities, n_relations: sizes of the id ranges (ids without a triple are counted).
    """

    head: IntArray
    relation: IntArray
    tail: IntArray
    n_entities: int
    n_relations: int

    def __len__(self) -> int:
        return len(self.head)

    def share(self, rank: int, size: int) -> KnowledgeGraph:
        """The triples of every `size`-th head from entity `rank` on; ids and sizes stay."""
        mine = np.flatnonzero(self.head % size == rank)
        return replace(
            self, head=self.head[mine], relation=self.relation[mine], tail=self.tail[mine]
        )

    def keys(self, head: IntArray, relation: IntArray, tail: IntArray) -> IntArray:
        """Encode each triple as a unique integer within these id ranges."""
        return (head * self.n_relations + relation) * self.n_entities + tail

    @cached_property
    def sorted_keys(self) -> IntArray:
        """`keys` of all triples of G, sorted, for membership tests by binary search."""
        return distinct(self.keys(self.head, self.relation, self.tail))

    def contains(self, head: IntArray, relation: IntArray, tail: IntArray) -> np.ndarray:
        """Whether each triple is in G; bool array of the arguments' shape."""
        if len(self) == 0:
            return np.zeros(np.shape(head), dtype=bool)
        keys = self.keys(head, relation, tail)
        positions = np.minimum(np.searchsorted(self.sorted_keys, keys), len(self.sorted_keys) - 1)
        return np.asarray(self.sorted_keys[positions] == keys)

    def with_inverses(self) -> KnowledgeGraph:
        """The distinct triples (h, r, t), and their inverses (t, r + n_relations, h)."""
        heads_and_relations, tail = np.divmod(self.sorted_keys, max(self.n_entities, 1))
        head, relation = np.divmod(heads_and_relations, max(self.n_relations, 1))
        return KnowledgeGraph(
            np.concatenate([head, tail]),
            np.concatenate([relation, relation + self.n_relations]),
            np.concatenate([tail, head]),
            self.n_entities,
            2 * self.n_relations,
        )

    def triples_at(self, entities: IntArray) -> tuple[IntArray, IntArray, IntArray]:
        """The triples with given entities at either end, without loops.

        Args:
            entities: ``[n]``.

        Returns:
            Position in `entities`, position of the triple, and the triple's other end, ``[m]``
            each; sorted by the former position, triples with the entity as head first, then by the
            triple.
        """
        offsets, triples, others = self._ends
        first = offsets[entities]
        counts = offsets[entities + 1] - first
        positions = np.repeat(np.arange(len(entities)), counts)
        within = np.arange(len(positions)) - (np.cumsum(counts) - counts)[positions]
        rows = first[positions] + within
        return positions, triples[rows], others[rows]

    @cached_property
    def _ends(self) -> tuple[IntArray, IntArray, IntArray]:
        """Triples by either end as CSR: `(offsets [n_entities + 1], triples, other ends)`."""
        (kept,) = np.nonzero(self.head != self.tail)
        ends = np.concatenate([self.head[kept], self.tail[kept]])
        order = np.argsort(ends, kind="stable")
        others = np.concatenate([self.tail[kept], self.head[kept]])[order]
        offsets = np.zeros(self.n_entities + 1, dtype=np.int64)
        np.cumsum(np.bincount(ends, minlength=self.n_entities), out=offsets[1:])
        return offsets, np.tile(kept, 2)[order], others

    @cached_property
    def adjacency(self) -> tuple[IntArray, IntArray]:
        """Undirected neighbours as CSR: `(offsets [n_entities + 1], neighbours)`, distinct."""
        source = np.concatenate([self.head, self.tail])
        target = np.concatenate([self.tail, self.head])
        pairs = distinct(source * self.n_entities + target)
        source, target = np.divmod(pairs, max(self.n_entities, 1))
        offsets = np.zeros(self.n_entities + 1, dtype=np.int64)
        np.cumsum(np.bincount(source, minlength=self.n_entities), out=offsets[1:])
        return offsets, target


def read_graph(path: Path, *, n_first: int) -> KnowledgeGraph:
    """Read `kg_final.txt` or `user_kg_final.txt`.

    The first `n_first` ids (items or users) are entities, with or without a triple.

    Raises:
        DataError: missing, empty or malformed file.
    """
    head, relation, tail = read_integer_columns(path, ("head", "relation", "tail"))
    n_entities = max(n_first, int(head.max()) + 1, int(tail.max()) + 1)
    return KnowledgeGraph(head, relation, tail, n_entities, int(relation.max()) + 1)
