"""False triples for the knowledge-graph task (Eq. 20's (h', r', t') ∉ G)."""

from __future__ import annotations

import numpy as np

from recommender.data.graph import KnowledgeGraph
from recommender.data.tables import IntArray

__all__ = ["corrupt_tails"]

_ROUNDS = 100


def corrupt_tails(graph: KnowledgeGraph, rng: np.random.Generator) -> IntArray:
    """For each triple of G a uniform tail t' such that (h, r, t') is not in G; int64 [n_triples].

    A pair (h, r) that every entity completes has no such tail; after 100 rounds it keeps its
    last draw (only conceivable in graphs of a handful of entities).
    """
    tails = rng.integers(graph.n_entities, size=len(graph))
    again = np.flatnonzero(graph.contains(graph.head, graph.relation, tails))
    for _ in range(_ROUNDS):
        if not len(again):
            break
        tails[again] = rng.integers(graph.n_entities, size=len(again))
        taken = graph.contains(graph.head[again], graph.relation[again], tails[again])
        again = again[taken]
    return tails
