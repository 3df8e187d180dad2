"""End-to-end: a Prefect server, served deployments, runs started like a user's."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from flows.names import DEPLOYMENTS
from pipeline.build import build
from pipeline.stages.registry import STAGES
from pipeline.units import FOLDER
from tests.pipeline.test_build import hashes

REPOSITORY = Path(__file__).resolve().parents[2]
PREFECT = str(Path(sys.executable).with_name("prefect"))
PATIENCE = 120.0
"""Seconds; generous, for machines that do other things as well."""

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Workplace:
    """A server at `url` with a runner that serves the deployments from `folder`."""

    url: str
    folder: Path
    environment: dict[str, str]

    def post(self, path: str, **body: Any) -> Any:
        def answer() -> httpx.Response | None:
            """The response; None while the server's database is busy (503)."""
            found = httpx.post(f"{self.url}{path}", json=body, timeout=30, trust_env=False)
            return None if found.status_code == 503 else found

        response = wait_for(answer, f"an answer to {path}")
        response.raise_for_status()
        return response.json()

    def prefect(self, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [PREFECT, *arguments],
            cwd=folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def started_run(self, *arguments: str, folder: Path = REPOSITORY) -> dict[str, Any]:
        """Run `prefect deployment run …`; returns the finished flow run."""
        command = self.prefect("deployment", "run", *arguments, folder=folder)
        assert command.returncode == 0, command.stdout + command.stderr
        newest = self.post("/flow_runs/filter", limit=1, sort="EXPECTED_START_TIME_DESC")[0]
        assert str(newest["id"]) in command.stdout
        return self.ended_run(newest)

    def requested_run(self, name: str, **parameters: Any) -> dict[str, Any]:
        """The same through the command's HTTP request, without its start-up time."""
        query = {"name": {"any_": [name]}}
        [deployment] = self.post("/deployments/filter", deployments=query)
        path = f"/deployments/{deployment['id']}/create_flow_run"
        key = uuid.uuid4().hex  # a request that is sent again starts no second run
        return self.ended_run(self.post(path, parameters=parameters, idempotency_key=key))

    def ended_run(self, started: dict[str, Any]) -> dict[str, Any]:
        def ended() -> dict[str, Any] | None:
            query = {"id": {"any_": [started["id"]]}}
            run: dict[str, Any] = self.post("/flow_runs/filter", flow_runs=query)[0]
            final = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
            return run if run["state"]["type"] in final else None

        return wait_for(ended, f"the end of the run {started['name']}")


def wait_for(condition: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if (found := condition()) is not None:
            return found
        time.sleep(0.5)
    raise AssertionError(f"waited {PATIENCE:.0f} s in vain for {what}")


@contextmanager
def running(
    command: list[str], folder: Path, environment: dict[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """A background process group, killed afterwards."""
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        for wish in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(process.pid, wish)
                process.wait(timeout=20)
            except ProcessLookupError:
                break
            except subprocess.TimeoutExpired:
                continue
        process.wait()


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workplace]:
    folder = tmp_path_factory.mktemp("work")
    home = tmp_path_factory.mktemp("prefect")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}/api"
    environment = {
        **os.environ,
        "PREFECT_HOME": str(home),
        "PREFECT_API_URL": url,
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "OMP_NUM_THREADS": "1",
        "COLUMNS": "200",  # tables of Prefect's commands are cut to the width of the terminal
    }
    server_log, runner_log = home / "server.log", home / "runner.log"
    server = [PREFECT, "server", "start", "--port", str(port), "--no-ui"]
    runner = [sys.executable, "-m", "flows.serve", "--poll-seconds", "0.5"]
    workplace = Workplace(url, folder, environment)

    def answers() -> bool | None:
        assert server_process.poll() is None, server_log.read_text()
        try:
            return httpx.get(f"{url}/health", trust_env=False).is_success or None
        except httpx.TransportError:
            return None

    def serves() -> bool | None:
        assert runner_process.poll() is None, runner_log.read_text()
        names = {deployment["name"] for deployment in workplace.post("/deployments/filter")}
        return names == DEPLOYMENTS or None

    with running(server, folder, environment, server_log) as server_process:
        wait_for(answers, f"the server; see {server_log}")
        with running(runner, folder, environment, runner_log) as runner_process:
            wait_for(serves, f"the deployments; see {runner_log}")
            yield workplace


@contextmanager
def service_of(data: Path) -> Iterator[str]:
    """A stub of the service that reports every finished run of a folder as served."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            runs = [file.parent.name for file in data.glob("models/*/metrics.json")]
            self.send_response(200 if self.path == "/readyz" else 404)
            self.end_headers()
            self.wfile.write(json.dumps({"runs": runs}).encode())

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_prefect_deployment_run_build_kg_to_the_letter(workplace: Workplace) -> None:
    run = workplace.started_run("build-kg")  # from the project's folder

    assert run["state"]["type"] == "COMPLETED", run["state"]["message"]
    assert (workplace.folder / "data/processed/sample/kg.ttl").is_file()
    query = {"id": {"any_": [run["id"]]}}
    tasks = workplace.post("/task_runs/filter", flow_runs=query, sort="EXPECTED_START_TIME_ASC")
    stages = [task for task in tasks if "unit" not in task["tags"]]
    assert [task["name"] for task in stages] == [stage.name for stage in STAGES]
    assert all(stage.name in task["tags"] for stage, task in zip(STAGES, stages, strict=True))
    units = {task["name"] for task in tasks if "unit" in task["tags"]}
    assert {"catalogue", "biographies, texts 1 to 64"} <= units
    artifacts = workplace.post("/artifacts/filter", flow_runs=query)
    tables = {artifact["key"]: artifact["data"] for artifact in artifacts}
    assert sorted(tables) == sorted(f"sample-{stage.name}" for stage in STAGES)
    assert "| triples |" in tables["sample-triples"]
    assert "| seconds |" in tables["sample-triples"]

    # Prefect's own client agrees with the installed server.
    listed = workplace.prefect("flow-run", "ls", folder=workplace.folder)
    assert listed.returncode == 0, listed.stderr
    assert run["name"] in listed.stdout

    # Build again (nothing is left to do), train, and wait for what serves the folder; recommend.
    data = workplace.folder / "data/processed/sample"
    asked = {"model": "ials", "training": {"epochs": 1}}
    with service_of(data) as service:
        refreshed = workplace.requested_run("refresh", service=service, refit=True, **asked)
    assert refreshed["state"]["type"] == "COMPLETED", refreshed["state"]["message"]
    [metrics] = data.glob("models/ials-*-refit/metrics.json")
    assert (metrics.parent.with_name(metrics.parent.name.removesuffix("-refit"))).is_dir()
    recommended = workplace.requested_run("recommend", data=str(data), top=3)
    assert recommended["state"]["type"] == "COMPLETED", recommended["state"]["message"]
    assert (metrics.parent / "recommendations.parquet").is_file()

    # Trained anew beside the run that is served; where nobody serves it, the flow says so.
    refused = workplace.requested_run("refresh", service="http://127.0.0.1:1", patience=0, **asked)
    assert refused["state"]["type"] == "FAILED"
    assert "http://127.0.0.1:1 does not serve ials-" in refused["state"]["message"]
    assert len(list(data.glob("models/ials-*/metrics.json"))) == 3


RECIPE = """
name = "acts"
title = "Two artists, who tagged them, and friends"

[[sources]]
kind = "structured"
name = "shop"
[sources.tables.artists]
path = "artists.csv"
type = "Artist"
id = "id"
name = "name"
[sources.tables.tags]
path = "tags.csv"
type = "Tag"
id = "id"
name = "name"
[sources.tables.taggings]
reads = "links"
path = "taggings.csv"
subject = { column = "artist", ref = "artists" }
predicate = "tag"
object = { column = "tag", ref = "tags" }
user = "user"

[[sources]]
kind = "structured"
name = "magazine"
[sources.tables.artists]
path = "magazine.csv"
type = "Artist"
name = "name"
columns = { style = { predicate = "genre" } }

[[interactions]]
path = "taggings.csv"
user = "user"
item = "artist"
records = "shop/artists"

[[users]]
path = "friends.csv"
user = "user"
columns.friend = { relation = "friend", user = true, undirected = true }
"""
FILES = {
    "recipe.toml": RECIPE,
    "artists.csv": "id,name\n1,Portishead\n2,Slayer\n",
    "tags.csv": "id,name\n1,rainy day\n2,loud\n",
    "taggings.csv": "user,artist,tag\nann,1,1\nbob,2,2\nbob,1,2\n",
    "magazine.csv": "name,style\nPortishead,trip hop\nSlayer,thrash metal\n",
    "friends.csv": "user,friend\nann,bob\n",
    "pairs.tsv": "user\titem\nbob\t1\n",
}


def test_build_kg_has_the_options_of_the_command_line(workplace: Workplace) -> None:
    """With the same options as the pipeline's build, it skips every stage."""
    folder = workplace.folder / "acts"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text)
    options: dict[str, Any] = {
        "dataset": f"{folder}/recipe.toml", "raw": f"{folder}", "out": f"{folder}/out",
        "without": ["magazine"], "without_pairs": f"{folder}/pairs.tsv", "with_users": True,
        "seed": 7,
    }  # fmt: skip
    paths = {name: Path(options[name]) for name in ("raw", "out", "without_pairs")}
    build(**{**options, **paths})
    turtle = (folder / "out" / "kg.ttl").read_text()
    assert "tag:loud" not in turtle.split("artist:Portishead a")[1].split(" .\n")[0]
    assert "trip_hop" not in turtle
    assert "friend" in (folder / "out" / "users.ttl").read_text()

    # The full name works from everywhere.
    given = [f"{name}={json.dumps(value)}" for name, value in options.items()]
    words = [word for parameter in given for word in ("--param", parameter)]
    run = workplace.started_run("build-kg/build-kg", *words, folder=workplace.folder)
    assert run["state"]["type"] == "COMPLETED", run["state"]["message"]
    artifacts = workplace.post("/artifacts/filter", flow_runs={"id": {"any_": [run["id"]]}})
    assert len(artifacts) == len(STAGES)
    for artifact in artifacts:
        assert "| unchanged, skipped | yes |" in artifact["data"], artifact["key"]


def test_a_users_mistake_fails_the_run_with_one_line_and_no_second_attempt(
    workplace: Workplace,
) -> None:
    run = workplace.requested_run("build-kg", raw="nowhere", out="elsewhere")

    assert run["state"]["type"] == "FAILED"
    assert "nowhere" in run["state"]["message"]
    assert "\n" not in run["state"]["message"]
    tasks = workplace.post("/task_runs/filter", flow_runs={"id": {"any_": [run["id"]]}})
    assert [(task["name"], task["run_count"]) for task in tasks] == [("extraction", 1)]


def test_two_flows_at_once_run_without_a_server_of_the_users_own(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if "PREFECT_API" not in name}
    command = [sys.executable, "-m", "flows.build_kg", "--dataset", "no-such-recipe"]

    runs = [
        subprocess.Popen(
            command,
            cwd=tmp_path,
            env=environment | {"PREFECT_HOME": str(tmp_path)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(2)
    ]
    for run in runs:
        output, _ = run.communicate(timeout=PATIENCE)
        assert run.returncode == 2
        [last] = [line for line in output.splitlines() if line.startswith("error: ")]
        assert "there is no recipe 'no-such-recipe'" in last
        assert "Traceback" not in output, "both create the database of Prefect's server"


SOURCES = 12


def needs(package: str, extra: str) -> pytest.MarkDecorator:
    missing = importlib.util.find_spec(package) is None
    return pytest.mark.skipif(missing, reason=f"{package} is not installed (extra {extra!r})")


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Many small sources, each a unit; the result of one process is in `expected`."""
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


def flow(recipe: Path, out: Path, *options: str) -> list[str]:
    command = [sys.executable, "-m", "flows.build_kg", "--dataset", str(recipe)]
    return [*command, "--raw", str(recipe.parent), "--out", str(out), *options]


@pytest.fixture
def started(
    workplace: Workplace, tmp_path: Path
) -> Iterator[Callable[[list[str]], subprocess.Popen[bytes]]]:
    """Starts processes and stops them after the test."""
    running: list[subprocess.Popen[bytes]] = []

    def start(command: list[str]) -> subprocess.Popen[bytes]:
        log = (tmp_path / f"{len(running)}.log").open("wb")
        environment = {**workplace.environment, "DASK_DISTRIBUTED__LOGGING__DISTRIBUTED": "error"}
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.wait()


@needs("prefect_dask", "dask")
def test_a_build_on_dask_outlives_one_of_its_workers(
    many: Path, tmp_path: Path, started: Callable[[list[str]], subprocess.Popen[bytes]]
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
    run = started(flow(many, out, "--runner", "dask", "--address", address))
    done = out / FOLDER / "extraction"
    wait_for(lambda: len(list(done.glob("[!.]*/result.json"))) >= 3 or None, "the first units")
    workers[0].kill()
    assert len(list(done.glob("[!.]*/result.json"))) < SOURCES, "the others are still to be done"
    wait_for(run.poll, "the end of the build")
    assert run.returncode == 0, [path.read_text() for path in tmp_path.glob("*.log")]
    assert hashes(out) == hashes(many.parent / "expected")


@needs("prefect_ray", "ray")
def test_a_build_on_ray_by_way_of_an_object_store_has_the_bytes_of_one_process(
    many: Path, tmp_path: Path, workplace: Workplace, s3_url: str
) -> None:
    of_store = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    done = subprocess.run(
        flow(many, tmp_path / "out", "--runner", "ray", "--store", s3_url),
        env={**workplace.environment, **of_store, "RAY_USAGE_STATS_ENABLED": "0"},
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert hashes(tmp_path / "out") == hashes(many.parent / "expected")
