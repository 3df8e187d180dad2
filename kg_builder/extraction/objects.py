"""Turn raw values into objects of statements: typed literals, named entities, places."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from kg_builder.credits import is_featuring, split_credits
from kg_builder.errors import DataError
from kg_builder.extraction.collector import Collector
from kg_builder.extraction.text import lexicon
from kg_builder.extraction.values import (
    clean_text,
    country_name,
    decoded,
    is_no_name,
    is_open_end,
    is_placeholder,
    language_name,
    parse_date,
    parse_duration,
)
from kg_builder.extraction.values.amounts import parse_amount
from kg_builder.extraction.values.numbers import DecimalSign
from kg_builder.extraction.values.text import LONGEST_NAME
from kg_builder.ontology import Predicate, Schema

APPROXIMATE: Final = 0.8
"""Confidence factor of a date marked as approximate."""

BEGIN: Final = "beginDate"
END: Final = "endDate"
EVENT: Final = "eventDate"
OPEN_ENDS: Final = "open ends"
"""Name of the count of ends such as "present", which are neither dates nor faults."""

YEARS_ONLY: Final = "dates with an unknown order of day and month, of which the year is read"

_INTEGER: Final = re.compile(r"^([+-]?\d{1,18})(?:\.0+)?$")
_DECIMAL: Final = re.compile(r"^[+-]?[0-9]+(?:\.[0-9]+)?$")
_IRI: Final = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+$")
_YEAR: Final = re.compile(r"^\d{3,4}s?(?: in \w+)?$")
"""Titles of articles on years ("1977 in music"), which encyclopaedias link in place fields."""

_WORDS: Final = 3
"""Maximum words of a language name that is not in the locale data."""

_EPOCH: Final = re.compile(r"^-?[0-9]{1,14}(?:\.[0-9]+)?$")
_SINCE_1970: Final = {"seconds": 1.0, "milliseconds": 0.001}

_BOOLEANS: Final = {
    "true": "true",
    "yes": "true",
    "1": "true",
    "false": "false",
    "no": "false",
    "0": "false",
}


_WRITTEN: Final = frozenset({"UK", "US"})
"""Countries written as two letters after a town; other such codes are states and provinces."""


@dataclass(frozen=True, slots=True)
class PlaceName:
    """A place or country, with the country named in the text."""

    type: str
    name: str
    country: str | None = None


@dataclass(frozen=True, slots=True)
class Literal:
    """A literal in its XML Schema form."""

    text: str
    kind: str
    factor: float = 1.0


def object_type(predicate: Predicate, given: str | None, schema: Schema, where: str) -> str:
    """Determine the class of a relation's objects: as given, or the predicate's only range.

    Raises:
        DataError: the class is unknown, or the predicate allows several and none is given.
    """
    if given is not None:
        return schema.class_named(given, where=where).name
    if len(predicate.range) == 1:
        return predicate.range[0]
    if not predicate.range:
        return "Entity"
    raise DataError(
        f"{predicate.name!r} allows several classes of objects",
        where=where,
        remedy=f"set type = one of {', '.join(predicate.range)}",
    )


@dataclass(frozen=True, slots=True)
class Notation:
    """A source's notation for ambiguous values.

    Attributes:
        decimal: the decimal separator.
        day_first: whether the day precedes the month in dates such as 03/04/1999.
        unit: unit of a number without one in a duration or date.
    """

    decimal: DecimalSign | None = None
    day_first: bool | None = None
    unit: str | None = None


PLAIN: Final = Notation()


@lru_cache(maxsize=65536)
def read_literal(text: str, datatype: str, notation: Notation = PLAIN) -> Literal | None:
    """Parse a value as a literal of the datatype; None if it does not parse."""
    if datatype == "anyURI":
        text = clean_text(text if "&" not in text else decoded(text), repair=False)
        return Literal(text, "anyURI") if _IRI.match(text) else None
    text = clean_text(text)
    if datatype == "date":
        date = parse_date(_day_of(text, notation), notation.day_first)
        if date is None:
            return None
        return Literal(date.text, date.kind, APPROXIMATE if date.approximate else 1.0)
    if datatype == "duration":
        duration = parse_duration(text, notation.unit, notation.decimal)
        return Literal(duration, "duration") if duration else None
    if datatype in {"integer", "decimal"}:
        return _number(text, datatype, notation.decimal)
    if datatype == "boolean":
        value = _BOOLEANS.get(text.casefold())
        return Literal(value, "boolean") if value else None
    return Literal(text, "string") if text else None


def _number(text: str, datatype: str, decimal: DecimalSign | None) -> Literal | None:
    if decimal is None and datatype == "decimal" and _DECIMAL.match(text):
        return Literal(text, datatype)
    if decimal is not None or datatype == "decimal" or not _INTEGER.match(text):
        amount = parse_amount(text, decimal)
        text = amount.number if amount else ""
    if datatype == "decimal":
        return Literal(text, datatype) if text else None
    whole = _INTEGER.match(text)
    return Literal(str(int(whole[1])), datatype) if whole else None


def _day_of(text: str, notation: Notation) -> str:
    """Convert seconds or milliseconds since 1970 to a date; other texts are unchanged."""
    if notation.unit not in _SINCE_1970 or not _EPOCH.match(text):
        return text
    try:
        moment = datetime.fromtimestamp(float(text) * _SINCE_1970[notation.unit], UTC)
    except (OverflowError, ValueError, OSError):
        return text
    return moment.date().isoformat()


def why_not(text: str, wanted: str, type_: str = "Entity") -> str:
    """The reason why a value is not a name or literal: too long, a placeholder, no such form."""
    if len(text) > LONGEST_NAME:
        return f"longer than {LONGEST_NAME:,} characters: no {wanted}"
    if is_placeholder(clean_text(text), type_):
        return f"stands for nothing: no {wanted}"
    return f"not a {wanted}"


@lru_cache(maxsize=65536)
def read_name(
    text: str, type_: str, repair: bool = True, real_names: tuple[str, ...] = ()
) -> str | None:
    """Clean an entity's name; countries and languages get their usual English names.

    None if nothing is left, if the text is too long or a placeholder ("Various", "[no label]"), not
    listed in `real_names`, if a country is expected and the text names none, if a language is
    expected and a country is named, or if a place is expected and a year is named.
    """
    name = clean_text(text, repair=repair)
    if type_ == "Country":
        return country_name(name)
    if name not in real_names and is_no_name(name, type_):
        return None
    if type_ == "Language":
        plain = name.removesuffix(" language")
        return language_name(name) or (plain if plain and _may_be_language(plain) else None)
    if type_ == "Place" and _YEAR.match(name):
        return None
    return name or None


def read_place(text: str) -> PlaceName | None:
    """Parse a place name or "Town, Region, Country"; None if no name is left.

    >>> read_place("Liverpool, England")
    PlaceName(type='Place', name='Liverpool', country='United Kingdom')
    """
    parts = [name for part in text.split(",") if (name := read_name(part, "Place"))]
    if not parts:
        return None
    last = parts[-1]
    country = country_name(last)
    if len(parts) > 1 and len(last) == 2 and last not in _WRITTEN:
        country = None  # "Savannah, GA" is in a state, not in Gabon
    if len(parts) > 1:
        return PlaceName("Place", parts[0], country)
    if country and country.casefold() == parts[0].casefold():
        return PlaceName("Country", country)
    return PlaceName("Place", parts[0])


def _may_be_language(name: str) -> bool:
    """Whether an unknown name may be a language, not a country linked in its place."""
    return country_name(name) is None and len(name.split()) <= _WORDS


def _instrument(role: str) -> str:
    """The instrument of a role: 'lead guitar' → 'guitar', 'drummer' → 'drums'; '' if none."""
    words, known = clean_text(role).casefold().split(), lexicon.instruments()
    return next((known[one] for one in (" ".join(words), *words[-1:]) if one in known), "")


@dataclass(frozen=True)
class Assertions:
    """Builder of one method's statements according to the data model.

    Literals are parsed by the predicate's datatype; "Liverpool, England" becomes the place and its
    country; countries and languages get their usual names; any other value is the name of an
    entity.
    """

    out: Collector
    method: str
    confidence: float

    def say(
        self,
        subject: str,
        predicate: str,
        text: str,
        evidence: str,
        *,
        type_: str | None = None,
        unit: str | None = None,
        external_ids: Iterable[str] = (),
        factor: float = 1.0,
    ) -> str | None:
        """State a value: a literal, or the name of a thing; guests in a credit are stated apart.

        A name becomes a record of its own for each subject (the album of every track, say): which
        of them are one thing is decided by fusion.

        Returns:
            The object, a record key or a literal; `None` for a reject.
        """
        item = self.out.schema.predicate(predicate)
        if item.is_attribute:
            return self._literal(subject, predicate, text, evidence, unit, factor)
        type_ = type_ or (item.range[0] if item.range else "Entity")
        if self.out.schema.is_a(type_, "Artist") and is_featuring(text):
            lead, *guests = split_credits(clean_text(text))
            key = self.say(
                subject, predicate, lead, evidence, type_=type_, external_ids=external_ids
            )
            for guest in guests:
                self.say(subject, predicate, guest, evidence, type_=type_, factor=factor)
            return key
        if type_ == "Place":
            key = self.place(text, evidence, external_ids=external_ids)
        else:
            name = read_name(text, type_)
            key = (
                self.out.mention(
                    type_, name, evidence=evidence, owner=subject, external_ids=external_ids
                )
                if name
                else None
            )
        if key is None:
            if text.strip():
                reason = why_not(text, type_.lower(), type_)
                self.out.reject(reason, evidence, f"{predicate}={text}")
            return None
        self.link(subject, predicate, key, evidence, factor=factor)
        return key

    def link(
        self, subject: str, predicate: str, object_: str, evidence: str, *, factor: float = 1.0
    ) -> None:
        """Add a relation between two records."""
        sure = self.confidence * factor
        self.out.add((subject, predicate, object_, "record", self.method, sure, evidence))

    def details(
        self,
        ends: tuple[str, str],
        predicate: str,
        names: tuple[str, str],
        details: Mapping[str, Sequence[str]],
        evidence: str,
    ) -> None:
        """Add a fact's details to an entity that stands for it, such as a membership.

        Args:
            ends: subject and object, record keys.
            predicate: one that a class of the data model reifies.
            names: of the ends; without them there are no details.
            details: predicate → texts; see `detail_of`.
            evidence: of the details.
        """
        schema = self.out.schema
        if not details or not all(names) or (found := schema.reification(predicate)) is None:
            return
        if len(times := details.get(EVENT, ())) > 1:  # each of them is a fact of its own
            for text in times:
                self.details(ends, predicate, names, {**details, EVENT: [text]}, evidence)
            return
        class_, swapped = found
        if swapped:
            ends, names = ends[::-1], names[::-1]
        relation = schema.predicates[class_.reifies].label
        if ends[0] == ends[1]:
            self.out.reject(f"{relation} itself", evidence, names[0])
            return
        dates = [
            literal.text if texts and (literal := read_literal(texts[0], "date")) else ""
            for texts in map(details.get, (BEGIN, END, EVENT))
        ]
        when = dates[2] or "–".join(dict.fromkeys(dates[:2]))
        period = f" ({when})" if any(dates) else ""
        name = f"{names[0]}, {relation} {names[1]}{period}"
        key = self.out.mention(class_.name, name, evidence=evidence)
        self.link(key, class_.subject_by, ends[0], evidence)
        self.link(key, class_.object_by, ends[1], evidence)
        for detail, texts in details.items():
            for text in texts:
                plays = _instrument(text) if detail == "role" else ""
                if plays and "instrument" in class_.details:
                    self.say(key, "instrument", plays, evidence)
                else:
                    self.say(key, detail, text, evidence)

    def detail_of(self, predicate: str, detail: str) -> str:
        """The data model's predicate for a detail of a predicate's facts; '' if there is none.

        What has a day instead of a begin and an end, such as an award, has its begin as the day.
        """
        found = self.out.schema.reification(predicate)
        details = found[0].details if found is not None else ()
        if detail in details:
            return detail
        return EVENT if detail == BEGIN and EVENT in details else ""

    def place(self, text: str, evidence: str, *, external_ids: Iterable[str] = ()) -> str | None:
        """Add a place; "Town, Region, Country" also gives the country of the town."""
        place = read_place(text)
        if place is None:
            return None
        key = self.out.mention(place.type, place.name, evidence=evidence, external_ids=external_ids)
        if place.country:
            other = self.out.mention("Country", place.country, evidence=evidence)
            if other != key:
                self.link(key, "locatedIn", other, evidence)
        return key

    def _literal(
        self,
        subject: str,
        predicate: str,
        text: str,
        evidence: str,
        unit: str | None,
        factor: float,
    ) -> str | None:
        if predicate == END and is_open_end(text):
            self.out.counts[OPEN_ENDS] += 1
            return None
        datatype = str(self.out.schema.predicate(predicate).datatype)
        literal = read_literal(text, datatype, Notation(unit=unit))
        if literal is None:
            if text.strip():
                self.out.reject(f"not a {datatype}", evidence, f"{predicate}={text[:80]}")
            return None
        sure = self.confidence * literal.factor * factor
        self.out.add((subject, predicate, literal.text, literal.kind, self.method, sure, evidence))
        return literal.text
