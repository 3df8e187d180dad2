"""RDF files with deterministic bytes: readable Turtle, N-Triples, TriG with provenance.

pyoxigraph writes the triples; the head of the file is ours, because its order of prefixes is not
fixed, and so are the section headings and the empty lines that make the file pleasant to read.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator
from itertools import groupby

import pandas as pd
import pyoxigraph as ox

from kg_builder.ontology import PREFIXES, Schema
from kg_builder.ontology.iris import RESOURCE
from kg_builder.triples.graph import by_subject, node, term

_CHUNK = 2000
_ALWAYS = ("mkg", "rdfs", "owl", "xsd", "skos")
_NAMING = ["subject", "predicate", "object", "entity", "external_ids"]


def prefixes(*tables: pd.DataFrame) -> dict[str, str]:
    """The prefixes that the tables use: the vocabularies' first, then the entities', sorted."""
    found = set(_ALWAYS)
    for table in tables:
        for column in table.columns.intersection(_NAMING):
            values = table[column]
            if column == "external_ids":
                values = values.explode().dropna()
            names = values.astype("string[pyarrow]")
            found |= set(names.str.extract(r"^([A-Za-z][\w-]*):(?!//)")[0].dropna().unique())
    own = sorted(found - PREFIXES.keys())
    return {prefix: iri for prefix, iri in PREFIXES.items() if prefix in found} | {
        prefix: f"{RESOURCE}{prefix}/" for prefix in own
    }


def turtle(
    statements: pd.DataFrame, entities: pd.DataFrame, *, schema: Schema, title: str
) -> Iterator[bytes]:
    """The graph as Turtle, in pieces; the same input gives the same bytes.

    Args:
        statements: clean `tables.STATEMENTS`.
        entities: `tables.ENTITIES`.
        schema: the data model.
        title: first line of the file.
    """
    used = prefixes(entities, _linking(statements))
    yield f"# {title}\n".encode()
    yield _head(used)
    sizes = entities["type"].value_counts()
    for type_, group in groupby(by_subject(statements, entities, schema), key=lambda pair: pair[0]):
        label = schema.classes[type_].label if type_ in schema.classes else type_
        heading = f"# {label} ({sizes[type_]:,}) "
        yield f"\n{heading}{'-' * (99 - len(heading))}\n".encode()
        pending: list[ox.Triple] = []
        for _, triples in group:
            pending += triples
            if len(pending) > _CHUNK:
                yield _body(pending, ox.RdfFormat.TURTLE, used)
                pending = []
        yield _body(pending, ox.RdfFormat.TURTLE, used)


def ntriples_gz(statements: pd.DataFrame, entities: pd.DataFrame, *, schema: Schema) -> bytes:
    """The same triples as sorted, gzipped N-Triples."""
    triples = (triple for _, group in by_subject(statements, entities, schema) for triple in group)
    text = ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES) or b""
    lines = sorted(set(text.splitlines(keepends=True)))
    return gzip.compress(b"".join(lines), 6, mtime=0)


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
    yield _head(used)
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
            for subject, predicate, value, kind in zip(
                rows["subject"].tolist(),
                rows["predicate"].tolist(),
                rows["object"].tolist(),
                rows["object_kind"].tolist(),
                strict=True,
            )
        ]
        yield b"\n" + _body([*about, *quads], ox.RdfFormat.TRIG, used)


def _body(
    quads: Iterable[ox.Triple] | Iterable[ox.Quad], format_: ox.RdfFormat, used: dict[str, str]
) -> bytes:
    """The serialised triples without their prefixes, an empty line before each subject."""
    text = ox.serialize(quads, format=format_, prefixes=used) or b""
    lines = [line for line in text.splitlines(keepends=True) if not line.startswith(b"@prefix")]
    return b"".join(b"\n" + line if not line.startswith((b"\t", b"}")) else line for line in lines)


def _head(used: dict[str, str]) -> bytes:
    width = max(map(len, used)) + 1
    return "".join(
        f"@prefix {prefix + ':':<{width}} <{iri}> .\n" for prefix, iri in used.items()
    ).encode()


def _linking(statements: pd.DataFrame) -> pd.DataFrame:
    """Statements with literals blanked: their text is no CURIE."""
    return statements.assign(
        object=statements["object"].where(statements["object_kind"] == "entity")
    )
