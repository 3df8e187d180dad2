"""Open a DuckDB database that does with a share of memory: what exceeds it goes to a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import duckdb

MEMORY: Final = "1GB"
"""Share of memory where none is asked for."""


def database(folder: Path, memory: str = MEMORY, **settings: Any) -> duckdb.DuckDBPyConnection:
    """An empty database for queries over files.

    One thread, since units of work share the cores; the rows of a query that sorts by a unique
    key are the same with any number of them.

    Args:
        folder: for what exceeds the memory; the caller removes it.
        memory: the share, as DuckDB writes it ("256MB").
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
