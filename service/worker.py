"""Run a worker process: load, serve on the shared socket, drain when a newer worker takes over."""

from __future__ import annotations

import asyncio
import gc
import logging
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, Final

import uvicorn

from service.settings import LOG_FORMAT, Settings

__all__ = ["DrainingServer", "work"]

_KEEP_ALIVE: Final = 5  # seconds until an idle connection is closed
_CONNECTIONS: Final = 1024  # maximum connections; more get 503
_LEAVE_SECONDS: Final = 10  # for open requests when the service stops


class DrainingServer(uvicorn.Server):
    """A server that can hand its socket over to another process without breaking a connection.

    While draining it accepts no connection, answers requests on open ones with `Connection:
    close`, and stops once all are closed.

    Args:
        config: of an application that sends `Connection: close` while `state.draining` is set.
        most_seconds: maximum duration of draining.
        began: called once it accepts connections.
    """

    def __init__(
        self, config: uvicorn.Config, most_seconds: float, began: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._most_seconds, self._began = most_seconds, began
        self._asked = threading.Event()
        self._deadline: float | None = None

    def drain(self) -> None:
        """Start draining; may be called from any thread."""
        self._asked.set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept connections."""
        await super().startup(sockets)
        self._began()

    async def on_tick(self, counter: int) -> bool:
        """Advance draining, ten times a second; returns whether to stop."""
        if self._asked.is_set():
            if self._deadline is None:
                self._deadline = time.monotonic() + self._most_seconds
                self.config.app.state.draining = True  # type: ignore[union-attr]
                # `Server.close` would reset connections that are not yet accepted
                for listening in (one for server in self.servers for one in server.sockets):
                    asyncio.get_running_loop().remove_reader(listening.fileno())
            elif not self.server_state.connections or time.monotonic() > self._deadline:
                return True
        return await super().on_tick(counter)


def work(
    settings: Settings, listener: socket.socket, parent: Connection, needs_run: bool | None
) -> None:
    """Serve until the parent process ends or requests draining.

    Args:
        settings: the data folder and the limits.
        listener: the bound socket, shared by all processes.
        parent: pipe to `service.supervisor`.
        needs_run: None to accept connections immediately and load meanwhile. Otherwise load and
            precompute first, and serve on request; whether a build without a run is refused.
    """
    logging.basicConfig(level=logging.INFO, format=LOG_FORMAT)
    with suppress(KeyboardInterrupt, BrokenPipeError):  # reported by the parent
        _work(settings, listener, parent, needs_run)


def _work(
    settings: Settings, listener: socket.socket, parent: Connection, needs_run: bool | None
) -> None:
    # imported here: torch takes a second, and the parent does not need it
    from service.api.recommendations import answer_ahead
    from service.app import create_app
    from service.snapshot import Shelf, load_ahead

    def failed(fault: Exception) -> None:
        parent.send(("failed", fault))
        server.should_exit = True

    shelf = Shelf(settings, report=lambda event, value: parent.send((event, value)))
    ahead = needs_run is not None
    if ahead:
        try:
            snapshot = load_ahead(settings, needs_run=bool(needs_run))
            answer_ahead(snapshot)
            gc.freeze()  # a full collection would delay requests by 0.2 s
            shelf.put(snapshot)
        except Exception as fault:
            parent.send(("failed", fault))
            return
    app = create_app(settings, shelf, failed=failed)
    config = _config(app, settings)
    if ahead and not _is_to_serve(parent):
        return
    server = DrainingServer(
        config, settings.request_seconds, began=lambda: parent.send(("serving", None))
    )
    threading.Thread(target=_hear, args=(parent, server, shelf), daemon=True).start()
    server.run([listener])


def _is_to_serve(parent: Connection) -> bool:
    """Wait until the other new processes are ready too."""
    parent.send(("ready", None))
    with suppress(EOFError):
        return bool(parent.recv() == ("serve", None))
    return False


def _hear(parent: Connection, server: DrainingServer, shelf: Any) -> None:
    """Handle messages from the parent; stop when it ends."""
    with suppress(EOFError, OSError):
        while True:
            match parent.recv():
                case "drain", None:
                    server.drain()
                case "refused", str(problem):
                    shelf.problem = problem
    server.should_exit = True


def _config(app: Any, settings: Settings) -> uvicorn.Config:
    from service.protocol import protocol

    return uvicorn.Config(
        app,
        loop="asyncio",
        http=protocol(settings.body_seconds),
        ws="none",
        access_log=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE,
        timeout_graceful_shutdown=_LEAVE_SECONDS,
        limit_concurrency=_CONNECTIONS,
        log_level="info",
    )
