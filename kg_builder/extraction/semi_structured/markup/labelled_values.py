"""Read facts from pages without markup: label–value tables and definition lists about artists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from lxml import html

from kg_builder.extraction.collector import Collector
from kg_builder.extraction.objects import Assertions
from kg_builder.extraction.semi_structured.adapters.wikitext import INFOBOXES, FieldMap
from kg_builder.extraction.values import clean_text, parse_period

METHOD: Final = "table"
LEAST: Final = 2
"""Labels that must be known before a page counts as describing something."""

_LABELS: Final[dict[str, str]] = {
    "born": "birth_date",
    "died": "death_date",
    "formed": "formed",
    "founded": "formed",
    "disbanded": "disbanded",
    "hometown": "origin",
    "from": "origin",
    "style": "genre",
    "styles": "genre",
    "record label": "label",
    "record labels": "label",
    "band members": "members",
    "current members": "current_members",
    "past members": "past_members",
    "former members": "past_members",
    "associated acts": "associated_acts",
    "place of birth": "birth_place",
    "date of birth": "birth_date",
    "birthplace": "birth_place",
}
_FIELDS: Final[dict[str, FieldMap]] = INFOBOXES["musical artist"][1] | {
    "formed": FieldMap("beginDate", commas=False),
    "disbanded": FieldMap("endDate", commas=False),
}
_GROUP: Final = frozenset({"members", "current_members", "past_members", "formed", "disbanded"})
_PERSON: Final = frozenset({"birth_date", "birth_place", "death_date"})
_PART: Final = re.compile(r"[,;•·\n|]| / ")


@dataclass(frozen=True)
class Fact:
    """A field of an artist's page."""

    field: str
    text: str
    pointer: str


def add_facts(
    root: html.HtmlElement, out: Collector, file: str, *, type_: str, confidence: float
) -> int:
    """Add the topic of a page with what its tables and lists say; returns how many facts held.

    The topic's name is the page's main heading. Pages with fewer than two known labels are left
    alone: tables are mostly about something else.
    """
    facts = list(_facts(root))
    heading = next((item for item in root.iter("h1")), None)
    name = clean_text(_lines(heading)) if heading is not None else ""
    if len({fact.field for fact in facts}) < LEAST or not name:
        return 0
    fields = {fact.field for fact in facts}
    if out.schema.is_a("Band", type_) and fields & _GROUP:
        type_ = "Band"
    elif out.schema.is_a("SoloArtist", type_) and fields & _PERSON:
        type_ = "SoloArtist"
    key = out.record(f"{out.source}/{file}#topic", type_, name, evidence=f"{file}#h1")
    say = Assertions(out, METHOD, confidence)
    for fact in facts:
        mapping = _FIELDS[fact.field]
        evidence = f"{file}#{fact.pointer}"
        predicate = out.schema.predicates[mapping.predicate]
        if predicate.datatype == "date":
            begin, _ = parse_period(clean_text(fact.text))
            say.say(key, mapping.predicate, begin.text if begin else fact.text, evidence)
            continue
        parts = _PART.split(fact.text) if mapping.commas else [fact.text]
        for part in parts:
            if text := clean_text(part):
                say.say(key, mapping.predicate, text, evidence, type_=mapping.type)
    return len(facts)


def _facts(root: html.HtmlElement) -> Iterator[Fact]:
    for index, row in enumerate(root.iter("tr")):
        cells = [cell for cell in row if cell.tag in {"th", "td"}]
        if len(cells) == 2:
            yield from _fact(cells[0], cells[1], f"tr/{index}")
    for index, term in enumerate(root.iter("dt")):
        value = term.getnext()
        while value is not None and value.tag == "dd":
            yield from _fact(term, value, f"dt/{index}")
            value = value.getnext()


def _fact(label: html.HtmlElement, value: html.HtmlElement, pointer: str) -> Iterator[Fact]:
    words = clean_text(_lines(label)).rstrip(":").casefold()
    field = _LABELS.get(words, words.replace(" ", "_"))
    text = _lines(value)
    if field in _FIELDS and text.strip():
        yield Fact(field, text, pointer)


def _lines(element: html.HtmlElement) -> str:
    """The text of an element, with a line for each item of a list."""
    parts = []
    for piece in element.iter():
        if piece.tag in {"br", "li", "p"} and piece is not element:
            parts.append("\n")
        if isinstance(piece.tag, str):
            parts.append(piece.text or "")
        if piece is not element:
            parts.append(piece.tail or "")
    return "".join(parts).strip()
