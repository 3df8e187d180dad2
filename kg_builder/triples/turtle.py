"""Serialise the graph as Turtle, N-Triples, and TriG with provenance, in a fixed order.

pyoxigraph serialises the triples; the prefix declarations are written here, because pyoxigraph does
not fix their order, as are section headings and the empty lines that make the file readable.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pandas as pd
import pyoxigraph as ox

from kg_builder.extraction.user_facts import USER
from kg_builder.ontology import PREFIXES, Schema
from kg_builder.ontology.iris import RESOURCE
from kg_builder.triples.graph import node, rows_of, term, triples_of
from kg_builder.triples.users import UserNumbering

_CHUNK = 2000
_ALWAYS = ("mkg", "rdfs", "owl", "xsd", "skos")


def prefixes(used: Iterable[str]) -> dict[str, str]:
    """The given prefixes and those that every file needs: vocabularies first, then entities."""
    found = {*_ALWAYS, *used}
    own = sorted(found - PREFIXES.keys())
    return {prefix: iri for prefix, iri in PREFIXES.items() if prefix in found} | {
        prefix: f"{RESOURCE}{prefix}/" for prefix in own
    }


@dataclass(frozen=True)
class Piece:
    """A block of triples, in both serialisations."""

    turtle: bytes
    ntriples: bytes


def block_of_graph(things: pd.DataFrame, facts: pd.DataFrame, used: dict[str, str]) -> Piece:
    """Serialise the triples of some entities; see `triples_of` for the tables.

    Args:
        things, facts: the entities and their facts.
        used: prefixes of the file, with their namespaces.
    """
    pieces: list[Piece] = []
    pending: list[ox.Triple] = []
    for triples in triples_of(things, facts):
        dotted = _ending_in_a_dot(triples, used)
        if dotted or len(pending) > _CHUNK:
            pieces.append(_piece(pending, used))
            pending = []
        if dotted:
            without = {name: iri for name, iri in used.items() if name not in dotted}
            pieces.append(_piece(triples, without))
        else:
            pending += triples
    pieces.append(_piece(pending, used))
    return Piece(
        b"".join(piece.turtle for piece in pieces), b"".join(piece.ntriples for piece in pieces)
    )


def heading(type_: str, size: int, schema: Schema) -> str:
    """The heading line of a class."""
    label = schema.classes[type_].label if type_ in schema.classes else type_
    text = f"# {label} ({size:,}) "
    return f"\n{text}{'-' * (99 - len(text))}\n"


def _ending_in_a_dot(triples: list[ox.Triple], used: dict[str, str]) -> set[str]:
    """Find the prefixes of IRIs that end in a dot (dbpedia:R.E.M.).

    Turtle writes them with an escape, `R.E.M\\.`, which rdflib cannot parse; without the prefix the
    full IRI is written.
    """
    return {
        prefix
        for triple in triples
        if isinstance(triple.object, ox.NamedNode) and triple.object.value.endswith(".")
        for prefix, iri in used.items()
        if triple.object.value.startswith(iri)
    }


def _piece(triples: list[ox.Triple], used: dict[str, str]) -> Piece:
    plain = ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES) or b""
    return Piece(turtle_body(triples, ox.RdfFormat.TURTLE, used), plain)


def block_of_provenance(
    source: str, method: str, facts: pd.DataFrame, used: dict[str, str], *, first: bool
) -> bytes:
    """Serialise some facts in the named graph of their source and method.

    Args:
        source, method: provenance of the facts.
        facts: `subject`, `predicate`, `object`, `object_kind`.
        used: prefixes of the file, with their namespaces.
        first: whether the graph itself is described before its facts.
    """
    graph = node(f"source:{source}/{method}")
    about = [
        ox.Quad(graph, node("prov:wasDerivedFrom"), node(f"source:{source}")),
        ox.Quad(graph, node("prov:wasGeneratedBy"), ox.Literal(method)),
    ]
    quads = [
        ox.Quad(node(subject), node(predicate), term(value, kind), graph)
        for subject, predicate, value, kind in rows_of(
            facts, "subject", "predicate", "object", "object_kind"
        )
    ]
    return b"\n" + turtle_body([*(about if first else ()), *quads], ox.RdfFormat.TRIG, used)


def users_turtle(numbering: UserNumbering, *, title: str) -> Iterator[bytes]:
    """Serialise the facts about users as Turtle, by user; the same input gives the same bytes.

    Args:
        numbering: the triples with their names.
        title: first line of the file.
    """
    relations, entities = (
        [node(name) for name in table["iri"]] for table in (numbering.relations, numbering.entities)
    )
    label, type_ = node("rdfs:label"), node("rdf:type")
    about: list[ox.Triple] = []
    for relation, (name, direction) in zip(
        relations, rows_of(numbering.relations, "name", "direction"), strict=True
    ):
        kind = "owl:SymmetricProperty" if direction == "undirected" else "rdf:Property"
        about += [
            ox.Triple(relation, type_, node(kind)),
            ox.Triple(relation, label, ox.Literal(name)),
        ]
    for entity, (name, kind) in zip(
        entities, rows_of(numbering.entities, "name", "type"), strict=True
    ):
        if kind != USER:
            about.append(ox.Triple(entity, label, ox.Literal(name)))
    facts = [
        ox.Triple(entities[head], relations[relation], entities[tail])
        for head, relation, tail in numbering.triples.tolist()
    ]
    used = {name: PREFIXES[name] for name in ("rdf", "rdfs", "owl")} | {
        name: f"{RESOURCE}{name}/" for name in ("user", "user-relation", "user-value")
    }
    yield f"# {title}: what is known of the users\n".encode()
    yield turtle_head(used)
    yield turtle_body(about, ox.RdfFormat.TURTLE, used)
    yield b"\n" + turtle_body(facts, ox.RdfFormat.TURTLE, used)


def turtle_body(
    quads: Iterable[ox.Triple] | Iterable[ox.Quad], format_: ox.RdfFormat, used: dict[str, str]
) -> bytes:
    """The serialised triples without their prefixes, an empty line before each subject."""
    text = ox.serialize(quads, format=format_, prefixes=used) or b""
    lines = [line for line in text.splitlines(keepends=True) if not line.startswith(b"@prefix")]
    return b"".join(b"\n" + line if not line.startswith((b"\t", b"}")) else line for line in lines)


def turtle_head(used: dict[str, str]) -> bytes:
    """The lines that declare prefixes, in their order."""
    width = max(map(len, used)) + 1
    return "".join(
        f"@prefix {prefix + ':':<{width}} <{iri}> .\n" for prefix, iri in used.items()
    ).encode()
