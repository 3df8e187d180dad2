"""Find who made each item: performers of music and writers of books, by the graph."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.data import Catalogue, KnowledgeGraph
from recommender.explanation.index import GraphIndex, expand
from recommender.explanation.relations import plain_name
from recommender.scoring import ItemSets

__all__ = ["Makers"]

IntArray = NDArray[np.int64]

_OF_EACH_WORK = (
    "active decade", "award", "award nominations", "awards won", "date of first publication",
    "decade", "nominated for", "year",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Makers:
    """The makers of the items: those that column `by` of items.tsv names.

    Attributes:
        items, makers: ``[n]`` the distinct pairs of an item and an entity that made it, sorted.
        triples: ``[n]`` position in the graph of a triple that states each.
        stating: ``[n_triples]``, whether a triple of the graph states who made an item.
        personal: ``[n_triples]``, whether a triple tells of a maker what it does not tell of the
            works: when it was active, what it won. Not every song of a singer is of each of the
            singer's decades.
        starts: ``[n_items + 1]``, pairs of item i are ``starts[i] … starts[i + 1] - 1``.
    """

    items: IntArray
    makers: IntArray
    triples: IntArray
    stating: NDArray[np.bool_]
    personal: NDArray[np.bool_]
    starts: IntArray

    @classmethod
    def of(cls, graph: KnowledgeGraph, n_items: int, catalogue: Catalogue | None) -> Makers:
        """Find the makers in a graph; none without a catalogue, which names the relations."""
        names = [] if catalogue is None else catalogue.relation_names(graph.n_relations)
        plain = [plain_name(name) for name in names]

        def states(*relations: str) -> NDArray[np.bool_]:
            return np.isin(graph.relation, [r for r, name in enumerate(plain) if name in relations])

        is_book = np.zeros(graph.n_entities, dtype=bool)
        written = states("writer") & (graph.head < n_items)
        if catalogue is not None:
            for item in np.unique(graph.head[written]).tolist():
                is_book[item] = catalogue.entity_type(item) == "Book"
        ahead = (states("performer") | (written & is_book[graph.head])) & (graph.head < n_items)
        back = states("performed") & (graph.tail < n_items)
        ahead, back = ahead & (graph.head != graph.tail), back & (graph.head != graph.tail)
        item = np.concatenate([graph.head[ahead], graph.tail[back]])
        maker = np.concatenate([graph.tail[ahead], graph.head[back]])
        triple = np.concatenate([np.flatnonzero(ahead), np.flatnonzero(back)])
        keys, first = np.unique(item * max(graph.n_entities, 1) + maker, return_index=True)
        items, makers = np.divmod(keys, max(graph.n_entities, 1))
        starts = np.searchsorted(items, np.arange(n_items + 1))
        is_maker = np.zeros(graph.n_entities, dtype=bool)
        is_maker[makers] = True
        personal = states(*_OF_EACH_WORK) & (is_maker[graph.head] | is_maker[graph.tail])
        return cls(items, makers, triple[first], ahead | back, personal, starts)

    def __len__(self) -> int:
        return len(self.items)

    def of_items(self, items: IntArray) -> tuple[IntArray, IntArray]:
        """Positions in `items` and the pairs of each, as two aligned arrays."""
        return expand(self.starts[items], self.starts[items + 1])

    def of_sets(self, sets: ItemSets) -> ItemSets:
        """The makers of each user's items."""
        users = np.repeat(np.arange(sets.n_users), sets.sizes)
        positions, pairs = self.of_items(sets.items)
        return ItemSets.from_pairs(users[positions], self.makers[pairs], sets.n_users)

    def index_of_items(self, graph: KnowledgeGraph, phrases: IntArray | None = None) -> GraphIndex:
        """The items' facts; what is personal of a maker is no path to its works."""
        n_items = len(self.starts) - 1
        if not len(self):
            return GraphIndex(graph, n_items, phrases)
        beyond = (graph.head >= n_items) & (graph.tail >= n_items)
        return GraphIndex(graph, n_items, phrases, without=self.personal & beyond)

    def index(self, graph: KnowledgeGraph, phrases: IntArray | None = None) -> GraphIndex:
        """The makers' facts that tell something of their works; idf counts the items."""
        shares = 1 / np.maximum(np.diff(self.starts), 1)[self.items]
        works = np.bincount(self.makers, shares, graph.n_entities).astype(np.float64)
        without = self.stating | self.personal
        return GraphIndex(graph, len(self.starts) - 1, phrases, works=works, without=without)
