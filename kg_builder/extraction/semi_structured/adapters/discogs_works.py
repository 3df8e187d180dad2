"""Masters and releases of a Discogs dump: albums, their tracks and credits."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from lxml import etree

from kg_builder.extraction.assertions import Assertions
from kg_builder.extraction.keys import id_key
from kg_builder.extraction.semi_structured.adapters.discogs_names import (
    Fields,
    fields_of,
    plain_name,
    text_in,
    texts_in,
)
from kg_builder.extraction.semi_structured.adapters.discogs_people import (
    Credit,
    People,
    credits_in,
)
from kg_builder.extraction.semi_structured.adapters.discogs_roles import roles_of
from kg_builder.extraction.values import clean_text, country_name

_PLACES = frozenset({"Recorded At", "Recorded By"})
_JOINED = re.compile(r"\s*(?:&|,| and )\s*")


class Works:
    """Reads the fields of one master or release."""

    def __init__(self, say: Assertions, people: People) -> None:
        self._say, self._out, self._people = say, say.out, people

    def master(self, fields: Fields, number: str, evidence: str) -> None:
        """Add a master: the album behind its releases."""
        key, _ = self._work(fields, "masters", number, evidence)
        year = text_in(fields, "year")
        if key and year and year != "0":
            self._say.say(key, "releaseDate", year, f"{evidence}/year")

    def release(self, fields: Fields, number: str, evidence: str) -> None:
        """Add a release with its tracks."""
        key, performers = self._work(fields, "releases", number, evidence)
        if key is None:
            return
        if released := text_in(fields, "released"):
            self._say.say(key, "releaseDate", released, f"{evidence}/released")
        if country := text_in(fields, "country"):
            self._country(key, country, f"{evidence}/country")
        for label in fields.get("labels", ()):
            name = plain_name(label.get("name") or "")
            if name and not name.casefold().startswith("not on label"):
                other = self._people.label(label.get("id") or "", name, evidence)
                self._say.link(key, "recordLabel", other, f"{evidence}/labels")
        self._credits(key, fields.get("extraartists", ()), f"{evidence}/extraartists")
        for company in map(fields_of, fields.get("companies", ())):
            if text_in(company, "entity_type_name") in _PLACES:
                place = plain_name(text_in(company, "name"))
                self._say.say(key, "recordedIn", place, f"{evidence}/companies", type_="Place")
        tracks = _tracks(fields.get("tracklist", ()))
        for index, track in enumerate(tracks, 1):
            self._track(key, performers, track, index, f"{evidence}/tracklist/{index}")

    def _work(
        self, fields: Fields, collection: str, number: str, evidence: str
    ) -> tuple[str | None, list[str]]:
        """(key, keys of the performers)"""
        title = clean_text(text_in(fields, "title"))
        if not title:
            self._out.reject("empty name", evidence)
            return None, []
        key = id_key(self._out.source, collection, number)
        self._out.record(key, "Album", title, record_id=number, evidence=evidence)
        performers = self._performers(fields.get("artists", ()), evidence)
        for artist in performers:
            self._say.link(key, "performer", artist, f"{evidence}/artists")
        for listing in ("genres", "styles"):
            for genre in texts_in(fields, listing):
                self._say.say(key, "genre", genre, f"{evidence}/{listing}")
        return key, performers

    def _performers(self, listing: Iterable[etree._Element], evidence: str) -> list[str]:
        found = []
        for credit in credits_in(listing):
            if credit.is_somebody:
                found.append(self._artist(credit, evidence))
            else:
                self._out.counts["credits to nobody in particular"] += 1
        return found

    def _artist(self, credit: Credit, evidence: str) -> str:
        return self._people.artist(credit.number, credit.name, "Artist", evidence)

    def _country(self, key: str, text: str, evidence: str) -> None:
        """A release's country; several are joined by '&', and regions are no countries."""
        for part in _JOINED.split(text):
            if country_name(part):
                self._say.say(key, "country", part, evidence)
            elif part:
                self._out.counts[f"no country: {part}"] += 1

    def _credits(self, key: str, listing: Iterable[etree._Element], evidence: str) -> None:
        """State what people did for a work; credits for some tracks of a release are left out."""
        for credit in credits_in(listing):
            if not credit.is_somebody:
                self._out.counts["credits to nobody in particular"] += 1
                continue
            if credit.tracks:
                self._out.counts["credits for some tracks only"] += 1
                continue
            for role in roles_of(credit.role):
                if role.predicate is None:
                    self._out.counts[f"unknown role: {role.text}"] += 1
                elif role.predicate == "instrument":
                    artist = self._artist(credit, evidence)
                    self._say.say(artist, "instrument", role.text.lower(), evidence)
                else:
                    self._say.link(key, role.predicate, self._artist(credit, evidence), evidence)

    def _track(
        self, album: str, performers: list[str], track: Fields, index: int, evidence: str
    ) -> None:
        title = clean_text(text_in(track, "title"))
        if not title:
            self._out.counts["tracks without a title"] += 1
            return
        song = self._out.mention("Song", title, evidence=evidence, owner=album)
        self._say.link(song, "onAlbum", album, evidence)
        self._say.say(song, "trackNumber", str(index), evidence)
        if duration := text_in(track, "duration"):
            self._say.say(song, "duration", duration, evidence)
        if "artists" in track:
            performers = self._performers(track["artists"], evidence)
        for artist in performers:
            self._say.link(song, "performer", artist, evidence)
        if "extraartists" in track:
            self._credits(song, track["extraartists"], f"{evidence}/extraartists")


def _tracks(listing: Iterable[etree._Element]) -> Iterator[Fields]:
    """Tracks with a position, those below a heading included; headings have none."""
    for track in map(fields_of, listing):
        if text_in(track, "position"):
            yield track
        yield from _tracks(track.get("sub_tracks", ()))
