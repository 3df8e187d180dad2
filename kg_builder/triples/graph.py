"""Convert entities and statements to RDF terms and triples, grouped by subject."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyoxigraph as ox

from kg_builder.ontology import Schema, expand
from kg_builder.partitions import changes
from kg_builder.tables import LITERAL_KINDS

_COLUMNS: Final = ["position", "predicate", "object", "object_kind"]
_TRIPLES: Final = pa.schema(
    {"position": pa.int64(), **dict.fromkeys(_COLUMNS[1:], pa.large_string())}
)


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


def large(text: str) -> pa.LargeStringScalar:
    """A text with 64-bit offsets: the texts of a block together can exceed 2 GB."""
    return pa.scalar(text, pa.large_string())


def described(things: pa.Table, facts: pa.Table) -> pa.Table:
    """The triples of each entity: class, label, aliases, relations and attributes, external links.

    Args:
        things: `position`, then columns of `tables.ENTITIES`; ascending positions.
        facts: `position` of the subject among the things, `predicate`, `object`, `object_kind`;
            grouped by entity, in the order of `things`.

    Returns:
        The columns of `facts`, with all triples of an entity together.
    """
    position, types = things["position"], things["type"].cast(pa.large_string())
    classes = pc.binary_join_element_wise(large("mkg:"), types, large(""))
    together = pa.concat_tables(
        [
            _section(position, "rdf:type", classes, "entity"),
            _section(position, "rdfs:label", things["name"], "string"),
            _section(*_listed(things, "skos:altLabel", "aliases"), "string"),
            facts.select(_COLUMNS).cast(_TRIPLES),
            _section(*_listed(things, "owl:sameAs", "external_ids"), "entity"),
        ]
    )
    order = np.argsort(together["position"].to_numpy(), kind="stable")
    return together.take(pa.array(order))


def _section(
    position: pa.ChunkedArray, predicate: str, objects: pa.ChunkedArray, kind: str
) -> pa.Table:
    predicates, kinds = (pa.repeat(large(text), len(objects)) for text in (predicate, kind))
    return pa.table([position, predicates, objects, kinds], _COLUMNS).cast(_TRIPLES)


def _listed(
    things: pa.Table, predicate: str, column: str
) -> tuple[pa.ChunkedArray, str, pa.ChunkedArray]:
    """The distinct values of a column of lists, sorted, with the positions of their entities."""
    rows = pc.list_parent_indices(things[column])
    values = pa.table([rows, pc.list_flatten(things[column])], ["row", "value"])
    values = values.sort_by([("row", "ascending"), ("value", "ascending")])
    values = values.filter(pa.array(changes(values)))
    return things["position"].take(values["row"]), predicate, values["value"]


def rows_of(frame: pd.DataFrame, *columns: str) -> Iterator[tuple[Any, ...]]:
    """The rows of some columns as tuples (faster than pandas' iteration of Arrow columns)."""
    return zip(*(frame[column].to_numpy(dtype=object) for column in columns), strict=True)


def reading_order(schema: Schema) -> list[str]:
    """Classes of the data model in reading order: artists, works, others."""
    first = ["Band", "SoloArtist", "Artist", "Collaboration", "Person", "Album", "Song"]
    return first + [name for name in schema.classes if name not in first]
