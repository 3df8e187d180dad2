"""Sample a fixed number of edges per entity or user, for KGCN and RippleNet."""

from __future__ import annotations

import numpy as np

from recommender.data.graph import KnowledgeGraph
from recommender.data.tables import IntArray

__all__ = ["draw_fixed", "sample_neighbours"]


def draw_fixed(owners: IntArray, n_owners: int, size: int, rng: np.random.Generator) -> IntArray:
    """Sample `size` positions in `owners` for every owner; int64 [n_owners, size].

    Sampled without replacement if an owner has at least `size` positions, else with replacement; -1
    if it has none.
    """
    # In random order within each owner, the first ones are a sample without replacement.
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
    """S(e) of KGCN: `size` neighbours of every entity, with the relations to them.

    The graph is undirected, and `draw_fixed` samples as in the public KGCN code. An entity without
    edges is its own neighbour by the pseudo-relation `n_relations` (the public code would give it
    entity 0).

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
