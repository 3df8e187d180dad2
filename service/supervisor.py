"""Supervise the worker processes: start them, replace them when there is a newer run, stop them.

A newer build or run is loaded by new processes, so that loading does not slow down the responses of
the current ones. Once all new processes are ready, they accept connections on the shared socket;
the old ones finish their open requests and exit, which frees all of their memory.

Messages from a worker: "loaded", "ready" (waits for "serve"), "serving", "changed" (there is a
newer build or run), "failed". Messages to a worker: "serve", "drain" (stop accepting), "refused"
(the newer build or run cannot be served).
"""

from __future__ import annotations

import logging
import multiprocessing
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any, Final

from recommender.errors import ConfigError
from service.settings import Settings
from service.worker import work

__all__ = ["Supervisor"]

LOG = logging.getLogger("service")
_TURN_SECONDS: Final = 0.5  # between checks for signals
_LEAVE_SECONDS: Final = 15.0  # until a process that does not end is killed


@dataclass(eq=False)
class _Worker:
    """A worker process, the pipe to it, and the events received from it."""

    process: SpawnProcess
    pipe: Connection
    heard: set[str] = field(default_factory=set)

    def send(self, what: str, value: str | None = None) -> None:
        """Send a message; ignored if the process has ended."""
        with suppress(OSError):
            self.pipe.send((what, value))


class Supervisor:
    """Runs the service until a signal ends it.

    Args:
        settings: of the service.
        listener: the bound socket.
        workers: number of processes.
    """

    def __init__(self, settings: Settings, listener: socket.socket, workers: int) -> None:
        self._settings, self._listener, self._number = settings, listener, workers
        self._spawn = multiprocessing.get_context("spawn")  # torch and threads forbid a fork
        self._serving: list[_Worker] = []
        self._loading: list[_Worker] = []
        self._leaving: list[_Worker] = []
        self._asked: object = None  # state of the files when the last load started
        self._refused: object = None  # state whose load failed; not retried
        self._stopped = False

    def run(self) -> None:
        """Serve until SIGINT or SIGTERM; return once all processes have ended.

        Raises:
            RecommenderError, DataError: there is nothing to serve.
        """
        with self._signals():
            try:
                self._serving = [self._start(None) for _ in range(self._number)]
                while not self._stopped:
                    self._turn()
            finally:
                self._end_all()

    def _start(self, needs_run: bool | None) -> _Worker:
        ours, theirs = self._spawn.Pipe()
        process = self._spawn.Process(
            target=work, args=(self._settings, self._listener, theirs, needs_run), daemon=False
        )
        process.start()
        theirs.close()  # the pipe then closes when the process ends
        return _Worker(process, ours)

    def _turn(self) -> None:
        workers = {w.pipe: w for w in (*self._serving, *self._loading, *self._leaving)}
        for pipe in wait(list(workers), _TURN_SECONDS):
            worker = workers[pipe]  # type: ignore[index]
            try:
                event, value = worker.pipe.recv()
            except (EOFError, OSError):
                self._ended(worker)
            else:
                self._heard(worker, event, value)

    def _heard(self, worker: _Worker, event: str, value: Any) -> None:
        worker.heard.add(event)
        match event:
            case "ready" if all("ready" in w.heard for w in self._loading):
                for one in self._loading:
                    one.send("serve")
            case "serving" if worker in self._loading:
                if all("serving" in w.heard for w in self._loading):
                    self._swap()
            case "changed" if worker in self._serving and not self._loading:
                state, has_run = value
                if state != self._refused:
                    LOG.info("a newer build or run: loading it beside what is being served")
                    self._asked = state
                    self._loading = [self._start(has_run) for _ in range(self._number)]
            case "failed" if worker in self._loading:
                self._refuse(str(value))
            case "failed" if worker in self._serving:
                raise value

    def _swap(self) -> None:
        for worker in self._serving:
            worker.send("drain")
        self._leaving += self._serving
        self._serving, self._loading = self._loading, []

    def _refuse(self, problem: str) -> None:
        """Keep serving the old build or run, with a notice on every page."""
        self._refused, problem = self._asked, " ".join(problem.split())
        LOG.warning("the newer build or run is not served: %s", problem)
        for worker in self._serving:
            worker.send("refused", problem)
        for worker in self._loading:
            worker.process.terminate()
        self._leaving += self._loading
        self._loading = []

    def _ended(self, worker: _Worker) -> None:
        worker.process.join()
        worker.pipe.close()
        status = worker.process.exitcode
        if worker in self._leaving:
            self._leaving.remove(worker)
        elif worker in self._loading:
            self._loading.remove(worker)
            self._refuse(f"the process that was loading it ended with status {status}")
        elif "loaded" not in worker.heard:
            raise ConfigError(
                f"a process of the service ended with status {status} before it had loaded "
                f"{self._settings.data}; give it more memory, or serve fewer runs with --run"
            )
        else:
            LOG.error("a process of the service ended with status %s; starting another", status)
            self._serving.remove(worker)
            self._serving.append(self._start(None))

    def _end_all(self) -> None:
        workers = [*self._serving, *self._loading, *self._leaving]
        for worker in workers:
            worker.process.terminate()
        for worker in workers:
            worker.process.join(_LEAVE_SECONDS)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()

    @contextmanager
    def _signals(self) -> Iterator[None]:
        def stop(*_: object) -> None:
            self._stopped = True

        before = {s: signal.signal(s, stop) for s in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
