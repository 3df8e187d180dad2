"""Open a DuckDB database with a memory limit, spilling to a folder."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import duckdb

MEMORY: Final = "1GB"
"""Default memory limit."""


def database(folder: Path, memory: str = MEMORY, **settings: Any) -> duckdb.DuckDBPyConnection:
    """Open an empty in-memory database for queries over files.

    It uses one thread, since units of work share the cores; a query sorted by a unique key gives
    the same rows with any number.

    Args:
        folder: for spilled data; the caller removes it.
        memory: the limit, in DuckDB's notation ("256MB").
        settings: further settings of DuckDB.
    """
    return duckdb.connect(
        ":memory:",
        config={
            "threads": 1,
            "memory_limit": memory,
            "temp_directory": str(folder),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            **settings,
        },
    )


def literal(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def literals(texts: Iterable[str]) -> str:
    """Distinct texts as a list for the operator IN; it may be empty."""
    return ", ".join(map(literal, sorted(set(texts)))) or "NULL"
