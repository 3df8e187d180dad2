"""Cells that are values rather than text, as Parquet, databases and sheets have them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from kg_builder.extraction.rows.chunk import Cell, missing_column
from kg_builder.extraction.rows.paths import follow, scalar


def column_of(path: str, names: Sequence[str], where: str) -> tuple[str, str]:
    """(column, path below it) for a column's name or for a path into nested values.

    Raises:
        DataError: there is no such column.
    """
    if path in names:
        return path, ""
    column, _, rest = path.partition(".")
    if column not in names:
        raise missing_column(path, names, where)
    return column, rest


def cells_of(
    columns: Mapping[str, Sequence[Any]],
    wanted: Mapping[str, tuple[str, str]],
    nulls: frozenset[str],
) -> dict[str, list[Cell]]:
    """The wanted cells; `wanted` gives (column, path below it) for each of their names."""
    return {
        name: [cell_of(value, path, nulls) for value in columns[column]]
        for name, (column, path) in wanted.items()
    }


def cell_of(value: Any, path: str, nulls: frozenset[str]) -> Cell:
    """A value, or what lies at a path below it, as a cell; several values become a tuple."""
    if value is None:
        return None
    if not path and not isinstance(value, list | tuple | dict):
        text = _text(value)
        return None if text is None or text in nulls else text
    found = [
        text
        for _, leaf in follow(list(value) if isinstance(value, tuple) else value, path)
        if (text := _text(leaf)) is not None and text not in nulls
    ]
    return None if not found else found[0] if len(found) == 1 else tuple(found)


def _text(value: Any) -> str | None:
    if isinstance(value, datetime):
        whole_day = not (value.hour or value.minute or value.second or value.microsecond)
        return value.date().isoformat() if whole_day else value.isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, float) and math.isnan(value):
        return None
    if isinstance(value, dict | list | bytes | bytearray | memoryview):
        return None
    found = scalar(value)
    return (str(value) if found is None else found).strip()
