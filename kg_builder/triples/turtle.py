"""Serialise the graph as Turtle, N-Triples, and TriG with provenance, in a fixed order.

pyoxigraph writes the triples; the head of the file is ours, because its order of prefixes is not
fixed, and so are the section headings and the empty lines that make the file pleasant to read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

import pandas as pd
import pyoxigraph as ox

from kg_builder.extraction.user_facts import USER
from kg_builder.ontology import PREFIXES, Schema
from kg_builder.ontology.iris import RESOURCE
from kg_builder.triples.graph import by_subject, node, rows_of, term
from kg_builder.triples.users import UserNumbering

_CHUNK = 2000
_ALWAYS = ("mkg", "rdfs", "owl", "xsd", "skos")
_NAMING = ["subject", "predicate", "object", "entity", "external_ids"]


def prefixes(*tables: pd.DataFrame) -> dict[str, str]:
    """The prefixes that the tables use: the vocabularies' first, then the entities', sorted."""
    found = set(_ALWAYS)
    for table in tables:
        for column in table.columns.intersection(_NAMING):
            values = table[column].explode() if column == "external_ids" else table[column]
            for name in values.dropna().unique():
                prefix, colon, local = name.partition(":")
                if colon and not local.startswith("//"):
                    found.add(prefix)
    own = sorted(found - PREFIXES.keys())
    return {prefix: iri for prefix, iri in PREFIXES.items() if prefix in found} | {
        prefix: f"{RESOURCE}{prefix}/" for prefix in own
    }


@dataclass(frozen=True)
class Piece:
    """Some triples of the graph, in both serialisations."""

    turtle: bytes
    ntriples: bytes


def graph_pieces(
    statements: pd.DataFrame, entities: pd.DataFrame, *, schema: Schema, title: str
) -> Iterator[Piece]:
    """The graph in pieces, as Turtle and as N-Triples; the same input gives the same bytes.

    Entities come class by class and by name, so the N-Triples are grouped by subject as well.

    Args:
        statements: clean `tables.STATEMENTS`.
        entities: `tables.ENTITIES`.
        schema: the data model.
        title: first line of the Turtle file.
    """
    used = prefixes(entities, _linking(statements))
    yield Piece(f"# {title}\n".encode() + turtle_head(used), b"")
    sizes = entities["type"].value_counts()
    for type_, group in groupby(by_subject(statements, entities, schema), key=lambda pair: pair[0]):
        label = schema.classes[type_].label if type_ in schema.classes else type_
        heading = f"# {label} ({sizes[type_]:,}) "
        yield Piece(f"\n{heading}{'-' * (99 - len(heading))}\n".encode(), b"")
        pending: list[ox.Triple] = []
        for _, triples in group:
            dotted = _ending_in_a_dot(triples, used)
            if dotted or len(pending) > _CHUNK:
                yield _piece(pending, used)
                pending = []
            if dotted:
                yield _piece(
                    triples, {name: iri for name, iri in used.items() if name not in dotted}
                )
            else:
                pending += triples
        yield _piece(pending, used)


def _ending_in_a_dot(triples: list[ox.Triple], used: dict[str, str]) -> set[str]:
    """Prefixes of IRIs that end in a dot (dbpedia:R.E.M.).

    Turtle writes them with an escape, `R.E.M\\.`, which rdflib cannot read; without the prefix they
    are written out in full.
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


def provenance_trig(statements: pd.DataFrame, *, title: str) -> Iterator[bytes]:
    """The facts in one named graph per source and method, each graph described in the default one.

    Args:
        statements: clean `tables.STATEMENTS`.
        title: first line of the file.
    """
    used = prefixes(_linking(statements)) | {
        "prov": PREFIXES["prov"],
        "source": f"{RESOURCE}source/",
    }
    yield f"# {title}: every fact in a graph named after its source and method\n".encode()
    yield turtle_head(used)
    ordered = statements.sort_values(
        ["source", "method", "subject", "predicate", "object"], kind="stable"
    )
    derived, generated = node("prov:wasDerivedFrom"), node("prov:wasGeneratedBy")
    for (source, method), rows in ordered.groupby(["source", "method"], sort=True):
        graph = node(f"source:{source}/{method}")
        about = [
            ox.Quad(graph, derived, node(f"source:{source}")),
            ox.Quad(graph, generated, ox.Literal(str(method))),
        ]
        quads = [
            ox.Quad(node(subject), node(predicate), term(value, kind), graph)
            for subject, predicate, value, kind in rows_of(
                rows, "subject", "predicate", "object", "object_kind"
            )
        ]
        yield b"\n" + turtle_body([*about, *quads], ox.RdfFormat.TRIG, used)


def users_turtle(numbering: UserNumbering, *, title: str) -> Iterator[bytes]:
    """What is known of the users, by user; the same input gives the same bytes.

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


def _linking(statements: pd.DataFrame) -> pd.DataFrame:
    """Statements with literals blanked: their text is no CURIE."""
    return statements.assign(
        object=statements["object"].where(statements["object_kind"] == "entity")
    )
