"""Input of fact mining, and the split that hides known facts to measure precision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from recommender.data.graph import KnowledgeGraph
from recommender.data.tables import IntArray

__all__ = ["HeldOut", "MiningProblem", "Target", "hold_out"]

_FEW = 2  # facts kept by the middle kind of hidden subject


@dataclass(frozen=True, eq=False)
class Target:
    """A relation to mine.

    Attributes:
        heads, tails: entities allowed by domain and range; sorted int64.
        gaps: the heads without any stated or inferred value.
        single: whether a head can have only one value.
    """

    heads: IntArray
    tails: IntArray
    gaps: IntArray
    single: bool


@dataclass(frozen=True, eq=False)
class MiningProblem:
    """A graph of stated facts, and the relations to mine.

    Attributes:
        graph: the stated facts between entities, without inferred ones.
        sources: source index of each triple; int64 [n_triples].
        texts: name and, if any, description of each entity.
        targets: by relation.
    """

    graph: KnowledgeGraph
    sources: IntArray
    texts: Sequence[str]
    targets: Mapping[int, Target]


@dataclass(frozen=True, eq=False)
class HeldOut:
    """A split with the facts of some subjects hidden.

    Attributes:
        train: the graph without them.
        subjects: subjects with all values hidden, by relation; sorted.
        truth: the hidden triples of the targets, as a graph over the same ids.
    """

    train: KnowledgeGraph
    subjects: Mapping[int, IntArray]
    truth: KnowledgeGraph


def hold_out(problem: MiningProblem, share: float, seed: int) -> HeldOut:
    """Hide facts of random subjects so that they resemble those that lack a fact.

    A subject without, say, a country usually also lacks the other facts of the source that states
    countries. So a hidden subject loses, for one of its target relations, either all facts of the
    sources of these values, or all but a few facts, or all facts, with a probability of a third
    each.

    Args:
        problem: the graph.
        share: of the subjects with a target fact that are hidden.
        seed: of the choice.
    """
    graph, rng = problem.graph, np.random.default_rng(seed)
    wanted = np.isin(graph.relation, list(problem.targets))
    for relation, target in problem.targets.items():
        wanted[graph.relation == relation] &= np.isin(
            graph.head[graph.relation == relation], target.heads
        )
    with_fact = np.unique(graph.head[wanted])
    chosen = np.sort(rng.permutation(with_fact)[: max(1, round(len(with_fact) * share))])
    # 0: no facts are kept; 1: a few; 2: those of other sources
    kinds = dict(zip(chosen.tolist(), rng.integers(3, size=len(chosen)).tolist(), strict=True))
    ends = np.concatenate([graph.head, graph.tail])
    order = np.argsort(ends, kind="stable")
    first = np.searchsorted(ends[order], chosen)
    last = np.searchsorted(ends[order], chosen, side="right")
    hidden = np.zeros(len(graph), dtype=bool)
    for subject, start, end in zip(chosen.tolist(), first.tolist(), last.tolist(), strict=True):
        rows = np.unique(order[start:end] % len(graph))
        own = rows[(graph.head[rows] == subject) & wanted[rows]]
        relation = rng.choice(np.unique(graph.relation[own]))
        asked = own[graph.relation[own] == relation]
        others = np.setdiff1d(rows, asked)
        if kinds[subject] == 2:  # facts of the same sources are hidden too
            lost = others[np.isin(problem.sources[others], problem.sources[asked])]
        else:
            lost = rng.permutation(others)[_FEW * kinds[subject] :]
        hidden[asked] = hidden[lost] = True
    gone = wanted & hidden
    left = np.unique(graph.relation[wanted & ~hidden] * graph.n_entities
                     + graph.head[wanted & ~hidden])  # fmt: skip
    subjects = {}
    for relation in problem.targets:
        heads = np.intersect1d(chosen, graph.head[gone & (graph.relation == relation)])
        subjects[relation] = heads[~np.isin(relation * graph.n_entities + heads, left)]
    return HeldOut(_part(graph, ~hidden), subjects, _part(graph, gone))


def _part(graph: KnowledgeGraph, rows: np.ndarray) -> KnowledgeGraph:
    return KnowledgeGraph(
        graph.head[rows],
        graph.relation[rows],
        graph.tail[rows],
        graph.n_entities,
        graph.n_relations,
    )
