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

from kg_builder.ontology import PREFIXES, Schema, expand
from kg_builder.ontology.iris import RESOURCE
from kg_builder.triples.graph import by_subject, node, term

_CHUNK = 2000


def prefixes(schema: Schema, foreign: Iterable[str] = ()) -> dict[str, str]:
    """All prefixes of a graph: the vocabularies', then one per kind of entity."""
    own = sorted({item.prefix for item in schema.classes.values()} | set(foreign) - set(PREFIXES))
    return {**PREFIXES, **{prefix: f"{RESOURCE}{prefix}/" for prefix in own}}


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
    used = prefixes(schema, _foreign_prefixes(statements, entities))
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


def provenance_trig(statements: pd.DataFrame, *, schema: Schema, title: str) -> Iterator[bytes]:
    """The facts in one named graph per source and method, each graph described in the default one.

    Args:
        statements: clean `tables.STATEMENTS`.
        schema: the data model.
        title: first line of the file.
    """
    used = prefixes(schema, _foreign_prefixes(statements)) | {"source": f"{RESOURCE}source/"}
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


def _foreign_prefixes(*tables: pd.DataFrame) -> set[str]:
    """CURIE prefixes that neither the vocabularies nor the data model declare."""
    found: set[str] = set()
    for table in tables:
        for column in ("subject", "predicate", "entity"):
            if column in table.columns:
                names = table[column].astype("string[pyarrow]")
                found |= set(names.str.extract(r"^([A-Za-z][\w-]*):(?!//)")[0].dropna().unique())
    return {prefix for prefix in found if expand(f"{prefix}:x").startswith(RESOURCE)}
