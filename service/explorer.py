"""Read a graph for the service: entity cards, neighbourhoods, RDF of an entity, SPARQL results."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from threading import BoundedSemaphore
from typing import Any, Final

import pyoxigraph as ox

from kg_builder.errors import DataError
from pipeline.explore import Card, Fact, Graph, Hit, QueryResult, Source
from service.settings import Settings

__all__ = ["RDF_FORMATS", "BusyError", "Explorer", "Neighbourhood"]

_WAIT: Final = 5.0  # seconds that a query waits for a free process
_QUOTED: Final = 5  # maximum quoted sources of a fact
_PREMISES: Final = 8  # maximum depth of an inferred fact's premises

#: Representations of an entity; media type → format.
RDF_FORMATS: Final = {
    "text/turtle": ox.RdfFormat.TURTLE,
    "application/ld+json": ox.RdfFormat.JSON_LD,
    "application/n-triples": ox.RdfFormat.N_TRIPLES,
    "application/rdf+xml": ox.RdfFormat.RDF_XML,
}


class BusyError(Exception):
    """All query processes are busy."""


@dataclass(frozen=True)
class Neighbourhood:
    """An entity with its neighbours.

    Attributes:
        nodes: id, label, type and degree of each, the entity first.
        edges: source, target, predicate, label, confidence, inferred; in the graph's direction.
        more: number of neighbours left out.
    """

    nodes: list[dict[str, Any]]
    edges: list[dict[str, Any]]
    more: int


class Explorer:
    """Reads one build; thread-safe.

    Args:
        graph: the build.
        settings: limits of queries.
    """

    def __init__(self, graph: Graph, settings: Settings) -> None:
        self._graph, self._settings = graph, settings
        self._free = BoundedSemaphore(settings.sparql_workers)

    @classmethod
    def open(cls, settings: Settings) -> Explorer:
        """Open the build of the settings' folder, and create its index if missing.

        Raises:
            DataError: there is no build.
        """
        explorer = cls(Graph.open(settings.data), settings)
        explorer.search("a", 1)
        explorer.query("ASK {}")
        return explorer

    def close(self) -> None:
        """Stop the query processes."""
        self._graph.close()

    def search(self, text: str, most: int, type_: str | None = None) -> list[Hit]:
        """Entities with a similar name, the most similar first."""
        return self._graph.search(text, limit=most, type_=type_)

    def card(self, name: str, most: int) -> Card:
        """The card of an entity by id, IRI or name.

        Raises:
            UnknownNameError: no entity has the name.
        """
        return self._graph.show(name, most=most)

    def sources(
        self, card: Card, fact: Fact, *, quoted: int = _QUOTED, premises: bool = False
    ) -> list[dict[str, Any]]:
        """The sources of a fact of a card.

        Args:
            card: the card.
            fact: one of its facts.
            quoted: number of sources to quote from the raw files.
            premises: whether to include the premises of an inferred fact.
        """
        found = self._sources(fact.sources, quoted)
        if premises and any(source.inferred for source in fact.sources):
            rests_on = self._graph.why(card.id, fact).premises
            for source in found:
                if source["inferred"]:
                    source["premises"] = [
                        {
                            "subject": premise.subject,
                            "predicate": premise.predicate,
                            "object": premise.value,
                            **next(iter(self._sources(premise.sources[:1], 1)), {}),
                        }
                        for premise in rests_on[:_PREMISES]
                    ]
        return found

    def texts(self, evidence: Iterable[str]) -> dict[str, str]:
        """The text of the raw files at some locations; '' if unreadable."""
        wanted = list(evidence)
        if not wanted:  # lazy import: the readers of raw files take seconds to import
            return {}
        return {name: quote.text for name, quote in self._graph.places(wanted).items()}

    def _sources(self, sources: Sequence[Source], quoted: int) -> list[dict[str, Any]]:
        texts = self.texts(s.evidence for s in sources[:quoted] if not s.inferred)
        return [
            {
                "source": s.source,
                "method": s.method,
                "confidence": s.confidence,
                "place": s.evidence,
                "inferred": s.inferred,
                "text": texts.get(s.evidence, ""),
            }
            for s in sources
        ]

    def neighbourhood(self, name: str, most: int) -> Neighbourhood:
        """An entity with its best connected neighbours, at most `most` per predicate and direction.

        Raises:
            UnknownNameError: no entity has the name.
        """
        card = self.card(name, most)
        nodes = {card.id: {"id": card.id, "label": card.label, "type": card.type}}
        edges: dict[tuple[str, str, str], dict[str, Any]] = {}
        for fact in card.facts:
            if fact.thing is None or fact.thing.id == card.id:
                continue
            other = fact.thing
            nodes[other.id] = {"id": other.id, "label": other.label, "type": other.type}
            ends = (card.id, other.id) if fact.direction == "out" else (other.id, card.id)
            edges[ends[0], fact.predicate, ends[1]] = {
                "source": ends[0],
                "target": ends[1],
                "predicate": fact.predicate,
                "label": fact.label,
                "confidence": round(fact.confidence, 3),
                "inferred": fact.inferred,
            }
        linking = [(key, facts) for key, facts, _ in card.grouped() if facts[0].thing is not None]
        more = sum(card.totals.get(key, len(facts)) - len(facts) for key, facts in linking)
        return Neighbourhood(list(nodes.values()), list(edges.values()), more)

    def rdf(self, iri: str, media_type: str) -> str:
        """All triples with an entity as subject, in one of `RDF_FORMATS`."""
        about = ox.NamedNode(iri)
        found = self.query(f"CONSTRUCT {{ {about} ?p ?o }} WHERE {{ {about} ?p ?o }}")
        return self.graph_text(found, media_type)

    def query(self, sparql: str) -> QueryResult:
        """Answer a query within the limits.

        Raises:
            BusyError: the maximum number of queries is running.
            DataError: the query is invalid or not allowed.
        """
        if not self._free.acquire(timeout=_WAIT):
            raise BusyError
        try:
            return self._graph.query(
                sparql, timeout=self._settings.sparql_seconds, limit=self._settings.sparql_rows
            )
        finally:
            self._free.release()

    def graph_text(self, result: QueryResult, media_type: str) -> str:
        """The triples of a CONSTRUCT or DESCRIBE query in one of `RDF_FORMATS`."""
        kind = RDF_FORMATS[media_type]
        if kind == ox.RdfFormat.TURTLE:
            return result.turtle()
        triples = [_triple(row) for row in result.rows]
        prefixes = self.prefixes if kind != ox.RdfFormat.N_TRIPLES else None
        return (ox.serialize(triples, format=kind, prefixes=prefixes) or b"").decode()

    @cached_property
    def prefixes(self) -> dict[str, str]:
        """Prefixes that queries need not declare."""
        return dict(self._graph.prefixes)

    @cached_property
    def vocabulary(self) -> list[str]:
        """Classes and predicates in use, the most frequent first; for completion."""
        found: list[str] = []
        for pattern in ("?s a ?name", "?s ?name ?o"):
            try:
                rows = self._graph.query(
                    f"SELECT ?name (COUNT(*) AS ?n) WHERE {{ {pattern} }} GROUP BY ?name "
                    "ORDER BY DESC(?n) LIMIT 200",
                    timeout=60,
                ).values()
            except DataError:
                continue
            found += [str(row[0]) for row in rows]
        return list(dict.fromkeys(found))


def _triple(row: Sequence[Any]) -> ox.Triple:
    subject, predicate, target = (_term(cell) for cell in row)
    return ox.Triple(subject, predicate, target)


def _term(cell: Any) -> Any:
    if cell["type"] == "uri":
        return ox.NamedNode(cell["value"])
    if cell["type"] == "bnode":
        return ox.BlankNode(cell["value"])
    if "xml:lang" in cell:
        return ox.Literal(cell["value"], language=cell["xml:lang"])
    return ox.Literal(cell["value"], datatype=ox.NamedNode(cell["datatype"]))
