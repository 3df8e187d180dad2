"""How the commands print tables."""

from __future__ import annotations

from rich.console import Console

__all__ = ["wide_console"]

_WIDTH_OF_A_FILE = 110


def wide_console() -> Console:
    """Console for standard output: as wide as the terminal, or 110 columns into a pipe or file."""
    console = Console()
    return console if console.is_terminal else Console(width=_WIDTH_OF_A_FILE)
