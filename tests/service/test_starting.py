"""The service responds while loading, and reports a failed start in one line."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from service.__main__ import main
from service.answers import ListSettings
from service.app import create_app
from service.settings import Settings
from service.snapshot import Shelf, Snapshot, State, load_snapshot


def test_it_says_that_it_is_starting_until_something_is_loaded(settings: Settings) -> None:
    may_load = threading.Event()

    def load(found: Settings, state: State) -> Snapshot:
        may_load.wait(60)
        return load_snapshot(found, state)

    faults: list[Exception] = []
    app = create_app(settings, Shelf(settings, load), failed=faults.append)
    with TestClient(app) as client:
        assert client.get("/healthz").json() == {"status": "starting"}
        assert client.get("/readyz").status_code == 503
        page = client.get("/bench", headers={"accept": "text/html"})
        assert (page.status_code, page.headers["refresh"]) == (503, "2")
        assert "starting" in page.text
        may_load.set()
        deadline = time.monotonic() + 60
        while client.get("/readyz").status_code == 503 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert client.get("/healthz").json() == {"status": "ok"}
        assert client.get("/api/recommend?user=u0").status_code == 200
        assert "service_snapshot_runs 2.0" in client.get("/metrics").text
    assert not faults


def test_lists_do_not_depend_on_what_is_prepared(settings: Settings) -> None:
    """One user's scores come from another matrix product than all users', so digits may differ."""
    snapshot = load_snapshot(settings)
    try:
        for run in snapshot.runs.values():
            asked = ListSettings(top=6)
            before = [run.recommend(run.user(f"u{n}"), asked) for n in range(30)]
            run.prepare()
            after = [run.recommend(run.user(f"u{n}"), asked) for n in range(30)]
            assert [found.items for found in before] == [found.items for found in after]
            assert [found.scores for found in before] == [
                pytest.approx(found.scores, rel=1e-5) for found in after
            ]
    finally:
        snapshot.close()


def test_a_folder_without_anything_to_serve_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["service", "--data", str(tmp_path), "--port", "0"])
    assert main() == 2
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "error" in line.lower()]
    assert line.startswith(f"error: {tmp_path}: no built graph here")
