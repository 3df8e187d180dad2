"""The progress-callback type of long computations (units done, total), and a silent default."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Called with the units done so far and their total (`None` while it is unknown)."""

    def __call__(self, done: int, total: int | None = None) -> None:
        """Report."""


def silent(done: int, total: int | None = None) -> None:
    """Tell nobody: the default of every function that can report progress."""
