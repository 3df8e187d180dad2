"""The monthly XML dumps of Discogs: artists, labels, masters, releases."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from kg_builder.extraction.assertions import Assertions
from kg_builder.extraction.keys import id_key
from kg_builder.extraction.semi_structured.adapters.base import Document
from kg_builder.extraction.semi_structured.adapters.discogs_names import (
    Fields,
    fields_of,
    names_in,
    plain_name,
    text_in,
    texts_in,
)
from kg_builder.extraction.semi_structured.adapters.discogs_people import People
from kg_builder.extraction.semi_structured.adapters.discogs_works import Works
from kg_builder.extraction.semi_structured.adapters.xml_stream import xml_records
from kg_builder.extraction.values import clean_text, external_id

_ROOT: Final = re.compile(rb"<(?:artists|labels|masters|releases)\b[^>]*>\s*<")
_MARKUP: Final = re.compile(
    r"\[(?:[abilru]|url)=([^\]]*)\]|\[/?(?:b|i|u|url)(?:=[^\]]*)?\]|"
    r"\[([alrm])(\d+)\]",
    re.IGNORECASE,
)
_ANYWHERE: Final = frozenset({"id", "images", "videos", "data_quality"})
_RECORDS: Final = {f"{name}s": name for name in ("artist", "label", "master", "release")}
_KNOWN: Final = {
    "artists": _ANYWHERE
    | {"name", "realname", "profile", "urls", "namevariations", "aliases", "members", "groups"},
    "labels": _ANYWHERE | {"name", "profile", "urls", "parentLabel", "sublabels"},
    "masters": _ANYWHERE | {"title", "artists", "genres", "styles", "year", "main_release"},
    "releases": _ANYWHERE
    | {"title", "artists", "extraartists", "labels", "genres", "styles", "country", "released"}
    | {"tracklist", "companies", "master_id"},
}
"""Fields that are read, or say nothing that the data model has a place for."""


class DiscogsDumps:
    """A dump is read as a stream; its records keep Discogs' ids under `artists/`, `labels/`, ..."""

    name = "discogs"

    def recognises(self, path: Path, head: bytes) -> bool:
        """By the root element."""
        return bool(_ROOT.search(head)) and b"musicbrainz.org/ns" not in head

    def read(self, document: Document) -> None:
        """Add the records of a dump."""
        _Dump(document).read()


class _Dump:
    def __init__(self, document: Document) -> None:
        self._document, self._out = document, document.out
        self._say = Assertions(document.out, "discogs", document.source.confidence)
        self._people = People(document.out)
        self._works = Works(self._say, self._people)

    def read(self) -> None:
        readers = {
            "artist": self._artist,
            "label": self._label,
            "master": self._works.master,
            "release": self._works.release,
        }
        counts, name = self._out.counts, self._document.name
        for element in xml_records(self._document, _RECORDS):
            tag, fields = str(element.tag), fields_of(element)
            collection = f"{tag}s"
            counts[f"{collection} read"] += 1
            number = element.get("id") or text_in(fields, "id")
            if not number:
                self._out.reject("empty id", f"{name}#line={element.sourceline}")
                continue
            known = _KNOWN[collection]
            for field in fields:
                if field not in known:
                    counts[f"unknown field: discogs {tag}/{field}"] += 1
            readers[tag](fields, number, f"{name}#/{collection}/{number}")

    def _artist(self, fields: Fields, number: str, evidence: str) -> None:
        name = plain_name(text_in(fields, "name"))
        if not name:
            self._out.reject("empty name", evidence)
            return
        members, groups = names_in(fields, "members"), names_in(fields, "groups")
        realname = clean_text(text_in(fields, "realname"))
        solo = bool(groups or realname) and not members
        aliases = [clean_text(item) for item in texts_in(fields, "namevariations")]
        if realname and solo:
            aliases.append(realname)
        external = [f"discogs:{number}"]
        key = id_key(self._out.source, "artists", number)
        homepage = ""
        for address in texts_in(fields, "urls"):
            if short := external_id(address):
                external.append(short)
            else:
                homepage = homepage or address
        self._out.record(
            key,
            "Band" if members else "SoloArtist" if solo else "Artist",
            name,
            record_id=number,
            evidence=evidence,
            aliases=[alias for alias in aliases if alias],
            external_ids=external,
        )
        if "://" in homepage:
            self._say.say(key, "homepage", homepage.replace(" ", "%20"), f"{evidence}/urls")
        self._profile(fields, key, evidence)
        for predicate, type_, field, others in (
            ("hasMember", "Person", "members", members),
            ("memberOf", "Band", "groups", groups),
            # another stage name of the same person, with a page and a career of its own
            ("associatedWith", "Artist", "aliases", names_in(fields, "aliases")),
        ):
            for other, label in others:
                known = self._people.artist(other, label, type_, evidence)
                self._say.link(key, predicate, known, f"{evidence}/{field}")

    def _label(self, fields: Fields, number: str, evidence: str) -> None:
        name = plain_name(text_in(fields, "name"))
        if not name:
            self._out.reject("empty name", evidence)
            return
        key = self._people.label(number, name, evidence)
        for address in texts_in(fields, "urls"):
            if "://" in address and not external_id(address):
                self._say.say(key, "homepage", address.replace(" ", "%20"), f"{evidence}/urls")
                break
        self._profile(fields, key, evidence)
        if parent := text_in(fields, "parentLabel"):
            above = fields["parentLabel"].get("id") or ""
            other = self._people.label(above, plain_name(parent), evidence)
            self._say.link(key, "parentLabel", other, f"{evidence}/parentLabel")
        for below, label in names_in(fields, "sublabels"):
            other = self._people.label(below, plain_name(label), evidence)
            self._say.link(other, "parentLabel", key, f"{evidence}/sublabels")

    def _profile(self, fields: Fields, key: str, evidence: str) -> None:
        profile = text_in(fields, "profile")
        if text := clean_text(_MARKUP.sub(lambda found: found[1] or "", profile)):
            self._say.say(key, "description", text, f"{evidence}/profile")
