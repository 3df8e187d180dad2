"""Conditions on the rows to keep."""

from __future__ import annotations

import math

from kg_builder.extraction.rows.chunk import Cell
from kg_builder.extraction.rows.config import Filter


def verdict_on(cell: Cell, condition: Filter) -> bool | None:
    """Whether a cell meets a condition; none where a number is asked for and it is not one."""
    if condition.equals and cell not in condition.equals:
        return False
    if condition.min is None and condition.max is None:
        return True
    try:
        number = float(cell) if isinstance(cell, str) else math.nan
    except ValueError:
        return None
    if math.isnan(number):
        return None
    return (condition.min is None or number >= condition.min) and (
        condition.max is None or number <= condition.max
    )
