"""Find the source statements behind a graph's triples, in `statements.parquet`.

The file is written to the data folder by the graph's construction. Folders of other programs lack
it; sources are then unknown.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from recommender.data import Catalogue, KnowledgeGraph
from recommender.data.statements import STATEMENTS_FILE, curie, read_statements
from recommender.explanation.relations import wording_of

__all__ = ["Statement", "Statements"]

_COLUMNS: Final = (
    "subject", "predicate", "object", "source", "method", "confidence", "evidence", "inferred",
)  # fmt: skip
_MOST_SUBJECTS: Final = 2_000  # triples with cached statements
_MOST_PREMISES: Final = 4  # maximum depth of chained rules


@dataclass(frozen=True)
class Statement:
    """A source's statement of a fact, or a rule's inference.

    Attributes:
        subject, predicate, object: as in the file.
        source: name of the source.
        method: extraction method: `mapping`, `infobox`, `pattern:born-in`, `rule:shared-member`, …
        confidence: probability that the source states the fact.
        evidence: location; for an inferred one, the premises.
        inferred: whether it was inferred by a rule.
        premises: the statements of the premises.
    """

    subject: str
    predicate: str
    object: str
    source: str
    method: str
    confidence: float
    evidence: str
    inferred: bool
    premises: tuple[Statement, ...] = ()


class Statements:
    """Index of a data folder's statements by triple.

    Args:
        folder: the data folder.
        graph: its graph.
        catalogue: names of its entities and relations.
    """

    def __init__(self, folder: Path, graph: KnowledgeGraph, catalogue: Catalogue) -> None:
        self.path = folder / STATEMENTS_FILE
        self._graph = graph
        self._catalogue = catalogue
        self._about = lru_cache(_MOST_SUBJECTS)(self._rows_about)

    def __bool__(self) -> bool:
        return self.path.is_file()

    def behind(self, triple: int) -> list[Statement]:
        """Statements of a triple of the graph, the most confident first; [] if none.

        The graph may represent a fact in another form than the source: inverted, or by an inverse
        relation. Facts with the same wording about the same two entities are equal.
        """
        head = curie(self._catalogue.entity_iri(int(self._graph.head[triple])))
        tail = curie(self._catalogue.entity_iri(int(self._graph.tail[triple])))
        relation = int(self._graph.relation[triple])
        phrase = wording_of(self._catalogue.relation_name(relation)).link
        if not self or not head or not tail:
            return []
        found = [
            row
            for subject, target, forward in ((head, tail, True), (tail, head, False))
            for row in self._rows(subject, target)
            if wording_of(_local(row["predicate"])).phrase(forward) == phrase
        ]
        return self._statements(found)

    def _statements(self, rows: list[dict[str, Any]], depth: int = 0) -> list[Statement]:
        """Convert rows to statements; stated before inferred, by falling confidence."""
        made = [
            Statement(
                **row, premises=self._premises(row["evidence"], depth) if row["inferred"] else ()
            )
            for row in rows
        ]
        return sorted(made, key=lambda s: (s.inferred, -s.confidence, s.source, s.evidence))

    def _premises(self, evidence: str, depth: int) -> tuple[Statement, ...]:
        """Parse a rule's premises: `subject predicate object`, separated by semicolons."""
        found: list[Statement] = []
        for premise in evidence.split("; ") if depth < _MOST_PREMISES else ():
            words = premise.split(" ", 2)
            if len(words) == 3:
                rows = [r for r in self._rows(words[0], words[2]) if r["predicate"] == words[1]]
                found += self._statements(rows, depth + 1)[:1]
        return tuple(found)

    def _rows(self, subject: str, target: str) -> list[dict[str, Any]]:
        return [row for row in self._about(subject) if row["object"] == target]

    def _rows_about(self, subject: str) -> list[dict[str, Any]]:
        return list(self._table.filter(pc.equal(self._table["subject"], subject)).to_pylist())

    @cached_property
    def _table(self) -> pa.Table:
        return read_statements(self.path.parent, _COLUMNS)


def _local(predicate: str) -> str:
    """Convert a predicate to a relation's name: `freebase:film.actor.film` → `film.actor.film`."""
    return predicate.rpartition(":")[2]
