"""Units of a build on Dask and on Ray: the bytes of one process, even if a worker is killed."""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline.build import build
from pipeline.units import FOLDER
from tests.pipeline.test_build import hashes

PATIENCE = 240.0
"""Seconds; generous, for machines that do other things as well."""

SOURCES = 12

pytestmark = pytest.mark.slow


def needs(package: str, extra: str) -> pytest.MarkDecorator:
    missing = importlib.util.find_spec(package) is None
    return pytest.mark.skipif(missing, reason=f"{package} is not installed (extra {extra!r})")


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Many small sources, each a unit; what one process builds of them lies in `expected`."""
    folder = tmp_path_factory.mktemp("many")
    (folder / "many").mkdir()
    text = 'name = "many"\ntitle = "Many small sources"\n'
    for number in range(SOURCES):
        rows = [
            f"{row},Artist {number * 7 + row},genre {row % 5}" for row in range(20)
        ]  # neighbouring sources share artists
        (folder / "many" / f"{number}.csv").write_text("id,name,genre\n" + "\n".join(rows) + "\n")
        text += f"""
[[sources]]
kind = "structured"
name = "source{number}"
[sources.tables.artists]
path = "many/{number}.csv"
type = "Artist"
id = "id"
name = "name"
[sources.tables.artists.columns]
genre = {{ predicate = "genre" }}
"""
    path = folder / "many.toml"
    path.write_text(text)
    build(path, raw=folder, out=folder / "expected")
    return path


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Of a Prefect of the test's own: each run starts and ends a server."""
    return {
        **os.environ,
        "PREFECT_HOME": str(tmp_path / "prefect"),
        "RAY_USAGE_STATS_ENABLED": "0",
        "DASK_DISTRIBUTED__LOGGING__DISTRIBUTED": "error",
    }


def flow(recipe: Path, out: Path, *options: str) -> list[str]:
    command = [sys.executable, "-m", "flows.build_kg", "--dataset", str(recipe)]
    return [*command, "--raw", str(recipe.parent), "--out", str(out), *options]


@pytest.fixture
def started(
    environment: dict[str, str], tmp_path: Path
) -> Iterator[Callable[[list[str]], subprocess.Popen[bytes]]]:
    """Starts processes, which are gone after the test."""
    running: list[subprocess.Popen[bytes]] = []

    def start(command: list[str]) -> subprocess.Popen[bytes]:
        log = (tmp_path / f"{len(running)}.log").open("wb")
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.wait()


def wait_for(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"waited {PATIENCE:.0f} s in vain for {what}"
        time.sleep(0.02)


@needs("prefect_dask", "dask")
def test_a_build_on_dask_outlives_one_of_its_workers(
    recipe: Path, tmp_path: Path, started: Callable[[list[str]], subprocess.Popen[bytes]]
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    place = ["--host", "127.0.0.1", "--port", str(port), "--no-dashboard"]
    started([sys.executable, "-m", "distributed.cli.dask_scheduler", *place])
    worker = [sys.executable, "-m", "distributed.cli.dask_worker", address]
    workers = [
        started([*worker, "--nthreads", "1", "--no-nanny", "--no-dashboard"]) for _ in range(3)
    ]
    out = tmp_path / "out"
    run = started(flow(recipe, out, "--runner", "dask", "--address", address))
    done = out / FOLDER / "extraction"
    wait_for(lambda: len(list(done.glob("[!.]*/result.json"))) >= 3, "the first units")
    workers[0].kill()
    assert len(list(done.glob("[!.]*/result.json"))) < SOURCES, "the others are still to be done"
    wait_for(lambda: run.poll() is not None, "the end of the build")
    assert run.returncode == 0, [path.read_text() for path in tmp_path.glob("*.log")]
    assert hashes(out) == hashes(recipe.parent / "expected")


@needs("prefect_ray", "ray")
def test_a_build_on_ray_has_the_bytes_of_one_process(
    recipe: Path, tmp_path: Path, environment: dict[str, str]
) -> None:
    done = subprocess.run(
        flow(recipe, tmp_path / "out", "--runner", "ray"),
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert hashes(tmp_path / "out") == hashes(recipe.parent / "expected")
