"""Open a DuckDB database with a memory limit, spilling to a folder."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import duckdb

from kg_builder.errors import DataError
from kg_builder.units import RunUnits

_SIZE: Final = re.compile(r"(\d{1,9}(?:\.\d+)?) ?(MB|GB|TB)", re.IGNORECASE)
_MEGABYTES: Final = {"MB": 1, "GB": 1_000, "TB": 1_000_000}
LEAST: Final = 100
"""Megabytes that a database needs at least."""
_MOST: Final = 10**9
"""A petabyte, more than any machine has; DuckDB refuses limits beyond 64 bits."""


def megabytes(size: str) -> int:
    """Parse a size of memory: "500MB", "1.5GB", "1TB".

    Raises:
        DataError: it is not one, or too small.
    """
    found = _SIZE.fullmatch(size.strip())
    if found is None:
        raise DataError(
            f"memory {size!r} is not a number with MB, GB or TB", remedy="write it as 500MB or 2GB"
        )
    number = float(found[1]) * _MEGABYTES[found[2].upper()]
    if number < 2 * LEAST:
        raise DataError(f"memory {size!r}", remedy=f"give at least {2 * LEAST}MB, such as 2GB")
    return int(min(number, _MOST))


def database(folder: Path, memory: str = "1GB", **settings: Any) -> duckdb.DuckDBPyConnection:
    """Open an empty in-memory database for queries over files.

    By default it uses one thread, since units of work share the cores; a query sorted by a unique
    key gives the same rows with any number.

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


def stage_database(run_units: RunUnits) -> duckdb.DuckDBPyConnection:
    """Open a database for the queries of a stage, with its threads and half of its memory."""
    limit = f"{run_units.memory // 2}MB"
    return database(run_units.shared, limit, threads=run_units.threads)


def literal(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def literals(texts: Iterable[str]) -> str:
    """Distinct texts as a list for the operator IN; it may be empty."""
    return ", ".join(map(literal, sorted(set(texts)))) or "NULL"
