"""Convert a reason to JSON: graph paths from history to item, with each fact's provenance."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from recommender.data import Catalogue, KnowledgeGraph, Split
from recommender.data.quotes import Quotes
from recommender.explanation.evidence import Evidence, Reason, Step
from recommender.explanation.index import GraphIndex
from recommender.explanation.makers import Makers
from recommender.explanation.statements import Statement, Statements
from recommender.explanation.vocabulary import Vocabulary

__all__ = ["ReasonPaths"]

#: Start item, steps to the recommended item as (from, fact, to), and weight.
_Way = tuple[int, list[tuple[int, Step, int]], float]

_ITEMS_PER_FACT = 3  # maximum items of the history; the best known


class ReasonPaths:
    """Converts reasons to explicit paths.

    Args:
        graph: the training graph with the triples of the reasons' steps.
        index: the same as features of items.
        catalogue: names and IRIs.
        statements: statements of the triples; by default sources are left out.
        quotes: the publishers' files; by default nothing is quoted.
        makers: features of those who made the items, if the reasons have any.
    """

    def __init__(
        self,
        graph: KnowledgeGraph,
        index: GraphIndex,
        catalogue: Catalogue,
        statements: Statements | None = None,
        quotes: Quotes | None = None,
        *,
        makers: GraphIndex | None = None,
    ) -> None:
        self._graph = graph
        self._index, self._makers = index, makers
        self._catalogue = catalogue
        self._statements = statements
        self._quotes = quotes

    @classmethod
    def of_split(cls, split: Split, *, sources: bool = False) -> ReasonPaths:
        """Create for reasons on a split, with sources if the data folder has statements."""
        graph, dataset = split.train.graph, split.dataset
        vocabulary = Vocabulary.of(dataset.catalogue, graph.n_relations)
        makers = Makers.of(graph, split.train.n_items, dataset.catalogue)
        index = makers.index_of_items(graph, vocabulary.phrases)
        of_makers = makers.index(graph, vocabulary.phrases) if len(makers) else None
        statements = Statements(dataset.folder, graph, dataset.catalogue)
        if not sources or not statements:
            return cls(graph, index, dataset.catalogue, makers=of_makers)
        quotes = Quotes(dataset.folder)
        return cls(graph, index, dataset.catalogue, statements, quotes, makers=of_makers)

    @property
    def sources_missing(self) -> bool:
        """Whether sources are unknown."""
        return self._statements is None

    def of(self, item: int, reason: Reason) -> list[dict[str, Any]]:
        """Convert a reason for an item to paths, those of the strongest argument first.

        Each path begins at an item of the history and ends at the item. Its steps are triples in
        the graph's direction; `along` is whether the path runs from head to tail. `weight` is that
        of the fact about the item; `basis` is whether it is the model's or by rarity.
        """
        self.read_quotes([(item, reason)])
        return [path for evidence in reason.evidence for path in self._paths(item, evidence)]

    def read_quotes(self, reasons: Iterable[tuple[int, Reason]]) -> None:
        """Read all that the paths of items' reasons quote, each file once."""
        if self._quotes is None or self._statements is None:
            return
        triples = {triple for item, reason in reasons for triple in self.facts(item, reason)}
        found = [s for triple in sorted(triples) for s in self._statements.behind(triple)]
        self._quotes.quotes(place for statement in found for place in _places(statement))

    def facts(self, item: int, reason: Reason) -> list[int]:
        """The distinct triples on the paths of a reason, in path order."""
        found: dict[int, None] = {}
        for evidence in reason.evidence:
            for _, steps, _ in self._ways(item, evidence, self._index):
                found |= {step.triples[0]: None for _, step, _ in steps}
        return list(found)

    def triple(self, triple: int) -> dict[str, Any]:
        """Convert a triple to names and IRIs, with its statements if sources are known."""
        relation = int(self._graph.relation[triple])
        described: dict[str, Any] = {
            "head": self._entity(int(self._graph.head[triple])),
            "relation": self._catalogue.relation_name(relation),
            "tail": self._entity(int(self._graph.tail[triple])),
        }
        if self._statements is not None:
            described["sources"] = [self._source(s) for s in self._statements.behind(triple)]
        return described

    def _paths(self, item: int, evidence: Evidence) -> Iterator[dict[str, Any]]:
        for start, steps, weight in self._ways(item, evidence, self._index):
            yield {
                "kind": evidence.kind,
                "weight": round(weight, 6),
                "basis": evidence.basis,
                "from": self._entity(start),
                "to": self._entity(item),
                "steps": [
                    {**self.triple(step.triples[0]), "along": self._along(near, step)}
                    for near, step, _ in steps
                ],
            }

    def _ways(self, item: int, evidence: Evidence, index: GraphIndex) -> Iterator[_Way]:
        """Yield start item, steps to the recommended item as (from, fact, to), and weight."""
        match evidence.kind:
            case "link":
                for step in evidence.steps[:_ITEMS_PER_FACT]:
                    yield step.entity, [(step.entity, step, item)], step.weight
            case "shared":
                for step in evidence.steps:
                    for start in evidence.items[:_ITEMS_PER_FACT]:
                        first = _same_of(start, item, step, index)
                        middle = step.entity
                        yield (
                            start,
                            [(start, first, middle), (middle, step, item)],
                            step.weight,
                        )
            case "through" | "path":
                step, last, start = evidence.steps[0], evidence.ends[0], evidence.items[0]
                between = [(last.entity, fact, step.entity) for fact in evidence.middle]
                steps = [(start, last, last.entity), *between, (step.entity, step, item)]
                yield start, steps, evidence.weight
            case "makers":
                yield from self._ways_of_makers(item, evidence)

    def _ways_of_makers(self, item: int, evidence: Evidence) -> Iterator[_Way]:
        """The ways between makers, each from a work by the first to the item by the last."""
        assert evidence.makers is not None and self._makers is not None
        made = evidence.steps[0]
        works = zip(evidence.items, evidence.ends, strict=True)
        work_by = {end.entity: (work, end) for work, end in reversed(list(works))}
        for maker, steps, weight in self._ways(made.entity, evidence.makers, self._makers):
            if maker in work_by:  # a work by two is listed under one of them
                work, end = work_by[maker]
                own = weight if evidence.basis == "rarity" else evidence.weight
                yield work, [(work, end, maker), *steps, (made.entity, made, item)], own

    def _along(self, near: int, step: Step) -> bool:
        return int(self._graph.head[step.triples[0]]) == near

    def _entity(self, entity: int) -> dict[str, Any]:
        item = entity < self._index.n_items
        name = self._catalogue.item_name if item else self._catalogue.entity_name
        return {
            "id": entity,
            "name": name(entity),
            "iri": self._catalogue.entity_iri(entity),
            "type": self._catalogue.entity_type(entity),
        }

    def _source(self, statement: Statement) -> dict[str, Any]:
        described: dict[str, Any] = {
            "source": statement.source,
            "method": statement.method,
            "confidence": statement.confidence,
            "place": statement.evidence,
        }
        if self._quotes is not None and (text := self._quotes.quote(statement.evidence)):
            described["text"] = text
        if statement.inferred:
            described["inferred"] = True
            described["premises"] = [
                {
                    "subject": premise.subject,
                    "predicate": premise.predicate,
                    "object": premise.object,
                    **self._source(premise),
                }
                for premise in statement.premises
            ]
        return described


def _same_of(start: int, item: int, step: Step, index: GraphIndex) -> Step:
    """The history item's fact that corresponds to the item's `step`."""
    (holding,) = index.holdings_at(np.array([item]), np.array([step.triples[0]]))
    return index.step(index.holding_of(start, int(index.features[holding])))


def _places(statement: Statement) -> Iterator[str]:
    """Where a statement and all that it rests on were read."""
    yield statement.evidence
    for premise in statement.premises:
        yield from _places(premise)
