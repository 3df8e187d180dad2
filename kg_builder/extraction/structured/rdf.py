"""Read an RDF file into records and statements, mapping its vocabulary to the data model."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final, cast

import pyoxigraph as ox

from kg_builder.databases import address_id
from kg_builder.errors import DataError
from kg_builder.extraction.collector import Collector
from kg_builder.extraction.objects import Notation, read_literal
from kg_builder.extraction.structured.columns import Types, readable_iri
from kg_builder.extraction.structured.config import RdfTable, TypeColumn
from kg_builder.extraction.values import clean_text
from kg_builder.extraction.xml_safety import CheckedStream, checked_blocks
from kg_builder.ontology import PREFIXES, Schema, curie
from kg_builder.packed_files import ENDINGS, Stream, open_binary, without_packing

_RANDOM: Final = re.compile(r"[0-9a-f]{16,32}")
_PREFIXES: Final = {
    **PREFIXES,
    "dc": "http://purl.org/dc/elements/1.1/",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "wdt": "http://www.wikidata.org/prop/direct/",
}
METHOD: Final = "rdf"
_TYPES: Final = frozenset({PREFIXES["rdf"] + "type", "http://www.wikidata.org/prop/direct/P31"})
_NAMES: Final = frozenset(
    {
        PREFIXES["rdfs"] + "label",
        PREFIXES["skos"] + "prefLabel",
        PREFIXES["schema"] + "name",
        "http://schema.org/name",
        "http://xmlns.com/foaf/0.1/name",
        PREFIXES["freebase"] + "type.object.name",
        "http://purl.org/dc/elements/1.1/title",
        "http://purl.org/dc/terms/title",
        "http://www.holygoat.co.uk/owl/redwood/0.1/tags/tagName",
    }
)
_ALIASES: Final = frozenset(
    {
        PREFIXES["skos"] + "altLabel",
        PREFIXES["schema"] + "alternateName",
        PREFIXES["freebase"] + "common.topic.alias",
        PREFIXES["dbo"] + "alias",
        PREFIXES["dbo"] + "birthName",
        "http://xmlns.com/foaf/0.1/nick",
        "http://schema.org/alternateName",
        "http://purl.org/dc/terms/alternative",
    }
)
_SAME: Final = frozenset(
    {
        PREFIXES["owl"] + "sameAs",
        PREFIXES["schema"] + "sameAs",
        "http://schema.org/sameAs",
        *(PREFIXES["mo"] + name for name in ("musicbrainz", "wikipedia", "discogs")),
    }
)
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
        self._type_of = _property(table.type, out.schema, name)

    def read(self) -> None:
        predicate_of = _both_schemes(self._out.schema)
        for subject, predicate, object_ in self._triples():
            self._describe(_id(subject), predicate, object_, predicate_of)
            self._out.counts[f"{self._name}: triples read"] += 1
        for subject, predicate, object_ in self._triples():
            if predicate in predicate_of:
                self._state(_id(subject), predicate, predicate_of[predicate], object_)
            elif predicate not in _DESCRIBING and predicate not in self._type_of:
                self._out.counts[f"unknown field: {curie(predicate)}"] += 1
        for node in self._names:
            self._record(node)

    def _describe(
        self,
        subject: str,
        predicate: str,
        object_: Node | ox.Literal,
        predicate_of: dict[str, tuple[str, bool]],
    ) -> None:
        schema = self._out.schema
        if predicate in self._type_of and self._table.type is not None:
            if type_ := self._table.type.of(_value(object_)):
                self._told[subject] = type_
                self._types_stated.add(subject)
            else:
                self._out.counts[f"unknown class: {_value(object_)}"] += 1
        if isinstance(object_, ox.Literal):
            if predicate in _NAMES:
                self._name_node(subject, object_)
            elif predicate in _ALIASES:
                self._aliases.setdefault(subject, {})[clean_text(object_.value)] = None
            return
        if predicate in _TYPES and isinstance(object_, ox.NamedNode):
            found = schema.class_of.get(_https(object_.value)) or schema.class_of.get(object_.value)
            if found:
                self._types.setdefault(subject, set()).add(found)
                self._types_stated.add(subject)
            else:
                self._out.counts[f"unknown class: {curie(object_.value)}"] += 1
        elif predicate in _SAME and isinstance(object_, ox.NamedNode):
            short = address_id(object_.value)
            if short:
                self._same.setdefault(subject, {})[short] = None
        elif predicate in predicate_of:
            name, swapped = predicate_of[predicate]
            item = schema.predicates[name]
            ends = (_id(object_), subject) if swapped else (subject, _id(object_))
            for node, classes in zip(ends, (item.domain, item.range), strict=True):
                if len(classes) == 1:
                    self._types.setdefault(node, set()).add(classes[0])

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
        self, subject: str, iri: str, meaning: tuple[str, bool], object_: Node | ox.Literal
    ) -> None:
        name, swapped = meaning
        if name == "performed" and self._out.schema.is_a(self._type(subject), "Album"):
            name, swapped = "onAlbum", True  # the tracks of an album, as in pages
        predicate = self._out.schema.predicates[name]
        key = self._record(subject)
        evidence = self._evidence(subject)
        if predicate.is_attribute:
            text = object_.value if not isinstance(object_, ox.BlankNode) else ""
            unit = self._out.schema.units.get(iri) or _unit(object_)
            literal = read_literal(text, str(predicate.datatype), Notation(unit=unit))
            if literal is None:
                self._out.reject(f"not a {predicate.datatype}", evidence, f"{name}={text}")
                return
            self._out.statement(
                key,
                name,
                literal.text,
                literal.kind,
                method=METHOD,
                evidence=evidence,
                confidence=self._table.confidence * literal.factor,
            )
            return
        if isinstance(object_, ox.Literal):
            text = clean_text(object_.value)
            if not text:
                return
            type_ = predicate.range[0] if predicate.range else "Entity"
            other = self._out.mention(type_, text, evidence=evidence, owner=key)
        elif not self._is_named(_id(object_)):
            self._out.reject("thing without a name", evidence, f"{name}={object_.value}")
            return
        else:
            other = self._record(_id(object_))
        ends = (other, key) if swapped else (key, other)
        self._out.statement(
            ends[0],
            name,
            ends[1],
            method=METHOD,
            evidence=evidence,
            confidence=self._table.confidence,
        )

    def _record(self, node: str) -> str:
        short = address_id(node) or curie(node)
        key = f"{self._out.source}/{short}"
        if key in self._out:
            return key
        readable = readable_iri(node)
        external = [short] if short != node else []
        return self._out.record(
            key,
            self._type(node),
            self._names.get(node, (0, readable))[1],
            record_id=short,
            evidence=self._evidence(node),
            aliases=self._aliases.get(node, {}),
            external_ids=[*external, *self._same.get(node, {})],
        )

    def _is_named(self, node: str) -> bool:
        """Whether an IRI ends in a readable name and not in a number."""
        if node in self._names or node in self._types_stated:
            return True
        return any(map(str.isalpha, readable_iri(node))) or bool(address_id(node))

    def _type(self, node: str) -> str:
        """The deepest class that agrees with most of the type evidence."""
        if node in self._told:
            return self._told[node]
        found = self._types.get(node)
        if found and {"Band", "Person"} <= found:
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
                raise DataError(f"broken RDF: {fault}", where=str(self._path)) from None


_DESCRIBING: Final = _NAMES | _ALIASES | _SAME | _TYPES


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
    if prefix not in _PREFIXES:
        raise DataError(
            f"unknown prefix in {type_.column!r}",
            where=where,
            remedy=f"give the whole address, or one of {', '.join(_PREFIXES)}",
        )
    address = _PREFIXES[prefix] + name
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


def _https(iri: str) -> str:
    return iri.replace("http://schema.org/", "https://schema.org/")


def _id(node: Node) -> str:
    return node.value if isinstance(node, ox.NamedNode) else f"_:{node.value}"


def _unit(object_: Node | ox.Literal) -> str | None:
    if not isinstance(object_, ox.Literal):
        return None
    name = object_.datatype.value.rpartition("/")[2]
    if name in {"second", "minute"}:
        return name + "s"
    return "seconds" if name.endswith(("double", "decimal", "integer")) else None
