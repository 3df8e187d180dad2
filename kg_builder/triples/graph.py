"""Convert entities and statements to RDF terms and triples, grouped by subject."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
import pyoxigraph as ox
from numpy.typing import NDArray

from kg_builder.ontology import Schema, expand
from kg_builder.tables import LITERAL_KINDS


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


def described(things: pd.DataFrame, facts: pd.DataFrame) -> pd.DataFrame:
    """The triples of each entity: class, label, aliases, relations and attributes, external links.

    Args:
        things: `position`, then columns of `tables.ENTITIES`; ascending positions.
        facts: `position` of the subject among the things, `predicate`, `object`, `object_kind`;
            grouped by entity, in the order of `things`.

    Returns:
        The columns of `facts`, with all triples of an entity together.
    """
    positions = things["position"].to_numpy(dtype=np.int64)
    classes: NDArray[np.object_] = np.array("mkg:", object) + things["type"].to_numpy(dtype=object)
    parts = [
        _section(positions, "rdf:type", classes, "entity"),
        _section(positions, "rdfs:label", things["name"].to_numpy(dtype=object), "string"),
        _section(*_listed(things, positions, "skos:altLabel", "aliases"), "string"),
        facts[["position", "predicate", "object", "object_kind"]],
        _section(*_listed(things, positions, "owl:sameAs", "external_ids"), "entity"),
    ]
    together = {
        name: np.concatenate([part[name].to_numpy(dtype=type_) for part in parts])
        for name, type_ in (("position", np.int64), *((n, object) for n in facts.columns[-3:]))
    }
    order = np.argsort(together["position"], kind="stable")
    return pd.DataFrame({name: column[order] for name, column in together.items()}, copy=False)


def _section(
    positions: NDArray[np.int64], predicate: str, objects: NDArray[np.object_], kind: str
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "position": positions,
            "predicate": np.full(len(objects), predicate, object),
            "object": objects,
            "object_kind": np.full(len(objects), kind, object),
        }
    )


def _listed(
    things: pd.DataFrame, positions: NDArray[np.int64], predicate: str, column: str
) -> tuple[NDArray[np.int64], str, NDArray[np.object_]]:
    """The distinct values of a column of lists, sorted, with the positions of their entities."""
    filled = things[column].list.len().to_numpy(dtype=np.int64) > 0
    lists = [sorted(set(values)) for values in things.loc[filled, column].tolist()]
    objects = np.array([value for values in lists for value in values], dtype=object)
    sizes = [len(values) for values in lists]
    return np.repeat(positions[filled], sizes), predicate, objects


def rows_of(frame: pd.DataFrame, *columns: str) -> Iterator[tuple[Any, ...]]:
    """The rows of some columns as tuples (faster than pandas' iteration of Arrow columns)."""
    return zip(*(frame[column].to_numpy(dtype=object) for column in columns), strict=True)


def reading_order(schema: Schema) -> list[str]:
    """Classes of the data model in reading order: artists, works, others."""
    first = ["Band", "SoloArtist", "Artist", "Collaboration", "Person", "Album", "Song"]
    return first + [name for name in schema.classes if name not in first]
