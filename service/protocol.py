"""Uvicorn's HTTP protocol with a time limit for clients that send or receive slowly."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

__all__ = ["protocol"]


def protocol(seconds: float) -> type[H11Protocol]:
    """Create a protocol class that closes connections without a complete request in time.

    Uvicorn waits indefinitely for the first request of a connection, so that a few slow clients
    could occupy all connections. It also keeps the rest of a response for as long as its client
    does not receive it; such a connection is aborted. Bodies have a separate limit
    (`service.guard`).
    """

    class ImpatientProtocol(H11Protocol):
        _check: asyncio.TimerHandle | None = None
        _seen: Any = None
        _closing = False

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._check = self.loop.call_later(seconds, self._look)

        def connection_lost(self, exc: Exception | None) -> None:
            if self._check is not None:
                self._check.cancel()
            super().connection_lost(exc)

        def _look(self) -> None:
            """Close the connection if idle since the last check; abort it if already closing."""
            if self._closing:
                self.transport.abort()
                return
            self._closing = self.transport.is_closing()
            cycle = self.cycle
            idle = cycle is None or cycle.response_complete
            if idle and cycle is self._seen and not self._closing:
                self.transport.close()
                self._closing = True
            self._seen = cycle
            self._check = self.loop.call_later(seconds, self._look)

    return ImpatientProtocol
