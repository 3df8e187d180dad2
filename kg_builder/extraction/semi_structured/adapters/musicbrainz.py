"""Read XML answers of the MusicBrainz web service (version 2) into records and statements."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from lxml import etree

from kg_builder.databases import external_id
from kg_builder.extraction.collector import id_key
from kg_builder.extraction.objects import Assertions, why_not
from kg_builder.extraction.semi_structured.adapters.base import Document
from kg_builder.extraction.semi_structured.xml_stream import xml_root
from kg_builder.extraction.values import clean_text, country_name, is_no_name

NAMESPACE: Final = "{http://musicbrainz.org/ns/mmd-2.0#}"
THINGS: Final = {
    "artist": "Artist",
    "label": "RecordLabel",
    "place": "Venue",
    "area": "Place",
    "begin-area": "Place",
    "end-area": "Place",
    "event": "Event",
    "instrument": "Instrument",
    "recording": "Song",
    "work": "Song",
    "release": "Album",
    "release-group": "Album",
}
COLLECTIONS: Final = {
    "begin-area": "areas",
    "end-area": "areas",
}
ARTIST_TYPES: Final = {
    "Person": "SoloArtist",
    "Group": "Band",
    "Orchestra": "Band",
    "Choir": "Band",
}
WORK_RELATIONS: Final = {
    "composer": "composer",
    "lyricist": "writer",
    "writer": "writer",
    "librettist": "writer",
    "producer": "producer",
    "main performer": "performer",
    "guest performer": "performer",
    "support act": "performer",
    "performer": "performer",
    "vocal": "performer",
    "performing orchestra": "performer",
    "instrument": "performer",
}
"""Relations between a work, recording, release or event and an artist."""

NO_INSTRUMENTS: Final = frozenset({"additional", "eponymous", "founder", "minor", "original"})
"""Attributes of memberships that name no instrument."""

ARTIST_RELATIONS: Final = {
    "member of band": "memberOf",
    "collaboration": "collaboratedWith",
    "is person": "associatedWith",
    "influenced by": "influencedBy",
}
"""Relations from one artist to another, in MusicBrainz' forward direction."""

LIFE_SPAN: Final = {"Event": ("eventDate", ""), "Venue": ("", ""), "Place": ("", "")}
KNOWN: Final = frozenset(
    {
        "name",
        "title",
        "sort-name",
        "alias-list",
        "life-span",
        "country",
        "area",
        "begin-area",
        "end-area",
        "tag-list",
        "genre-list",
        "artist-credit",
        "relation-list",
        "length",
        "date",
        "label-info-list",
        "medium-list",
        "release-list",
        "release-group",
        "language",
        "first-release-date",
        "description",
        "annotation",
        "text-representation",
        "release-event-list",
        "track-count",
        "target-credit",
    }
)


class MusicBrainzAnswers:
    """Adapter of MusicBrainz answers; record keys are MBIDs: `<source>/artists/<mbid>`, ..."""

    name = "musicbrainz"
    independent = False

    def recognises(self, path: Path, head: bytes) -> bool:
        """Recognise by the namespace of the web service."""
        return b"musicbrainz.org/ns/mmd-2.0" in head

    def read(self, document: Document) -> None:
        """Add the entities of an answer."""
        root = xml_root(document)
        if root is None:
            return
        document.out.counts["documents read"] += 1
        answer = _Answer(document)
        if sum(answer.outermost(child) for child in root):
            document.out.counts["documents used"] += 1
        else:
            document.out.reject("document without usable things", document.name)


class _Answer:
    def __init__(self, document: Document) -> None:
        self._out, self._file = document.out, document.name
        self._say = Assertions(document.out, "musicbrainz", document.source.confidence)

    def outermost(self, element: etree._Element) -> int:
        """Read an entity, or every entity of a list, collection or disc."""
        if _tag(element) in THINGS:
            return self.thing(element) is not None
        return sum(self.outermost(child) for child in element)

    def thing(self, element: etree._Element, owner: str = "") -> str | None:
        """Add the entity that an element describes, with all its facts; returns its key."""
        tag, mbid = _tag(element), element.get("id") or ""
        name = clean_text(_text(element, "name") or _text(element, "title"))
        evidence = self._evidence(element)
        if not name:
            return self._bare(tag, mbid)
        type_ = self._type(element, tag)
        if is_no_name(name, type_):
            self._out.reject(why_not(name, type_.lower(), type_), evidence, name)
            return None
        if mbid:
            collection = COLLECTIONS.get(tag, f"{tag}s")
            key = self._out.record(
                id_key(self._out.source, collection, mbid),
                type_,
                name,
                record_id=mbid,
                evidence=evidence,
                aliases=self._aliases(element),
                external_ids=[f"musicbrainz:{mbid}"] if tag == "artist" else [],
            )
        else:
            key = self._out.mention(type_, name, evidence=evidence, owner=owner)
        self._facts(element, key, type_)
        return key

    def _bare(self, tag: str, mbid: str) -> str | None:
        """Look up an entity that is only referred to."""
        key = id_key(self._out.source, COLLECTIONS.get(tag, f"{tag}s"), mbid)
        return key if mbid and key in self._out else None

    def _type(self, element: etree._Element, tag: str) -> str:
        if tag == "artist":
            if element.find(NAMESPACE + "gender") is not None:
                return "SoloArtist"
            return ARTIST_TYPES.get(element.get("type") or "", "Artist")
        codes = element.find(f"{NAMESPACE}iso-3166-1-code-list/{NAMESPACE}iso-3166-1-code")
        if tag.endswith("area") and codes is not None:
            return "Country"
        return THINGS[tag]

    def _aliases(self, element: etree._Element) -> list[str]:
        return [
            text
            for alias in element.iterfind(f"{NAMESPACE}alias-list/{NAMESPACE}alias")
            if (text := clean_text(alias.text or "")) and alias.get("type") != "Search hint"
        ]

    def _facts(self, element: etree._Element, key: str, type_: str) -> None:
        schema = self._out.schema
        for child in element:
            if (name := _tag(child)) not in KNOWN:
                self._out.counts[f"unknown field: musicbrainz {_tag(element)}/{name}"] += 1
        evidence = self._evidence(element)
        self._span(element, key, type_, evidence)
        self._areas(element, key, type_)
        if schema.is_a(type_, "Artist") or schema.is_a(type_, "Work"):
            for tag in _children(element, "tag-list", "tag"):
                self._say.say(key, "tag", _text(tag, "name"), evidence)
        for genre in _children(element, "genre-list", "genre"):
            self._say.say(key, "genre", _text(genre, "name"), evidence)
        if text := _text(element, "description"):
            self._say.say(key, "description", text, evidence)
        if schema.is_a(type_, "Work"):
            self._work(element, key, type_, evidence)
        for listing in element.iterfind(NAMESPACE + "relation-list"):
            for relation in listing.iterfind(NAMESPACE + "relation"):
                self._relation(relation, listing.get("target-type") or "", key, type_)

    def _span(self, element: etree._Element, key: str, type_: str, evidence: str) -> None:
        span = element.find(NAMESPACE + "life-span")
        if span is None:
            return
        begin, end = LIFE_SPAN.get(type_, ("beginDate", "endDate"))
        for predicate, tag in ((begin, "begin"), (end, "end")):
            if predicate and (text := _text(span, tag)):
                self._say.say(key, predicate, text, f"{evidence}/life-span/{tag}")

    def _areas(self, element: etree._Element, key: str, type_: str) -> None:
        schema = self._out.schema
        person, agent = schema.is_a(type_, "Person"), schema.is_a(type_, "Agent")
        evidence = self._evidence(element)
        if (code := _text(element, "country")) and country_name(code):
            self._say.say(key, "country", code, f"{evidence}/country")
        for tag, predicate in (
            ("area", "origin" if agent else "locatedIn" if schema.is_a(type_, "Place") else ""),
            ("begin-area", "birthPlace" if person else "origin"),
            ("end-area", "deathPlace" if person else ""),
        ):
            found = element.find(NAMESPACE + tag)
            area = self.thing(found) if found is not None else None
            if area is None:
                continue
            country = found is not None and self._type(found, tag) == "Country"
            if country and agent and tag == "area":
                predicate = "country"
            if predicate:
                self._say.link(key, predicate, area, f"{evidence}/{tag}")

    # --------------------------------------------------------------------------------- works

    def _work(self, element: etree._Element, key: str, type_: str, evidence: str) -> None:
        for artist in element.iterfind(
            f"{NAMESPACE}artist-credit/{NAMESPACE}name-credit/{NAMESPACE}artist"
        ):
            if other := self.thing(artist):
                self._say.link(key, "performer", other, f"{evidence}/artist-credit")
        if length := _text(element, "length"):
            self._say.say(key, "duration", length, f"{evidence}/length", unit="milliseconds")
        for tag in ("date", "first-release-date"):
            if date := _text(element, tag):
                self._say.say(key, "releaseDate", date, f"{evidence}/{tag}")
        language = _text(element, "language") or _text(
            element, f"text-representation/{NAMESPACE}language"
        )
        if language and language not in {"mul", "zxx", "und", "mis"}:
            self._say.say(key, "language", language, f"{evidence}/language")
        for info in _children(element, "label-info-list", "label-info"):
            label = info.find(NAMESPACE + "label")
            if label is not None and (other := self.thing(label)):
                self._say.link(key, "recordLabel", other, f"{evidence}/label-info-list")
        for medium in _children(element, "medium-list", "medium"):
            for listing in ("track-list", "data-track-list"):
                for track in _children(medium, listing, "track"):
                    self._track(track, key)
        for release in _children(element, "release-list", "release"):
            if (other := self.thing(release)) and type_ == "Song":
                self._say.link(key, "onAlbum", other, f"{evidence}/release-list")
        group = element.find(NAMESPACE + "release-group")
        if group is not None:
            self.thing(group)

    def _track(self, track: etree._Element, album: str) -> None:
        evidence = self._evidence(track)
        recording = track.find(NAMESPACE + "recording")
        song = self.thing(recording, album) if recording is not None else None
        if song is None:
            title = clean_text(_text(track, "title"))
            if not title:
                return
            song = self._out.mention("Song", title, evidence=evidence, owner=album)
        self._say.link(song, "onAlbum", album, evidence)
        if (number := _text(track, "position")).isdigit():
            self._say.say(song, "trackNumber", number, f"{evidence}/position")

    # ----------------------------------------------------------------------------- relations

    def _relation(self, relation: etree._Element, target: str, key: str, type_: str) -> None:
        kind, evidence = relation.get("type") or "", self._evidence(relation)
        backward = _text(relation, "direction") == "backward"
        if target == "url":
            self._address(relation, kind, key, type_)
            return
        found = relation.find(NAMESPACE + target) if target else None
        if found is None:
            return
        if target == "artist" and self._out.schema.is_a(type_, "Artist"):
            if (predicate := ARTIST_RELATIONS.get(kind)) and (other := self.thing(found)):
                names = _name_above(relation), _text(found, "name")
                ends, names = ((other, key), names[::-1]) if backward else ((key, other), names)
                self._say.link(ends[0], predicate, ends[1], evidence)
                self._say.details(ends, predicate, names, _details(relation), evidence)
                return
        elif target == "artist" and kind in WORK_RELATIONS:
            if other := self.thing(found):
                self._say.link(key, WORK_RELATIONS[kind], other, evidence)
                if kind == "instrument":
                    for name in _children(relation, "attribute-list", "attribute"):
                        self._say.say(other, "instrument", name.text or "", evidence)
            return
        elif target == "place" and kind == "held at":
            if other := self.thing(found):
                self._say.link(key, "venue", other, evidence)
            return
        self._out.counts[f"unknown field: musicbrainz relation {target}/{kind}"] += 1

    def _address(self, relation: etree._Element, kind: str, key: str, type_: str) -> None:
        name = _name_above(relation)
        address = _text(relation, "target")
        if short := external_id(address):
            self._out.record(
                key, type_, name, evidence=self._evidence(relation), external_ids=[short]
            )
        elif kind in {"official homepage", "official website"}:
            self._say.say(key, "homepage", address, self._evidence(relation))
        else:
            self._out.counts[f"unknown field: musicbrainz relation url/{kind}"] += 1

    def _evidence(self, element: etree._Element) -> str:
        below = ""
        owner: etree._Element | None = element
        while owner is not None and not owner.get("id"):
            below, owner = f"/{_tag(owner)}{below}", owner.getparent()
        if owner is None:
            return f"{self._file}#{below}"
        return f"{self._file}#/{_tag(owner)}/{owner.get('id')}{below}"


def _name_above(relation: etree._Element) -> str:
    """Name of the thing that has a relation."""
    listing = relation.getparent()
    thing = None if listing is None else listing.getparent()
    return "" if thing is None else clean_text(_text(thing, "name") or _text(thing, "title"))


def _details(relation: etree._Element) -> dict[str, list[str]]:
    """Dates of a relation between artists, and the instruments among its attributes."""
    instruments = [
        text
        for attribute in _children(relation, "attribute-list", "attribute")
        if (text := (attribute.text or "").strip()) and text not in NO_INSTRUMENTS
    ]
    found = {
        "beginDate": [text for text in (_text(relation, "begin"),) if text],
        "endDate": [text for text in (_text(relation, "end"),) if text],
        "instrument": instruments,
    }
    return {detail: texts for detail, texts in found.items() if texts}


def _tag(element: etree._Element) -> str:
    return etree.QName(element).localname


def _text(element: etree._Element, path: str) -> str:
    return (element.findtext(NAMESPACE + path) or "").strip()


def _children(element: etree._Element, listing: str, tag: str) -> Iterator[etree._Element]:
    yield from element.iterfind(f"{NAMESPACE}{listing}/{NAMESPACE}{tag}")
