"""Parse a Wikidata item's JSON: names, best-ranked claims, mapped to the data model."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from typing import Any, Final

from kg_builder.alignment.dump_contents import Fact, Thing
from kg_builder.databases import DATABASES, dbpedia_id
from kg_builder.ontology import Schema

PROPERTY: Final = "http://www.wikidata.org/prop/direct/"
TABLE: Final[dict[str, dict[str, Any]]] = tomllib.loads(
    resources.files("kg_builder.alignment").joinpath("wikidata.toml").read_text(encoding="utf-8")
)
INSTANCE_OF: Final = "P31"
OCCUPATION: Final = "P106"
_CLASS_OF: Final = {item: name for name, items in TABLE["classes"].items() for item in items}
_DOES: Final = {item: name for name, items in TABLE["occupations"].items() for item in items}
_SKIPPED: Final = frozenset(TABLE["skipped"]["items"])
_UNKNOWN: Final = re.compile(r"-00.*$")

Claims = Mapping[str, Sequence[str]]
"""Property → values as text: ids of items, dates as far as known, strings."""


class Item:
    """An item of a dump.

    Args:
        document: the parsed line.
        languages: languages of names, the preferred one first.
        wiki: the Wikipedia whose page titles are DBpedia's names.
    """

    def __init__(self, document: dict[str, Any], languages: Sequence[str], wiki: str) -> None:
        self.key = str(document["id"])
        self.names = _names(document, languages)
        described = document.get("descriptions") or {}
        self.description = next(
            (described[code]["value"] for code in languages if code in described), ""
        )
        self.claims = _claims(document.get("claims") or {})
        page = (document.get("sitelinks") or {}).get(wiki)
        self.same_as = tuple(_same_as(self.claims, page["title"] if page else ""))

    @property
    def id(self) -> str:
        """CURIE of the item."""
        return f"wikidata:{self.key}"

    @property
    def is_page(self) -> bool:
        """Whether it is a page without an entity: a disambiguation, a list, a category."""
        return not _SKIPPED.isdisjoint(self.claims.get(INSTANCE_OF, ()))

    def classes(self) -> set[str]:
        """Classes of the data model stated in its claims."""
        found = {_CLASS_OF[one] for one in self.claims.get(INSTANCE_OF, ()) if one in _CLASS_OF}
        found |= {_DOES[one] for one in self.claims.get(OCCUPATION, ()) if one in _DOES}
        return found | {name for key, name in TABLE["telling"].items() if key in self.claims}

    def thing(self) -> Thing:
        """The item as a database entry."""
        thing = Thing(self.id, self.names[0] if self.names else "", same_as=self.same_as)
        thing.aliases = set(self.names[1:]) - {thing.name}
        thing.description = self.description
        thing.classes = self.classes()
        thing.roles.update({f"s:{PROPERTY}{key}": len(ones) for key, ones in self.claims.items()})
        return thing

    def facts(
        self, line: int, schema: Schema, predicates: Mapping[str, tuple[str, bool]]
    ) -> Iterator[Fact]:
        """Its claims mapped to the data model."""
        for key, (local, inverse) in predicates.items():
            literal = schema.predicates[local].is_attribute
            for value in self.claims.get(key, ()):
                if literal:
                    yield Fact(self.id, local, value, True, line, PROPERTY + key)
                elif is_item(value):
                    one, two = self.id, f"wikidata:{value}"
                    if inverse:
                        one, two = two, one
                    yield Fact(one, local, two, False, line, PROPERTY + key)


def mapped_predicates(schema: Schema, wanted: Sequence[str] | None) -> dict[str, tuple[str, bool]]:
    """Property → (predicate of the data model, whether subject and object are swapped)."""
    found = {
        key: (target.lstrip("^"), target.startswith("^"))
        for key, target in TABLE["predicates"].items()
    }
    return {
        key: target
        for key, target in found.items()
        if target[0] in schema.predicates and (wanted is None or target[0] in wanted)
    }


def parse(line: bytes) -> dict[str, Any] | None:
    """Parse the item on a line of the array; None for brackets, properties and lexemes.

    Raises:
        ValueError: the line is no JSON object with an id.
    """
    text = line.strip().rstrip(b",")
    if text in {b"", b"[", b"]"}:
        return None
    document = json.loads(text)
    if not isinstance(document, dict) or not isinstance(document.get("id"), str):
        raise ValueError("no object with an id")
    return document if is_item(document["id"]) else None


def is_item(value: str) -> bool:
    """Whether a value is the id of an item."""
    return value[:1] == "Q" and value[1:].isdigit()


def _names(document: dict[str, Any], languages: Sequence[str]) -> list[str]:
    labels, aliases = document.get("labels") or {}, document.get("aliases") or {}
    names = [labels[code]["value"] for code in languages if code in labels]
    names += [alias["value"] for code in languages for alias in aliases.get(code, ())]
    return list(dict.fromkeys(name.strip() for name in names if name.strip()))


def _claims(claims_by_property: Mapping[str, Sequence[dict[str, Any]]]) -> dict[str, list[str]]:
    """Values of the best rank: preferred if any, never deprecated."""
    found: dict[str, list[str]] = {}
    for key, claims in claims_by_property.items():
        ranks = {claim.get("rank") for claim in claims}
        best = "preferred" if "preferred" in ranks else "normal"
        values = [_value(claim["mainsnak"]) for claim in claims if claim.get("rank") == best]
        if kept := list(dict.fromkeys(value for value in values if value)):
            found[key] = kept
    return found


def _value(snak: dict[str, Any]) -> str:
    """Convert a value to text; '' if unknown or of a type outside the data model."""
    if snak.get("snaktype") != "value":
        return ""
    value = snak["datavalue"]["value"]
    match snak["datavalue"]["type"]:
        case "wikibase-entityid":
            return str(value.get("id") or f"Q{value['numeric-id']}")
        case "time":
            return _date(value["time"], value["precision"])
        case "string":
            return str(value)
        case "monolingualtext":
            return str(value["text"])
    return ""


def _date(time: str, precision: int) -> str:
    """Format a date at its precision: 11 is a day, 10 a month, 9 a year; '' if coarser.

    >>> _date("+1985-00-00T00:00:00Z", 9), _date("+1949-12-07T00:00:00Z", 11)
    ('1985', '1949-12-07')
    """
    if precision < 9:
        return ""
    day = time.lstrip("+").partition("T")[0]
    sign, day = ("-", day[1:]) if day.startswith("-") else ("", day)
    year, *month_and_day = day.split("-")
    return _UNKNOWN.sub("", sign + "-".join([year, *month_and_day[: precision - 9]]))


def _same_as(claims: Claims, page: str) -> Iterator[str]:
    for database in DATABASES.values():
        for value in claims.get(database.wikidata_property, ()):
            if found := database.curie(value):
                yield found
    if page:
        yield dbpedia_id(page)
