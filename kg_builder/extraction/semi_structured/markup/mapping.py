"""Map parsed schema.org nodes to records and statements of the data model."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import unquote

from kg_builder.credits import is_featuring
from kg_builder.databases import NoIdError, address_id, column_id
from kg_builder.extraction.collector import Collector
from kg_builder.extraction.objects import Assertions, read_name, why_not
from kg_builder.extraction.semi_structured.markup.nodes import (
    ALIASES,
    BACK,
    CONTAINERS,
    DESCRIBING,
    GROUP_ONLY,
    MANY,
    MAX_DEPTH,
    MERGED,
    MORE_CLASSES,
    MUSIC_ONLY,
    NAMES,
    OF_ROLES,
    OLD_NAMES,
    PAGE,
    PARTS,
    ROLES,
    SCHEMA_ORG,
    WRAPPERS,
    Node,
    Text,
    absolute,
    without_vocabulary,
)
from kg_builder.extraction.values import (
    clean_text,
    country_name,
    dated_award,
    decoded,
    is_no_name,
)
from kg_builder.extraction.values.text import fold
from kg_builder.ontology import Schema, curie

_SEPARATORS: Final = re.compile(r"[,;|]")
_ONLY_ID: Final = re.compile(
    r"(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[QL]\d+|[A-Za-z0-9]{22}"
)
"""What names nothing to a reader: MBIDs, ids of Wikidata and Spotify."""

_ORGANIZATIONS = frozenset(
    SCHEMA_ORG + name
    for name in ("MusicGroup", "Organization", "Corporation", "LocalBusiness", "PerformingGroup")
)


class NodeMapper:
    """Convert parsed nodes to records and statements of a collector.

    Args:
        out: collects records and statements.
        file: path of the page below the raw folder, for evidence.
        method: syntax of the nodes.
        confidence: confidence of the statements.
        address: base address of the page, or '' if unknown.
    """

    def __init__(
        self, out: Collector, file: str, *, method: str, confidence: float, address: str = ""
    ) -> None:
        self.out, self._file, self._address_of_page = out, file, address
        self._say = Assertions(out, method, confidence)
        self._done: dict[int, str | None] = {}
        self._artists: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._releases_of_albums: set[int] = set()
        """Nodes of releases that an album names: facts about it, not albums of their own."""

    def add(self, nodes: list[Node]) -> int:
        """Add the entities of a page; returns their number."""
        if self._address_of_page:
            seen: set[int] = set()
            for node in nodes:
                _resolve_ids(node, self._address_of_page, seen)
        self._find_releases(nodes)
        for node in nodes:
            if id(node) not in self._releases_of_albums:
                self._thing(node, None, 0)
        return sum(key is not None for key in self._done.values())

    def _find_releases(self, nodes: list[Node]) -> None:
        todo, seen = list(nodes), set[int]()
        while todo:
            node = todo.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            for name, values in node.properties.items():
                inner = [value for value in values if isinstance(value, Node)]
                if name == SCHEMA_ORG + "albumRelease":
                    self._releases_of_albums.update(map(id, inner))
                todo += inner

    # -------------------------------------------------------------------------------- things

    def _thing(
        self, node: Node, wanted: tuple[str, ...] | None, depth: int, owner: str = ""
    ) -> str | None:
        """Get or create the record of a node; `wanted` are the classes allowed in its context."""
        if id(node) in self._done:
            return self._done[id(node)]
        self._done[id(node)] = None
        if depth > MAX_DEPTH:
            return None
        if (album := self._album_of(node, depth)) is not None:
            return album
        type_ = self._type(node, wanted)
        name = clean_text(node.first(*NAMES))
        if not name and wanted is not None and not node.properties:
            name = _name_in(node.id) if node.id else ""  # only referred to
        if type_ is None or not name:
            if wanted is None:
                self._inside(node, depth)
            if type_ is not None and (node.properties or (wanted and node.id)):
                detail = f"{type_} {node.id}".strip()
                self.out.reject("thing without a name", self._evidence(node.pointer), detail)
            return None
        evidence = self._evidence(node.pointer)
        if is_no_name(name, type_):
            self.out.reject(why_not(name, type_.lower(), type_), evidence, name)
            return None
        same = self._same(node)
        key = self._key(node, type_, name, owner, top=wanted is None)
        self.out.record(
            key,
            type_,
            name,
            evidence=evidence,
            aliases=[
                alias
                for text in node.texts(*NAMES[:1], *ALIASES)
                if (alias := clean_text(text.value)) and alias != name
            ],
            external_ids=same,
        )
        self._done[id(node)] = key
        self._names[key] = name
        self._artists[key] = fold(clean_text(node.first("byArtist")))
        self._properties(node, key, type_, depth)
        return key

    def _album_of(self, release: Node, depth: int) -> str | None:
        """The album of a release that names it; what is said of the release is said of the album.

        None if the node is no such release.
        """
        if SCHEMA_ORG + "MusicRelease" not in release.types:
            return None
        for value in release.properties.get(SCHEMA_ORG + "releaseOf", []):
            if isinstance(value, Node) and (key := self._thing(value, ("Album",), depth + 1)):
                self._done[id(release)] = key
                self._properties(release, key, "Album", depth)
                return key
        return None

    def _key(self, node: Node, type_: str, name: str, owner: str, *, top: bool) -> str:
        source = self.out.source
        if node.id and "://" in node.id:
            return f"{source}/{address_id(node.id) or curie(node.id)}"
        if node.id:
            return f"{source}/{self._file}#{node.id.lstrip('#')}"
        if top:
            return f"{source}/{self._file}#{node.pointer}"
        return self.out.mention(type_, name, evidence=self._evidence(node.pointer), owner=owner)

    def _type(self, node: Node, wanted: tuple[str, ...] | None) -> str | None:
        schema = self.out.schema
        found = []
        for name in node.types:
            class_ = schema.class_of.get(name) or MORE_CLASSES.get(name.removeprefix(SCHEMA_ORG))
            if class_:
                found.append(class_)
            elif name.removeprefix(SCHEMA_ORG) not in WRAPPERS:
                self.out.counts[f"unknown class: {curie(name)}"] += 1
        if SCHEMA_ORG + "MusicGroup" in node.types and not self._has(node, GROUP_ONLY):
            # in schema.org this is "a musical group ... or a solo musician"
            found = ["Artist" if name == "Band" else name for name in found]
        if "Person" in found and (self._has(node, MUSIC_ONLY) or "Artist" in found):
            found.append("SoloArtist")
        allowed = [
            name
            for name in found
            if wanted is None or any(schema.compatible(name, other) for other in wanted)
        ]
        if allowed:
            deepest = schema.most_specific(allowed)
            return meet(schema, deepest, wanted[0]) if wanted else deepest
        if wanted is not None and not found:
            return wanted[0]
        if found and wanted is not None:
            self.out.reject(
                "thing of the wrong class",
                self._evidence(node.pointer),
                f"{schema.most_specific(found)} instead of {' or '.join(wanted)}",
            )
        return None

    @staticmethod
    def _has(node: Node, names: tuple[str, ...]) -> bool:
        return any(SCHEMA_ORG + name in node.properties for name in names)

    def _same(self, node: Node) -> list[str]:
        same = node.properties.get(SCHEMA_ORG + "sameAs", [])
        addresses = [
            node.id,
            *(value.id for value in same if isinstance(value, Node)),
            *(text.value for text in node.texts("sameAs", "mainEntityOfPage")),
        ]
        found = [short for address in addresses if address and (short := address_id(address))]
        for text in node.texts("isrcCode"):
            try:
                short = column_id(
                    "isrc", text.value, column="", type_="Song", classes=self.out.schema
                )
            except NoIdError as fault:
                evidence = self._evidence(text.pointer)
                self.out.reject(str(fault), evidence, f"isrcCode={text.value}")
            else:
                found.append(short)
        return found

    def _inside(self, node: Node, depth: int) -> None:
        """Search for entities inside a node that is not one: lists, pages, search results."""
        for name in (*CONTAINERS, *MUSIC_ONLY, "byArtist", "performer"):
            self._each(node.properties.get(SCHEMA_ORG + name, []), depth)

    def _each(self, values: list[Node | Text], depth: int) -> None:
        for value in values:
            if isinstance(value, Node):
                self._thing(value, None, depth + 1)

    # ---------------------------------------------------------------------------- properties

    def _properties(self, node: Node, key: str, type_: str, depth: int) -> None:
        for iri, values in node.properties.items():
            if iri not in DESCRIBING:
                self._field(node, key, type_, _intended(iri), values, depth)
        if self.out.schema.is_a(type_, "Place"):
            self._address(node, key)

    def _field(
        self, node: Node, key: str, type_: str, iri: str, values: list[Node | Text], depth: int
    ) -> None:
        """Add the values of a node's property to a record."""
        schema, plain = self.out.schema, iri.removeprefix(SCHEMA_ORG)
        if plain in PARTS and (to := PARTS[plain].get(type_)):
            iri, plain = SCHEMA_ORG + to, to
        if plain == "location" and schema.is_a(type_, "Agent"):
            iri = SCHEMA_ORG + "foundingLocation"
        if plain == "publisher" and not self._is_record_label(node, values, type_):
            return
        if plain in MERGED:
            self._merge(key, type_, MERGED[plain], values, depth)
        elif plain in {"event", "events"}:
            for value in values:
                if isinstance(value, Node):
                    self._event(value, key, depth)
        elif iri in schema.predicate_of:
            self._property(key, type_, iri, values, depth)
        elif plain not in CONTAINERS and plain != "releaseOf":
            self.out.counts[f"unknown field: {curie(iri)}"] += len(values)

    def _property(
        self, key: str, type_: str, iri: str, values: list[Node | Text], depth: int
    ) -> None:
        """Add the values of a property that the data model maps."""
        schema, plain = self.out.schema, iri.removeprefix(SCHEMA_ORG)
        name, swapped = schema.predicate_of[iri]
        if name == "performed" and schema.is_a(type_, "Album"):
            name, swapped = "onAlbum", True  # the tracks of an album
        if self._in_place(name, swapped, type_):
            context = _Context(key, name, swapped, plain)
            for value in values:
                self._value(context, value, depth)
            return
        if plain in MUSIC_ONLY:  # the songs of a playlist
            self._each(values, depth)
            values = [value for value in values if isinstance(value, Text)]
        if values:
            self.out.counts[f"field out of place: {type_} {curie(iri)}"] += len(values)

    def _is_record_label(self, node: Node, values: list[Node | Text], type_: str) -> bool:
        """Whether a publisher is a record label.

        Not that of a film or page, nor an artist who publishes their own music.
        """
        artist = fold(clean_text(node.first("byArtist")))
        published = {
            fold(clean_text(value.first("name") if isinstance(value, Node) else value.value))
            for value in values
        }
        if not any(self.out.schema.is_a(type_, name) for name in ("Album", "Song")):
            self.out.counts[f"field out of place: {type_} schema:publisher"] += len(values)
        elif artist and published == {artist}:
            self.out.counts["published by the artist: no record label"] += len(values)
        else:
            return True
        return False

    def _merge(
        self,
        key: str,
        type_: str,
        names: tuple[str, ...],
        values: list[Node | Text],
        depth: int,
    ) -> None:
        """Merge facts about a node into another: of an album's releases its label and date."""
        for value in values:
            if isinstance(value, Node) and depth < MAX_DEPTH:
                for iri, inner in value.properties.items():
                    iri = _intended(iri)
                    plain = iri.removeprefix(SCHEMA_ORG)
                    if plain in names:
                        self._field(value, key, type_, iri, inner, depth + 1)
                    elif iri not in DESCRIBING and plain not in BACK:
                        self.out.counts[f"unknown field: {curie(iri)}"] += 1

    def _in_place(self, predicate: str, swapped: bool, type_: str) -> bool:
        """Whether the data model allows the property for the class."""
        item = self.out.schema.predicates[predicate]
        allowed = item.range if swapped else item.domain
        return not allowed or any(self.out.schema.compatible(type_, name) for name in allowed)

    def _value(self, context: _Context, value: Node | Text, depth: int) -> None:
        key, predicate, swapped = context.key, context.predicate, context.swapped
        item = self.out.schema.predicates[predicate]
        if isinstance(value, Text):
            many = predicate in MANY
            for text in _SEPARATORS.split(decoded(value.value)) if many else [value.value]:
                self._text(context, text, value.pointer)
            return
        if self._unwrap(context, value, depth):
            return
        award = value.first(*NAMES) if predicate == "award" else ""
        if dated_award(award)[1] and value.properties.keys() <= DESCRIBING:  # that of one year
            self._text(context, award, value.pointer)
            return
        if item.is_attribute:
            text = value.first("name", "url", "contentUrl") or value.id
            if text:
                text = without_vocabulary(text)
                self._say.say(key, predicate, text, self._evidence(value.pointer))
            return
        if predicate == "recordLabel" and not swapped and _is_organization(value):
            label = value.first(*NAMES)
            # schema.org's musical groups are organizations, as are labels
            if clean_text(label):
                self._say.say(
                    key,
                    predicate,
                    label,
                    self._evidence(value.pointer),
                    external_ids=self._same(value),
                )
            return
        if predicate == "performer" and not swapped and not value.id:
            credit = value.first(*NAMES)
            if is_featuring(credit):
                self._say.say(key, predicate, credit, self._evidence(value.pointer))
                return
        wanted = (item.domain if swapped else item.range) or ("Entity",)
        if item.range == ("Country",):
            name = country_name(value.first("name", "identifier")) if not swapped else None
            if name:
                self._say.say(key, predicate, name, self._evidence(value.pointer))
            return
        owner = self._owner(value, key) if predicate == "onAlbum" and not swapped else key
        other = self._thing(value, wanted, depth + 1, owner=owner)
        if other is not None:
            self._link(context, other, value.pointer)

    def _text(self, context: _Context, text: str, pointer: str) -> None:
        """State a text: a literal, or the name (or address) of an entity."""
        predicate, evidence = context.predicate, self._evidence(pointer)
        item = self.out.schema.predicates[predicate]
        if item.is_attribute:
            if item.datatype == "anyURI":
                text = absolute(self._address_of_page, text)
            if text.strip():
                text = without_vocabulary(text)
                unit = self.out.schema.units.get(context.name)
                self._say.say(context.key, predicate, text, evidence, unit=unit)
            return
        name = _name_in(text)
        if predicate == "award":
            name, years = dated_award(name)
            if years:
                context = replace(context, details={**context.details, "eventDate": years})
        if not name:
            if text.strip():
                self.out.reject("thing without a name", evidence, f"{predicate}={text}")
        elif context.swapped or context.position:
            type_ = ((item.domain if context.swapped else item.range) or ("Entity",))[0]
            name = read_name(name, type_) or ""
            if name:
                other = self.out.mention(type_, name, evidence=evidence, owner=context.key)
                self._names[other] = name
                self._link(context, other, pointer)
            else:
                self.out.reject(
                    why_not(text, type_.lower(), type_), evidence, f"{predicate}={text}"
                )
        elif found := self._say.say(context.key, predicate, name, evidence):
            self._names[found] = name
            self._describe(context, found, evidence)

    def _describe(self, context: _Context, other: str, evidence: str) -> None:
        """Add the details of a role that led to the other record."""
        ends = (other, context.key) if context.swapped else (context.key, other)
        names = self._names.get(ends[0], ""), self._names.get(ends[1], "")
        self._say.details(ends, context.predicate, names, context.details, evidence)

    def _link(self, context: _Context, other: str, pointer: str) -> None:
        ends = (other, context.key) if context.swapped else (context.key, other)
        self._say.link(ends[0], context.predicate, ends[1], self._evidence(pointer))
        self._describe(context, other, self._evidence(pointer))
        if context.predicate == "onAlbum" and context.position:
            song = ends[0]
            self._say.say(song, "trackNumber", context.position, self._evidence(pointer))

    def _owner(self, album: Node, song: str) -> str:
        """The record that scopes the title of a song's album: its artist rather than the song."""
        artist = fold(clean_text(album.first("byArtist"))) or self._artists.get(song, "")
        return f"{self.out.source}/artist/{artist}" if artist else song

    def _unwrap(self, context: _Context, value: Node, depth: int) -> bool:
        """Unwrap ItemList, ListItem and Role to the nodes inside.

        The position of a list's element is that of the song on the album, unless it tells its own.
        """
        kinds = {name.removeprefix(SCHEMA_ORG) for name in value.types}
        if not kinds & WRAPPERS:
            return False
        names = dict.fromkeys(("itemListElement", "item", *self._like(context)))
        inner = [item for name in names for item in value.properties.get(SCHEMA_ORG + name, [])]
        if not inner:
            return False
        if kinds & ROLES:
            context = replace(context, details=self._details(context, value, names))
        position = value.first("position") if "ListItem" in kinds else ""
        if depth < MAX_DEPTH:
            for item in inner:
                own = isinstance(item, Node) and item.first("position") and not _is_list_item(item)
                self._value(
                    replace(context, position="" if own else position or context.position),
                    item,
                    depth + 1,
                )
        return True

    def _details(
        self, context: _Context, role: Node, names: Container[str]
    ) -> dict[str, list[str]]:
        """Details of a role's fact; what the data model has no place for is counted."""
        found: dict[str, list[str]] = {}
        for iri, values in role.properties.items():
            plain = iri.removeprefix(SCHEMA_ORG)
            detail = self._say.detail_of(context.predicate, OF_ROLES.get(plain, ""))
            texts = [value.value for value in values if isinstance(value, Text)]
            if texts and detail:
                found.setdefault(detail, []).extend(texts)
            elif plain not in names:
                self.out.counts[f"unknown field: {curie(iri)} of a role"] += len(values)
        return found

    def _like(self, context: _Context) -> list[str]:
        """The property's name and those of the same meaning: a member's role may name either."""
        wanted = (context.predicate, context.swapped)
        others = (iri for iri, to in self.out.schema.predicate_of.items() if to == wanted)
        plain = (iri.removeprefix(SCHEMA_ORG) for iri in others if iri.startswith(SCHEMA_ORG))
        return [context.name, *sorted(plain)]

    def _event(self, value: Node, performer: str, depth: int) -> None:
        key = self._thing(value, ("Event",), depth + 1, owner=performer)
        if key is not None:
            self._say.link(key, "performer", performer, self._evidence(value.pointer))

    def _address(self, node: Node, key: str) -> None:
        """Format a place's address as town and country."""
        for value in node.properties.get(SCHEMA_ORG + "address", []):
            if not isinstance(value, Node):
                continue
            town = value.first("addressLocality")
            country = country_name(value.first("addressCountry")) or ""
            evidence = self._evidence(value.pointer)
            place = self._say.place(town, evidence) if town else None
            if place and country:
                other = self.out.mention("Country", country, evidence=evidence)
                if other != place:
                    self._say.link(place, "locatedIn", other, evidence)
            elif country:
                place = self.out.mention("Country", country, evidence=evidence)
            if place and place != key:
                self._say.link(key, "locatedIn", place, evidence)

    def _evidence(self, pointer: str) -> str:
        return f"{self._file}#{pointer}"


@dataclass(frozen=True)
class _Context:
    """The property whose value is read: of which record, which predicate, and as stated where.

    Attributes:
        key: the record.
        predicate: in the data model.
        swapped: whether the record is the predicate's object.
        name: the property's name in schema.org.
        position: number of the value in its list, or ''.
        details: texts of details of the fact, by predicate.
    """

    key: str
    predicate: str
    swapped: bool
    name: str
    position: str = ""
    details: Mapping[str, list[str]] = field(default_factory=dict)


def _intended(iri: str) -> str:
    """A property; for a renamed or often confused one of schema.org the one that is meant."""
    plain = iri.removeprefix(SCHEMA_ORG)
    return SCHEMA_ORG + OLD_NAMES.get(plain, plain) if iri.startswith(SCHEMA_ORG) else iri


def _is_list_item(node: Node) -> bool:
    return SCHEMA_ORG + "ListItem" in node.types


def _is_organization(node: Node) -> bool:
    return not _ORGANIZATIONS.isdisjoint(node.types)


def _name_in(text: str) -> str:
    """A text as a name: of an address its readable end, or '' if that is only a number or id."""
    text = text.strip()
    if text.startswith(("http://", "https://")) or PAGE.match(text):
        last = unquote(re.split(r"[/#]", text.rstrip("/#"))[-1])
        if not any(map(str.isalpha, last)) or _ONLY_ID.fullmatch(last):
            return ""
        return re.sub(r"\.html?$", "", last).replace("_", " ").replace("-", " ")
    return "" if text.startswith(("_:", "#")) else text


def _resolve_ids(node: Node, page: str, seen: set[int]) -> None:
    """Make relative ids absolute, except fragments, which are local to the page."""
    todo = [node]
    while todo:
        one = todo.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if one.id.startswith(("/", "./", "../")):
            one.id = absolute(page, one.id)
        todo += [v for values in one.properties.values() for v in values if isinstance(v, Node)]


def meet(schema: Schema, one: str, other: str) -> str:
    """The most general common subclass: a person who is an artist is a solo artist."""
    if schema.is_a(one, other):
        return one
    if schema.is_a(other, one):
        return other
    shared = [
        name for name in schema.classes if schema.is_a(name, one) and schema.is_a(name, other)
    ]
    return min(shared, key=lambda name: (len(schema.ancestors(name)), name), default=one)
