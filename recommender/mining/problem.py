"""Input of fact mining, and the split that hides known facts to measure precision."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from recommender.data.graph import KnowledgeGraph
from recommender.data.tables import IntArray

__all__ = ["HeldOut", "MiningProblem", "Target", "hold_out"]

_AUDIENCES = (1, 3, 10)
"""Minimum numbers of users of entities that are alike."""


@dataclass(frozen=True, eq=False)
class Target:
    """A relation to mine.

    Attributes:
        heads, tails: entities allowed by domain and range; sorted int64.
        gaps: the heads to propose values for.
        single: whether a head can have only one value.
        further: whether heads with some values may lack others; otherwise `gaps` have none.
        known: `head * n_entities + tail` of all stated or inferred values, never proposed; sorted
            int64.
    """

    heads: IntArray
    tails: IntArray
    gaps: IntArray
    single: bool
    further: bool = False
    known: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))


@dataclass(frozen=True, eq=False)
class MiningProblem:
    """A graph of facts, and the relations to mine.

    Attributes:
        graph: the facts between entities.
        sources: source index of each triple; int64 [n_triples].
        names: of each entity.
        targets: by relation.
        descriptions: of each entity, '' for one without; none if empty.
        interactions: user and entity of each interaction; int64 [n, 2], distinct.
    """

    graph: KnowledgeGraph
    sources: IntArray
    names: Sequence[str]
    targets: Mapping[int, Target]
    descriptions: Sequence[str] = ()
    interactions: IntArray = field(default_factory=lambda: np.zeros((0, 2), dtype=np.int64))

    @cached_property
    def users(self) -> IntArray:
        """Number of users of each entity; [n_entities]."""
        return np.bincount(self.interactions[:, 1], minlength=self.graph.n_entities)


@dataclass(frozen=True, eq=False)
class HeldOut:
    """A split with facts of some subjects hidden.

    Attributes:
        train: the graph without them.
        subjects: subjects with hidden values, by relation: with all values hidden, unless heads may
            have `further` values; sorted.
        truth: the hidden triples of the targets, as a graph over the same ids.
        folds: number of splits.
        fold: of each entity, the split in which its facts are hidden; int64 [n_entities].
        descriptions: the visible ones.
    """

    train: KnowledgeGraph
    subjects: Mapping[int, IntArray]
    truth: KnowledgeGraph
    folds: int
    fold: IntArray
    descriptions: Sequence[str]


def hold_out(problem: MiningProblem, folds: int, number: int, seed: int) -> HeldOut:
    """Hide facts of a random part of the subjects so that they resemble heads with gaps.

    A subject without, say, a country usually also lacks the other facts of the source that states
    countries. So each subject imitates a head with a gap, drawn at random: of each source, it keeps
    at most as many facts as that head has, and no description if that head has none. The head has
    about as many users as the subject. At least one value is hidden; all values are, unless the
    relation may have `further` ones.

    Args:
        problem: the graph.
        folds: number of parts; each entity belongs to one.
        number: of the part whose facts are hidden.
        seed: of the parts and of what is hidden.
    """
    graph, sources = problem.graph, problem.sources
    fold = np.random.default_rng(seed).integers(folds, size=graph.n_entities)
    rng = np.random.default_rng([seed, number])
    wanted = np.isin(graph.relation, list(problem.targets))
    for relation, target in problem.targets.items():
        own = graph.relation == relation
        wanted[own] &= np.isin(graph.head[own], target.heads)
    chosen = np.unique(graph.head[wanted])
    chosen = chosen[fold[chosen] == number]
    facts_of = _rows_by_entity(graph)
    rarity = 1 / np.maximum(np.bincount(graph.relation[wanted], minlength=graph.n_relations), 1)
    hidden = np.zeros(len(graph), dtype=bool)
    audience = np.digitize(problem.users, _AUDIENCES)
    gaps = {
        relation: {
            size: target.gaps[audience[target.gaps] == size]
            for size in np.unique(audience[target.gaps]).tolist()
        }
        for relation, target in problem.targets.items()
    }
    shown = list(problem.descriptions) or [""] * graph.n_entities
    for subject in chosen.tolist():
        rows = facts_of(subject)
        asked = (graph.head[rows] == subject) & wanted[rows]
        possible = np.unique(graph.relation[rows[asked]])
        possible = possible[[len(problem.targets[r].gaps) > 0 for r in possible.tolist()]]
        if not len(possible):
            continue
        weight = rarity[possible]  # rarer relations have fewer subjects to measure on
        relation = int(rng.choice(possible, p=weight / weight.sum()))
        target = problem.targets[relation]
        asked &= graph.relation[rows] == relation
        alike = gaps[relation].get(int(audience[subject]), target.gaps)
        head = int(rng.choice(alike))
        imitated = facts_of(head)
        shown[subject] = (
            shown[subject] if problem.descriptions and problem.descriptions[head] else ""
        )
        limits = np.bincount(sources[imitated], minlength=int(sources.max()) + 1)
        shuffled = rng.permutation(len(rows))
        if not target.further:  # facts of the relation take no place of others
            shuffled = shuffled[~asked[shuffled]]
        by_source = shuffled[np.argsort(sources[rows[shuffled]], kind="stable")]
        place = np.arange(len(by_source))
        ordered = sources[rows[by_source]]
        place -= np.searchsorted(ordered, ordered)  # within the source
        kept = np.zeros(len(rows), dtype=bool)
        kept[by_source[place < limits[ordered]]] = True
        values = np.unique(graph.tail[rows[asked & kept]])
        every = np.unique(graph.tail[rows[asked]])
        if len(values) == len(every):
            values = np.delete(values, rng.integers(len(values)))
        kept[asked] = np.isin(graph.tail[rows[asked]], values)
        hidden[rows[~kept]] = True
    gone = wanted & hidden
    key = graph.relation * graph.n_entities + graph.head
    complete = np.unique(key[gone])[~np.isin(np.unique(key[gone]), key[wanted & ~hidden])]
    subjects = {}
    for relation, target in problem.targets.items():
        heads = np.unique(graph.head[gone & (graph.relation == relation)])
        heads = heads[fold[heads] == number]
        whole = np.isin(relation * graph.n_entities + heads, complete)
        subjects[relation] = heads if target.further else heads[whole]
    train, truth = _part(graph, ~hidden), _part(graph, gone)
    return HeldOut(train, subjects, truth, folds, fold, shown)


def _rows_by_entity(graph: KnowledgeGraph) -> Callable[[int], IntArray]:
    """A function from an entity to the sorted rows that mention it."""
    ends = np.concatenate([graph.head, graph.tail])
    order = np.argsort(ends, kind="stable")
    start = np.searchsorted(ends[order], np.arange(graph.n_entities + 1))

    def rows(entity: int) -> IntArray:
        found: IntArray = np.unique(order[start[entity] : start[entity + 1]] % len(graph))
        return found

    return rows


def _part(graph: KnowledgeGraph, rows: np.ndarray) -> KnowledgeGraph:
    return KnowledgeGraph(
        graph.head[rows],
        graph.relation[rows],
        graph.tail[rows],
        graph.n_entities,
        graph.n_relations,
    )
