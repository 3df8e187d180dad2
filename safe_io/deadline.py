"""Limit the total time of a request, against servers that send a byte at a time without end."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

__all__ = ["closed_after"]


class Closable(Protocol):
    """A client of HTTP, whose connections end when it is closed."""

    def close(self) -> None:
        """Close it, from any thread."""


@contextmanager
def closed_after(client: Closable, seconds: float) -> Iterator[threading.Event]:
    """Close a client, unless the block ends in time; a request under way then fails.

    A client's own limits hold for one read, and every byte of a slow server begins another one.

    Args:
        client: what is closed; it is of no more use then.
        seconds: how long the block may take.

    Yields:
        an event that is set where the time was up.
    """
    expired = threading.Event()

    def close() -> None:
        expired.set()
        client.close()

    timer = threading.Timer(seconds, close)
    timer.daemon = True
    timer.start()
    try:
        yield expired
    finally:
        timer.cancel()
