"""The Python client returns data frames, and raises the service's error messages."""

from __future__ import annotations

import httpx
import pytest
from fastapi.testclient import TestClient

from service import Client, ServiceError


@pytest.fixture
def api(client: TestClient) -> Client:
    def passed_on(request: httpx.Request) -> httpx.Response:
        answer = client.request(
            request.method, str(request.url), content=request.read(), headers=dict(request.headers)
        )
        return httpx.Response(answer.status_code, content=answer.content, headers=answer.headers)

    return Client("http://127.0.0.1", transport=httpx.MockTransport(passed_on))


def test_lists_are_data_frames(api: Client) -> None:
    table = api.recommend("u0", top=3, only="genre=trip hop")
    assert table.index.tolist() == [1, 2, 3]
    assert {"name", "score", "reason"} <= set(table.columns)
    assert len(api.recommend(likes=["Lamb", "Tricky"], top=4)) == 4
    assert len(api.similar("Lamb", top=2)) == 2


def test_the_graph_is_at_hand(api: Client) -> None:
    assert api.search("portished").label[0] == "Portishead"
    facts = api.facts("Portishead")
    assert "few/bands.csv#line=2" in facts.place.tolist()
    assert "artist:Portishead a mkg:Band" in api.turtle("Portishead")
    counted = api.sparql("SELECT (COUNT(?s) AS ?n) { ?s a mkg:Band }")
    assert counted.n.tolist() == [16]
    assert api.sparql("ASK { ?s a mkg:Band }").answer.tolist() == [True]
    assert api.why("Morcheeba", likes="Tricky")["paths"]


def test_refusals_are_errors_with_the_service_s_words(api: Client) -> None:
    with pytest.raises(ServiceError, match="did you mean Portishead"):
        api.recommend(likes="Portished")
    with pytest.raises(ServiceError, match="start the service"):
        Client("http://127.0.0.1:9").models()
