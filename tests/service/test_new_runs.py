"""A newer run takes the place of the one that is being served, and no request notices."""

from __future__ import annotations

import shutil
import threading
import time
import weakref
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from service.app import create_app
from service.settings import Settings
from service.snapshot import Shelf
from tests.service.conftest import train


@pytest.fixture
def copy(data: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "few"
    shutil.copytree(data, folder, ignore=shutil.ignore_patterns(".index", "graph"))
    return folder


def test_a_newer_run_is_served_without_a_failed_request(copy: Path) -> None:
    settings = Settings(data=copy, reload_seconds=0.1, warm=False)
    shelf = Shelf(settings)
    with TestClient(create_app(settings, shelf)) as client:
        statuses, models, stop = [], [], threading.Event()

        def keep_asking() -> None:
            while not stop.is_set():
                answer = client.get("/api/recommend?user=u0")
                statuses.append(answer.status_code)
                models.append(answer.json().get("run"))

        asking = threading.Thread(target=keep_asking)
        asking.start()
        train(copy, "newer", "ease")
        for _ in range(600):
            if "newer" in models:
                break
            stop.wait(0.1)
        stop.set()
        asking.join()
    assert set(statuses) == {200}
    assert models[0] == "factors"
    assert models[-1] == "newer"


def test_likes_are_answered_by_the_newest_model_that_takes_them(copy: Path) -> None:
    train(copy, "newest", "mkr", dim=4)  # it knows nobody but the users of the data
    with TestClient(create_app(Settings(data=copy, warm=False))) as client:
        assert client.get("/api/recommend?user=u0").json()["run"] == "newest"
        answer = client.post("/api/recommend", json={"likes": ["Lamb"]})
        assert (answer.status_code, answer.json()["run"]) == (200, "factors")
        similar = client.get("/api/items/artist:Lamb/similar?by=model")
        assert (similar.status_code, similar.json()["model"]) == (200, "ials")
        page = client.get("/bench?who=likes&likes=Lamb", headers={"accept": "text/html"})
        assert "List of ials" in page.text
        named = client.post("/api/recommend", json={"likes": ["Lamb"], "run": "mkr"})
        assert named.status_code == 422


def test_the_memory_of_the_old_one_is_given_back(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.snapshot._UNREFERENCED_SECONDS", 0.5)
    shelf = Shelf(Settings(data=copy, reload_seconds=60, request_seconds=0.1, warm=False))
    shelf.open()
    try:
        old = weakref.ref(shelf.snapshot)
        runs = [weakref.ref(run) for run in shelf.snapshot.runs.values()]
        (copy / "models" / "factors" / "metrics.json").touch()
        assert shelf.refresh()
        deadline = time.monotonic() + 30
        while any(one() is not None for one in (old, *runs)) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert [one() for one in (old, *runs)] == [None] * (1 + len(runs))
    finally:
        shelf.close()


def test_a_build_that_no_run_fits_leaves_the_old_one(copy: Path) -> None:
    settings = Settings(data=copy, reload_seconds=60, warm=False)
    shelf = Shelf(settings)
    shelf.open()
    try:
        before = shelf.snapshot
        with (copy / "ratings_final.txt").open("a") as file:
            file.write("0\t0\t0\n")
        assert not shelf.refresh()
        assert shelf.snapshot is before
        assert "not the data" in shelf.problem
    finally:
        shelf.close()


def test_readiness_differs_from_liveness(settings: Settings) -> None:
    class Empty(Shelf):
        def open(self) -> None:
            """Still loading."""

    with TestClient(create_app(settings, Empty(settings))) as client:
        assert client.get("/healthz").status_code == 200
        assert client.get("/readyz").status_code == 503
        answer = client.get("/api/models")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
