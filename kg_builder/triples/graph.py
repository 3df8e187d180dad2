"""Convert entities and statements to RDF terms and triples, grouped by subject."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import Any, Final

import numpy as np
import pandas as pd
import pyoxigraph as ox

from kg_builder.ontology import Schema, expand
from kg_builder.tables import LITERAL_KINDS

_RDFS_LABEL = ox.NamedNode(expand("rdfs:label"))
_ALT_LABEL = ox.NamedNode(expand("skos:altLabel"))
_TYPE = ox.NamedNode(expand("rdf:type"))
_SAME_AS = ox.NamedNode(expand("owl:sameAs"))


_BLOCK: Final = 10_000
"""Entities whose statements are Python values at one time."""


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
    """Class, label and other names of an entity."""
    subject = node(entity)
    return [
        ox.Triple(subject, _TYPE, node(f"mkg:{type_}")),
        ox.Triple(subject, _RDFS_LABEL, ox.Literal(name)),
        *(ox.Triple(subject, _ALT_LABEL, ox.Literal(alias)) for alias in sorted(set(aliases))),
    ]


def same_as(entity: str, external_ids: list[str]) -> list[ox.Triple]:
    """Links to the same thing elsewhere."""
    subject = node(entity)
    return [ox.Triple(subject, _SAME_AS, node(other)) for other in sorted(set(external_ids))]


def facts(statements: pd.DataFrame) -> pd.DataFrame:
    """The distinct triples of the statements: columns subject, predicate, object, object_kind."""
    columns = ["subject", "predicate", "object", "object_kind"]
    return statements[columns].drop_duplicates().sort_values(columns, ignore_index=True)


def by_subject(
    statements: pd.DataFrame, entities: pd.DataFrame, schema: Schema
) -> Iterator[tuple[str, list[ox.Triple]]]:
    """Every entity's class and triples: description, links elsewhere, relations, attributes.

    Entities come class by class, in the order of the data model, then by name.
    """
    order = {name: index for index, name in enumerate(reading_order(schema))}
    rank = entities["type"].map(lambda name: order.get(name, len(order)))
    things = entities.assign(rank=rank).sort_values(["rank", "type", "entity"], ignore_index=True)
    distinct = facts(statements)
    owner = pd.Index(things["entity"]).get_indexer(pd.Index(distinct["subject"]))
    literal = distinct["object_kind"].isin(LITERAL_KINDS).to_numpy(dtype=bool)
    by_thing = np.lexsort((literal, owner))
    by_thing = by_thing[np.searchsorted(owner[by_thing], 0) :]  # -1: of no entity
    ends = np.searchsorted(owner[by_thing], np.arange(len(things) + 1)).tolist()
    for start in range(0, len(things), _BLOCK):
        stop = min(start + _BLOCK, len(things))
        of_block = distinct.iloc[by_thing[ends[start] : ends[stop]]]
        about = rows_of(of_block, "predicate", "object", "object_kind")
        block = rows_of(
            things.iloc[start:stop], "type", "entity", "name", "aliases", "external_ids"
        )
        for index, (type_, entity, name, aliases, external_ids) in enumerate(block, start):
            subject = node(entity)
            stated = [
                ox.Triple(subject, node(predicate), term(value, kind))
                for predicate, value, kind in islice(about, ends[index + 1] - ends[index])
            ]
            yield (
                type_,
                describe(entity, type_, name, list(aliases))
                + stated
                + same_as(entity, list(external_ids)),
            )


def rows_of(frame: pd.DataFrame, *columns: str) -> Iterator[tuple[Any, ...]]:
    """The rows of some columns as plain tuples (faster than pandas iterates Arrow columns)."""
    return zip(*(frame[column].to_numpy(dtype=object) for column in columns), strict=True)


def reading_order(schema: Schema) -> list[str]:
    """Classes of the data model in reading order: artists, works, others."""
    first = ["Band", "SoloArtist", "Artist", "Collaboration", "Person", "Album", "Song"]
    return first + [name for name in schema.classes if name not in first]
