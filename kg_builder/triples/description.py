"""Describe a built graph in VoID, and its provenance in PROV-O, as readable Turtle.

VoID: https://www.w3.org/TR/void/ · PROV-O: https://www.w3.org/TR/prov-o/
"""

from __future__ import annotations

import pyoxigraph as ox

from kg_builder.databases import DATABASES
from kg_builder.ontology import PREFIXES
from kg_builder.ontology.iris import RESOURCE
from kg_builder.triples.graph import node
from kg_builder.triples.graph_tables import GraphCounts
from kg_builder.triples.turtle import turtle_body, turtle_head

VOID = "http://rdfs.org/ns/void#"
TERMS = "http://purl.org/dc/terms/"


def description(
    counts: GraphCounts,
    *,
    name: str,
    title: str,
    licence: str,
    triples: int,
) -> bytes:
    """Describe the graph as a data set: size, classes, properties, external links, sources.

    Args:
        counts: of the graph.
        name: of the recipe; the data set's IRI is `<RESOURCE>dataset/<name>`.
        title: display title.
        licence: from the recipe; omitted if empty.
        triples: number of triples in `kg.nt.gz`.
    """
    graph = _Writer(f"{RESOURCE}dataset/{name}")
    graph.add("rdf:type", ox.NamedNode(f"{VOID}Dataset"), node("prov:Entity"))
    graph.add(f"{TERMS}title", ox.Literal(title))
    if licence:
        graph.add(f"{TERMS}rights", ox.Literal(licence))
    graph.add(f"{VOID}vocabulary", ox.NamedNode(PREFIXES["mkg"]))
    graph.add(f"{VOID}uriSpace", ox.Literal(RESOURCE))
    for file in ("kg.ttl", "kg.nt.gz"):
        graph.add(f"{VOID}dataDump", ox.NamedNode(f"{RESOURCE}dataset/{name}/{file}"))
    graph.count("triples", triples)
    graph.count("entities", counts.entities)
    for class_, count in sorted(counts.classes.items()):
        part = graph.part("classPartition", f"class/{class_}")
        part.add(f"{VOID}class", node(f"mkg:{class_}"))
        part.count("entities", count)
    for predicate, count in sorted(counts.facts.items()):
        part = graph.part("propertyPartition", f"property/{predicate}".replace(":", "."))
        part.add(f"{VOID}property", node(predicate))
        part.count("triples", count)
    for database, count in sorted(counts.external_ids.items()):
        links = graph.part("subset", f"links/{database}")
        links.add("rdf:type", ox.NamedNode(f"{VOID}Linkset"))
        links.add(f"{VOID}linkPredicate", node("owl:sameAs"))
        links.add(f"{VOID}subjectsTarget", graph.subject)
        if database in DATABASES:
            target = f"links to {database}: {DATABASES[database].namespace}"
            links.add(f"{TERMS}description", ox.Literal(target))
        links.count("triples", count)
    build = graph.part(PREFIXES["prov"] + "wasGeneratedBy", "build")
    build.add("rdf:type", node("prov:Activity"))
    for source, count in counts.sources.groupby("source")["facts"].sum().items():
        origin = node(f"source:{source}")
        graph.add("prov:wasDerivedFrom", origin)
        build.add("prov:used", origin)
        graph.triples.append(ox.Triple(origin, node("rdf:type"), node("prov:Entity")))
        label = ox.Literal(f"{source}: {count} statements")
        graph.triples.append(ox.Triple(origin, node("rdfs:label"), label))
    used = {name: PREFIXES[name] for name in ("mkg", "rdf", "rdfs", "owl", "xsd", "prov")}
    used |= {"void": VOID, "dcterms": TERMS, "source": f"{RESOURCE}source/"}
    used |= {kind: f"{graph.subject.value}/{kind}/" for kind in ("class", "property", "links")}
    # Python's sort is stable: groups each subject's triples, in order of first appearance.
    rank: dict[str, int] = {}
    for triple in graph.triples:
        rank.setdefault(str(triple.subject), len(rank))
    ordered = sorted(graph.triples, key=lambda triple: rank[str(triple.subject)])
    first = f"# {title}: described in VoID and PROV-O\n".encode()
    return first + turtle_head(used) + turtle_body(ordered, ox.RdfFormat.TURTLE, used)


class _Writer:
    """Writer of the triples about one subject; all writers append to one list."""

    def __init__(self, subject: str, triples: list[ox.Triple] | None = None) -> None:
        self.subject = ox.NamedNode(subject)
        self.triples: list[ox.Triple] = [] if triples is None else triples

    def add(self, predicate: str, *objects: ox.NamedNode | ox.Literal) -> None:
        self.triples += [ox.Triple(self.subject, node(predicate), thing) for thing in objects]

    def count(self, name: str, number: int) -> None:
        self.add(f"{VOID}{name}", ox.Literal(str(number), datatype=node("xsd:integer")))

    def part(self, predicate: str, name: str) -> _Writer:
        part = _Writer(f"{self.subject.value}/{name}", self.triples)
        self.add(predicate if "://" in predicate else f"{VOID}{predicate}", part.subject)
        return part
