"""One column of a table of things, made into statements."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote

from kg_builder.errors import DataError
from kg_builder.extraction.collector import Collector
from kg_builder.extraction.keys import id_key
from kg_builder.extraction.objects import object_type, read_literal, read_name
from kg_builder.extraction.rows import Cell
from kg_builder.extraction.structured.config import ColumnMap
from kg_builder.extraction.values import external_id, without_disambiguator
from kg_builder.ontology import Predicate, curie

METHOD = "mapping"


@dataclass(frozen=True)
class Place:
    """The thing a cell speaks of and where the cell stands."""

    subject: str
    evidence: str


class ColumnReader:
    """Turns the cells of one column into statements about the rows' things."""

    def __init__(
        self,
        column: str,
        mapping: ColumnMap,
        out: Collector,
        *,
        repair: bool,
        where: str,
        scope_of: Callable[[str], str],
    ) -> None:
        self.column, self.mapping, self.out = column, mapping, out
        self._repair = repair
        self._where = where = f"{where}, column {column!r}"
        self._predicate: Predicate = out.schema.predicate(mapping.predicate)
        attribute = self._predicate.is_attribute
        if attribute and (mapping.ref or mapping.iri or mapping.type or mapping.inverse):
            raise DataError(
                f"{mapping.predicate!r} is an attribute: its values are literals",
                where=where,
                remedy="leave out ref, iri, type and inverse",
            )
        self._type = (
            "" if attribute else object_type(self._predicate, mapping.type, out.schema, where)
        )
        self._scope = scope_of(mapping.ref) if mapping.ref else ""
        try:
            self._pattern = re.compile(mapping.pattern) if mapping.pattern else None
        except re.error as fault:
            raise DataError(f"bad pattern: {fault}", where=where) from None

    def read(self, cell: Cell, place: Place, labels: Cell = None) -> None:
        """Make the statements of one cell; a value that does not parse becomes a reject."""
        names = self.split(labels)
        for index, value in enumerate(self.split(cell)):
            if self._predicate.is_attribute:
                self._literal(value, place)
            else:
                self._relation(value, place, names[index] if index < len(names) else "")

    def split(self, cell: Cell) -> list[str]:
        """The values of a cell, each once, in their order."""
        if cell is None:
            return []
        parts = list(cell) if isinstance(cell, tuple) else [cell]
        if self.mapping.strip:
            parts = [part.strip(self.mapping.strip) for part in parts]
        if self.mapping.split:
            parts = [piece for part in parts for piece in part.split(self.mapping.split)]
        return [part.strip() for part in parts]

    def _value(self, value: str) -> str:
        if self._pattern:
            found = self._pattern.search(value)
            if not found:
                return ""
            value = found[1] if found.re.groups and found[1] is not None else found[0]
        return self.mapping.values.get(value, value)

    def _literal(self, value: str, place: Place) -> None:
        value = self._value(value)
        if not value:
            return
        datatype = str(self._predicate.datatype)
        literal = read_literal(value, datatype, self.mapping.unit)
        if literal is None:
            self.out.reject(f"not a {datatype}", place.evidence, f"{self.column}={value}")
            return
        self.out.statement(
            place.subject,
            self.mapping.predicate,
            literal.text,
            literal.kind,
            method=METHOD,
            evidence=place.evidence,
            confidence=self.mapping.confidence * literal.factor,
        )

    def _relation(self, value: str, place: Place, label: str) -> None:
        value = self._value(value)
        if not value:
            return
        if self.mapping.ref:
            key = id_key(self.out.source, self._scope, value)
        elif self.mapping.iri:
            key = self._by_iri(value, label, place)
        else:
            name = read_name(value, self._type, self._repair)
            if name is None:
                self.out.reject(
                    f"not a {self._type.lower()}", place.evidence, f"{self.column}={value}"
                )
                return
            key = self.out.mention(self._type, name, evidence=place.evidence, owner=place.subject)
        subject, object_ = (key, place.subject) if self.mapping.inverse else (place.subject, key)
        self.out.statement(
            subject,
            self.mapping.predicate,
            object_,
            method=METHOD,
            evidence=place.evidence,
            confidence=self.mapping.confidence,
        )

    def _by_iri(self, iri: str, label: str, place: Place) -> str:
        short = external_id(iri) or curie(iri)
        readable = readable_iri(iri)
        name = read_name(without_disambiguator(label), self._type, self._repair) or readable
        return self.out.record(
            f"{self.out.source}/{short}",
            self._type,
            name,
            record_id=short,
            evidence=place.evidence,
            external_ids=[short] if short != iri else [],
        )


def readable_iri(iri: str) -> str:
    """What a person reads at the end of an IRI; the IRI itself where it ends in nothing."""
    last = re.split(r"[/#]", unquote(iri).rstrip("/#"))[-1]
    return without_disambiguator(" ".join(last.replace("_", " ").split())) or iri
