from __future__ import annotations

import pyoxigraph as ox
import pytest
import rdflib
from hypothesis import given
from hypothesis import strategies as st

from kg_builder.ontology import expand, load_schema, local_name
from kg_builder.tables import ENTITIES, STATEMENTS
from kg_builder.triples import graph_pieces, provenance_trig

SCHEMA = load_schema()


def entities(*rows):
    return ENTITIES.frame(
        {
            "entity": entity,
            "type": type_,
            "name": name,
            "aliases": aliases,
            "external_ids": external_ids,
            "attributes": "{}",
            "records": 1,
        }
        for entity, type_, name, aliases, external_ids in rows
    )


def statements(*rows):
    return STATEMENTS.frame(
        {
            "subject": subject,
            "predicate": predicate,
            "object": object_,
            "object_kind": kind,
            "source": source,
            "method": "mapping",
            "confidence": 1.0,
            "evidence": "x",
            "inferred": False,
        }
        for subject, predicate, object_, kind, source in rows
    )


ENTITY_TABLE = entities(
    ("genre:Rock", "Genre", "rock", [], []),
    (
        "artist:Guns_N_Roses",
        "Band",
        "Guns N' Roses",
        ["GNR"],
        ["freebase:m.03x9yr", "dbpedia:Guns_N'_Roses"],
    ),
)
FACTS = statements(
    ("artist:Guns_N_Roses", "genre", "genre:Rock", "entity", "a"),
    ("artist:Guns_N_Roses", "genre", "genre:Rock", "entity", "b"),
    ("artist:Guns_N_Roses", "beginDate", "1985", "gYear", "a"),
)


def written(table=ENTITY_TABLE, facts=FACTS):
    pieces = graph_pieces(facts, table, schema=SCHEMA, title="test")
    return b"".join(piece.turtle for piece in pieces).decode()


def test_the_file_reads_well():
    text = written()
    assert "# band (1) ---" in text
    start = text.index("artist:Guns_N_Roses a mkg:Band ;")
    assert text[start:].splitlines()[:6] == [
        "artist:Guns_N_Roses a mkg:Band ;",
        '\trdfs:label "Guns N\' Roses" ;',
        '\tskos:altLabel "GNR" ;',
        "\tmkg:genre genre:Rock ;",
        '\tmkg:beginDate "1985"^^xsd:gYear ;',
        "\towl:sameAs dbpedia:Guns_N\\'_Roses , freebase:m.03x9yr .",
    ]
    assert text.index("# band") < text.index("# genre")


def test_two_parsers_and_the_other_formats_agree():
    text = written()
    by_rdflib = {tuple(term.n3() for term in triple) for triple in rdflib.Graph().parse(data=text)}
    by_oxigraph = {
        (str(q.subject), str(q.predicate), str(q.object))
        for q in ox.parse(text, format=ox.RdfFormat.TURTLE)
    }
    assert by_rdflib == by_oxigraph
    pieces = graph_pieces(FACTS, ENTITY_TABLE, schema=SCHEMA, title="test")
    lines = b"".join(piece.ntriples for piece in pieces)
    assert len(set(lines.splitlines())) == len(by_rdflib)


def test_every_source_has_its_graph():
    text = b"".join(provenance_trig(FACTS, title="test"))
    quads = list(ox.parse(text, format=ox.RdfFormat.TRIG))
    graphs = {str(q.graph_name) for q in quads if isinstance(q.graph_name, ox.NamedNode)}
    assert graphs == {f"<{expand('source:' + name)}/mapping>" for name in ("a", "b")}
    assert len([q for q in quads if q.predicate == ox.NamedNode(expand("genre"))]) == 2


def triples_of_both(text):
    """The triples as rdflib and as pyoxigraph read them."""
    by_rdflib = {tuple(term.n3() for term in triple) for triple in rdflib.Graph().parse(data=text)}
    by_oxigraph = {
        (str(q.subject), str(q.predicate), str(q.object))
        for q in ox.parse(text, format=ox.RdfFormat.TURTLE)
    }
    return by_rdflib, by_oxigraph


AWKWARD = "R.E.M. !!! AC/DC Air_(band) 2Pac *NSYNC P!nk Guns_N'_Roses Sunn_O))) μ-Ziq 100% ##"
ODD = "a:b - ~ .x ,;"


@pytest.mark.parametrize("name", (AWKWARD + " " + ODD).split())
def test_awkward_names_of_other_databases_can_be_read(name):
    table = entities(("artist:X", "Artist", name, [name], [f"dbpedia:{name}"]))
    by_rdflib, by_oxigraph = triples_of_both(written(table, STATEMENTS.empty()))
    assert by_rdflib == by_oxigraph
    assert len(by_rdflib) == 4


@given(st.lists(st.text(max_size=12), min_size=1, max_size=4))
def test_any_name_survives(names):
    table = entities(
        *[
            (f"artist:{n}_{local_name(name)}", "Artist", name, [], [f"dbpedia:x{name}"])
            for n, name in enumerate(names)
        ]
    )
    text = written(table, STATEMENTS.empty())
    parsed = list(ox.parse(text, format=ox.RdfFormat.TURTLE))
    labels = [q.object.value for q in parsed if "label" in str(q.predicate)]
    assert sorted(labels) == sorted(names)
    assert len(rdflib.Graph().parse(data=text)) == len(set(map(str, parsed)))
