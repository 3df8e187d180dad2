"""Misbehaving servers: HTML instead of data, oversized, slow or missing responses."""

from __future__ import annotations

import gzip
import itertools
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

_PAGE: Final = b"<html><body><h1>Sign in</h1><script>alert(1)</script></body></html>"


def _head(status: str, kind: str, length: int | None, more: str = "") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", "Connection: close"]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    return ("\r\n".join(lines) + f"\r\n{more}\r\n").encode()


def _whole(body: bytes, kind: str = "text/html", status: str = "200 OK", more: str = "") -> bytes:
    return _head(status, kind, len(body), more) + body


def _says(content: object) -> bytes:
    """A chat completions response."""
    answer = {"choices": [{"message": {"role": "assistant", "content": content}}]}
    return _whole(json.dumps(answer).encode(), "application/json")


def _drip(text: bytes, before: bytes = b"") -> Iterator[bytes]:
    yield before
    for byte in itertools.cycle(text):
        yield bytes([byte])
        time.sleep(0.5)


def _slow() -> Iterator[bytes]:
    yield _head("200 OK", "text/csv", 6000)
    for _ in range(6):
        yield b"x" * 1000
        time.sleep(0.15)


def _silence() -> Iterator[bytes]:
    time.sleep(600)
    yield b""


def _flood(begin: bytes) -> Iterator[bytes]:
    yield begin
    block = b"[" * (1 << 16)
    while True:
        yield block


_DEEP: Final = b"[" * 200_000
_GZIPPED: Final = gzip.compress(bytes(1 << 28), 1)
ANSWERS: Final[dict[str, Callable[[], bytes | Iterator[bytes]]]] = {
    "page": lambda: _whole(_PAGE),
    "garbage": lambda: bytes(range(256)) * 40,
    "nothing": lambda: b"",
    "failure": lambda: _whole(_PAGE, status="500 Internal Server Error"),
    "busy": lambda: _whole(_PAGE, status="503 Busy", more="Retry-After: 9999\r\n"),
    "circle": lambda: _whole(b"", status="302 Found", more="Location: /\r\n"),
    "cut": lambda: _head("200 OK", "application/json", 10_000) + b'{"choices": [',
    "deep": lambda: _whole(_DEEP, "application/json"),
    "other": lambda: _whole(b'{"choices": [], "error": null}', "application/json"),
    "no-text": lambda: _whole(b"\xff\xfe\x00\xd8", "application/json"),
    "null": lambda: _says(None),
    "list": lambda: _says([1, 2]),
    "prose": lambda: _says("I am sorry, I cannot do that."),
    "deep-content": lambda: _says("[" * 100_000),
    "odd-content": lambda: _says('{"mentions": [{"text": "\\ud800", "class": "Band"}]}'),
    "half-content": lambda: _says("\ud800"),
    "huge-numbers": lambda: _says('{"mentions": [{"text": "Ann", "start": 1' + "0" * 5000 + "}]}"),
    "bomb": lambda: _whole(_GZIPPED, "application/json", more="Content-Encoding: gzip\r\n"),
    "flood": lambda: _flood(_head("200 OK", "application/json", 1 << 40)),
    "drip": lambda: _drip(b" ", _head("200 OK", "application/json", None)),
    "drip-head": lambda: _drip(b"X-A: a\r\n", b"HTTP/1.1 200 OK\r\n"),
    "silence": _silence,
}
"""What comes of a request, by name."""
SLOW: Final = {"slow": _slow}
"""Slow, and right."""


@contextmanager
def bad_server(name: str) -> Iterator[int]:
    """A server with the misbehaviour `name`; yields its port."""
    listening = socket.create_server(("127.0.0.1", 0))

    def answer(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.settimeout(60)
            connection.recv(65536)
            made = (ANSWERS | SLOW)[name]()
            for part in (made,) if isinstance(made, bytes) else made:
                connection.sendall(part)

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listening.accept()
                threading.Thread(target=answer, args=(connection,), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
