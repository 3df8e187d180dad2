"""Read MusicBrainz's JSON dump of artists in one pass: link candidates and their facts.

An artist's line holds all its facts, including the names of related artists.
"""

from __future__ import annotations

import json
import re
import tarfile
import tomllib
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import quote

from pydantic import Field

from kg_builder.alignment.dump_contents import Fact, Gathered, Thing, Wanted, forget_names, keys_of
from kg_builder.alignment.dump_lines import CUT_OFF, NO_ENTITY, TOO_MANY, Faults, lines
from kg_builder.alignment.dump_names import Namesakes, Spellings
from kg_builder.alignment.dump_reader import DumpReader
from kg_builder.databases import MUSICBRAINZ, external_id
from kg_builder.ontology import Schema, curie
from kg_builder.packed_files import CutOffError, open_dump
from kg_builder.progress import Progress, silent

SITE: Final = "https://musicbrainz.org/"
_TABLE: Final[dict[str, dict[str, str]]] = tomllib.loads(
    resources.files("kg_builder.alignment").joinpath("musicbrainz.toml").read_text("utf-8")
)
_NAME: Final = re.compile(rb'"(?:name|sort-name)":\s*"((?:[^"\\]|\\.)*)"')
_ID: Final = re.compile(rb'"id":\s*"([0-9a-f-]{36})"')
_ADDRESS_END: Final = re.compile(rb'"resource":\s*"[^"]*/([^"/]+)"')
_TAR: Final = b"ustar"


class MusicBrainzJson(DumpReader):
    """A JSON dump of MusicBrainz' artists: `artist.tar.xz`, or its file `mbdump/artist`."""

    format: Literal["musicbrainz-json"] = "musicbrainz-json"
    max_namesakes: int = Field(
        10, ge=1, description="Artists kept per name, those with the most relations."
    )

    def gather(
        self,
        path: Path,
        wanted: Wanted,
        schema: Schema,
        *,
        second_hop: frozenset[str] = frozenset(),
        progress: Progress = silent,
    ) -> Gathered:
        """Read the dump in one pass; see `gather_musicbrainz`."""
        return gather_musicbrainz(self, path, wanted, schema, progress=progress)


def gather_musicbrainz(
    database: MusicBrainzJson,
    path: Path,
    wanted: Wanted,
    schema: Schema,
    *,
    progress: Progress = silent,
) -> Gathered:
    """Read a dump in one pass and keep the artists with one of our names or ids.

    Raises:
        DataError: there is no such file.
    """
    faults = Faults()
    spellings = Spellings(wanted.keys)
    namesakes = Namesakes[str](database.max_namesakes)
    kept: dict[str, _Artist] = {}
    number = 0
    wanted_ids = frozenset(one.partition(":")[2].encode() for one in wanted.ids)
    for number, line in _artists(path, faults):
        if number % 10_000 == 0:
            progress(number)
        tokens = [*_ID.findall(line), *_ADDRESS_END.findall(line)] if wanted_ids else ()
        if wanted_ids.isdisjoint(tokens) and not spellings.perhaps_ours(_NAME.findall(line)):
            continue
        try:
            artist = _Artist(json.loads(line), number)
        except (ValueError, KeyError, TypeError, AttributeError):
            shown = line[:200].decode("utf-8", "replace")
            faults.add(NO_ENTITY, f"{path.name}#line={number}", shown)
            continue
        forget_names(20_000)
        keys = {key for name in artist.names for key in keys_of(name) if key in wanted.keys}
        if not wanted.ids.isdisjoint((artist.id, *artist.same_as)):
            namesakes.keep(artist.id)
        for gone, name in namesakes.enter(artist.id, artist.weight, keys):
            kept.pop(gone, None)
            faults.add(TOO_MANY, path.name, f"{gone} {name}")
        if artist.id in namesakes:
            kept[artist.id] = artist
    things: dict[str, Thing] = {key: artist.thing() for key, artist in kept.items()}
    facts: list[Fact] = []
    for artist in kept.values():
        for fact, other in artist.facts():
            if fact.predicate in schema.predicates and (
                database.predicates is None or fact.predicate in database.predicates
            ):
                facts.append(fact)
                if other is not None:
                    things.setdefault(other.id, other).roles[f"o:{fact.foreign}"] += 1
    return Gathered(things, set(kept), facts, number, faults)


class _Artist:
    """An artist of a dump: `document` is its line, the `line`-th of the file."""

    def __init__(self, document: dict[str, Any], line: int) -> None:
        self._document, self._line = document, line
        self.id = f"musicbrainz:{document['id']}"
        aliases = [alias["name"] for alias in document.get("aliases") or ()]
        self.names = list(dict.fromkeys([document["name"], *aliases]))
        self.relations = document.get("relations") or []
        self.weight = len(self.relations) + len(document.get("tags") or ())
        self.same_as = tuple(dict.fromkeys(self._same_as()))

    def thing(self) -> Thing:
        """The artist as a database entry."""
        thing = Thing(self.id, self.names[0], same_as=self.same_as)
        thing.aliases = set(self.names[1:])
        thing.description = self._document.get("disambiguation") or ""
        thing.classes = {"Artist", _TABLE["types"].get(self._document.get("type") or "", "Artist")}
        for relation in self.relations:
            thing.roles[f"s:{SITE}relationship/{relation.get('type')}"] += 1
        return thing

    def facts(self) -> Iterator[tuple[Fact, Thing | None]]:
        """Its facts, each with the related entry, or None for a literal."""
        begin, area = self._either("begin-area"), self._document.get("area")
        person = self._document.get("type") == "Person"
        if begin:
            yield self._about("birthPlace" if person else "origin", "begin-area", _area(begin))
        if area:
            home = _area(area)
            country = "Country" in home.classes
            yield self._about("country" if country else "origin", "area", home)
        if person and (end := self._either("end-area")):
            yield self._about("deathPlace", "end-area", _area(end))
        span = self._document.get("life-span") or {}
        for name, predicate in (("begin", "beginDate"), ("end", "endDate")):
            if span.get(name):
                yield self._literal(predicate, f"life-span/{name}", span[name]), None
        genres = self._document.get("genres") or []
        for genre in genres:
            yield self._about(
                "genre", "genre", _thing("genre", genre["id"], genre["name"], "Genre")
            )
        genre_names = {genre["name"] for genre in genres}
        for tag in self._document.get("tags") or ():
            if tag["name"] not in genre_names and tag.get("count", 1) > 0:
                one = _thing("tag", quote(tag["name"], safe=""), tag["name"], "Tag")
                yield self._about("tag", "tag", one)
        for relation in self.relations:
            yield from self._related(relation)

    def _related(self, relation: dict[str, Any]) -> Iterator[tuple[Fact, Thing | None]]:
        kind = str(relation.get("type"))
        if kind == "official homepage" and relation.get("url"):
            yield self._literal("homepage", f"url/{kind}", relation["url"]["resource"]), None
        other = relation.get("artist")
        target = _TABLE[relation.get("direction") or "forward"].get(kind)
        if other and target:
            thing = Thing(f"musicbrainz:{other['id']}", other["name"])
            thing.classes = {_TABLE["types"].get(other.get("type") or "", "Artist")}
            yield self._about(target, f"relationship/{kind}", thing)

    def _about(self, predicate: str, foreign: str, other: Thing) -> tuple[Fact, Thing]:
        one, two = (other.id, self.id) if predicate.startswith("^") else (self.id, other.id)
        fact = Fact(one, predicate.lstrip("^"), two, False, self._line, SITE + foreign)
        return fact, other

    def _literal(self, predicate: str, foreign: str, value: str) -> Fact:
        return Fact(self.id, predicate, value, True, self._line, SITE + foreign)

    def _either(self, name: str) -> dict[str, Any] | None:
        """Get a JSON member by its current name or by that of earlier dumps, with underscores."""
        found = self._document.get(name) or self._document.get(name.replace("-", "_"))
        return found if isinstance(found, dict) else None

    def _same_as(self) -> Iterator[str]:
        for relation in self.relations:
            address = (relation.get("url") or {}).get("resource") or ""
            found = external_id(address)
            if found and not found.startswith(f"{MUSICBRAINZ.name}:"):
                yield found


def _area(area: dict[str, Any]) -> Thing:
    country = bool(area.get("iso-3166-1-codes")) or area.get("type") == "Country"
    return _thing("area", area["id"], area["name"], "Country" if country else "Place")


def _thing(kind: str, key: str, name: str, class_: str) -> Thing:
    thing = Thing(curie(f"{SITE}{kind}/{key}"), name)
    thing.classes = {class_}
    return thing


def _artists(path: Path, faults: Faults) -> Iterator[tuple[int, bytes]]:
    """Yield the lines of `mbdump/artist`, unpacked or within the published archive."""
    with open_dump(path) as file:
        archived = file.peek(262)[257:262] == _TAR
    if not archived:
        yield from lines(path, faults)
        return
    number = 0
    try:
        with open_dump(path) as file, tarfile.open(fileobj=file, mode="r|") as archive:
            for member in archive:
                if not member.isfile() or not member.name.startswith("mbdump/"):
                    continue
                content = archive.extractfile(member)
                if content is None:
                    continue
                for line in content:
                    number += 1
                    yield number, line.rstrip(b"\n")
    except (CutOffError, tarfile.ReadError) as fault:
        faults.add(CUT_OFF, f"{path.name}#line={number + 1}", str(fault))
