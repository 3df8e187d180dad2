"""Convert typed and nested values (Parquet, Excel, SQL, JSON) to the text of cells."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from kg_builder.extraction.tabular.config import Cell, follow, joined, scalar
from kg_builder.extraction.tabular.list_cells import structure_in


def cells_of(
    columns: Mapping[str, Sequence[Any]],
    wanted: Mapping[str, tuple[str, str]],
    nulls: frozenset[str],
) -> dict[str, list[Cell]]:
    """The required cells; `wanted` maps each name to (column, path below it)."""
    return {
        name: [cell_of(value, path, nulls) for value in columns[column]]
        for name, (column, path) in wanted.items()
    }


def cell_of(value: Any, path: str, nulls: frozenset[str]) -> Cell:
    """Convert a value, or the value at a path below it, to a cell; several become a tuple."""
    if value is None:
        return None
    if not path and not isinstance(value, list | tuple | dict):
        text = text_of(value)
        return None if text is None or text in nulls else text
    if path and isinstance(value, str):
        value = structure_in(value)
    leaves = follow(list(value) if isinstance(value, tuple) else value, path)
    return cell_of_leaves([leaf for _, leaf in leaves], nulls)


def cell_of_leaves(leaves: Iterable[Any], nulls: frozenset[str]) -> Cell:
    """Convert the values found at a path to a cell; missing ones among several become ''."""
    return joined([text_of(leaf) for leaf in leaves], nulls)


def text_of(value: Any) -> str | None:
    """Convert a typed value to text; None for objects, lists and bytes."""
    if value is None:
        return None
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
