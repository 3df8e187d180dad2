"""The progress-callback type of long computations (units done, total), and a silent default."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Callback that receives the units done so far and their total (`None` if unknown)."""

    def __call__(self, done: int, total: int | None = None) -> None:
        """Report progress."""


def silent(done: int, total: int | None = None) -> None:
    """Do nothing: the default of functions that report progress."""
