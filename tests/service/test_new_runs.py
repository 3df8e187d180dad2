"""A newer run replaces the served one without failing a request."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from multiprocessing import Process
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from recommender.errors import ConfigError
from service.app import create_app
from service.settings import Settings
from service.snapshot import Shelf, load_ahead
from service.supervisor import Supervisor
from tests.service.conftest import train

PATIENCE = 120.0


@pytest.fixture
def copy(data: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "few"
    shutil.copytree(data, folder, ignore=shutil.ignore_patterns(".index", "graph"))
    return folder


def until(found: Callable[[], Any]) -> Any:
    """What is found once there is something; None where that takes too long."""
    deadline = time.monotonic() + PATIENCE
    while not (value := found()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return value


def supervise(settings: Settings, listener: socket.socket) -> None:
    """What `python -m service` runs."""
    Supervisor(settings, listener, 1).run()


@contextlib.contextmanager
def running(settings: Settings) -> Iterator[tuple[str, Process]]:
    """Serve in processes of its own; the address and the process that supervises."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        process = Process(target=supervise, args=(settings, listener))
        process.start()
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        try:
            assert until(lambda: httpx.get(f"{address}/readyz", timeout=PATIENCE).is_success)
            yield address, process
        finally:
            process.terminate()
            process.join()


def answering(process: Process) -> set[int]:
    """The processes that answer, or are about to."""
    found = set()
    for child in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split():
        with contextlib.suppress(OSError):  # it has just ended
            if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes():
                found.add(int(child))
    return found


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="no /proc to count processes in")
@pytest.mark.slow
def test_a_newer_run_is_served_by_another_process_without_a_failed_request(copy: Path) -> None:
    with running(Settings(data=copy, reload_seconds=0.1)) as (address, process):
        old = answering(process)
        statuses, models, stop = [], [], threading.Event()

        def keep_asking() -> None:
            with httpx.Client(base_url=address, timeout=PATIENCE) as client:
                while not stop.is_set():
                    answer = client.get("/api/recommend?user=u0")
                    statuses.append(answer.status_code)
                    models.append(answer.json().get("run"))

        asking = [threading.Thread(target=keep_asking) for _ in range(3)]
        for thread in asking:
            thread.start()
        train(copy, "newer", "ease")
        assert until(lambda: "newer" in models)
        assert until(lambda: len(answering(process)) == 1)  # with all of the old one's memory
        stop.set()
        for thread in asking:
            thread.join()
        assert set(statuses) == {200}
        assert (models[0], models[-1]) == ("factors", "newer")
        assert not old & answering(process)

        (copy / "models" / "newer" / "metrics.json").write_text("{")
        (copy / "ratings_final.txt").write_text("0\t0\t1\n")  # no run fits
        note = "a newer build or run is not served"
        assert until(lambda: note in httpx.get(f"{address}/readyz").text)
        assert httpx.get(f"{address}/api/recommend?user=u0").json()["run"] == "newer"

        (crashed,) = answering(process)
        os.kill(crashed, signal.SIGKILL)
        assert until(lambda: answering(process) - {crashed})
    assert process.exitcode == 0


def test_what_is_new_is_reported_and_what_is_served_already_is_not(copy: Path) -> None:
    reported: list[tuple[str, Any]] = []
    settings = Settings(data=copy, reload_seconds=0.02, warm=False)
    shelf = Shelf(settings, report=lambda *event: reported.append(event))
    shelf.open()
    try:
        shelf.watch()
        time.sleep(0.2)
        assert reported == [("loaded", None)]
        (copy / "models" / "factors" / "metrics.json").touch()
        assert until(lambda: len(reported) > 1)
        event, (state, has_run) = reported[1]
        assert (event, has_run) == ("changed", True)
        assert state != shelf.snapshot.state
    finally:
        shelf.close()


def test_a_build_that_no_run_fits_is_refused_where_runs_are_served(copy: Path) -> None:
    settings = Settings(data=copy, warm=False)
    ratings = copy / "ratings_final.txt"
    ratings.write_text("".join(ratings.read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(ConfigError, match="not the data"):
        load_ahead(settings, needs_run=True)
    snapshot = load_ahead(settings, needs_run=False)
    snapshot.close()
    assert snapshot.runs == {} and snapshot.explorer is not None


def test_answers_of_a_process_that_is_being_replaced_close_the_connection(
    settings: Settings, client: TestClient
) -> None:
    assert "connection" not in client.get("/api/models").headers
    client.app.state.draining = True
    try:
        assert client.get("/api/models").headers["connection"] == "close"
    finally:
        client.app.state.draining = False


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


def test_readiness_differs_from_liveness(settings: Settings) -> None:
    class Empty(Shelf):
        def open(self) -> None:
            """Still loading."""

    with TestClient(create_app(settings, Empty(settings))) as client:
        assert client.get("/healthz").status_code == 200
        assert client.get("/readyz").status_code == 503
        answer = client.get("/api/models")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
