"""Read an RDF file into records and statements, mapping its vocabulary to the data model."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import IO, Final, cast
from urllib.parse import unquote

import pyoxigraph as ox

from kg_builder.databases import NoIdError, address_id, column_id
from kg_builder.errors import DataError
from kg_builder.extraction.collector import Collector
from kg_builder.extraction.objects import Assertions
from kg_builder.extraction.semi_structured.markup.nodes import MANY
from kg_builder.extraction.structured.columns import UNKNOWN_VALUE, Types, readable_iri
from kg_builder.extraction.structured.config import RdfTable, TypeColumn
from kg_builder.extraction.structured.rdf_vocabulary import (
    ABOUT,
    AGENTS,
    ALIASES,
    ALWAYS_FOR,
    BETWEEN,
    COLUMN_PREFIXES,
    DESCRIBING,
    DETAILS,
    ELEMENTS,
    FIRST,
    GROUPS,
    IDS,
    ITEM,
    MEMBERSHIP,
    MUSIC_GROUP,
    NAMES,
    OF_GROUPS,
    OF_PAGES,
    PARTS_OF_NAMES,
    POSITION,
    REST,
    SAME,
    STANDS_FOR,
    TIME,
    TYPES,
    with_https,
)
from kg_builder.extraction.values import clean_text, dated_award
from kg_builder.extraction.xml_safety import CheckedStream, checked_blocks
from kg_builder.ontology import Schema, curie
from kg_builder.packed_files import ENDINGS, Stream, open_binary, without_packing

_RANDOM: Final = re.compile(r"[0-9a-f]{16,32}")
METHOD: Final = "rdf"
_CHAIN: Final = 8
"""Maximum number of descriptions of one thing that lead to each other, or of nested lists."""

_SEPARATORS: Final = re.compile(r"[,;|]")
_FORMATS: Final = {
    ".nt": ox.RdfFormat.N_TRIPLES,
    ".nq": ox.RdfFormat.N_QUADS,
    ".ttl": ox.RdfFormat.TURTLE,
    ".trig": ox.RdfFormat.TRIG,
    ".n3": ox.RdfFormat.N3,
    ".rdf": ox.RdfFormat.RDF_XML,
    ".owl": ox.RdfFormat.RDF_XML,
    ".xml": ox.RdfFormat.RDF_XML,
    ".jsonld": ox.RdfFormat.JSON_LD,
}

Node = ox.NamedNode | ox.BlankNode


def read_rdf(name: str, table: RdfTable, out: Collector, root: Path) -> None:
    """Read a file's triples in two passes: names and types first, then statements.

    Raises:
        DataError: no such file, an unknown suffix, a syntax error.
    """
    path = root / table.path
    _Reader(name, table, out, path).read()


class _Reader:
    def __init__(self, name: str, table: RdfTable, out: Collector, path: Path) -> None:
        self._name, self._table, self._out, self._path = name, table, out, path
        self._names: dict[str, tuple[int, str]] = {}
        self._aliases: dict[str, dict[str, None]] = {}
        self._types: dict[str, set[str]] = {}
        self._types_stated: set[str] = set()
        self._same: dict[str, dict[str, None]] = {}
        self._told: dict[str, str] = {}
        self._parts: dict[str, dict[int, str]] = {}
        self._ids: dict[str, list[tuple[str, str, str]]] = {}
        self._other: dict[str, str] = {}
        """Node → the node whose facts it states, with conditions not yet checked."""
        self._always: set[str] = set()
        self._pages: set[str] = set()
        """Nodes of articles about an entity, whose language is not its own."""
        self._between: set[str] = set()
        """Nodes of roles, lists and memberships."""
        self._edges: dict[str, dict[str, list[Node | ox.Literal]]] = {}
        self._waiting: list[tuple[str, str, Node]] = []
        """(subject, property, node between) of statements that lead through such nodes"""
        self._refused: set[str] = set()
        self._alike: dict[str, list[str]] = {}
        self._type_of = _property(table.type, out.schema, name)
        self._predicate_of = _both_schemes(out.schema)
        self._say = Assertions(out, METHOD, table.confidence)

    def read(self) -> None:
        for subject, predicate, object_ in self._triples():
            self._describe(_id(subject), predicate, object_)
            self._out.counts[f"{self._name}: triples read"] += 1
        self._complete()
        for subject, predicate, object_ in self._triples():
            self._read_triple(_id(subject), predicate, object_)
        for node, property_, between in self._waiting:
            for target, position, details in self._through(between, property_, 0):
                self._state(node, property_, target, position, details)
        self._memberships()
        for node in self._names:
            if not (node in self._other or node in self._between or node in self._pages):
                self._record(node)

    def _read_triple(self, subject: str, predicate: str, object_: Node | ox.Literal) -> None:
        if subject in self._pages:
            return
        if subject in self._between:
            if predicate not in TYPES:
                self._edges.setdefault(subject, {}).setdefault(with_https(predicate), []).append(
                    object_
                )
        elif predicate in self._predicate_of:
            node = self._whose(subject)
            if not isinstance(object_, ox.Literal) and _id(object_) in self._between:
                self._waiting.append((node, predicate, object_))
            else:
                self._state(node, predicate, object_)
        elif with_https(predicate) == MEMBERSHIP and not isinstance(object_, ox.Literal):
            edges = self._edges.setdefault(_id(object_), {})
            edges.setdefault(MEMBERSHIP, []).append(
                ox.NamedNode(subject) if "://" in subject else ox.BlankNode(subject[2:])
            )
        elif (
            predicate not in DESCRIBING
            and predicate not in self._type_of
            and with_https(predicate) not in STANDS_FOR
        ):
            self._out.counts[f"unknown field: {curie(predicate)}"] += 1

    def _complete(self) -> None:
        """Find the names that are stated in parts, and the nodes that describe another's thing."""
        for node, parts in self._parts.items():
            if node not in self._names:
                name = " ".join(text for _, text in sorted(parts.items()))
                self._names[node] = (0, name)
        for node, others in self._aliases.items():
            if node not in self._names:
                self._names[node] = (0, next(iter(others)))
        for node in list(self._other):
            described = node in self._names and node in self._types_stated
            if described and node not in self._always:
                del self._other[node]
        for node in self._other:
            other = self._whose(node)
            if node in self._names:
                self._names.setdefault(other, self._names[node])
            if node in self._types_stated and other not in self._types_stated:
                self._types.setdefault(other, set()).update(self._types[node])

    def _whose(self, node: str) -> str:
        """The node whose thing a node describes: mostly itself."""
        for _ in range(_CHAIN):
            if node not in self._other:
                return node
            node = self._other[node]
        return node

    def _through(
        self, between: Node | ox.Literal, property_: str, depth: int
    ) -> Iterator[tuple[Node | ox.Literal, str, dict[str, list[str]]]]:
        """The values that a role or list leads to, their positions in the list, and details."""
        node = "" if isinstance(between, ox.Literal) else _id(between)
        if node not in self._between or depth > _CHAIN:
            yield between, "", {}
            return
        if FIRST in self._edges.get(node, {}):
            for value in self._listed(node):
                yield from self._through(value, property_, depth + 1)
            return
        like = (ELEMENTS, ITEM, *self._like(property_))
        edges = self._edges.get(node, {})
        values = [value for name in like for value in edges.get(name, [])]
        positions = [str(value.value) for value in edges.get(POSITION, [])]
        if not values:
            self._refuse(node)
        details = self._details(node, self._predicate_of[property_][0], {*like, POSITION})
        for value in values:
            for target, own, further in self._through(value, property_, depth + 1):
                yield target, own or (positions[0] if positions else ""), {**details, **further}

    def _details(self, node: str, predicate: str, known: Container[str]) -> dict[str, list[str]]:
        """Details of a fact that leads through a node; others, but known ones, are counted."""
        found: dict[str, list[str]] = {}
        for name, values in self._edges.get(node, {}).items():
            detail = self._say.detail_of(predicate, DETAILS.get(name, ""))
            texts = [value.value for value in values if isinstance(value, ox.Literal)]
            if name == TIME and not texts:
                for interval in values:
                    found |= self._details(_id(cast(Node, interval)), predicate, ())
            elif texts and detail:
                found.setdefault(detail, []).extend(texts)
            elif name not in known:
                self._out.counts[f"unknown field: {curie(name)} of a role"] += len(values)
        return found

    def _listed(self, node: str) -> Iterator[Node | ox.Literal]:
        """The elements of a collection."""
        seen: set[str] = set()
        while node in self._edges and node not in seen:
            seen.add(node)
            yield from self._edges[node].get(FIRST, [])
            rest = self._edges[node].get(REST, [])
            node = _id(rest[0]) if rest and not isinstance(rest[0], ox.Literal) else ""

    def _like(self, property_: str) -> list[str]:
        """A property and those of the same meaning."""
        if property_ in self._alike:
            return self._alike[property_]
        meaning = self._predicate_of[property_]
        self._alike[property_] = [
            *dict.fromkeys(
                with_https(iri)
                for iri in (property_, *self._predicate_of)
                if self._predicate_of[iri] == meaning
            )
        ]
        return self._alike[property_]

    def _memberships(self) -> None:
        """State who is a member of whom, and when, by nodes of memberships."""
        for node, edges in self._edges.items():
            groups = [value for name in GROUPS for value in edges.get(name, [])]
            agents = [value for name in AGENTS for value in edges.get(name, [])]
            if not groups and not agents:
                continue
            for value in edges.get(MEMBERSHIP, []):
                if groups and value not in groups:
                    agents.append(value)
                elif not groups:
                    groups.append(value)
            details = self._details(node, "memberOf", {*GROUPS, *AGENTS, MEMBERSHIP})
            pairs = {(agent, group): None for agent in agents for group in groups}
            for agent, group in pairs:
                if not isinstance(agent, ox.Literal) and not isinstance(group, ox.Literal):
                    ends = self._whose(_id(agent)), self._whose(_id(group))
                    self._link(ends[0], "memberOf", ends[1], details)

    def _link(
        self,
        subject: str,
        predicate: str,
        object_: str,
        details: Mapping[str, Sequence[str]] = MappingProxyType({}),
    ) -> None:
        """State a relation between two nodes, with its details."""
        evidence = self._evidence(subject)
        if not self._is_named(object_):
            self._out.reject("thing without a name", evidence, f"{predicate}={object_}")
        elif self._usable(subject):
            item = self._out.schema.predicates[predicate]
            for node, classes in ((subject, item.domain), (object_, item.range)):
                if node not in self._types:
                    self._types[node] = set(classes[:1])
            ends = self._record(subject), self._record(object_)
            self._say.link(ends[0], predicate, ends[1], evidence)
            names = self._called(subject), self._called(object_)
            self._say.details(ends, predicate, names, details, evidence)

    def _called(self, node: str) -> str:
        return self._names.get(node, (0, readable_iri(node.removesuffix("#_"))))[1]

    def _usable(self, node: str) -> bool:
        """Whether a node has a name; without one it is a reject, once."""
        if self._is_named(node):
            return True
        self._refuse(node)
        return False

    def _refuse(self, node: str) -> None:
        if node not in self._refused:
            self._refused.add(node)
            self._out.reject("thing without a name", self._evidence(node), self._type(node))

    def _describe(self, subject: str, predicate: str, object_: Node | ox.Literal) -> None:
        plain = with_https(predicate)
        if plain in OF_GROUPS:
            self._types.setdefault(subject, set()).add("Band")
        self._find_between(subject, plain, object_)
        if predicate in self._type_of and self._table.type is not None:
            if type_ := self._table.type.of(_value(object_)):
                self._told[subject] = type_
                self._types_stated.add(subject)
            else:
                self._out.counts[f"unknown class: {_value(object_)}"] += 1
        if isinstance(object_, ox.Literal):
            self._describe_in_words(subject, predicate, object_)
        elif predicate in TYPES and isinstance(object_, ox.NamedNode):
            self._classify(subject, object_.value)
        elif predicate in SAME and isinstance(object_, ox.NamedNode):
            if short := address_id(object_.value):
                self._same.setdefault(subject, {})[short] = None
        elif plain in STANDS_FOR:
            ends = (subject, _id(object_)) if STANDS_FOR[plain] else (_id(object_), subject)
            self._other.setdefault(*ends)
            if plain in ALWAYS_FOR:
                self._always.add(ends[0])
        elif predicate in self._predicate_of:
            name, swapped = self._predicate_of[predicate]
            item = self._out.schema.predicates[name]
            ends = (_id(object_), subject) if swapped else (subject, _id(object_))
            for node, classes in zip(ends, (item.domain, item.range), strict=True):
                if len(classes) == 1:
                    self._types.setdefault(node, set()).add(classes[0])

    def _find_between(self, subject: str, plain: str, object_: Node | ox.Literal) -> None:
        """Note collections, memberships, and articles that are about an entity."""
        if plain == FIRST:
            self._between.add(subject)
        elif isinstance(object_, ox.Literal):
            return
        elif plain == MEMBERSHIP or (plain == TIME and isinstance(object_, ox.BlankNode)):
            self._between.add(_id(object_))
        elif plain == ABOUT and (short := address_id(subject)):
            self._same.setdefault(_id(object_), {})[short] = None

    def _describe_in_words(self, subject: str, predicate: str, literal: ox.Literal) -> None:
        plain = with_https(predicate)
        if plain in NAMES:
            self._name_node(subject, literal)
        elif plain in IDS:
            self._ids.setdefault(subject, []).append((IDS[plain], plain, literal.value))
        elif predicate in SAME and (short := address_id(literal.value)):
            self._same.setdefault(subject, {})[short] = None
        elif text := clean_text(literal.value):
            if predicate in ALIASES:
                self._aliases.setdefault(subject, {})[text] = None
            elif plain in PARTS_OF_NAMES:
                self._parts.setdefault(subject, {}).setdefault(PARTS_OF_NAMES[plain], text)

    def _classify(self, subject: str, iri: str) -> None:
        class_ = with_https(iri)
        if class_ in OF_PAGES:
            self._pages.add(subject)
        found = self._out.schema.class_of.get(class_) or self._out.schema.class_of.get(iri)
        if class_ == MUSIC_GROUP:
            found = "Artist"  # a band, or by schema.org's definition a soloist
        if class_ in BETWEEN:
            self._between.add(subject)
        elif found:
            self._types.setdefault(subject, set()).add(found)
            self._types_stated.add(subject)
        else:
            self._out.counts[f"unknown class: {curie(iri)}"] += 1

    def _name_node(self, subject: str, literal: ox.Literal) -> None:
        languages = self._table.languages
        language = (literal.language or "").partition("-")[0]
        rank = (
            languages.index(language) if language in languages else len(languages) + bool(language)
        )
        name = clean_text(literal.value)
        if not name:
            return
        best = self._names.get(subject)
        if best is None or rank < best[0]:
            self._names[subject] = (rank, name)
            if best:
                self._aliases.setdefault(subject, {})[best[1]] = None
        elif name != best[1]:
            self._aliases.setdefault(subject, {})[name] = None

    def _state(
        self,
        subject: str,
        iri: str,
        object_: Node | ox.Literal,
        position: str = "",
        details: Mapping[str, Sequence[str]] = MappingProxyType({}),
    ) -> None:
        """State what a triple says, with the object's position in a list and a role's details."""
        name, swapped = self._predicate_of[iri]
        if name == "performed" and self._out.schema.is_a(self._type(subject), "Album"):
            name, swapped = "onAlbum", True  # the tracks of an album, as in pages
        predicate = self._out.schema.predicates[name]
        if not self._usable(subject):
            return
        evidence = self._evidence(subject)
        if predicate.is_attribute:
            text = object_.value if not isinstance(object_, ox.BlankNode) else ""
            unit = self._out.schema.units.get(iri) or _unit(object_)
            self._say.say(self._record(subject), name, text, evidence, unit=unit)
            return
        if isinstance(object_, ox.Literal):
            self._say_name(subject, name, swapped, object_.value, evidence, details)
            return
        other = self._whose(_id(object_))
        if other == subject:
            return  # a release and its record
        if not self._is_named(other):
            self._out.reject("thing without a name", evidence, f"{name}={object_.value}")
            return
        ends = (other, subject) if swapped else (subject, other)
        self._link(ends[0], name, ends[1], details)
        if name == "onAlbum" and position:
            self._say.say(self._record(ends[0]), "trackNumber", position, evidence)

    def _say_name(
        self,
        subject: str,
        name: str,
        swapped: bool,
        text: str,
        evidence: str,
        details: Mapping[str, Sequence[str]],
    ) -> None:
        """State a relation to an entity that is given by its name."""
        key = self._record(subject)
        predicate = self._out.schema.predicates[name]
        for part in _SEPARATORS.split(text) if name in MANY else [text]:
            if name == "award":
                part, years = dated_award(part)
                details = {**details, "eventDate": years} if years else details
            if not swapped:
                if found := self._say.say(key, name, part, evidence):
                    names = self._called(subject), clean_text(part)
                    self._say.details((key, found), name, names, details, evidence)
            elif part := clean_text(part):
                type_ = (predicate.domain or ("Entity",))[0]
                other = self._out.mention(type_, part, evidence=evidence, owner=key)
                self._say.link(other, name, key, evidence)
                names = part, self._called(subject)
                self._say.details((other, key), name, names, details, evidence)

    def _record(self, node: str) -> str:
        short = address_id(node) or curie(node)
        key = f"{self._out.source}/{short}"
        if key in self._out:
            return key
        type_, evidence = self._type(node), self._evidence(node)
        external = [short] if short != node else []
        external += self._same.get(node, {})
        for prefix, iri, text in self._ids.get(node, []):
            try:
                external.append(
                    column_id(prefix, text, column="", type_=type_, classes=self._out.schema)
                )
            except NoIdError as fault:
                self._out.reject(str(fault), evidence, f"{curie(iri)}={text}, of the {type_}")
        name = self._called(node)
        return self._out.record(
            key,
            type_,
            name,
            record_id=short,
            evidence=evidence,
            aliases=[alias for alias in self._aliases.get(node, {}) if alias != name],
            external_ids=external,
        )

    def _is_named(self, node: str) -> bool:
        """Whether an IRI ends in a readable name and not in a number."""
        if node in self._names:
            return True
        if node.startswith("_:") or UNKNOWN_VALUE in node:
            return False
        last = re.split(r"[/#]", node.removesuffix("#_").rstrip("/#"))[-1]
        return any(map(str.isalpha, unquote(last))) or bool(address_id(node))

    def _type(self, node: str) -> str:
        """The deepest class that agrees with most of the type evidence."""
        if node in self._told:
            return self._told[node]
        found = self._types.get(node)
        if found and "Person" in found and not found.isdisjoint({"Artist", "Band"}):
            return "SoloArtist"  # schema.org's MusicGroup may be a soloist
        return self._out.schema.most_specific(found) if found else self._table.entity_type

    def _evidence(self, node: str) -> str:
        return f"{self._table.path}#subject={address_id(node) or curie(node)}"

    def _triples(self) -> Iterator[tuple[Node, str, Node | ox.Literal]]:
        layout = _FORMATS.get(Path(without_packing(self._path.name)).suffix.lower())
        if layout is None:
            raise DataError(
                "the file extension is not that of an RDF format",
                where=str(self._path),
                remedy=f"one of {', '.join(_FORMATS)}, also with {', '.join(ENDINGS)}",
            )
        nameless = _Nameless()
        with open_binary(self._path) as stream:
            content: Stream | CheckedStream = stream
            if layout == ox.RdfFormat.RDF_XML:
                where = str(self._path)
                content = CheckedStream(checked_blocks(stream, where, abbreviations=True))
            try:
                for quad in ox.parse(
                    cast(IO[bytes], content), format=layout, base_iri="file:///", lenient=True
                ):
                    subject, object_ = quad.subject, quad.object
                    if isinstance(subject, Node) and isinstance(object_, Node | ox.Literal):
                        if isinstance(subject, ox.BlankNode):
                            subject = nameless(subject)
                        if isinstance(object_, ox.BlankNode):
                            object_ = nameless(object_)
                        yield subject, quad.predicate.value, object_
            except (SyntaxError, ValueError, MemoryError) as fault:
                remedy = ""
                if "LoadDocumentCallback" in str(fault):
                    remedy = 'no context is fetched: use kind = "semi-structured" instead'
                raise DataError(
                    f"broken RDF: {fault}", where=str(self._path), remedy=remedy
                ) from None


class _Nameless:
    """Number the blank nodes without a label, which get another random one in each pass."""

    def __init__(self) -> None:
        self._seen: dict[str, ox.BlankNode] = {}

    def __call__(self, node: ox.BlankNode) -> ox.BlankNode:
        if not _RANDOM.fullmatch(node.value):
            return node
        if node.value not in self._seen:
            self._seen[node.value] = ox.BlankNode(f"nameless{len(self._seen) + 1}")
        return self._seen[node.value]


def _property(type_: TypeColumn | None, schema: Schema, table: str) -> frozenset[str]:
    """Address of the property that tells the class, if the recipe names one; schema.org has two.

    Raises:
        DataError: its prefix or one of the classes is unknown.
    """
    if type_ is None:
        return frozenset()
    where = f"table {table!r}"
    Types(type_, schema, where)
    prefix, _, name = type_.column.partition(":")
    if name.startswith("//"):
        return frozenset({type_.column})
    if prefix not in COLUMN_PREFIXES:
        raise DataError(
            f"unknown prefix in {type_.column!r}",
            where=where,
            remedy=f"give the whole address, or one of {', '.join(COLUMN_PREFIXES)}",
        )
    address = COLUMN_PREFIXES[prefix] + name
    return frozenset({address, address.replace("https://schema.org/", "http://schema.org/")})


def _value(object_: Node | ox.Literal) -> str:
    """A literal's text, or the last part of an address."""
    text = str(object_.value)
    return text if isinstance(object_, ox.Literal) else re.split(r"[/#]", text.rstrip("/#"))[-1]


def _both_schemes(schema: Schema) -> dict[str, tuple[str, bool]]:
    """Duplicate the mappings of schema.org for its http address."""
    found = dict(schema.predicate_of)
    found.update(
        {
            iri.replace("https://schema.org/", "http://schema.org/"): to
            for iri, to in schema.predicate_of.items()
            if iri.startswith("https://schema.org/")
        }
    )
    return found


def _id(node: Node) -> str:
    return node.value if isinstance(node, ox.NamedNode) else f"_:{node.value}"


def _unit(object_: Node | ox.Literal) -> str | None:
    if not isinstance(object_, ox.Literal):
        return None
    name = object_.datatype.value.rpartition("/")[2]
    if name in {"second", "minute"}:
        return name + "s"
    return "seconds" if name.endswith(("double", "decimal", "integer")) else None
