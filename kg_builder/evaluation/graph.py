"""Measure a finished graph: facts per item, facts per source; validate its Turtle with SHACL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from kg_builder.errors import DataError
from kg_builder.ontology.schema import MUSIC_TTL

SHAPES_TTL: Final = MUSIC_TTL.with_name("shapes.ttl")

_FACT = ["subject", "predicate", "object"]


@dataclass(frozen=True)
class Coverage:
    """How many facts the items have.

    A fact of an item is a distinct relation to another entity, in either direction.

    Attributes:
        items: number of items.
        at_least: number of facts → items with so many or more.
        median: of the facts per item.
    """

    items: int
    at_least: dict[int, int]
    median: float


def coverage(
    statements: pd.DataFrame, items: Sequence[str], *, levels: Sequence[int] = (1, 3, 5, 10)
) -> Coverage:
    """Count the facts of each item.

    Args:
        statements: clean `tables.STATEMENTS`.
        items: CURIEs of the items.
        levels: numbers of facts to report.
    """
    linking = statements.loc[statements["object_kind"] == "entity", _FACT].drop_duplicates()
    ends = pd.concat([linking["subject"], linking["object"]])
    facts = ends.value_counts().reindex(list(items)).fillna(0).to_numpy(dtype=np.int64)
    return Coverage(
        items=len(items),
        at_least={level: int((facts >= level).sum()) for level in levels},
        median=float(np.median(facts)) if len(facts) else 0.0,
    )


def counted(values: pd.Series[str]) -> dict[str, int]:
    """How often each value occurs, most frequent first, ties in the alphabet's order."""
    counts = values.value_counts()
    pairs = [(str(value), int(count)) for value, count in counts.items()]
    return dict(sorted(pairs, key=lambda pair: (-pair[1], pair[0])))


def sources_of(statements: pd.DataFrame) -> pd.DataFrame:
    """Distinct facts per source and method: columns source, method, facts, confidence (mean)."""
    table = (
        statements.groupby(["source", "method"], as_index=False)
        .agg(facts=("subject", "size"), confidence=("confidence", "mean"))
        .sort_values(["source", "method"], ignore_index=True)
    )
    return table.assign(confidence=table["confidence"].astype(float).round(3))


@dataclass(frozen=True)
class Violation:
    """One thing that does not have the shape."""

    focus: str
    path: str
    value: str
    message: str


def validate(graph_path: Path, *, shapes: Path = SHAPES_TTL) -> list[Violation]:
    """Check a Turtle file against the shapes; the violations, sorted.

    Reads the whole graph into rdflib, so it is for graphs of up to some hundred thousand triples.

    Raises:
        DataError: the file is missing or no Turtle.
    """
    import pyshacl
    import rdflib
    from rdflib.namespace import SH

    graph = rdflib.Graph()
    try:
        graph.parse(graph_path, format="turtle")
    except FileNotFoundError:
        raise DataError("no such graph", where=str(graph_path), remedy="build it first") from None
    except Exception as fault:  # rdflib's parsers raise many kinds
        raise DataError(f"not Turtle: {fault}", where=str(graph_path)) from fault
    # The ontology tells which classes lie below which, so that shapes of a class bind its children.
    _, report, _ = pyshacl.validate(
        graph, shacl_graph=str(shapes), ont_graph=str(MUSIC_TTL), advanced=False, inplace=True
    )
    return sorted(
        (
            Violation(
                focus=str(report.value(node, SH.focusNode) or ""),
                path=str(report.value(node, SH.resultPath) or ""),
                value=str(report.value(node, SH.value) or ""),
                message=str(report.value(node, SH.resultMessage) or ""),
            )
            for node in report.subjects(rdflib.RDF.type, SH.ValidationResult)
        ),
        key=lambda violation: (violation.focus, violation.path, violation.value),
    )
