"""Inject faults into Prefect: kill its server and the serving process, run a deployment twice."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.faults.attacks import Campaign, content, difference
from tests.faults.processes import ROOT

_ENDED = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
_PREFECT = str(Path(sys.executable).with_name("prefect"))


class Orchestra:
    """A Prefect server with a database of its own, and a process that serves the deployments."""

    def __init__(self, folder: Path, patience: float) -> None:
        self.folder, self.patience = folder, patience
        folder.mkdir(parents=True, exist_ok=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/api"
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str) -> None:
        """Start the `server` or the process that `serves`, and wait until it is ready."""
        words = {
            "server": [_PREFECT, "server", "start", "--port", str(self.port), "--no-ui"],
            "serving": [sys.executable, "-m", "flows.serve", "--poll-seconds", "0.5"],
        }[name]
        environment = os.environ | {
            "PREFECT_HOME": str(self.folder / "home"), "PREFECT_API_URL": self.url,
            "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "DO_NOT_TRACK": "1",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        }  # fmt: skip
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                words, cwd=self.folder, env=environment, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        self.wait(self._answers if name == "server" else self._serves, f"the {name}")

    def kill(self, name: str) -> None:
        """Kill it with its child processes."""
        process = self.processes.pop(name, None)
        if process is not None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def wait(self, condition: Callable[[], Any], what: str) -> Any:
        """Wait for a condition; returns its first true value.

        Raises:
            TimeoutError: there was none.
        """
        deadline = time.monotonic() + self.patience
        while time.monotonic() < deadline:
            try:
                if found := condition():
                    return found
            except httpx.HTTPError:
                pass
            time.sleep(0.2)
        raise TimeoutError(f"waited {self.patience:.0f} s in vain for {what}")

    def post(self, path: str, **body: Any) -> Any:
        """Post to the server; retries while its database is busy (503), like Prefect."""
        deadline = time.monotonic() + self.patience
        while True:
            response = httpx.post(f"{self.url}{path}", json=body, timeout=30, trust_env=False)
            if response.status_code != 503 or time.monotonic() > deadline:
                break
            time.sleep(1)
        response.raise_for_status()
        return response.json()

    def run(self, **parameters: str) -> str:
        """Start a run of the deployment `build-kg`; returns its id."""
        found = httpx.get(f"{self.url}/deployments/name/build-kg/build-kg", trust_env=False)
        found.raise_for_status()
        path = f"/deployments/{found.json()['id']}/create_flow_run"
        return str(self.post(path, parameters=parameters)["id"])

    def state(self, run: str) -> dict[str, Any]:
        """The state of a run."""
        found: dict[str, Any] = self.post("/flow_runs/filter", flow_runs={"id": {"any_": [run]}})[0]
        return dict(found["state"])

    def ended(self, run: str) -> dict[str, Any]:
        """Wait for a run's final state."""
        self.wait(lambda: self.state(run)["type"] in _ENDED, f"the end of a run ({run})")
        return self.state(run)

    def _answers(self) -> bool:
        return httpx.get(f"{self.url}/health", trust_env=False).is_success

    def _serves(self) -> bool:
        return bool(self.post("/deployments/filter"))


@contextmanager
def orchestra(folder: Path, patience: float) -> Iterator[Orchestra]:
    """A server and a serving process, stopped afterwards."""
    made = Orchestra(folder, patience)
    try:
        made.start("server")
        made.start("serving")
        yield made
    finally:
        for name in list(made.processes):
            made.kill(name)


class PrefectAttack:
    """Runs of the deployment `build-kg` against a server that is killed.

    Args:
        campaign: collects the findings.
        recipe: what is built, from `raw`.
        raw: the raw files.
        wanted: content of the folder that an undisturbed build writes.
    """

    name = "deployment"

    def __init__(self, campaign: Campaign, recipe: Path, raw: Path, wanted: dict[str, str]) -> None:
        self.campaign, self.recipe, self.raw, self.wanted = campaign, recipe, raw, wanted

    def attack(self) -> None:
        """Run all attacks in sequence on one server."""
        folder = self.campaign.folder / self.name
        try:
            with orchestra(folder / "prefect", 2 * self.campaign.longest) as prefect:
                self._crowd(prefect, folder / "crowd")
                for name in ("server", "serving"):
                    self._kill(prefect, name, folder / name)
        except (TimeoutError, httpx.HTTPError, subprocess.SubprocessError) as fault:
            self.campaign.note(self.name, "prefect", f"{type(fault).__name__}: {fault}")

    def _crowd(self, prefect: Orchestra, out: Path) -> None:
        """Start two runs at once: each completes, or fails in one line."""
        runs = [self._start(prefect, out) for _ in range(2)]
        states = [prefect.ended(run) for run in runs]
        problem = difference(self.wanted, content(out))
        for state in states:
            if state["type"] not in {"COMPLETED", "FAILED"} or "\n" in (state["message"] or ""):
                problem = problem or f"{state['type']}: {state['message']}"
        if all(state["type"] != "COMPLETED" for state in states):
            problem = problem or json.dumps([state["message"] for state in states])
        self.campaign.note(self.name, "crowd of two runs", problem)

    def _kill(self, prefect: Orchestra, name: str, out: Path) -> None:
        """Kill it during a run and restart it: the next run gives the same bytes."""
        first = self._start(prefect, out)
        prefect.wait(lambda: prefect.state(first)["type"] == "RUNNING", "a run to start")
        time.sleep(random.Random(self.campaign.rng.random()).uniform(0, 6))
        prefect.kill(name)
        time.sleep(2)
        prefect.start(name)
        state = prefect.ended(self._start(prefect, out))
        if state["type"] == "FAILED" and "at work here" in (state["message"] or ""):
            # The killed server's run continues and keeps its folder lock, as intended.
            prefect.wait(lambda: not difference(self.wanted, content(out)), "the first run's files")
            state = prefect.ended(self._start(prefect, out))
        problem = difference(self.wanted, content(out))
        if state["type"] != "COMPLETED":
            problem = problem or f"{state['type']}: {state['message']}"
        self.campaign.note(self.name, f"kill of the {name} process", problem)

    def _start(self, prefect: Orchestra, out: Path) -> str:
        return prefect.run(dataset=str(self.recipe), raw=str(self.raw), out=str(out))
