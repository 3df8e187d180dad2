"""The monthly XML dumps of Discogs: artists, labels, masters, releases."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from lxml import etree

from kg_builder.extraction.assertions import Assertions
from kg_builder.extraction.keys import id_key
from kg_builder.extraction.semi_structured.adapters.base import Document
from kg_builder.extraction.semi_structured.adapters.discogs_names import (
    named_in,
    plain_name,
    text_of,
    texts_of,
)
from kg_builder.extraction.semi_structured.adapters.discogs_roles import roles_of
from kg_builder.extraction.semi_structured.adapters.xml_stream import xml_records
from kg_builder.extraction.values import clean_text, country_name, external_id

_ROOT: Final = re.compile(rb"<(?:artists|labels|masters|releases)\b[^>]*>\s*<")
_MARKUP: Final = re.compile(
    r"\[(?:[abilru]|url)=([^\]]*)\]|\[/?(?:b|i|u|url)(?:=[^\]]*)?\]|"
    r"\[([alrm])(\d+)\]",
    re.IGNORECASE,
)
_NOBODY: Final = frozenset({"194", "355", "118760", "151641", "967691"})
"""Discogs' stand-ins: Various, Unknown Artist, No Artist, Traditional, Anonymous."""

_PARTS: Final = {
    "artists": frozenset(
        {
            "id",
            "name",
            "realname",
            "profile",
            "urls",
            "namevariations",
            "aliases",
            "members",
            "groups",
        }
    ),
    "labels": frozenset({"id", "name", "profile", "urls", "parentLabel", "sublabels"}),
    "masters": frozenset({"title", "artists", "genres", "styles", "year", "main_release"}),
    "releases": frozenset(
        {
            "title",
            "artists",
            "extraartists",
            "labels",
            "genres",
            "styles",
            "country",
            "released",
            "tracklist",
            "companies",
            "master_id",
        }
    ),
}
_LAYOUT: Final = frozenset({"images", "videos", "data_quality"})


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

    def read(self) -> None:
        readers = {
            "artist": self._artist,
            "label": self._label,
            "master": self._master,
            "release": self._release,
        }
        for element in xml_records(self._document, tuple(readers)):
            number = element.get("id") or text_of(element, "id")
            collection = f"{element.tag}s"
            evidence = f"{self._document.name}#/{collection}/{number}"
            self._out.counts[f"{collection} read"] += 1
            if not number:
                self._out.reject("empty id", f"{self._document.name}#line={element.sourceline}")
                continue
            for child in element:
                if child.tag not in _PARTS[collection] and child.tag not in _LAYOUT:
                    self._out.counts[f"unknown field: discogs {element.tag}/{child.tag}"] += 1
            readers[str(element.tag)](element, number, evidence)

    # ------------------------------------------------------------------------------- artists

    def _artist(self, element: etree._Element, number: str, evidence: str) -> None:
        name = plain_name(text_of(element, "name"))
        if not name:
            self._out.reject("empty name", evidence)
            return
        members = named_in(element, "members")
        groups = named_in(element, "groups")
        realname = clean_text(text_of(element, "realname"))
        solo = bool(groups or realname) and not members
        aliases = [clean_text(item) for item in texts_of(element, "namevariations/name")]
        if realname and solo:
            aliases.append(realname)
        external = [f"discogs:{number}"]
        key = id_key(self._out.source, "artists", number)
        homepage = ""
        for address in texts_of(element, "urls/url"):
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
        self._profile(element, key, evidence)
        for other, label in members:
            self._say.link(
                key,
                "hasMember",
                self._other(other, label, "Person", evidence),
                f"{evidence}/members",
            )
        for other, label in groups:
            self._say.link(
                key, "memberOf", self._other(other, label, "Band", evidence), f"{evidence}/groups"
            )
        for other, label in named_in(element, "aliases"):
            # another stage name of the same person, with a page and a career of its own
            self._say.link(
                key,
                "associatedWith",
                self._other(other, label, "Artist", evidence),
                f"{evidence}/aliases",
            )

    def _other(self, number: str, name: str, type_: str, evidence: str) -> str:
        name = plain_name(name)
        if not number:
            return self._out.mention(type_, name, evidence=evidence)
        return self._out.record(
            id_key(self._out.source, "artists", number),
            "SoloArtist" if type_ == "Person" else type_,
            name,
            record_id=number,
            evidence=evidence,
            external_ids=[f"discogs:{number}"],
        )

    # -------------------------------------------------------------------------------- labels

    def _label(self, element: etree._Element, number: str, evidence: str) -> None:
        name = plain_name(text_of(element, "name"))
        if not name:
            self._out.reject("empty name", evidence)
            return
        key = self._label_record(number, name, evidence)
        for address in texts_of(element, "urls/url"):
            if "://" in address and not external_id(address):
                self._say.say(key, "homepage", address.replace(" ", "%20"), f"{evidence}/urls")
                break
        self._profile(element, key, evidence)
        parent = element.find("parentLabel")
        if parent is not None and (parent.text or "").strip():
            other = self._label_record(
                parent.get("id") or "", plain_name(parent.text or ""), evidence
            )
            self._say.link(key, "parentLabel", other, f"{evidence}/parentLabel")
        for child in element.iterfind("sublabels/label"):
            if (child.text or "").strip():
                other = self._label_record(
                    child.get("id") or "", plain_name(child.text or ""), evidence
                )
                self._say.link(other, "parentLabel", key, f"{evidence}/sublabels")

    def _label_record(self, number: str, name: str, evidence: str) -> str:
        if not number:
            return self._out.mention("RecordLabel", name, evidence=evidence)
        key = id_key(self._out.source, "labels", number)
        return self._out.record(key, "RecordLabel", name, record_id=number, evidence=evidence)

    # --------------------------------------------------------------------- masters, releases

    def _master(self, element: etree._Element, number: str, evidence: str) -> None:
        key = self._work(element, "masters", number, evidence)
        year = text_of(element, "year")
        if key and year and year != "0":
            self._say.say(key, "releaseDate", year, f"{evidence}/year")

    def _release(self, element: etree._Element, number: str, evidence: str) -> None:
        key = self._work(element, "releases", number, evidence)
        if key is None:
            return
        if released := text_of(element, "released"):
            self._say.say(key, "releaseDate", released, f"{evidence}/released")
        if country := text_of(element, "country"):
            self._country(key, country, f"{evidence}/country")
        for label in element.iterfind("labels/label"):
            name = plain_name(label.get("name") or "")
            if name and not name.casefold().startswith("not on label"):
                other = self._label_record(label.get("id") or "", name, evidence)
                self._say.link(key, "recordLabel", other, f"{evidence}/labels")
        for artist in element.iterfind("extraartists/artist"):
            self._credit(key, artist, f"{evidence}/extraartists")
        for company in element.iterfind("companies/company"):
            if text_of(company, "entity_type_name") in {"Recorded At", "Recorded By"}:
                place = plain_name(text_of(company, "name"))
                self._say.say(key, "recordedIn", place, f"{evidence}/companies", type_="Place")
        tracks = [item for item in element.iterfind("tracklist/track") if text_of(item, "position")]
        for index, track in enumerate(tracks, 1):
            self._track(key, element, track, index, f"{evidence}/tracklist/{index}")

    def _work(
        self, element: etree._Element, collection: str, number: str, evidence: str
    ) -> str | None:
        title = clean_text(text_of(element, "title"))
        if not title:
            self._out.reject("empty name", evidence)
            return None
        key = id_key(self._out.source, collection, number)
        self._out.record(key, "Album", title, record_id=number, evidence=evidence)
        for artist in element.iterfind("artists/artist"):
            self._performer(key, artist, f"{evidence}/artists")
        for genre in texts_of(element, "genres/genre"):
            self._say.say(key, "genre", genre, f"{evidence}/genres")
        for style in texts_of(element, "styles/style"):
            self._say.say(key, "genre", style, f"{evidence}/styles")
        return key

    def _performer(self, key: str, artist: etree._Element, evidence: str) -> None:
        number, name = text_of(artist, "id"), text_of(artist, "name")
        if number in _NOBODY or not name:
            self._out.counts["credits to nobody in particular"] += 1
            return
        self._say.link(key, "performer", self._other(number, name, "Artist", evidence), evidence)

    def _country(self, key: str, text: str, evidence: str) -> None:
        """A release's country; several are joined by '&', and regions are no countries."""
        for part in re.split(r"\s*(?:&|,| and )\s*", text):
            if country_name(part):
                self._say.say(key, "country", part, evidence)
            elif part:
                self._out.counts[f"no country: {part}"] += 1

    def _credit(self, key: str, artist: etree._Element, evidence: str) -> None:
        number, name = text_of(artist, "id"), text_of(artist, "name")
        if number in _NOBODY or not name or text_of(artist, "tracks"):
            return
        for role in roles_of(text_of(artist, "role")):
            if role.predicate is None:
                self._out.counts[f"unknown role: {role.text}"] += 1
            elif role.predicate == "instrument":
                other = self._other(number, name, "Artist", evidence)
                self._say.say(other, "instrument", role.text.lower(), evidence)
            else:
                other = self._other(number, name, "Artist", evidence)
                self._say.link(key, role.predicate, other, evidence)

    def _track(
        self,
        album: str,
        release: etree._Element,
        track: etree._Element,
        index: int,
        evidence: str,
    ) -> None:
        title = clean_text(text_of(track, "title"))
        if not title:
            return
        song = self._out.mention("Song", title, evidence=evidence, owner=album)
        self._say.link(song, "onAlbum", album, evidence)
        self._say.say(song, "trackNumber", str(index), evidence)
        if duration := text_of(track, "duration"):
            self._say.say(song, "duration", duration, evidence)
        artists = track.findall("artists/artist") or release.findall("artists/artist")
        for artist in artists:
            self._performer(song, artist, evidence)
        for artist in track.iterfind("extraartists/artist"):
            self._credit(song, artist, f"{evidence}/extraartists")

    def _profile(self, element: etree._Element, key: str, evidence: str) -> None:
        text = clean_text(_MARKUP.sub(lambda found: found[1] or "", text_of(element, "profile")))
        if text:
            self._say.say(key, "description", text, f"{evidence}/profile")
