"""Lists over HTTP equal the library's, with reasons, settings and errors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient
from lxml import html

from recommender.lists import GraphVocabulary, ListOptions, filters
from recommender.lists.criteria import criteria
from recommender.newcomers.people import recommend_to_newcomer
from recommender.recommendations import Recommendations, recommendations_for
from recommender.training.runs import LoadedRun, load_run
from tests.service.conftest import NAMES

RUNS = ("factors", "graph")


@pytest.fixture(scope="module")
def runs(data: Path) -> dict[str, LoadedRun]:
    return {name: load_run(data / "models" / name) for name in RUNS}


def same(answer: dict, expected: Recommendations) -> None:
    table = expected.to_table().to_pylist()
    got = answer["items"]
    assert [item["name"] for item in got] == [row["name"] for row in table]
    assert [item["reason"] for item in got] == [row["reason"] for row in table]
    np.testing.assert_allclose([p["score"] for p in got], [r["score"] for r in table], atol=2e-6)
    np.testing.assert_allclose(
        [p["probability"] for p in got], [r["probability"] for r in table], atol=2e-6
    )


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize("user", [0, 7])
def test_a_user_s_list_is_the_library_s(client: TestClient, runs, name: str, user: int) -> None:
    answer = client.get("/api/recommend", params={"user": f"u{user}", "run": name, "top": 5})
    run = runs[name]
    number = run.dataset.catalogue.user_of_raw_id(f"u{user}")
    same(answer.json(), recommendations_for(run.model, run.split, [number], 5))


def test_every_criterion_is_a_parameter_and_a_slider_with_its_range(client: TestClient) -> None:
    operation = client.app.openapi()["paths"]["/api/recommend"]["get"]
    limits = {p["name"]: p["schema"] for p in operation["parameters"]}
    page = html.fromstring(client.get("/bench").text)
    for name, criterion in criteria().items():
        assert (limits[name]["minimum"], limits[name]["maximum"]) == (
            criterion.least,
            criterion.most,
        )
        slider = page.get_element_by_id(name)
        assert (float(slider.get("min")), float(slider.get("max"))) == (
            criterion.least,
            criterion.most,
        )


@pytest.mark.parametrize("name", RUNS)
def test_settings_and_filters_are_the_library_s(client: TestClient, runs, name: str) -> None:
    run = runs[name]
    vocabulary = GraphVocabulary.of(run.split.train)
    options = ListOptions(
        (filters.only(vocabulary, "genre=trip hop"),), {"diversity": 0.4, "popularity": -0.5}
    )
    asked = {"user": "u1", "run": name, "top": 4, "only": "genre=Trip-Hop"}
    asked |= {"diversity": 0.4, "popularity": -0.5}
    number = run.dataset.catalogue.user_of_raw_id("u1")
    expected = recommendations_for(run.model, run.split, [number], 4, options=options)
    same(client.get("/api/recommend", params=asked).json(), expected)
    asked.pop("only")
    plain = recommendations_for(
        run.model, run.split, [number], 4, options=ListOptions(weights=options.weights)
    )
    same(client.get("/api/recommend", params=asked).json(), plain)


@pytest.mark.parametrize("name", RUNS)
def test_a_newcomer_s_list_is_the_library_s(client: TestClient, runs, name: str) -> None:
    asked = {"likes": ["portishead", "artist:Lamb", "id:4"], "run": name, "top": 6}
    answer = client.post("/api/recommend", json=asked).json()
    assert [item["name"] for item in answer["history"]] == ["Portishead", "Lamb", "Björk"]
    expected = recommend_to_newcomer(runs[name], likes=["Portishead", "Lamb", "Björk"], top=6)
    same(answer, expected)


def test_played_items_are_listed_when_asked_for(client: TestClient) -> None:
    played = {i["id"] for i in client.get("/api/recommend?user=u0").json()["history"]}
    usual = client.get("/api/recommend?user=u0&top=20").json()["items"]
    all_items = client.get("/api/recommend?user=u0&top=20&allow_played=true").json()["items"]
    assert not played & {item_row["id"] for item_row in usual}
    reasons = {item_row["id"]: item_row["reason"] for item_row in all_items}
    assert {reasons[item] for item in played} == {"you play it already"}


def test_likes_that_are_held_out_are_counted(client: TestClient, runs) -> None:
    dataset = next(iter(runs.values())).dataset
    users, _ = dataset.interactions.positives
    likes = int((users == dataset.catalogue.user_of_raw_id("u0")).sum())
    answer = client.get("/api/recommend?user=u0").json()
    assert answer["held_out"] == likes - len(answer["history"]) > 0
    page = client.get("/bench?user=u0").text
    assert f"({answer['held_out']} more held out to measure quality)" in page


def test_reasons_come_with_paths_and_sources_when_asked_for(client: TestClient) -> None:
    asked = {"user": "u0", "run": "graph", "reasons": "paths", "top": 1}
    item = client.get("/api/recommend", params=asked).json()["items"][0]
    why = client.get("/api/why", params={"user": "u0", "run": "graph", "item": item["id"]}).json()
    assert why["reason"] == item["reason"]
    step = why["paths"][0]["steps"][-1]
    assert step["sources"][0]["source"] == "shop"
    assert "genres: trip hop;electronic" in step["sources"][0]["text"]


def test_reasons_can_be_left_out(client: TestClient) -> None:
    items = client.get("/api/recommend?user=u0&reasons=none").json()["items"]
    assert {item["reason"] for item in items} == {None}


def test_neighbours_by_graph_share_facts_and_by_model_listeners(client: TestClient) -> None:
    near = client.get("/api/items/artist:Metallica/similar?top=3").json()["items"]
    thrash = set(NAMES[1::2]) - {"Metallica"}
    assert {item["name"] for item in near} <= thrash
    assert near[0]["similarity"] >= near[1]["similarity"] > 0
    by_model = client.get("/api/items/Slayer/similar?by=model&run=graph&top=3").json()
    assert by_model["model"] == "mmss_mkr_g"
    assert len(by_model["items"]) == 3


@pytest.mark.parametrize(
    ("asked", "status", "words"),
    [
        ({"user": "nobody"}, 404, "30 users"),
        ({"likes": ["Portished"]}, 422, "did you mean Portishead"),
        ({"user": "u0", "likes": ["Lamb"]}, 422, "give either a user or likes"),
        ({}, 422, "give either a user or likes"),
        ({"user": "u0", "only": ["genre=jazz"]}, 422, "trip hop"),
        ({"user": "u0", "run": "nothing"}, 422, "graph"),
        ({"user": "u0", "top": 0}, 422, "top"),
        ({"user": "u0", "colour": "red"}, 422, "colour"),
        ({"user": "u0", "diversity": 0.7, "calibration": 0.7}, 422, "more than 1"),
    ],
)
def test_mistakes_are_explained(client: TestClient, data: Path, asked, status, words) -> None:
    answer = client.post("/api/recommend", json=asked)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert words in answer.json()["detail"]
    assert str(data) not in answer.text


def test_listeners_and_models_can_be_listed(client: TestClient) -> None:
    found = client.get("/api/users?q=u1&top=50").json()
    assert {user["user"] for user in found} == {"u1", *(f"u{n}" for n in range(10, 20))}
    models = client.get("/api/models").json()
    assert [m["run"] for m in models if m["default"]] == ["graph"]  # it ended last
    assert all(model["newcomers"] for model in models)
