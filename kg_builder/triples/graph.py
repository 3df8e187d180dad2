"""Convert entities and statements to RDF terms and triples, grouped by subject."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd
import pyoxigraph as ox

from kg_builder.ontology import Schema, expand
from kg_builder.tables import LITERAL_KINDS

_RDFS_LABEL = ox.NamedNode(expand("rdfs:label"))
_ALT_LABEL = ox.NamedNode(expand("skos:altLabel"))
_TYPE = ox.NamedNode(expand("rdf:type"))
_SAME_AS = ox.NamedNode(expand("owl:sameAs"))


@lru_cache(maxsize=200_000)
def node(name: str) -> ox.NamedNode:
    """The IRI node of a CURIE."""
    return ox.NamedNode(expand(name))


def term(value: str, kind: str) -> ox.NamedNode | ox.Literal:
    """The object of a statement: a node for an entity, a typed literal otherwise."""
    if kind not in LITERAL_KINDS:
        return node(value)
    if kind == "string":
        return ox.Literal(value)
    return ox.Literal(value, datatype=node(f"xsd:{kind}"))


def describe(entity: str, type_: str, name: str, aliases: list[str]) -> list[ox.Triple]:
    """Class, label and aliases of an entity, as triples."""
    subject = node(entity)
    return [
        ox.Triple(subject, _TYPE, node(f"mkg:{type_}")),
        ox.Triple(subject, _RDFS_LABEL, ox.Literal(name)),
        *(ox.Triple(subject, _ALT_LABEL, ox.Literal(alias)) for alias in sorted(set(aliases))),
    ]


def same_as(entity: str, external_ids: list[str]) -> list[ox.Triple]:
    """Links to the same entity in external databases."""
    subject = node(entity)
    return [ox.Triple(subject, _SAME_AS, node(other)) for other in sorted(set(external_ids))]


def triples_of(things: pd.DataFrame, facts: pd.DataFrame) -> Iterator[list[ox.Triple]]:
    """Each entity's class and triples: description, relations and attributes, external links.

    Args:
        things: `position`, then columns of `tables.ENTITIES`; ascending positions.
        facts: `position` of the subject among the things, `predicate`, `object`, `object_kind`;
            grouped by entity, in the order of `things`.
    """
    ends = np.searchsorted(facts["position"].to_numpy(), things["position"].to_numpy(), "right")
    sizes = np.diff(ends, prepend=0).tolist()
    about = rows_of(facts, "predicate", "object", "object_kind")
    rows = rows_of(things, "entity", "type", "name", "aliases", "external_ids")
    for size, (entity, type_, name, aliases, external_ids) in zip(sizes, rows, strict=True):
        subject = node(entity)
        stated = [
            ox.Triple(subject, node(predicate), term(value, kind))
            for predicate, value, kind in islice(about, size)
        ]
        yield (
            describe(entity, type_, name, list(aliases))
            + stated
            + same_as(entity, list(external_ids))
        )


def rows_of(frame: pd.DataFrame, *columns: str) -> Iterator[tuple[Any, ...]]:
    """The rows of some columns as tuples (faster than pandas' iteration of Arrow columns)."""
    return zip(*(frame[column].to_numpy(dtype=object) for column in columns), strict=True)


def reading_order(schema: Schema) -> list[str]:
    """Classes of the data model in reading order: artists, works, others."""
    first = ["Band", "SoloArtist", "Artist", "Collaboration", "Person", "Album", "Song"]
    return first + [name for name in schema.classes if name not in first]
