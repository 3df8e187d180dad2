"""Read the integer tables `kg_final.txt` and `ratings_final.txt`; errors name file and line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from recommender.data.mapped_tables import mapped_table
from recommender.errors import DataError

__all__ = ["IntArray", "distinct", "read_headed_integers", "read_integer_columns"]

_ALLOWED: Final = b"0123456789\t\r\n"
_CHUNK: Final = 1 << 20

IntArray = npt.NDArray[np.int64]


def read_integer_columns(
    path: Path,
    columns: tuple[str, ...],
    *,
    check: Callable[[IntArray], None] | None = None,
) -> IntArray:
    """Read a table as an int64 array [columns, rows] of values >= 0.

    Columns are separated by one tab, as in the public MKR and KGCN code. Large tables are
    memory-mapped (see `mapped_tables`).

    Args:
        path: the file.
        columns: names of its columns.
        check: raises an error for a table that is not valid; called when the text is parsed.

    Raises:
        DataError: missing or empty file, or a line that is not `len(columns)` integers >= 0.
    """
    layout = "<TAB>".join(columns)
    if not path.is_file():
        raise DataError.at(path, None, "no such file", f"expected lines of {layout}")
    if path.stat().st_size == 0:
        raise DataError.at(path, None, "the file is empty", f"expected lines of {layout}")

    def parse() -> IntArray:
        table = _parse(path, columns)
        if check is not None:
            check(table)
        return table

    return mapped_table(path, parse)


def _parse(path: Path, columns: tuple[str, ...]) -> IntArray:
    """Parse the text to an int64 array [columns, rows]."""
    if not _only_integers(path):  # pandas accepts 1e3 and 1.0 as integers
        raise _first_bad_line(path, columns)
    try:
        frame = pd.read_csv(
            path,
            sep="\t",
            header=None,
            dtype=np.int64,
            engine="c",
            index_col=False,
            skip_blank_lines=False,
            na_filter=False,
        )
    except (ValueError, OverflowError):
        # The fast parser does not report the line; the slow one below does.
        raise _first_bad_line(path, columns) from None
    table = frame.to_numpy().T
    if len(table) != len(columns) or bool((table < 0).any()):
        raise _first_bad_line(path, columns)
    return np.ascontiguousarray(table, dtype=np.int64)


def _only_integers(path: Path) -> bool:
    """Whether a file contains only digits, tabs and line ends."""
    with path.open("rb") as file:
        return not any(
            chunk.translate(None, _ALLOWED) for chunk in iter(lambda: file.read(_CHUNK), b"")
        )


def _first_bad_line(path: Path, columns: tuple[str, ...]) -> DataError:
    """Read `path` line by line and describe the first malformed line."""
    layout = "<TAB>".join(columns)
    remedy = f"write {layout}, integers >= 0"
    with path.open(encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, start=1):
            text = line.rstrip("\r\n")
            fields = text.split("\t")
            if len(fields) != len(columns):
                problem = f"{len(fields)} columns instead of {len(columns)} in {_shown(text)}"
                return DataError.at(path, number, problem, remedy)
            for name, field in zip(columns, fields, strict=True):
                if not (field.isascii() and field.isdigit()) or len(field) > 18:
                    problem = f"{name} {_shown(field)} is not an integer >= 0"
                    return DataError.at(path, number, problem, remedy)
    return DataError.at(path, None, "unreadable as a table of integers", remedy)


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:37] + "...")


def distinct(numbers: IntArray) -> IntArray:
    """The distinct numbers, sorted; np.unique hashes and takes twenty times as long."""
    ordered = np.sort(numbers)
    return np.asarray(ordered[np.diff(ordered, prepend=ordered[:1] - 1) != 0])


def read_headed_integers(path: Path, heading: Sequence[str], remedy: str) -> IntArray:
    """Read a tab-separated table of integers with a heading, int64 ``[columns, rows]``.

    Raises:
        DataError: another heading, or a cell that is no integer; its advice is `remedy`.
    """
    try:
        with np.errstate(invalid="ignore"):  # numbers beyond int64: rejected below, in one line
            frame = pd.read_csv(path, sep="\t", dtype=np.int64, index_col=False, na_filter=False)
    except (ValueError, OverflowError) as error:
        raise DataError.at(path, None, f"no table of integers: {error}", remedy) from None
    if list(frame.columns) != list(heading):
        problem = f"the heading is not {'<TAB>'.join(heading)}"
        raise DataError.at(path, 1, problem, remedy)
    return np.ascontiguousarray(frame.to_numpy(np.int64).T)
