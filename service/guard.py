"""ASGI middleware of every request: token, size and time limits, security headers, counters.

Plain ASGI for speed, as it runs on each request: 0.1 ms.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import logging
import time
from collections.abc import Iterable
from typing import Final

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.metrics import Metrics
from service.problems import problem
from service.settings import Settings

__all__ = ["HEADERS", "Guard"]

LOG = logging.getLogger("service")

#: No external or inline scripts and styles, no external images; no framing.
HEADERS: Final = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
_RAW_HEADERS: Final = [(k.encode(), v.encode()) for k, v in HEADERS.items()]
_OPEN: Final = frozenset({"/healthz", "/readyz"})  # no token: used by orchestrators


class _TooLargeError(Exception):
    pass


class _TooSlowError(Exception):
    pass


class Guard:
    """Middleware around the application.

    Args:
        app: the application.
        settings: limits and token.
        metrics: request counters.
    """

    def __init__(self, app: ASGIApp, settings: Settings, metrics: Metrics) -> None:
        self._app, self._settings, self._metrics = app, settings, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request: reject it, or pass it to the application within the limits."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 500
        has_begun = False
        faults: list[Exception] = []

        async def sending(message: Message) -> None:
            nonlocal status, has_begun
            if faults and not has_begun:  # the application's response to a partial body
                return
            if message["type"] == "http.response.start":
                status, has_begun = message["status"], True
                message["headers"] = [*message.get("headers", ()), *_RAW_HEADERS]
                if scope["app"].state.draining:  # another process answers what comes next
                    message["headers"].append((b"connection", b"close"))
            await send(message)

        try:
            refusal = self._refuse(scope["path"], scope["headers"])
            if refusal is None:
                async with asyncio.timeout(self._settings.request_seconds):
                    await self._app(scope, self._limited(receive, faults), sending)
                if faults:
                    raise faults[0]
            else:
                await refusal(scope, receive, sending)
        except (_TooLargeError, _TooSlowError, TimeoutError) as fault:
            if not has_begun:
                faults.clear()
                await self._explained(fault)(scope, receive, sending)
        except Exception:
            LOG.exception("%s %s failed", scope["method"], scope["path"][:200])
            if not has_begun:
                answer = problem(500, "the service failed; see its log")
                await answer(scope, receive, sending)
        finally:
            route = scope.get("route")
            name = getattr(route, "path", None) or "other"
            self._metrics.observe(scope["method"], name, status, time.perf_counter() - started)

    def _refuse(self, path: str, headers: Iterable[tuple[bytes, bytes]]) -> Response | None:
        found = dict(headers)
        length = found.get(b"content-length", b"0")
        if length.isdigit() and int(length[:20]) > self._settings.body_bytes:
            return self._explained(_TooLargeError())
        if self._settings.token is None or path in _OPEN:
            return None
        if _carries(found.get(b"authorization", b""), self._settings.token):
            return None
        answer = problem(401, "a token is needed: Authorization: Bearer TOKEN")
        # Browsers ask their user for a password; any name goes with it.
        answer.headers["www-authenticate"] = 'Bearer, Basic realm="music graph", charset="UTF-8"'
        return answer

    def _limited(self, receive: Receive, faults: list[Exception]) -> Receive:
        """Receive a body within limits of size and time; violations are recorded in `faults`.

        Frameworks would report an error while reading a body as a parse error.
        """
        seen = 0
        deadline = time.monotonic() + self._settings.body_seconds
        ended = False

        async def receiving() -> Message:
            nonlocal seen, ended
            if ended:  # now it waits for the client to disconnect, which may take long
                return await receive()
            try:
                async with asyncio.timeout(max(deadline - time.monotonic(), 0)):
                    message = await receive()
            except TimeoutError:
                faults.append(_TooSlowError())
                raise faults[0] from None
            if message["type"] == "http.request":
                seen += len(message.get("body", b""))
                ended = not message.get("more_body", False)
                if seen > self._settings.body_bytes:
                    faults.append(_TooLargeError())
                    raise faults[0]
            return message

        return receiving

    def _explained(self, fault: Exception) -> Response:
        if isinstance(fault, _TooLargeError):
            most = self._settings.body_bytes
            return problem(413, f"the body is larger than {most:,} bytes; send less")
        if isinstance(fault, _TooSlowError):
            return problem(408, "the body took too long to arrive; send it faster")
        seconds = self._settings.request_seconds
        return problem(503, f"not answered within {seconds:g} s; ask for less")


def _carries(header: bytes, token: str) -> bool:
    """Whether an Authorization header has the token, compared in constant time."""
    kind, _, value = header.partition(b" ")
    given = value.strip()
    if kind.lower() == b"basic":
        try:
            given = base64.b64decode(given, validate=True).partition(b":")[2]
        except (binascii.Error, ValueError):
            return False
    elif kind.lower() != b"bearer":
        return False
    return hmac.compare_digest(given, token.encode())
