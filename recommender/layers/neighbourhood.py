"""Sample a fixed number of edges per entity or user, for KGCN and RippleNet."""

from __future__ import annotations

import numpy as np

from recommender.data.graph import KnowledgeGraph
from recommender.data.tables import IntArray

__all__ = ["draw_fixed", "sample_neighbours"]


def draw_fixed(owners: IntArray, n_owners: int, size: int, rng: np.random.Generator) -> IntArray:
    """For every owner `size` of his places in `owners`; int64 [n_owners, size].

    An owner with at least `size` places draws without replacement, one with fewer with
    replacement; one with none gets -1.
    """
    # Places in random order within their owner: the first ones are a draw without replacement.
    order = np.lexsort((rng.random(len(owners)), owners))
    counts = np.bincount(owners, minlength=n_owners)
    start = np.cumsum(counts) - counts
    within = np.where(
        (counts >= size)[:, None],
        np.arange(size)[None, :],
        (rng.random((n_owners, size)) * counts[:, None]).astype(np.int64),
    )
    places = np.full((n_owners, size), -1, dtype=np.int64)
    some = counts > 0
    places[some] = order[start[some, None] + within[some]]
    return places


def sample_neighbours(
    graph: KnowledgeGraph, size: int, rng: np.random.Generator
) -> tuple[IntArray, IntArray]:
    """S(e) of KGCN: `size` neighbours of every entity, and the relations that lead there.

    The graph counts as undirected, and `draw_fixed` draws, as the public KGCN code does. An
    entity without any edge is its own neighbour through the relation `n_relations`, which is no
    real one (the public code would give it entity 0).

    Returns:
        Entities and relations, two int64 arrays [n_entities, size].
    """
    source = np.concatenate([graph.head, graph.tail])
    target = np.concatenate([graph.tail, graph.head])
    relation = np.concatenate([graph.relation, graph.relation])
    edges = draw_fixed(source, graph.n_entities, size, rng)
    present = edges >= 0
    entities = np.repeat(np.arange(graph.n_entities)[:, None], size, axis=1)
    relations = np.full(edges.shape, graph.n_relations, dtype=np.int64)
    entities[present] = target[edges[present]]
    relations[present] = relation[edges[present]]
    return entities, relations
