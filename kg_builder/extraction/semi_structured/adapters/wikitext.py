"""Read infoboxes of wikitext articles into records and statements, by a map of field names."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Final

from mwparserfromhell.nodes import Template

from kg_builder.databases import dbpedia_id
from kg_builder.extraction.collector import id_key
from kg_builder.extraction.objects import Assertions
from kg_builder.extraction.semi_structured.adapters.base import Document
from kg_builder.extraction.semi_structured.adapters.infobox_values import (
    Details,
    Item,
    date_in,
    described,
    items,
    parse,
    plain,
    refers_elsewhere,
    without_comments,
    without_unclosed,
)
from kg_builder.extraction.values import (
    parse_duration,
    parse_period,
    without_disambiguator,
)
from kg_builder.extraction.values.text import fold
from kg_builder.extraction.web_pages import decode_page
from kg_builder.packed_files import without_packing


@dataclass(frozen=True)
class FieldMap:
    """Mapping of an infobox field to the data model."""

    predicate: str
    type: str | None = None
    commas: bool = True
    inverse: bool = False
    places: bool = False
    """Whether the values are studios or venues, each of which may be followed by its city."""


_AGENT: Final = {
    "genre": FieldMap("genre"),
    "genres": FieldMap("genre"),
    "origin": FieldMap("origin", commas=False),
    "formed": FieldMap("beginDate", commas=False),
    "disbanded": FieldMap("endDate", commas=False),
    "birth_place": FieldMap("birthPlace", commas=False),
    "death_place": FieldMap("deathPlace", commas=False),
    "birth_date": FieldMap("beginDate", commas=False),
    "death_date": FieldMap("endDate", commas=False),
    "instrument": FieldMap("instrument"),
    "instruments": FieldMap("instrument"),
    "occupation": FieldMap("role"),
    "occupations": FieldMap("role"),
    "label": FieldMap("recordLabel"),
    "labels": FieldMap("recordLabel"),
    "associated_acts": FieldMap("associatedWith", type="Artist"),
    "current_members": FieldMap("hasMember"),
    "past_members": FieldMap("hasMember"),
    "members": FieldMap("hasMember"),
    "member_of": FieldMap("memberOf"),
    "current_member_of": FieldMap("memberOf"),
    "past_member_of": FieldMap("memberOf"),
    "awards": FieldMap("award"),
    "website": FieldMap("homepage", commas=False),
    "nationality": FieldMap("country"),
    "country": FieldMap("country"),
}

_WORK: Final = {
    "artist": FieldMap("performer", type="Artist", commas=False),
    "genre": FieldMap("genre"),
    "label": FieldMap("recordLabel"),
    "producer": FieldMap("producer"),
    "writer": FieldMap("writer"),
    "lyricist": FieldMap("writer"),
    "composer": FieldMap("composer"),
    "released": FieldMap("releaseDate", commas=False),
    "recorded": FieldMap("recordDate", commas=False),
    "length": FieldMap("duration", commas=False),
    "language": FieldMap("language"),
    "studio": FieldMap("recordedIn", places=True),
    "venue": FieldMap("recordedIn", places=True),
}

_SONG: Final = _WORK | {"album": FieldMap("onAlbum", commas=False)}

_LABEL: Final = {
    "parent": FieldMap("parentLabel"),
    "founded": FieldMap("beginDate", commas=False),
    "defunct": FieldMap("endDate", commas=False),
    "genre": FieldMap("genre"),
    "country": FieldMap("country"),
    "location": FieldMap("origin", commas=False),
    "url": FieldMap("homepage", commas=False),
    "website": FieldMap("homepage", commas=False),
}

_GENRE: Final = {
    "stylistic_origins": FieldMap("subgenreOf"),
    "derivatives": FieldMap("subgenreOf", inverse=True),
    "subgenres": FieldMap("subgenreOf", inverse=True),
    "cultural_origins": FieldMap("description", commas=False),
}

INFOBOXES: Final[dict[str, tuple[str, dict[str, FieldMap]]]] = {
    "musical artist": ("Artist", _AGENT),
    "musical artist 2": ("Artist", _AGENT),
    "band": ("Band", _AGENT),
    "singer": ("SoloArtist", _AGENT),
    "rapper": ("SoloArtist", _AGENT),
    "classical composer": ("SoloArtist", _AGENT),
    "person": ("Person", _AGENT),
    "album": ("Album", _WORK),
    "ep": ("Album", _WORK),
    "song": ("Song", _SONG),
    "single": ("Song", _SONG),
    "musical composition": ("Song", _SONG),
    "record label": ("RecordLabel", _LABEL),
    "music genre": ("Genre", _GENRE),
}
"""Infobox (as in "Infobox musical artist") → class of the topic and its fields."""

BACKGROUNDS: Final = {
    "solo_singer": "SoloArtist",
    "non_vocal_instrumentalist": "SoloArtist",
    "non_performing_personnel": "SoloArtist",
    "person": "SoloArtist",
    "group_or_band": "Band",
    "classical_ensemble": "Band",
    "temporary": "Band",
}
"""The field `background` of an artist's infobox → class."""

_NAMED: Final[dict[str, dict[str, list[str]]]] = tomllib.loads(
    resources.files(__package__).joinpath("infoboxes.toml").read_text(encoding="utf-8")
)


def label_key(text: str) -> str:
    """A label or template's name in the form in which it is looked up, in any script."""
    return " ".join(text.casefold().replace("\u0307", "").split())  # of the Turkish İ


_KIND_OF: Final = {
    label_key(name): kind for kind, names in _NAMED.pop("templates").items() for name in names
}
FIELD_OF_LABEL: Final = {
    label_key(label): field
    for fields in _NAMED.values()
    for field, labels in fields.items()
    for label in labels
}
"""Label of a row, in any language, lower case → field."""

NAME_FIELDS: Final = ("name", "title", "band_name", "nom", "nombre", "nome", "titel", "nazwa")
ALIAS_FIELDS: Final = ("alias", "aliases", "birth_name", "native_name", "also_known_as", "nickname")
PERIOD_FIELDS: Final = ("years_active", "yearsactive", "active", "years")
IGNORED: Final = frozenset(
    {
        "image",
        "image_size",
        "image_upright",
        "alt",
        "caption",
        "background",
        "embed",
        "module",
        "landscape",
        "cover",
        "border",
        "italic title",
        "signature",
        "type",
        "prev_title",
        "prev_year",
        "next_title",
        "next_year",
        "chronology",
        "misc",
        "color",
        "native_name_lang",
    }
)
"""Fields about layout or other articles, without facts about the topic."""


_OTHER_FIELDS: Final = {*NAME_FIELDS, *ALIAS_FIELDS, *PERIOD_FIELDS, *IGNORED}
_NAME: Final = re.compile(r"\s*infobox(?![a-z])", re.IGNORECASE)
_INFOBOX: Final = re.compile(rb"\{\{\s*infobox", re.IGNORECASE)
_NUMBERED: Final = re.compile(r"\d+a?$")  # "Besetzung1a" is a member, "Besetzung1b" their role


class WikitextArticles:
    """Adapter of wikitext articles; the file name is the title if the infobox has none."""

    name = "wikitext"
    independent = True

    def recognises(self, path: Path, head: bytes) -> bool:
        """Recognise by the suffix or by an infobox."""
        ending = without_packing(path.name.lower()).rpartition(".")[2]
        return ending in {"wikitext", "wiki", "mediawiki"} or bool(_INFOBOX.search(head))

    def read(self, document: Document) -> None:
        """Add the topics of an article's infoboxes."""
        content = document.bytes()
        if content is None:
            return
        out = document.out
        out.counts["articles read"] += 1
        code = parse(without_unclosed(without_comments(decode_page(content))))
        found: list[_Infobox] = []
        for template in _infoboxes(code):
            name = _name(template)
            kind = _KIND_OF.get(name, name)
            if kind not in INFOBOXES:
                out.counts[f"unknown infobox: {kind}"] += 1
                continue
            found.append(_Infobox(document, template, kind, found))
            found[-1].read()
        if found:
            out.counts["articles used"] += 1
        else:
            out.reject("article without a known infobox", document.name)


def _infoboxes(code: Any) -> list[Template]:
    return [
        template
        for template in code.filter_templates(recursive=True)
        if _NAME.match(str(template.name)) or _name(template) in _KIND_OF
    ]


def _name(template: Template) -> str:
    """The kind of infobox as the template's name states it: "Infobox musical artist"."""
    return label_key(_NAME.sub("", str(template.name)).replace("_", " "))


class _Infobox:
    """One infobox; a second one of the same article that fits the first is about the same topic
    (a person's box with an artist's box embedded in it)."""

    def __init__(
        self, document: Document, template: Template, kind: str, before: list[_Infobox]
    ) -> None:
        self._document, self._out = document, document.out
        self._before = list(before)
        self.key, self.topic, self.topic_name = "", "", ""
        self._type, self._fields = INFOBOXES[kind]
        self._say = Assertions(document.out, "infobox", document.source.confidence)
        self._values: dict[str, Any] = {}
        for parameter in template.params:
            if str(parameter.value).strip():
                self._values[self._field(str(parameter.name))] = parameter.value

    def _field(self, name: str) -> str:
        """A field in English, with its number: "Besetzung1a" is "members1a"."""
        words = label_key(name.replace("_", " "))
        number = _NUMBERED.search(words)
        stem = words[: number.start()] if number else words
        field = stem.replace(" ", "_")
        if field not in self._fields and field not in _OTHER_FIELDS:
            field = FIELD_OF_LABEL.get(stem, field)
        return field + (number[0] if number else "")

    def read(self) -> None:
        first = self._before[0] if self._before else None
        name = next((text for field in NAME_FIELDS if (text := self._plain(field))), "") or (
            first.topic_name if first else without_disambiguator(_title(self._document.path))
        )
        type_ = BACKGROUNDS.get(self._plain("background").casefold(), self._type)
        if type_ == "Artist" and any(
            field in self._values for field in ("current_members", "past_members", "members")
        ):
            type_ = "Band"
        elif type_ == "Artist" and "birth_date" in self._values:
            type_ = "SoloArtist"
        stem = _title(self._document.path)
        if first and self._out.schema.compatible(type_, first.topic):
            key = first.key
        else:
            key = id_key(
                self._out.source, "", f"{stem}#{len(self._before)}" if self._before else stem
            )
        self.key, self.topic, self.topic_name = key, type_, name
        aliases = [
            item.text
            for field in ALIAS_FIELDS
            if field in self._values
            for item in items(self._values[field], commas=True)
        ]
        self._out.record(
            key,
            type_,
            name,
            record_id=stem,
            evidence=self._document.name,
            aliases=[alias for alias in aliases if fold(alias) != fold(name)],
        )
        self._facts(key, type_)

    def _facts(self, key: str, type_: str) -> None:
        for field, value in self._values.items():
            evidence = f"{self._document.name}#/{field}"
            plain_field = field if field in self._fields else _NUMBERED.sub("", field)
            if plain_field in self._fields:
                self._fact(key, self._fields[plain_field], value, evidence)
            elif field in PERIOD_FIELDS:
                self._period(key, type_, value, evidence)
            elif field not in (*NAME_FIELDS, *ALIAS_FIELDS) and plain_field not in IGNORED:
                self._out.counts[f"unknown field: infobox {plain_field}"] += 1

    def _fact(self, key: str, mapping: FieldMap, value: Any, evidence: str) -> None:
        schema = self._out.schema
        predicate = schema.predicates[mapping.predicate]
        if predicate.datatype == "date":
            self._say.say(key, mapping.predicate, date_in(_normal(plain(value))), evidence)
            return
        if predicate.datatype == "duration":
            texts = [item.text for item in items(value, commas=False)] or [plain(value)]
            text = next(filter(parse_duration, texts), texts[0])  # of several versions the first
            self._say.say(key, mapping.predicate, text, evidence)
            return
        if predicate.is_attribute:
            text = plain(value)
            if predicate.datatype == "anyURI" and "://" not in text:
                text = f"http://{text}"
            self._say.say(key, mapping.predicate, text, evidence)
            return
        listed = items(value, commas=mapping.commas, places=mapping.places)
        values = described(mapping.predicate, listed)
        for number, (item, details) in enumerate(values):
            self._relation(key, mapping, item, details, f"{evidence}/{number}")

    def _relation(
        self, key: str, mapping: FieldMap, item: Item, details: list[Details], evidence: str
    ) -> None:
        article = _article(item.target, self._document.source.language)
        external = [dbpedia_id(article)] if article else []
        predicate = self._out.schema.predicates[mapping.predicate]
        type_ = mapping.type or (predicate.domain if mapping.inverse else predicate.range)[0]
        text = item.text
        if mapping.predicate == "hasMember" and refers_elsewhere(text):
            self._out.reject("refers to another place", evidence, text)
            return
        if item.note and not details:
            self._out.counts["notes in brackets not used"] += 1
        if type_ == "Place" and item.target and "," not in text:
            # "[[Bristol]], England" is one text; the link is only the town
            external = external if fold(_bare(item.target)) == fold(text) else []
        elif type_ == "Place" and fold(_bare(item.target)) != fold(text.partition(",")[0]):
            external = []
        if not mapping.inverse:
            object_ = self._say.say(
                key, mapping.predicate, text, evidence, type_=type_, external_ids=external
            )
            if object_:
                ends, names = (key, object_), (self.topic_name, text)
                for one in details:
                    self._say.details(ends, mapping.predicate, names, one, evidence)
            return
        other = self._out.mention(type_, text, evidence=evidence, external_ids=external)
        self._say.link(other, mapping.predicate, key, evidence)

    def _period(self, key: str, type_: str, value: Any, evidence: str) -> None:
        """Years of activity are the begin and end of a group; not used for a person."""
        if type_ != "Band":
            return
        periods = [parse_period(_normal(item.text)) for item in items(value, commas=True)]
        begins = [begin for begin, _ in periods if begin]
        if not begins:
            self._out.reject("not a period", evidence, plain(value))
            return
        self._say.say(key, "beginDate", begins[0].text, evidence, factor=0.9)
        last = items(value, commas=True)[-1].text.casefold()
        end = periods[-1][1]
        if end and "present" not in last:
            self._say.say(key, "endDate", end.text, evidence, factor=0.9)

    def _plain(self, field: str) -> str:
        return plain(self._values[field]) if field in self._values else ""


_EDITION: Final = re.compile(r"\s*:?([a-z]{2,3}|simple|wikt|commons|wikidata):(?!\s)")


def _title(path: Path) -> str:
    name = without_packing(path.name)
    return name.rpartition(".")[0].replace("_", " ") or name


def _article(title: str, language: str) -> str:
    """The English article that a link refers to; '' for other editions or projects."""
    if prefix := _EDITION.match(title):
        language, title = prefix[1], title[prefix.end() :]
    title = title.strip().replace(" ", "_") if language == "en" else ""
    return title[:1].upper() + title[1:]


def _bare(target: str) -> str:
    return without_disambiguator(target).partition(",")[0]


def _normal(text: str) -> str:
    return re.sub(r"\s*[–—−]\s*", "–", text)
