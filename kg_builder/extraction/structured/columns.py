"""Turn the cells of a mapped table column into statements about the row's subject."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any, Final
from urllib.parse import unquote

import regex

from kg_builder.credits import LISTED, MAY_BE_JOINT, credited, is_featuring, listed
from kg_builder.databases import address_id
from kg_builder.errors import DataError
from kg_builder.extraction.arrow_batches import Row
from kg_builder.extraction.collector import Collector, Recent, id_key, is_owned, name_key
from kg_builder.extraction.objects import (
    END,
    OPEN_ENDS,
    YEARS_ONLY,
    Literal,
    Notation,
    object_type,
    read_literal,
    read_name,
    why_not,
)
from kg_builder.extraction.structured.config import ColumnMap, TypeColumn
from kg_builder.extraction.tabular import Cell, RowsConfig
from kg_builder.extraction.tabular.list_cells import OPENING, Words, holds_objects, list_in
from kg_builder.extraction.text import lexicon
from kg_builder.extraction.values import (
    article_in_front,
    clean_text,
    decoded,
    is_open_end,
    is_placeholder,
    parse_period,
    without_disambiguator,
)
from kg_builder.extraction.values.dates import order_is_unknown
from kg_builder.extraction.values.numbers import DecimalSign, decimal_sign, is_undecided
from kg_builder.extraction.values.patterns import search
from kg_builder.extraction.values.text import split_outside_brackets
from kg_builder.ontology import Predicate, Schema, curie

METHOD: Final = "mapping"
_CELLS: Final = 4096
"""Maximum number of cached cells per column."""

_CREDITS: Final = 50_000
"""Maximum number of deferred joint credits."""

UNKNOWN_VALUE: Final = "/.well-known/genid/"
"""Part of the addresses of blank nodes, which Wikidata has for unknown values."""

_OF_ONE_NAME: Final = re.compile(r"(?i)^the\s|\s(?:&|and|und|et|y|e)\s")
"""Part of a name with a comma: "Tyler, The Creator", "Earth, Wind & Fire"."""

_Object = tuple[str, str, float]
"""(object, its kind, confidence)"""


@dataclass(frozen=True)
class Place:
    """The subject and location of a cell."""

    subject: str
    evidence: str


class Types:
    """The classes of a table's entities: a constant, or given by a column or field.

    Attributes:
        names: all possible classes.
        column: the column with the class; None if all rows have one class.

    Raises:
        DataError: the data model has no such class.
    """

    def __init__(self, type_: str | TypeColumn, schema: Schema, where: str) -> None:
        by_text = type_.values if isinstance(type_, TypeColumn) else {}
        self._by_text = {text.casefold(): name for text, name in by_text.items()}
        self._default = type_.default if isinstance(type_, TypeColumn) else type_
        self.column = type_.column if isinstance(type_, TypeColumn) else None
        self.names = {*by_text.values(), *filter(None, [self._default])}
        for name in sorted(self.names):
            schema.class_named(name, where=where)

    def of(self, text: str) -> str | None:
        """The class for a cell; None if the recipe does not map it."""
        return self._by_text.get(text.casefold(), self._default)


class ColumnReader:
    """Convert the cells of one column to statements about the rows' entities."""

    def __init__(
        self,
        column: str,
        mapping: ColumnMap,
        out: Collector,
        *,
        layout: RowsConfig | None = None,
        where: str,
        scope_of: Callable[[str], str],
        ref_source: str | None = None,
    ) -> None:
        self.column, self.mapping, self.out = column, mapping, out
        self._ref_source = ref_source or out.source
        self._repair = layout is None or layout.repair
        self._decodes = self._repair and not mapping.iri and not mapping.ref
        self._real_names = mapping.real_names + (layout.real_names if layout else ())
        self._notation = Notation(
            mapping.decimal or (layout.decimal if layout else None),
            mapping.day_first
            if mapping.day_first is not None or layout is None
            else layout.day_first,
            mapping.unit,
        )
        self._where = where = f"{where}, column {column!r}"
        self._predicate: Predicate = out.schema.predicate(mapping.predicate, where=where)
        attribute = self._predicate.is_attribute
        if attribute and (mapping.ref or mapping.iri or mapping.type or mapping.inverse):
            raise DataError(
                f"{mapping.predicate!r} is an attribute: its values are literals",
                where=where,
                remedy="leave out ref, iri, type and inverse",
            )
        # a row of another table has the class that the table states
        type_ = mapping.type or (
            "Entity" if mapping.ref and len(self._predicate.range) > 1 else None
        )
        self._type = "" if attribute else object_type(self._predicate, type_, out.schema, where)
        self._datatype = str(self._predicate.datatype)
        self._owned = not attribute and is_owned(self._type, out.schema)
        self._depends = self._owned and not mapping.iri
        """Whether equal texts in different rows are different entities."""
        named = not attribute and not mapping.ref and not mapping.iri
        self._credits = named and (
            out.schema.is_a(self._type, "Artist") or self._type in {"Person", "Agent"}
        )
        """Whether names may be joint credits."""
        self._plays = named and out.schema.is_a(self._type, "Instrument")
        self._alone: set[str] = set()
        """Lower-case names of instruments that occur alone in the column"""
        self._waiting: list[tuple[str, str, str]] = []
        """(subject, credit, evidence)"""
        self._signs: set[DecimalSign] = set()
        self._undecided: list[tuple[str, str, str]] = []
        """(subject, number, evidence) of "1.234", until the column's other numbers tell the sign"""
        self._counts = self._datatype in {"integer", "decimal"} and not self._notation.decimal
        self._numbers = not named
        """Whether lists of numbers are accepted."""
        told = mapping.split or mapping.strip or mapping.pattern
        self._words: Words = (
            "quoted" if told else _words(self._type, self._datatype, out.schema, named=named)
        )
        self._bars = not (attribute or self._owned or told)
        self._cut = re.compile(re.escape(mapping.split)) if mapping.split else None
        self._key_cache: Recent[tuple[str, str], str] = Recent()
        self._cells: Recent[tuple[Cell, Cell], list[_Object]] = Recent(_CELLS)
        self._scope = scope_of(mapping.ref) if mapping.ref else ""
        try:
            self._pattern = regex.compile(mapping.pattern) if mapping.pattern else None
        except regex.error as fault:
            raise DataError(f"bad pattern: {fault}", where=where) from None

    def read(self, cell: Cell, location: Place, labels: Cell = None) -> None:
        """Add the statements of one cell; a value that does not parse becomes a reject."""
        self.read_column([cell], [location.subject], [location.evidence], [labels])

    def read_column(
        self,
        cells: Sequence[Cell],
        subjects: Sequence[str | None],
        evidence: Sequence[str],
        labels: Sequence[Cell] | None = None,
    ) -> None:
        """Add the statements of a column's cells; rows without a subject are skipped."""
        rows: list[Row] = []
        predicate, inverse, cache = self.mapping.predicate, self.mapping.inverse, self._cells
        # no function calls for cached cells: tables have millions of them
        labels = labels or [None] * len(cells)
        for cell, subject, where, label in zip(cells, subjects, evidence, labels, strict=True):
            if cell is None or subject is None:
                continue
            objects = cache.get((cell, label))
            if objects is None:
                objects = self._objects_of(cell, subject, where, label)
            for it, kind, sure in objects:
                if inverse:
                    rows.append((it, predicate, subject, kind, METHOD, sure, where))
                else:
                    rows.append((subject, predicate, it, kind, METHOD, sure, where))
        self.out.statements(rows)

    def is_told_by(self, cell: Cell) -> bool:
        """Whether a cell holds a value of the column: no placeholder, open end or wrong kind."""
        values = filter(None, map(self._value, self.split(cell)))
        if self.mapping.period:
            return any(any(parse_period(clean_text(value))) for value in values)
        if not self._type:
            return any(self._parsed(value) is not None for value in values)
        if self.mapping.ref or self.mapping.iri:
            return any(values)
        return any(map(self._name_of, values))

    def keys_of(self, cell: Cell) -> list[str]:
        """Keys of the entities in a cell, as far as it alone tells them; nothing is added."""
        found = []
        for text in filter(None, map(self._value, self.split(cell))):
            if self.mapping.ref:
                found.append(id_key(self._ref_source, self._scope, text))
            elif not self.mapping.iri:
                name = article_in_front(clean_text(text, repair=self._repair))
                found.append(name_key(self.out.source, self._type, name, self.out.schema))
        return found

    def split(self, cell: Cell) -> list[str]:
        """Split a cell into its values, in order."""
        if cell is None:
            return []
        strip, cut = self.mapping.strip, self._cut
        values: list[str] = []
        for part in (cell,) if isinstance(cell, str) else cell:
            if part.startswith(OPENING) and self._add_listed(part, values):
                continue
            text = decoded(part) if self._decodes else part
            if text is not part and text.startswith(OPENING) and self._add_listed(text, values):
                continue
            text = text.strip(strip) if strip else text
            if cut and cut.search(text):
                values += map(str.strip, split_outside_brackets(cut, text))
            elif self._bars and " | " in text:
                values += map(str.strip, text.split(" | "))
            else:
                values.append(text.strip())
        return values

    def _add_listed(self, text: str, values: list[str]) -> bool:
        """Add the elements of a list in the notation of a program; False if it is not one."""
        found = list_in(text, numbers=self._numbers, words=self._words)
        if found is None:
            return False
        of_one_name = self._credits and text[0] == "[" and any(map(_OF_ONE_NAME.search, found))
        if of_one_name and list_in(text, numbers=False) is None:
            found = (text.strip()[1:-1],)  # "[Earth, Wind & Fire]": a joint credit, or one name
        values += map(decoded, found) if self._decodes else found
        return True

    def deferred(self) -> dict[str, Any]:
        """What waits for `finish`, as JSON: another reader of the column can `take` it."""
        return {
            "credits": self._waiting,
            "numbers": self._undecided,
            "signs": sorted(self._signs),
            "instruments": sorted(self._alone),
        }

    def take(self, deferred: Mapping[str, Any]) -> None:
        """Add what a reader of other rows of the column has deferred."""
        self._waiting += map(tuple, deferred["credits"])
        self._undecided += map(tuple, deferred["numbers"])
        self._signs.update(deferred["signs"])
        self._alone.update(deferred["instruments"])

    def finish(self) -> None:
        """Add the credits deferred until all names of the source are known."""
        # guests of "A feat. B" first: their names may be needed to split "B & C"
        waiting = sorted(self._waiting, key=lambda row: not is_featuring(row[1]))
        self._waiting = []
        rows: list[Row] = []
        for subject, credit, evidence in waiting:
            for name in self._names_in(credit):
                if key := self._named(name, subject, evidence):
                    ends = (key, subject) if self.mapping.inverse else (subject, key)
                    one, other = ends
                    sure = self.mapping.confidence
                    rows.append(
                        (one, self.mapping.predicate, other, "record", METHOD, sure, evidence)
                    )
        self.out.statements(rows)
        self._decide()

    def _names_in(self, credit: str) -> list[str]:
        if self._plays:
            return listed(credit, self._is_instrument)
        return credited(credit, self.out.names_of_artists)

    def _is_instrument(self, name: str) -> bool:
        name = name.casefold()
        known = lexicon.instruments()
        return name in self._alone or name in known or name.split()[-1] in known  # lead vocals

    def _decide(self) -> None:
        """Add the numbers deferred until the column's decimal separator is known."""
        waiting, self._undecided = self._undecided, []
        sign = next(iter(self._signs)) if len(self._signs) == 1 else None
        undecided = self._notation
        self._notation = replace(undecided, decimal=sign or undecided.decimal)
        rows: list[Row] = []
        for subject, value, evidence in waiting:
            if found := self._literal(value, evidence):
                sure = self.mapping.confidence * found.factor
                name = self.mapping.predicate
                rows.append((subject, name, found.text, found.kind, METHOD, sure, evidence))
        self._notation = undecided
        self.out.statements(rows)

    def _waits(self, value: str, subject: str, evidence: str) -> bool:
        """Whether a number can only be read once the column's decimal separator is known."""
        if is_undecided(value):
            self._undecided.append((subject, value, evidence))
            if len(self._undecided) >= _CREDITS:
                self._decide()
            return True
        if sign := decimal_sign([value]):
            self._signs.add(sign)
        return False

    def _objects_of(self, cell: Cell, subject: str, evidence: str, labels: Cell) -> list[_Object]:
        """Objects stated in a cell; cached if they do not depend on the subject."""
        confidence, values = self.mapping.confidence, self.split(cell)
        years = self.out.counts[YEARS_ONLY]
        if self._type:
            labelled = zip_longest(values, self.split(labels)[: len(values)], fillvalue="")
            objects = [
                (other, "record", confidence)
                for value, label in labelled
                if value and (other := self._other(value, label, subject, evidence))
            ]
        else:
            objects = [
                (found.text, found.kind, confidence * found.factor)
                for value in values
                if value
                and not (self._counts and self._waits(value, subject, evidence))
                and (found := self._literal(value, evidence))
            ]
        told = self.out.counts[YEARS_ONLY] == years
        if len(objects) == len(values) and told and not self._depends:
            self._cells[cell, labels] = objects
        return objects

    def _value(self, value: str) -> str:
        if self._pattern:
            found = search(self._pattern, value, where=f"column {self.column!r}")
            if not found:
                return ""
            value = found
        return self.mapping.values.get(value, value)

    def _literal(self, value: str, evidence: str) -> Literal | None:
        value = self._value(value)
        if self.mapping.predicate == END and is_open_end(value):
            self.out.counts[OPEN_ENDS] += bool(value)
            return None
        if value and self.mapping.period:
            value = self._end(value, evidence)
        if not value:
            return None
        literal = self._parsed(value)
        if literal is None:
            reason = why_not(value, self._datatype, "Work")
            self.out.reject(reason, evidence, f"{self.column}={value}")
        elif self._is_year_of_a_day(literal, value):
            self.out.counts[YEARS_ONLY] += 1
        return literal

    def _is_year_of_a_day(self, literal: Literal, value: str) -> bool:
        """Whether only the year of a date is read, as its day and month may be the other way."""
        undecided = literal.kind == "gYear" and self._notation.day_first is None
        return undecided and order_is_unknown(clean_text(value))

    def _parsed(self, value: str) -> Literal | None:
        """A literal; None for a placeholder, and for what is not of the datatype."""
        if value in self._real_names or not is_placeholder(clean_text(value), "Work"):
            return read_literal(value, self._datatype, self._notation)
        return None

    def _end(self, value: str, evidence: str) -> str:
        """The begin or end of a period; '' for an open end."""
        begin, end = parse_period(clean_text(value))
        if begin is None and end is None:
            self.out.reject("not a period", evidence, f"{self.column}={value}")
            return ""
        found = begin if self.mapping.period == "begin" else end
        return "" if found is None else found.text + "~" * found.approximate

    def _other(self, value: str, label: str, subject: str, evidence: str) -> str | None:
        """Key of the entity for a value, which is added unless it is a row of a table."""
        cached = self._key_cache.get((value, label))
        if cached is not None:
            return cached
        text = self._value(value)
        if not text:
            return None
        if self.mapping.ref:
            return id_key(self._ref_source, self._scope, text)
        # the patterns of credits take quadratic time on runs of spaces
        joint = LISTED if self._plays else MAY_BE_JOINT
        if (self._credits or self._plays) and joint.search(credit := " ".join(text.split())):
            self._waiting.append((subject, credit, evidence))
            if len(self._waiting) >= _CREDITS:
                self.finish()
            return None
        if self._plays and len(self._alone) < _CREDITS:
            self._alone.add(text.casefold())
        key = (
            self._by_iri(text, label, evidence)
            if self.mapping.iri
            else self._named(text, subject, evidence)
        )
        if key and not self._depends:
            self._key_cache[value, label] = key
        return key

    def _named(self, text: str, subject: str, evidence: str) -> str | None:
        """Key of the entity for a name."""
        if text.startswith(("[", "{")) and holds_objects(text):
            detail = f"{self.column}={text[:80]}"
            self.out.reject("an object: map a path below the column", evidence, detail)
            return None
        name = self._name_of(text)
        if not name:
            reason = why_not(text, self._type.lower(), self._type)
            self.out.reject(reason, evidence, f"{self.column}={text}")
            return None
        return self.out.mention(self._type, name, evidence=evidence, owner=subject)

    def _name_of(self, text: str) -> str | None:
        return read_name(article_in_front(text), self._type, self._repair, self._real_names)

    def _by_iri(self, iri: str, label: str, evidence: str) -> str | None:
        nameless = iri.startswith("_:") or UNKNOWN_VALUE in iri
        if nameless and label.strip() in {"", iri, iri.removeprefix("_:")}:
            self.out.reject("thing without a name", evidence, f"{self.column}={iri}")
            return None
        short = address_id(iri) or curie(iri)
        name = None
        for text in (without_disambiguator(label), readable_iri(iri)):
            # with an address it is a real entity: the label "Independiente"
            real = (clean_text(text, repair=self._repair),)
            name = name or read_name(text, self._type, self._repair, real)
        if name is None:
            reason = why_not(label or readable_iri(iri), self._type.lower(), self._type)
            self.out.reject(reason, evidence, f"{self.column}={iri}")
            return None
        return self.out.record(
            f"{self.out.source}/{short}",
            self._type,
            name,
            record_id=short,
            evidence=evidence,
            external_ids=[short] if short != iri else [],
        )


def _words(type_: str, datatype: str, schema: Schema, *, named: bool) -> Words:
    """Which words without quotes are elements of lists in cells of a column."""
    if not named:
        return "quoted" if datatype == "string" else "several" if not type_ else "any"
    if schema.is_a(type_, "Agent"):
        return "several"
    return "quoted" if is_owned(type_, schema) or type_ == "Place" else "any"


def readable_iri(iri: str) -> str:
    """The readable end of an IRI, or the whole IRI if there is none."""
    last = re.split(r"[/#]", unquote(iri).rstrip("/#"))[-1]
    return without_disambiguator(" ".join(last.replace("_", " ").split())) or iri
