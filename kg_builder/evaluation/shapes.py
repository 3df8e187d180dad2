"""Validate a finished graph against SHACL shapes, each constraint as one SPARQL query.

SHACL Core defines its constraints by SPARQL (https://www.w3.org/TR/shacl/#core-components); running
these queries on Oxigraph takes seconds where a validator that walks the nodes takes minutes.
Supported constraints are those of `_CHECKS` and `sh:or` of datatypes; any other is an error rather
than silently unchecked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

import pyoxigraph as ox
import rdflib
from rdflib.collection import Collection
from rdflib.namespace import RDF, SH

from kg_builder.errors import DataError
from kg_builder.ontology.iris import ONTOLOGY
from kg_builder.ontology.schema import MUSIC_TTL, Schema, load_schema

__all__ = ["SHAPES_TTL", "Violation", "validate", "violations"]

SHAPES_TTL: Final = MUSIC_TTL.with_name("shapes.ttl")
_SILENT: Final = {SH.path, SH.message, SH.name, SH.description, SH.order, RDF.type}
_VALUE: Final = "?this <{path}> ?value"


@dataclass(frozen=True)
class Violation:
    """A node that violates a shape.

    Attributes:
        focus: IRI of the node.
        path: IRI of the predicate.
        value: the offending value; empty if values are missing or too many.
        message: the shape's requirement.
        constraint: name of the constraint component: class, datatype, minCount, …
    """

    focus: str
    path: str
    value: str
    message: str
    constraint: str


def validate(graph_path: Path, *, shapes: Path = SHAPES_TTL) -> list[Violation]:
    """Check a Turtle file against the shapes; the violations, sorted.

    Raises:
        DataError: the file is missing or is not Turtle, or a shape uses an unsupported constraint.
    """
    store = ox.Store()
    try:
        store.bulk_load(path=str(graph_path), format=ox.RdfFormat.TURTLE)
    except FileNotFoundError:
        raise DataError("no such graph", where=str(graph_path), remedy="build it first") from None
    except SyntaxError as fault:
        raise DataError(f"not Turtle: {fault}", where=str(graph_path)) from None
    return violations(store, shapes=shapes)


def violations(
    store: ox.Store, *, shapes: Path = SHAPES_TTL, schema: Schema | None = None
) -> list[Violation]:
    """Check a loaded graph against the shapes; the violations, sorted.

    Raises:
        DataError: a shape uses an unsupported constraint.
    """
    model = rdflib.Graph().parse(shapes, format="turtle")
    data_model = schema or load_schema()
    found: list[Violation] = []
    for shape in model.subjects(RDF.type, SH.NodeShape):
        for target in model.objects(shape, SH.targetClass):
            focus = _instances(str(target), "?this", data_model)
            for one in model.objects(shape, SH.property):
                path = str(model.value(one, SH.path))
                stated = str(model.value(one, SH.message) or "")
                for constraint, limit, pattern in _constraints(
                    model, one, path, data_model, shapes
                ):
                    message = stated or f"{constraint} {limit}"
                    query = f"select distinct ?this ?value where {{ {focus} {pattern} }}"
                    for this, value in cast("ox.QuerySolutions", store.query(query)):
                        text = "" if value is None else value.value
                        found.append(Violation(this.value, path, text, message, constraint))
    return sorted(
        set(found), key=lambda one: (one.focus, one.path, one.value, one.constraint, one.message)
    )


def _constraints(
    model: rdflib.Graph, shape: rdflib.term.Node, path: str, schema: Schema, where: Path
) -> Iterator[tuple[str, str, str]]:
    """Yield the constraints of a property shape: name, limit, and query pattern of violations."""
    for parameter, value in sorted(model.predicate_objects(shape)):
        if parameter in _SILENT:
            continue
        name = str(parameter).rpartition("#")[2]
        if parameter == SH["or"]:
            options = [model.value(option, SH.datatype) for option in Collection(model, value)]
            if None not in options:
                types = [str(option) for option in options]
                yield name, f"datatypes {', '.join(map(_local, types))}", _no_datatype(path, types)
                continue
        if name not in _CHECKS:
            raise DataError(
                f"sh:{name} is not supported here", where=f"{where.name}, sh:path <{path}>",
                remedy=f"supported: {', '.join(sorted(_CHECKS))}, or of datatypes",
            )  # fmt: skip
        yield name, _local(str(value)), _CHECKS[name](path, str(value), schema)


def _local(name: str) -> str:
    return name.rpartition("#")[2]


def _instances(class_: str, variable: str, schema: Schema) -> str:
    """Query pattern of the instances of a class or a subclass."""
    name = class_.removeprefix(ONTOLOGY)
    below = [one for one in schema.classes if schema.is_a(one, name)] or [name]
    kinds = " ".join(f"<{ONTOLOGY}{one}>" for one in below)
    kind = f"{variable}Class"
    return f"values {kind} {{ {kinds} }} {variable} a {kind} ."


def _no_datatype(path: str, options: list[str]) -> str:
    listed = ", ".join(f"<{option}>" for option in options)
    return (
        f"{_VALUE.format(path=path)} "
        f"filter(!isLiteral(?value) || datatype(?value) not in ({listed}))"
    )


def _counted(path: str, limit: str, *, sign: str) -> str:
    value = _VALUE.format(path=path)
    return (
        f"{{ select ?this where {{ ?this a ?any optional {{ {value} }} }} group by ?this "
        f"having(count(distinct ?value) {sign} {int(limit)}) }}"
    )


_CHECKS: Final[dict[str, Callable[[str, str, Schema], str]]] = {
    "minCount": lambda path, value, _: _counted(path, value, sign="<"),
    "maxCount": lambda path, value, _: _counted(path, value, sign=">"),
    "datatype": lambda path, value, _: _no_datatype(path, [value]),
    "minLength": lambda path, value, _: (
        f"{_VALUE.format(path=path)} filter(strlen(str(?value)) < {int(value)})"
    ),
    "nodeKind": lambda path, value, _: (
        f"{_VALUE.format(path=path)} filter(!is{value.rpartition('#')[2]}(?value))"
    ),
    "class": lambda path, value, schema: (
        f"{_VALUE.format(path=path)} filter not exists {{ {_instances(value, '?value', schema)} }}"
    ),
}
"""Constraint component → query pattern of its violations."""
