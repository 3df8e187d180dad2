"""Rows as columns: what every reader of rows yields."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Final

from kg_builder.errors import DataError

_SHOWN: Final = 20

Cell = str | tuple[str, ...] | None
"""A value, several values (from formats that have lists), or none."""


@dataclass(frozen=True)
class Chunk:
    """Some rows as columns, each with the number of the line (or row) where it begins."""

    columns: dict[str, list[Cell]]
    places: list[int]

    def __len__(self) -> int:
        return len(self.places)

    def rows(self, keep: Sequence[bool]) -> Chunk:
        """The rows for which `keep`, of the chunk's length, is true."""
        return Chunk(
            {name: list(compress(cells, keep)) for name, cells in self.columns.items()},
            list(compress(self.places, keep)),
        )


def missing_column(column: str, names: Sequence[str], where: str) -> DataError:
    """The error for a column that the file does not have."""
    near = difflib.get_close_matches(column, names, n=1, cutoff=0.5)
    shown = [*names[:_SHOWN], "…"] if len(names) > _SHOWN else names
    remedy = f"the columns are: {', '.join(shown)}"
    if near:
        remedy = f"did you mean {near[0]!r}? {remedy}"
    return DataError(f"no column {column!r}", where=where, remedy=remedy)


def unique_names(heading: Sequence[str]) -> list[str]:
    """Column names as they stand; one that is repeated gets '.2', '.3' and so on."""
    seen: Counter[str] = Counter()
    names = []
    for raw in heading:
        name = raw.strip().lstrip("\ufeff")
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name}.{seen[name]}")
    return names
