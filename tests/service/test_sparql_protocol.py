"""SPARQL over HTTP: results equal rdflib's and follow the protocol."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from xml.etree import ElementTree

import pytest
from fastapi.testclient import TestClient
from rdflib import Graph

SELECT = "SELECT ?s WHERE { ?s a mkg:Band } ORDER BY ?s LIMIT 2"
JSON = "application/sparql-results+json"
HEAD = """PREFIX mkg: <https://w3id.org/musickg/ontology#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
PREFIX xsd: <http://www.w3.org/2001/XMLSchema#>
PREFIX genre: <https://w3id.org/musickg/genre/>
PREFIX artist: <https://w3id.org/musickg/artist/>
"""
TABLES = (
    "SELECT ?s { ?s a mkg:Band }",
    "SELECT DISTINCT ?g { ?s mkg:genre ?g }",
    "SELECT ?l { artist:Portishead rdfs:label ?l }",
    "SELECT ?p ?o { artist:Portishead ?p ?o }",
    "SELECT ?s ?p { ?s ?p genre:trip_hop }",
    "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }",
    "SELECT ?g (COUNT(?s) AS ?n) { ?s mkg:genre ?g } GROUP BY ?g",
    "SELECT ?g { ?s mkg:genre ?g } GROUP BY ?g HAVING (COUNT(?s) > 7)",
    "SELECT ?s ?y { ?s a mkg:Band OPTIONAL { ?s mkg:beginDate ?y } }",
    "SELECT ?s ?d { ?s a mkg:Band OPTIONAL { ?s mkg:endDate ?d } }",
    'SELECT ?s { ?s rdfs:label ?l FILTER(STRSTARTS(?l, "M")) }',
    'SELECT ?s { ?s rdfs:label ?l FILTER(REGEX(?l, "^t", "i")) }',
    "SELECT ?s { ?s mkg:genre genre:trip_hop MINUS { ?s mkg:genre genre:electronic } }",
    "SELECT ?s { { ?s mkg:genre genre:trip_hop } UNION { ?s mkg:genre genre:thrash_metal } }",
    "SELECT ?a ?b { ?a mkg:genre ?g . ?b mkg:genre ?g FILTER(STR(?a) < STR(?b)) } LIMIT 10000",
    "SELECT ?s { ?s a mkg:Band FILTER EXISTS { ?s mkg:genre genre:trip_hop } }",
    "SELECT ?s { ?s a mkg:Band FILTER NOT EXISTS { ?s mkg:genre genre:trip_hop } }",
    "SELECT ?s ?u { ?s rdfs:label ?l BIND(UCASE(?l) AS ?u) FILTER(?s = artist:Lamb) }",
    'SELECT ?l { VALUES ?l { "Lamb" "Tricky" "nobody" } ?s rdfs:label ?l }',
    "SELECT (MIN(?l) AS ?first) (MAX(?l) AS ?last) { ?s a mkg:Band ; rdfs:label ?l }",
    "SELECT ?x { artist:Lamb mkg:genre/^mkg:genre ?x }",
    "SELECT DISTINCT ?x { artist:Lamb (mkg:genre|mkg:origin) ?x }",
    "SELECT ?s (IF(STRLEN(?l) > 6, 'long', 'short') AS ?k) { ?s a mkg:Band ; rdfs:label ?l }",
    "SELECT ?n { { SELECT (COUNT(?s) AS ?n) { ?s a mkg:Band } } }",
    "SELECT (COUNT(DISTINCT ?o) AS ?n) { ?s mkg:origin ?o }",
)
OTHERS = (
    "ASK { artist:Portishead mkg:genre genre:trip_hop }",
    "ASK { artist:Portishead mkg:genre genre:thrash_metal }",
    "CONSTRUCT { ?s mkg:genre ?g } WHERE { ?s mkg:genre ?g }",
    "CONSTRUCT WHERE { artist:Lamb ?p ?o }",
    "CONSTRUCT { ?g mkg:x ?s } WHERE { ?s mkg:genre ?g ; rdfs:label 'Lamb' }",
)


@pytest.fixture(scope="module")
def graph(data: Path) -> Graph:
    return Graph().parse(data / "kg.ttl")


def ask(client: TestClient, query: str, accept: str = JSON):
    return client.get("/sparql", params={"query": query}, headers={"accept": accept})


@pytest.mark.parametrize("query", TABLES)
def test_tables_equal_rdflib_s(client: TestClient, graph: Graph, query: str) -> None:
    answer = ask(client, query)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    names = found["head"]["vars"]
    got = [
        tuple(row[n]["value"] if n in row else None for n in names)
        for row in found["results"]["bindings"]
    ]
    expected = [
        tuple(None if cell is None else str(cell) for cell in row)
        for row in graph.query(HEAD + query)
    ]
    assert len(expected) > 0 or "MINUS" in query
    whole = answer.headers.get("x-truncated") is None
    if whole:
        assert sorted(got, key=repr) == sorted(expected, key=repr)
    else:
        assert len(got) == 50 and set(got) <= set(expected)


@pytest.mark.parametrize("query", OTHERS)
def test_booleans_and_graphs_equal_rdflib_s(client: TestClient, graph: Graph, query: str) -> None:
    expected = graph.query(HEAD + query)
    if expected.type == "ASK":
        assert ask(client, query).json()["boolean"] is expected.askAnswer
    else:
        found = Graph().parse(data=ask(client, query, "text/turtle").text, format="turtle")
        assert set(found) == set(expected.graph) != set()


def test_the_three_ways_to_send_a_query_give_the_same_answer(client: TestClient) -> None:
    headers = {"accept": JSON}
    by_get = ask(client, SELECT).json()
    form = client.post("/sparql", data={"query": SELECT}, headers=headers)
    direct = client.post(
        "/sparql", content=SELECT, headers=headers | {"content-type": "application/sparql-query"}
    )
    assert by_get == form.json() == direct.json()


def test_results_come_as_json_xml_csv_and_tsv(client: TestClient) -> None:
    query = 'SELECT ?s ?l { ?s rdfs:label ?l FILTER(CONTAINS(?l, "script")) }'
    (row,) = ask(client, query).json()["results"]["bindings"]
    label = row["l"]["value"]
    assert label.startswith("<script>")
    (line,) = csv.DictReader(io.StringIO(ask(client, query, "text/csv").text))
    assert line["l"] == label
    xml = ElementTree.fromstring(ask(client, query, "application/sparql-results+xml").text)
    space = "{http://www.w3.org/2005/sparql-results#}"
    assert [element.text for element in xml.iter(f"{space}literal")] == [label]
    tsv = ask(client, query, "text/tab-separated-values").text.splitlines()
    assert tsv[0] == "?s\t?l"
    assert tsv[1].endswith(f'\t"{label}"')


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        ([], "exactly one query"),
        ([("query", SELECT), ("query", SELECT)], "exactly one query"),
        ([("query", "SELECT nonsense")], "SPARQL"),
        ([("query", "INSERT DATA { <a:a> <a:b> <a:c> }")], "SPARQL"),
        ([("update", "DROP ALL")], "read-only"),
        ([("query", SELECT), ("default-graph-uri", "http://example.org/g")], "one graph"),
    ],
)
def test_what_the_protocol_calls_malformed_is_400(client: TestClient, pairs, words: str) -> None:
    answer = client.get("/sparql", params=pairs, headers={"accept": JSON})
    assert answer.status_code == 400
    assert words in answer.json()["detail"]


def test_other_bodies_and_methods_are_refused(client: TestClient) -> None:
    as_update = {"content-type": "application/sparql-update"}
    assert client.post("/sparql", content="DROP ALL", headers=as_update).status_code == 415
    not_text = {"content-type": "application/sparql-query"}
    assert client.post("/sparql", content=b"\xff\xfe", headers=not_text).status_code == 400
    assert client.put("/sparql", content=SELECT).status_code == 405
    assert ask(client, SELECT, "image/png").status_code == 406


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * { SERVICE <http://127.0.0.1:1/> { ?s ?p ?o } }",
        "SELECT * { SERVICE SILENT <http://169.254.169.254/> { ?s ?p ?o } }",
        "SELECT * { \\u0053ERVICE <http://127.0.0.1:1/> { ?s ?p ?o } }",
        "LOAD <file:///etc/passwd>",
    ],
)
def test_nothing_outside_the_graph_is_asked(client: TestClient, query: str) -> None:
    assert ask(client, query).status_code == 400


def test_from_reads_no_file(client: TestClient) -> None:
    answer = ask(client, "SELECT * FROM <file:///etc/passwd> { ?s ?p ?o }")
    assert answer.status_code == 400 or answer.json()["results"]["bindings"] == []


def test_a_bomb_is_stopped_in_time_and_the_next_query_is_answered(client: TestClient) -> None:
    bomb = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l . ?m ?n2 ?o }"
    answer = ask(client, bomb)
    assert answer.status_code == 400
    assert "stopped after 1 s" in answer.json()["detail"]
    assert ask(client, SELECT).status_code == 200


def test_long_answers_are_cut_and_say_so(client: TestClient) -> None:
    answer = ask(client, "SELECT * { ?s ?p ?o }")
    assert len(answer.json()["results"]["bindings"]) == 50
    assert answer.headers["x-truncated"] == "true"
