"""Command `data-model`: write the data model as a page with a diagram, drawn from `music.ttl`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

import rdflib
import typer
from rdflib.namespace import OWL, RDFS

from kg_builder.ontology import Schema, load_schema
from kg_builder.ontology.iris import ONTOLOGY
from kg_builder.ontology.schema import MUSIC_TTL
from pipeline.console import terminal
from safe_io.atomic import write_atomically

__all__ = ["data_model_command", "page"]

PAGE: Final = Path("docs") / "data-model.md"
_ALIGNED: Final = (
    OWL.equivalentClass,
    OWL.equivalentProperty,
    RDFS.subClassOf,
    RDFS.subPropertyOf,
)
_HEAD: Final = """\
# The data model

`python -m pipeline data-model` draws this page from `kg_builder/ontology/music.ttl`; a test keeps
it current. `=` marks a class or property of another model that means the same, `<` one that ours is
a part of.

## The paper's six relations

| in the paper | here | where it comes from |
|---|---|---|
| singer | `performer` (`memberOf`: who is in the band) | tables, pages, texts, databases |
| genre | `genre` | all of these, and rules from tags and albums |
| author | `composer`, `writer` | texts, pages, databases |
| type | the class of a thing (`rdf:type`: Album, Song, Movie, Book, Band, …) | every source |
| media | `medium` | sources that state a format; none of `sample`'s does |
| score | `score` | sources that state a rating; none of `sample`'s does |

## Classes and the relations between them
"""


def data_model_command(
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where to write the page.")] = PAGE,
) -> None:
    """Draw the data model: classes, relations, and their equivalents in other models."""
    write_atomically(out, page())
    terminal().print(str(out), highlight=False, soft_wrap=True, markup=False)


def page() -> str:
    """The page in Markdown, its diagram in Mermaid."""
    schema = load_schema()
    graph = rdflib.Graph().parse(MUSIC_TTL)
    return "\n".join(
        [
            _HEAD,
            "```mermaid",
            "classDiagram",
            *_diagram(schema),
            "```",
            "",
            "## Classes",
            "",
            "| class | below | in other models |",
            "|---|---|---|",
            *(
                f"| {name} | {', '.join(item.parents)} | {_elsewhere(graph, name)} |"
                for name, item in schema.classes.items()
            ),
            "",
            "## Predicates",
            "",
            "| predicate | of | to | in other models |",
            "|---|---|---|---|",
            *(
                f"| {name} | {', '.join(item.domain)} | {item.datatype or ', '.join(item.range)} "
                f"| {_elsewhere(graph, name)} |"
                for name, item in schema.predicates.items()
            ),
            "",
        ]
    )


def _diagram(schema: Schema) -> Iterator[str]:
    """Mermaid diagram: subclasses as open arrows, relations as arrows, attributes in boxes."""
    for name, item in schema.classes.items():
        yield from (f"    {parent} <|-- {name}" for parent in item.parents)
    edges: dict[tuple[str, str], list[str]] = {}
    for name, relation in schema.predicates.items():
        if relation.canonical and not relation.is_attribute:
            for domain in relation.domain:
                for range_ in relation.range:
                    edges.setdefault((domain, range_), []).append(name)
        elif relation.is_attribute:
            yield from (f"    {domain} : {relation.datatype} {name}" for domain in relation.domain)
    for (domain, range_), names in sorted(edges.items()):
        yield f"    {domain} --> {range_} : {', '.join(names)}"


def _elsewhere(graph: rdflib.Graph, name: str) -> str:
    """The aligned classes or properties of other models, equivalent ones first."""
    found = []
    for link in _ALIGNED:
        sign = "=" if link in {OWL.equivalentClass, OWL.equivalentProperty} else "<"
        others = sorted(str(o) for o in graph.objects(rdflib.URIRef(ONTOLOGY + name), link))
        found += [f"{sign} {graph.qname(o)}" for o in others if not o.startswith(ONTOLOGY)]
    return ", ".join(found)
