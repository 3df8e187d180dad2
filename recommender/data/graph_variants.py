"""Generate control graphs: no triples, shuffled or corrupted tails, a random part of the triples.

Each function returns a graph over the same items with distinct triples. The random ones depend only
on the graph and the generator.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from recommender.data.graph import KnowledgeGraph
from recommender.data.tables import IntArray

__all__ = ["corrupt_share", "keep_triples", "shuffle_tails", "without_triples"]

SWAP_ROUNDS = 20
_DRAW_ROUNDS = 100


def without_triples(graph: KnowledgeGraph, n_items: int) -> KnowledgeGraph:
    """The items without any triple.

    One relation remains, without a triple, so that tables of relations are not empty.
    """
    empty = np.zeros(0, dtype=np.int64)
    return replace(graph, head=empty, relation=empty, tail=empty, n_entities=n_items, n_relations=1)


def keep_triples(graph: KnowledgeGraph, kept: np.ndarray) -> KnowledgeGraph:
    """The triples where `kept` (bool ``[n_triples]``) is true; ids are unchanged."""
    return replace(
        graph, head=graph.head[kept], relation=graph.relation[kept], tail=graph.tail[kept]
    )


def shuffle_tails(
    graph: KnowledgeGraph, rng: np.random.Generator, rounds: int = SWAP_ROUNDS
) -> KnowledgeGraph:
    """Permute the tails within each relation: every fact becomes a random one of its kind.

    Each entity's in- and out-degree per relation is preserved, so that the information in degrees
    is kept and that in facts is lost. No triple is repeated, and there are no loops.

    A plain permutation would repeat triples. So, as for random graphs with given degrees (Maslov
    and Sneppen, 2002), random pairs of triples of a relation swap their tails if both new triples
    are new to the graph, for `rounds` rounds, far more than needed for mixing.
    """
    head, relation, tail = graph.head, graph.relation, graph.tail.copy()
    for _ in range(rounds):
        first, second = _random_pairs(relation, rng)
        # Half of the pairs are skipped: else a relation of three would see only even permutations.
        active = rng.random(len(first)) < 0.5
        first, second = first[active], second[active]
        tail_1, tail_2 = tail[second], tail[first]
        keys_1 = graph.keys(head[first], relation[first], tail_1)
        keys_2 = graph.keys(head[second], relation[second], tail_2)
        present = np.sort(graph.keys(head, relation, tail))
        new = ~(_among(keys_1, present) | _among(keys_2, present))
        new &= (head[first] != tail_1) & (head[second] != tail_2)
        # A triple that two pairs of this round would create is created by neither.
        _, places, counts = np.unique(
            np.concatenate([keys_1, keys_2]), return_inverse=True, return_counts=True
        )
        single = (counts[places] == 1).reshape(2, -1).all(axis=0)
        swapped = new & single
        tail[first[swapped]] = tail_1[swapped]
        tail[second[swapped]] = tail_2[swapped]
    return replace(graph, tail=tail)


def corrupt_share(
    graph: KnowledgeGraph, share: float, rng: np.random.Generator
) -> tuple[KnowledgeGraph, IntArray]:
    """Replace the tails of a share of the triples by false ones.

    The false tail is that of a random other triple of the same relation: a wrong genre, not a
    person in place of a genre. With a share of 1 the graph therefore resembles one with shuffled
    tails. If a relation has no other tail, any entity is used. A false triple is never in `graph`,
    and no triple is repeated. With the same generator, a larger share corrupts a superset of
    triples.

    Returns:
        The graph, and the ascending indices of the corrupted triples; round(share · n) of them.

    Raises:
        ValueError: a share outside [0, 1].
        RuntimeError: the graph is so dense that there are not enough false triples.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"a share of {share} of the triples; give one from 0 to 1")
    order = rng.permutation(len(graph))
    places = np.sort(order[: round(share * len(graph))])
    head, relation, tail = graph.head, graph.relation, graph.tail.copy()
    by_relation = np.argsort(relation, kind="stable")
    counts = np.bincount(relation, minlength=graph.n_relations)
    start = np.cumsum(counts) - counts
    todo, made = places, np.zeros(0, dtype=np.int64)
    for attempt in range(2 * _DRAW_ROUNDS):
        if not len(todo):
            break
        if attempt < _DRAW_ROUNDS:
            offset = (rng.random(len(todo)) * counts[relation[todo]]).astype(np.int64)
            drawn = graph.tail[by_relation[start[relation[todo]] + offset]]
        else:
            drawn = rng.integers(graph.n_entities, size=len(todo))
        keys = graph.keys(head[todo], relation[todo], drawn)
        fine = ~graph.contains(head[todo], relation[todo], drawn) & (drawn != head[todo])
        fine &= ~_among(keys, np.sort(made))
        first_of_its_kind = np.zeros(len(todo), dtype=bool)
        first_of_its_kind[np.unique(keys, return_index=True)[1]] = True
        fine &= first_of_its_kind
        tail[todo[fine]] = drawn[fine]
        made = np.concatenate([made, keys[fine]])
        todo = todo[~fine]
    if len(todo):
        raise RuntimeError(f"no false tail found for {len(todo)} triples: the graph is too dense")
    return replace(graph, tail=tail), places


def _random_pairs(groups: IntArray, rng: np.random.Generator) -> tuple[IntArray, IntArray]:
    """Random pairs of positions within each group; in a group of odd size one is left over."""
    order = np.lexsort((rng.random(len(groups)), groups))
    counts = np.bincount(groups) if len(groups) else np.zeros(0, dtype=np.int64)
    start = np.cumsum(counts) - counts
    within = np.arange(len(groups)) - np.repeat(start, counts)
    paired = (within % 2 == 0) & (within + 1 < np.repeat(counts, counts))
    first = np.flatnonzero(paired)
    return order[first], order[first + 1]


def _among(keys: IntArray, sorted_keys: IntArray) -> np.ndarray:
    """Whether each key is one of `sorted_keys`; bool array of the shape of `keys`."""
    if not len(sorted_keys):
        return np.zeros(len(keys), dtype=bool)
    positions = np.minimum(np.searchsorted(sorted_keys, keys), len(sorted_keys) - 1)
    return np.asarray(sorted_keys[positions] == keys)
