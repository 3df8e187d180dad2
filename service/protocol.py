"""Uvicorn's HTTP protocol with a time limit for clients that send or receive slowly."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

__all__ = ["protocol"]


def protocol(seconds: float) -> type[H11Protocol]:
    """A protocol that closes connections without a whole request for so long.

    It also breaks off those that were closed so long ago and whose client has not received the
    rest: what is left of an answer would be kept for as long as the client likes.

    Uvicorn waits for the first request of a connection without end, so that a few clients who send
    a letter a minute could hold all connections there are. Bodies have a limit of their own
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
            """Close if since the last look no request has come, and none is being answered."""
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
