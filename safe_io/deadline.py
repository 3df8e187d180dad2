"""Close an HTTP client when a block exceeds its time limit, so that its pending request fails."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

__all__ = ["closed_after"]


class Closable(Protocol):
    """An HTTP client, whose connections end when it is closed."""

    def close(self) -> None:
        """Close the client; thread-safe."""


@contextmanager
def closed_after(client: Closable, seconds: float) -> Iterator[threading.Event]:
    """Close a client unless the block ends in time, so that a pending request fails.

    A client's own timeouts apply to single reads, which every byte of a slow server restarts.

    Args:
        client: the client, unusable once closed.
        seconds: time limit of the block.

    Yields:
        An event that is set on a timeout.
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
