"""Read facts about artists from label–value tables and definition lists of pages without markup."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from lxml import etree, html

from kg_builder.databases import address_id
from kg_builder.extraction.collector import Collector
from kg_builder.extraction.objects import Assertions
from kg_builder.extraction.semi_structured.adapters.infobox_values import (
    BETWEEN_PLACES,
    Details,
    Item,
    Part,
    date_in,
    described,
    refers_elsewhere,
    single_places,
)
from kg_builder.extraction.semi_structured.adapters.wikitext import (
    ALIAS_FIELDS,
    FIELD_OF_LABEL,
    INFOBOXES,
    PERIOD_FIELDS,
    FieldMap,
    label_key,
)
from kg_builder.extraction.semi_structured.markup.nodes import absolute
from kg_builder.extraction.values import clean_text, parse_period, without_disambiguator
from kg_builder.extraction.values.text import bracket_turns, fold, split_outside_brackets
from kg_builder.extraction.web_pages import is_unseen

METHOD: Final = "table"
LEAST: Final = 2
"""Minimum number of known labels for a page to describe an entity."""

_FIELDS: Final = INFOBOXES["single"][1] | INFOBOXES["musical artist"][1]
_GROUP_NAMES: Final = frozenset({"members", "current_members", "past_members"})
_GROUP: Final = _GROUP_NAMES | {"formed", "disbanded"}
_PERSON: Final = frozenset({"birth_date", "birth_place", "death_date"})
_WORK: Final = frozenset({"released", "recorded", "length", "producer", "album", "artist"})
_DESCRIBED: Final = re.compile(
    r"^(?:(?:studio|live|compilation|debut|soundtrack|remix|cover|greatest hits|video|box set|demo)"
    r"\s+)*(album|ep|mixtape|single|song|soundtrack|extended play|promotional single)"
    r"(?:\s+(?:recorded\s+)?by\s+(.+?))?(?:\s+from the (?:album|ep)\s+(.+?))?$",
    re.IGNORECASE,
)
"""Subtitle of a work: "Studio album by X", "Single by X from the album Y"."""

_LINE: Final = 300
"""Maximum length of such a subtitle."""

_ONE: Final = frozenset({"br", "li", "p", "div", "tr", "dd", "dt"})
_BREAKS: Final = re.compile(r"[\n•·|]|(?<=\s)/(?=\s)")
_COMMAS: Final = re.compile(r"[,;،、](?!\d{3}\b)")
_MARK: Final = re.compile(
    r"\[(?:\d{1,3}|[a-z]{1,2}|(?:note|nb|n|citation|source)\s?[^\[\]]{0,20})\]", re.I
)
"""A footnote's mark."""

_KEPT: Final = "\x1f"
"""Placeholder of a comma or slash within a link: "Earth, Wind & Fire" is one name."""

_NOTE: Final = re.compile(r"\s*\([^()]{0,200}\)$")
_DATE_IN: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}"
    r"|(?:\d{1,2}(?:er|[.º])?\s+(?:de\s+)?)?[^\W\d_]{3,12}(?:\s+\d{1,2},|\s+de)?\s+\d{4}"
    r"|\d{4}"
)
_AGE: Final = re.compile(r"\((?:age|aged)[^()]{0,20}\)|\(\s*\d{4}-\d{2}-\d{2}\s*\)", re.IGNORECASE)


@dataclass(frozen=True)
class Fact:
    """A field of an artist's page."""

    field: str
    text: str
    pointer: str
    value: html.HtmlElement


def add_facts(
    root: html.HtmlElement,
    out: Collector,
    file: str,
    *,
    type_: str,
    confidence: float,
    address: str = "",
) -> int:
    """Add a page's topic with the facts of its tables and lists; returns the number added.

    The topic's name is the page's main heading. Pages with fewer than two known labels are skipped:
    most tables are about something else.
    """
    facts = list(_facts(root))
    heading = next((item for item in root.iter("h1")), None)
    name = clean_text(_lines(heading).replace(_KEPT, "")) if heading is not None else ""
    if len({fact.field for fact in facts}) < LEAST or not name:
        return 0
    described = _description(root)
    type_ = _topic(out, type_, {fact.field for fact in facts}, described)
    aliases = [
        text
        for fact in facts
        if fact.field in ALIAS_FIELDS
        for text in _parts(fact.text, commas=True)
        if fold(text) != fold(name)
    ]
    page_id = address_id(address) if address else None
    key = out.record(
        f"{out.source}/{file}#topic",
        type_,
        without_disambiguator(name),
        evidence=f"{file}#h1",
        aliases=aliases,
        external_ids=[page_id] if page_id else [],
    )
    topic = _Topic(
        key, without_disambiguator(name), type_, Assertions(out, METHOD, confidence), file, address
    )
    for fact in facts:
        topic.add(fact)
    for predicate, text in described[1:]:
        topic.say(predicate, text, "description")
    return len(facts)


def _topic(out: Collector, type_: str, fields: set[str], described: list[tuple[str, str]]) -> str:
    """The class of a page's topic, from its subtitle or from fields that only one class has."""
    if described:
        return described[0][1]
    if out.schema.is_a("Band", type_) and fields & _GROUP:
        return "Band"
    if out.schema.is_a("SoloArtist", type_) and fields & _PERSON:
        return "SoloArtist"
    return type_


def _description(root: html.HtmlElement) -> list[tuple[str, str]]:
    """Parse the subtitle of a work: ("type", class), then (predicate, name) pairs."""
    for row in root.iter("tr"):
        cells = [cell for cell in row if cell.tag in {"th", "td"}]
        text = clean_text(_lines(cells[0])) if len(cells) == 1 else ""
        found = _DESCRIBED.match(text) if 0 < len(text) <= _LINE else None
        if found:
            kind = found[1].casefold()
            type_ = "Song" if kind in {"song", "single", "promotional single"} else "Album"
            more = [("performer", found[2]), ("onAlbum", found[3])]
            return [("type", type_), *((p, t.replace(_KEPT, ",")) for p, t in more if t)]
    return []


@dataclass(frozen=True)
class _Topic:
    key: str
    name: str
    type: str
    assertions: Assertions
    file: str
    address: str

    def add(self, fact: Fact) -> None:
        """Add the statements of a row."""
        if fact.field in ALIAS_FIELDS:
            return
        if fact.field in PERIOD_FIELDS:
            self._period(fact)
        elif fact.field in {"birth_date", "death_date"}:
            self._life(fact)
        else:
            self._field(fact)

    def say(self, predicate: str, text: str, pointer: str, type_: str | None = None) -> str | None:
        """Add a statement of one value; returns its object."""
        evidence = f"{self.file}#{pointer}"
        return self.assertions.say(self.key, predicate, text, evidence, type_=type_)

    def _field(self, fact: Fact) -> None:
        mapping = _FIELDS[fact.field]
        predicate = self.assertions.out.schema.predicates[mapping.predicate]
        if predicate.datatype == "date":
            begin, _ = parse_period(clean_text(fact.text))
            text = begin.text if begin else date_in(clean_text(fact.text))
            self.say(mapping.predicate, text, fact.pointer)
        elif predicate.datatype == "anyURI":
            for address in _addresses(fact, self.address):
                self.say(mapping.predicate, address, fact.pointer)
        elif predicate.is_attribute:
            self.say(mapping.predicate, _parts(fact.text, commas=False)[0], fact.pointer)
        else:
            places = _linked(fact.value) if mapping.places else None
            values = _items(fact.text, commas=mapping.commas, places=places)
            for item, details in described(mapping.predicate, values):
                self._relation(mapping, item, details, fact.pointer)

    def _relation(
        self, mapping: FieldMap, item: Item, details: list[Details], pointer: str
    ) -> None:
        predicate, out = mapping.predicate, self.assertions.out
        evidence = f"{self.file}#{pointer}"
        if predicate == "hasMember" and refers_elsewhere(item.text):
            out.reject("refers to another place", evidence, item.text)
            return
        if item.note and not details:
            out.counts["notes in brackets not used"] += 1
        object_ = self.say(predicate, item.text, pointer, mapping.type)
        if object_:
            ends, names = (self.key, object_), (self.name, item.text)
            for one in details:
                self.assertions.details(ends, predicate, names, one, evidence)

    def _period(self, fact: Fact) -> None:
        """Years of activity are the begin and end of a group, as in wikitext; not for a person."""
        if self.type != "Band":
            return
        evidence = f"{self.file}#{fact.pointer}"
        parts = _parts(re.sub(r"\s*[–—−]\s*", "–", fact.text), commas=True)
        periods = [parse_period(part) for part in parts]
        begins = [begin for begin, _ in periods if begin]
        if not begins:
            self.assertions.out.reject("not a period", evidence, clean_text(fact.text))
            return
        self.assertions.say(self.key, "beginDate", begins[0].text, evidence, factor=0.9)
        if end := periods[-1][1]:
            self.assertions.say(self.key, "endDate", end.text, evidence, factor=0.9)

    def _life(self, fact: Fact) -> None:
        """The rows "Born" and "Died": a date and then a place."""
        born = fact.field == "birth_date"
        lines = [line for line in map(clean_text, _AGE.sub("", fact.text).split("\n")) if line]
        bday = next(
            (
                clean_text(item.text_content())
                for item in fact.value.iter("span")
                if "bday" in str(item.get("class") or "").split()
            ),
            "",
        )
        dated = [number for number, line in enumerate(lines) if _DATE_IN.search(line)]
        found = _DATE_IN.search(lines[dated[0]]) if dated else None
        if bday and born:
            self.say("beginDate", bday, fact.pointer)
        elif found:
            self.say("beginDate" if born else "endDate", found[0], fact.pointer)
        for line in lines[dated[0] + 1 :] if dated else lines[-1:]:
            self.say("birthPlace" if born else "deathPlace", line.replace(_KEPT, ","), fact.pointer)
            return


def _facts(root: html.HtmlElement) -> Iterator[Fact]:
    heading, table = "", None
    for index, row in enumerate(root.iter("tr")):
        if (own := next(row.iterancestors("table"), None)) is not table:
            heading, table = "", own
        cells = [cell for cell in row if cell.tag in {"th", "td"}]
        pointer = f"tr/{index}"
        if len(cells) == 2:
            # Below a heading "Members" rows have an instrument and a name, in some editions.
            known = list(_fact(_field(cells[0]), cells[1], pointer))
            yield from known or _fact(heading, cells[1], pointer)
        elif len(cells) == 1:
            field = _field(cells[0])
            if field in _GROUP_NAMES:
                heading = field
            elif cells[0].tag == "th":
                heading = ""
            else:
                yield from _fact(heading, cells[0], pointer)
    for index, term in enumerate(root.iter("dt")):
        value = term.getnext()
        while value is not None and value.tag == "dd":
            yield from _fact(_field(term), value, f"dt/{index}")
            value = value.getnext()


def _field(label: html.HtmlElement) -> str:
    words = label_key(clean_text(_lines(label)).rstrip(":"))
    return FIELD_OF_LABEL.get(words, words.replace(" ", "_"))


def _fact(field: str, value: html.HtmlElement, pointer: str) -> Iterator[Fact]:
    text = _lines(value)
    recognised = field in _FIELDS or field in ALIAS_FIELDS or field in PERIOD_FIELDS
    if recognised and text.strip():
        yield Fact(field, text, pointer, value)


def _addresses(fact: Fact, page: str) -> list[str]:
    """The links of a cell to other sites; if none, its text as an address."""
    links = [absolute(page, str(link.get("href") or "")) for link in fact.value.iter("a")]
    found = [link for link in links if link.startswith(("http://", "https://"))]
    if found:
        return list(dict.fromkeys(found))
    text = "".join(fact.text.split())
    return [text if "://" in text else f"http://{text}"]


def _parts(text: str, *, commas: bool) -> list[str]:
    """The values of a cell without notes in brackets; at least one."""
    return [item.text for item in _items(text, commas=commas)] or [""]


def _items(text: str, *, commas: bool, places: frozenset[str] | None = None) -> list[Item]:
    """Split a cell into distinct values; at commas only if asked, never in links or brackets.

    Args:
        text: of the cell.
        commas: whether commas separate values.
        places: the linked ones, if the values are places, which may be followed by their cities.
    """
    lines = [line for line in _BREAKS.split(text) if line.strip(" ,;")]
    if places is not None:
        lines = [place for line in lines for place in _places(line, places)]
    elif commas:
        lines = [part for line in lines for part in split_outside_brackets(_COMMAS, line)]
    found: dict[str, Item] = {}
    for line in lines:
        whole = clean_text(line.replace(_KEPT, ","))
        note = _NOTE.search(whole)
        name = whole[: note.start()] if note else whole
        if name:
            found.setdefault(name, Item(name, note=note[0].strip(" ()") if note else ""))
    return list(found.values())


def _places(line: str, linked: frozenset[str]) -> Iterator[str]:
    """Divide a line into its places, each with its city."""
    turns = bracket_turns(line)
    cuts = [
        found.span()
        for found in BETWEEN_PLACES.finditer(line)
        if bisect_right(turns, found.start()) % 2 == 0
    ]
    parts = []
    for (start, end), (stop, _) in pairwise([(0, 0), *cuts, (len(line), len(line))]):
        text = line[end:stop]
        link = clean_text(text.replace(_KEPT, ","))
        parts.append(Part(text, link if link in linked else "", line[start:end]))
    for first, *more in single_places([part for part in parts if part.text.strip()]):
        yield first.text + "".join(part.before + part.text for part in more)


def _linked(value: html.HtmlElement) -> frozenset[str]:
    """The texts of a cell's links."""
    return frozenset(clean_text(_lines(link).replace(_KEPT, ",")) for link in value.iter("a"))


def _lines(element: html.HtmlElement) -> str:
    """The text of an element, one line per list item, without footnote marks."""
    parts: list[str] = []
    skipped: html.HtmlElement | None = None
    link: html.HtmlElement | None = None
    for event, piece in etree.iterwalk(element, events=("start", "end")):
        if event == "end":
            if piece is skipped:
                skipped = None
            if piece is link:
                link = None
            if piece is not element and skipped is None:
                parts.append(_kept(piece.tail) if link is not None else piece.tail or "")
            continue
        if skipped is not None:
            continue
        if not isinstance(piece.tag, str) or is_unseen(piece):
            skipped = piece
            continue
        if piece.tag in _ONE and piece is not element:
            parts.append("\n")
        if piece.tag == "a" and link is None:
            link = piece
        parts.append(_kept(piece.text) if link is not None else piece.text or "")
    return _MARK.sub("", "".join(parts)).strip()


def _kept(text: str | None) -> str:
    return (text or "").replace(",", _KEPT)
