"""Search, entities with evidence, RDF by content negotiation, neighbourhoods."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from rdflib import Graph, URIRef

BASE = "https://w3id.org/musickg/"


def test_search_forgives_spelling(client: TestClient) -> None:
    assert client.get("/api/search?q=portished").json()[0]["label"] == "Portishead"
    assert client.get("/api/search?q=bjork").json()[0]["label"] == "Björk"
    assert client.get("/api/search?q=qqqqqq").json() == []


def test_a_card_names_the_row_behind_a_fact(client: TestClient) -> None:
    card = client.get("/api/entities/artist:Portishead?quotes=true").json()
    (fact,) = [f for f in card["facts"] if f["predicate"] == "genre" and f["text"] == "trip hop"]
    assert fact["sources"][0]["place"] == "few/bands.csv#line=2"
    assert "name: Portishead" in fact["sources"][0]["text"]
    assert fact["thing"]["id"] == "genre:trip_hop"


def test_a_name_with_a_slash_has_a_card(client: TestClient) -> None:
    hit = client.get("/api/search?q=AC/DC").json()[0]
    assert client.get(f"/api/entities/{hit['id']}").json()["label"] == "AC/DC"


@pytest.mark.parametrize(
    ("accept", "format"),
    [
        ("text/turtle", "turtle"),
        ("application/ld+json", "json-ld"),
        ("application/n-triples", "nt"),
        ("application/rdf+xml", "xml"),
        ("text/turtle;q=0.5, application/ld+json;q=0.9, text/html;q=0.1", "json-ld"),
    ],
)
def test_every_rdf_format_holds_what_the_graph_says(
    client: TestClient, data: Path, accept: str, format: str
) -> None:
    answer = client.get("/api/entities/artist:Portishead", headers={"accept": accept})
    assert answer.headers["vary"] == "accept"
    found = Graph().parse(data=answer.text, format=format)
    whole = Graph().parse(data / "kg.ttl")
    expected = set(whole.triples((URIRef(f"{BASE}artist/Portishead"), None, None)))
    assert set(found) == expected != set()


def test_a_type_that_there_is_none_of_is_refused(client: TestClient) -> None:
    answer = client.get("/api/entities/artist:Portishead", headers={"accept": "image/png"})
    assert answer.status_code == 406
    assert "text/turtle" in answer.json()["detail"]


def test_linked_data_addresses_lead_to_page_or_data(client: TestClient) -> None:
    for accept, where in (
        ("text/html", "/entities/artist:Portishead"),
        ("text/turtle", "/api/entities/artist:Portishead"),
    ):
        answer = client.get(
            "/resource/artist/Portishead", headers={"accept": accept}, follow_redirects=False
        )
        assert (answer.status_code, answer.headers["location"]) == (303, where)


def test_a_neighbourhood_has_the_ends_of_its_edges(client: TestClient) -> None:
    found = client.get("/api/entities/genre:trip_hop/neighbours?most=3").json()
    nodes = {node["id"] for node in found["nodes"]}
    assert len(nodes) == 4
    assert {edge["target"] for edge in found["edges"]} == {"genre:trip_hop"}
    assert {edge["source"] for edge in found["edges"]} == nodes - {"genre:trip_hop"}
    assert found["more"] == 8 - 3


def test_an_unknown_name_gets_suggestions(client: TestClient, data: Path) -> None:
    answer = client.get("/api/entities/Portished")
    assert answer.status_code == 404
    assert "did you mean Portishead?" in answer.json()["detail"]
    assert str(data) not in answer.text
