from __future__ import annotations

import gzip
import re
import tempfile
from pathlib import Path
from unittest.mock import patch

import pyoxigraph as ox
import pytest
import rdflib
from hypothesis import given
from hypothesis import strategies as st

from kg_builder.ontology import expand, load_schema, local_name
from kg_builder.tables import ENTITIES, STATEMENTS
from kg_builder.triples import prefixes_of_statements, write_graph, write_provenance
from tests.kg_builder.conftest import RunHere

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


class Files:
    """The files of a graph: `turtle` and `provenance` as texts, `ntriples` as lines."""

    def __init__(self, table=ENTITY_TABLE, facts=FACTS):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            facts.to_parquet(folder / "facts.parquet")
            table.to_parquet(folder / "table.parquet")
            run = RunHere(folder)
            found = prefixes_of_statements(folder / "facts.parquet", run)
            self.count = write_graph(
                folder / "facts.parquet",
                folder / "table.parquet",
                folder / "kg.ttl",
                folder / "kg.nt.gz",
                found=found,
                schema=SCHEMA,
                title="test",
                run_units=run,
            )
            write_provenance(
                folder / "facts.parquet",
                folder / "kg.trig",
                found=found,
                title="test",
                run_units=run,
            )
            self.turtle = (folder / "kg.ttl").read_text()
            self.provenance = (folder / "kg.trig").read_text()
            self.ntriples = gzip.decompress((folder / "kg.nt.gz").read_bytes()).splitlines()


def written(table=ENTITY_TABLE, facts=FACTS):
    return Files(table, facts).turtle


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
    files = Files()
    text = files.turtle
    by_rdflib = {tuple(term.n3() for term in triple) for triple in rdflib.Graph().parse(data=text)}
    by_oxigraph = {
        (str(q.subject), str(q.predicate), str(q.object))
        for q in ox.parse(text, format=ox.RdfFormat.TURTLE)
    }
    assert by_rdflib == by_oxigraph
    assert len(set(files.ntriples)) == files.count == len(by_rdflib)


def test_every_source_has_its_graph():
    quads = list(ox.parse(Files().provenance, format=ox.RdfFormat.TRIG))
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


ODD_TEXT = st.text("ab:/.é\u2028\n\"\\'(),;%# ", min_size=1, max_size=6)
VALUES = st.one_of(
    st.tuples(
        st.sampled_from(["genre", "tag"]),
        st.builds("{}:{}".format, st.sampled_from(["genre", "dbpedia"]), ODD_TEXT),
        st.just("entity"),
    ),
    st.tuples(
        st.sampled_from(["genre", "description"]),
        ODD_TEXT,
        st.sampled_from(["string", "gYear", "integer", "anyURI"]),
    ),
)


@given(st.lists(st.tuples(st.integers(0, 2), VALUES), max_size=8))
def test_lines_are_those_of_the_rdf_library(facts):
    table = entities(*[(f"artist:{n}", "Band", f"name {n}", [], []) for n in range(3)])
    files = Files(
        table, statements(*[(f"artist:{n}", p, value, kind, "a") for n, (p, value, kind) in facts])
    )
    triples = [quad.triple for quad in ox.parse(b"\n".join(files.ntriples), ox.RdfFormat.N_TRIPLES)]
    used = dict(re.findall(r"^@prefix (\S*): +<(.+)> \.$", files.turtle, re.MULTILINE))
    theirs = (ox.serialize(triples, format=ox.RdfFormat.TURTLE, prefixes=used) or b"").decode()
    if any(str(triple.object).endswith(".>") for triple in triples):
        return  # such IRIs are written in full, and those of the same prefix
    assert lines_of(files.turtle) == lines_of(theirs)


def lines_of(text):
    """The lines with triples."""
    return [line for line in text.split("\n") if line and not line.startswith(("@prefix", "# "))]


@pytest.mark.parametrize("size", [1, 2, 3])
def test_blocks_together_are_the_file(size):
    things = [(f"artist:{n}", ("Band", "Song")[n % 2], f"name {n}", [], []) for n in range(9)]
    facts = [
        (f"artist:{n}", predicate, f"artist:{(n + 1) % 9}", "entity", source)
        for n in range(9)
        for predicate in ("similarTo", "associatedWith")
        for source in ("a", "b")
    ]
    whole = Files(entities(*things), statements(*facts))
    with (
        patch("kg_builder.triples.graph_files._THINGS_OF_BLOCK", size),
        patch("kg_builder.triples.graph_files._SUBJECTS_OF_BLOCK", size),
        patch("kg_builder.triples.graph_files._BATCH", 4),
    ):
        blocks = Files(entities(*things), statements(*facts))
    assert (blocks.turtle, blocks.ntriples) == (whole.turtle, whole.ntriples)
    assert whole.turtle.count("# band (5) ---") == 1
    graphs = [
        set(map(str, ox.parse(files.provenance, format=ox.RdfFormat.TRIG)))
        for files in (whole, blocks)
    ]
    assert graphs[0] == graphs[1]
    assert len(graphs[0]) == 9 * 2 * 2 + 2 * 2
