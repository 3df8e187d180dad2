"""Does a finished graph have the shape that the data model promises? (SHACL)"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyshacl
import rdflib
from rdflib.namespace import SH

from kg_builder.errors import DataError
from kg_builder.ontology.schema import MUSIC_TTL

SHAPES_TTL: Final = MUSIC_TTL.with_name("shapes.ttl")


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
