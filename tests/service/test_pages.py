"""Pages: messages without local paths and options, notices, empty answers."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from service.pages.rendering import heading
from service.problems import public_text
from service.settings import Settings

PAGE = {"accept": "text/html"}


def page(client: TestClient, address: str, status: int = 200, **headers: str) -> str:
    """The text of a page."""
    found = client.get(address, headers=PAGE | headers)
    assert found.status_code == status, found.text
    return found.text


@pytest.mark.parametrize(
    ("text", "public"),
    [
        (
            "user 'x' is not in {data}; its 30 users are in users.tsv, for example u0",
            "user 'x' is not in few; its 30 users include u0",
        ),
        ("'x' is not in few; names are in items.tsv", "'x' is not in few"),
        (
            "'x' is not in the graph (names are in entities.tsv and aliases.tsv)",
            "'x' is not in the graph",
        ),
        ("make it shorter, or allow more time (--timeout)", "make it shorter"),
        ("set --diversity below 1; A--B is a name", "set diversity below 1; A--B is a name"),
    ],
)
def test_messages_name_no_path_file_or_option(settings: Settings, text: str, public: str) -> None:
    found = public_text(text.replace("{data}", str(settings.data)), settings.data)
    assert found == public


def test_an_unknown_listener_is_no_path(client: TestClient, settings: Settings) -> None:
    found = page(client, "/bench?user=nobody")
    assert "its 30 users include u0" in found
    assert str(settings.data) not in found


def test_a_run_that_is_gone_is_replaced_with_a_notice(client: TestClient) -> None:
    found = page(client, "/bench?user=u0&first=last-year&second=graph")
    assert "The run last-year is no longer served" in found
    assert found.count('<section class="list"') == 1


def test_empty_fields_are_unset(client: TestClient) -> None:
    empty = page(client, "/bench?user=u0&top=&popularity=&first=graph")
    assert empty.count('class="rank"') == page(client, "/bench?user=u0&first=graph").count(
        'class="rank"'
    )


def test_the_back_button_of_htmx_is_answered_with_the_page(client: TestClient) -> None:
    fragment = page(client, "/bench?user=u0", **{"hx-request": "true"})
    restored = {"hx-request": "true", "hx-history-restore-request": "true"}
    assert "<html" not in fragment
    assert "<html" in page(client, "/bench?user=u0", **restored)


def test_why_says_that_an_item_is_played_already(client: TestClient) -> None:
    mine = client.get("/api/recommend?user=u0").json()["history"][0]
    found = page(client, f"/why?user=u0&item={mine['id']}")
    assert f"Listener u0 already plays {mine['name']}, so it is not recommended." in found
    assert "Recommended by" not in found


@pytest.mark.parametrize("query", ['SELECT ?s { ?s rdfs:label "no such" }', "DESCRIBE artist:No"])
def test_a_query_without_results_says_so(client: TestClient, query: str) -> None:
    found = client.get("/sparql", params={"query": query}, headers=PAGE)
    assert "No results" in found.text


def test_only_entities_are_linked_in_results(client: TestClient) -> None:
    query = 'SELECT ?p ?o { ?s rdfs:label "Portishead" ; ?p ?o }'
    found = client.get("/sparql", params={"query": query}, headers=PAGE).text
    assert "<td>mkg:genre</td>" in found
    assert '<a href="/entities/genre:trip_hop">' in found


def test_an_undeclared_prefix_is_named(client: TestClient) -> None:
    query = "PREFIX ex: <http://example.org/> SELECT ?s { ?s foo:bar ?o ; ex:is rdfs:label }"
    found = client.get("/sparql", params={"query": query}, headers=PAGE)
    assert found.status_code == 400
    assert "the prefix foo: is not declared; use PREFIX, or one of" in found.text


def test_an_unknown_entity_has_links_to_similar_names(client: TestClient) -> None:
    found = page(client, "/entities/Portishaed", 404)
    assert '<a href="/entities/artist:Portishead">Portishead</a>' in found
    assert "There is no such page." in page(client, "/nowhere", 404)


@pytest.mark.parametrize(
    ("predicate", "direction", "shown"),
    [
        ("genre", "out", "genre"),
        ("performer", "in", "work"),
        ("group", "in", "memberships"),
        ("member", "in", "memberships"),
        ("recipient", "in", "honours"),
    ],
)
def test_facts_are_headed_by_what_they_are_from_this_end(
    predicate: str, direction: str, shown: str
) -> None:
    assert heading(predicate, direction, predicate) == shown
