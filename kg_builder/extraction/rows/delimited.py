"""Delimited text: comma, tab or any other separator, quoted or not."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator

from kg_builder.errors import DataError
from kg_builder.extraction.rows.config import RowsConfig
from kg_builder.extraction.rows.lines import Complain

Row = tuple[int, list[str]]
"""(number of the row's first line, cells)"""


def separator(config: RowsConfig) -> str:
    """What stands between the cells."""
    return config.separator or ("," if config.layout == "csv" else "\t")


def quote(config: RowsConfig) -> str:
    """The quoting character; empty where quotes are text."""
    if config.quote is not None:
        return config.quote
    return '"' if config.layout == "csv" and len(separator(config)) == 1 else ""


def check_separator(config: RowsConfig) -> None:
    """Refuse quoting with a separator of several characters, on which no two readers agree.

    Raises:
        DataError: the settings ask for both, or one character is to be both.
    """
    if quote(config) and (len(separator(config)) > 1 or quote(config) == separator(config)):
        raise DataError(
            f"separator {separator(config)!r} cannot be combined with quoting by {quote(config)!r}",
            where=config.path,
            remedy='set quote = ""',
        )


def plain_columns(
    lines: list[str], first: int, width: int, cut: str, complain: Complain
) -> tuple[list[int], list[list[str]]]:
    """Cut unquoted lines into `width` columns; blank lines are passed over.

    Returns the numbers of the lines used and the columns. No list per row is made: cells are cut
    from the joined lines at once, which is several times faster.
    """
    places, whole = [], []
    for number, line in enumerate(lines, first):
        if line.count(cut) == width - 1 and line:
            places.append(number)
            whole.append(line)
        elif line:
            complain("wrong number of cells", number, f"{line.count(cut) + 1} instead of {width}")
    if not whole:
        return [], [[] for _ in range(width)]
    cells = cut.join(whole).split(cut)
    return places, [cells[column::width] for column in range(width)]


def quoted_rows(
    blocks: Iterable[tuple[int, list[str]]], config: RowsConfig, complain: Complain
) -> Iterator[Row]:
    """Read quoted rows, whose cells may hold separators and line ends; blank lines are passed over.

    A quote that is never closed costs the lines up to the reader's limit for one cell, which the
    report names.
    """
    reader = csv.reader(
        (line + "\n" for _, lines in blocks for line in lines),
        delimiter=separator(config),
        quotechar=quote(config),
        escapechar=config.escape,
        doublequote=True,
    )
    while True:
        number = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as fault:
            complain("unreadable row", number, f"lines {number} to {reader.line_num}: {fault}")
            continue
        if cells:
            yield number, cells
