"""Read the rows of a table in an HTML page, with cells that span rows and columns."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin

from lxml import etree, html

from kg_builder.errors import DataError
from kg_builder.extraction.tabular.config import (
    Cell,
    Chunk,
    RowsConfig,
    columns_of,
    joined_headings,
    unique_names,
)
from kg_builder.extraction.tabular.typed_cells import joined
from kg_builder.extraction.web_pages import (
    decode_page,
    is_unseen,
    page_address,
    page_text,
    parse_page,
)
from kg_builder.packed_files import Stream

ADDRESS: Final = "@href"
"""Suffix of column names: `X@href` holds the URL of the first link in each cell of column X."""

_LARGEST: Final = 64 << 20
_WIDEST: Final = 1_000
"""Maximum number of rows or columns that a cell spans."""

_REPEATED: Final = 1_000_000
"""Maximum number of cells of a page's tables that repeat spanning ones."""

_BREAKS: Final = frozenset({"br", "p", "div", "li", "dd", "tr"})
_SHOWN: Final = 8


@dataclass(frozen=True)
class _Cell:
    lines: tuple[str, ...]
    address: str | None
    is_heading: bool
    is_first: bool = True
    """False if the cell continues a `rowspan` from the row above."""


def html_rows(
    stream: Stream,
    config: RowsConfig,
    columns: Sequence[str] | None,
    nulls: frozenset[str],
    named: Callable[[Sequence[str]], list[str]] = unique_names,
) -> Chunk:
    """The rows of a page's table: that with most rows, or the one that `sheet` names.

    The header is the leading rows made up only of `<th>` cells, or the first `header_rows` rows.
    `named` makes their names unique.

    Raises:
        DataError: the page has no such table, or the table no such column.
    """
    content = stream.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise DataError(f"larger than {_LARGEST:,} bytes", where=stream.where)
    root = parse_page(content)
    grids: list[tuple[str, list[list[_Cell]]]] = []
    if root is not None:
        base = page_address(root)
        grids = [
            (_caption(table), _grid(table, base, stream.where)) for table in root.iter("table")
        ]
    rows = _chosen(grids, config.sheet, stream.where)[config.skip_rows :]
    top = _heading_rows(rows, config) if config.header else 0
    heading = [[" ".join(c.lines) if c.is_first else "" for c in row] for row in rows[:top]]
    names = list(config.names) or named(joined_headings(heading or [[]]))
    numbered = list(enumerate(rows, config.skip_rows + 1))[top + config.skip_after_header :]
    kept = [(number, row) for number, row in numbered if any(cell.lines for cell in row)]
    wanted = list(columns or names)
    plain = columns_of([name.removesuffix(ADDRESS) for name in wanted], names, stream.where)
    places = {column: at for at, column in enumerate(names)}
    found: dict[str, list[Cell]] = {}
    for name in wanted:
        at, links = places[plain[name.removesuffix(ADDRESS)][0]], name.endswith(ADDRESS)
        cells = [row[at] if at < len(row) else _Cell((), None, is_heading=False) for _, row in kept]
        found[name] = [cell.address if links else joined(cell.lines, nulls) for cell in cells]
    return Chunk(found, [number for number, _ in kept])


def is_mostly_a_table(content: bytes) -> bool:
    """Whether more than half of a page's visible text is in one table with headings on top."""
    root = parse_page(content)
    if root is None:
        return False
    found = [
        sum(len(line) for row in grid for cell in row for line in cell.lines)
        for table in root.iter("table")
        if len(grid := _grid(table, "", "")) > 1
        and len(grid[0]) > 1
        and all(cell.is_heading for cell in grid[0])
    ]
    return 2 * max(found, default=0) > len(page_text(decode_page(content)).text)


def _caption(table: html.HtmlElement) -> str:
    caption = table.find("caption")
    return " ".join(_lines(caption)) if caption is not None else ""


def _chosen(
    grids: list[tuple[str, list[list[_Cell]]]], sheet: str | int | None, where: str
) -> list[list[_Cell]]:
    named = {caption.casefold(): grid for caption, grid in reversed(grids) if caption}
    if isinstance(sheet, str) and sheet.casefold() in named:
        return named[sheet.casefold()]
    if isinstance(sheet, int) and sheet < len(grids):
        return grids[sheet][1]
    if sheet is None and grids:
        return max((grid for _, grid in grids), key=len)
    shown = ", ".join(f"{n}: {caption!r}" for n, (caption, _) in enumerate(grids[:_SHOWN]))
    raise DataError(
        "the page has no table" if sheet is None else f"no table {sheet!r}",
        where=where,
        remedy=f"the tables are {shown}" if shown else "is it the right page?",
    )


def _heading_rows(rows: list[list[_Cell]], config: RowsConfig) -> int:
    if "header_rows" in config.model_fields_set:
        return config.header_rows
    count = 0
    while count < len(rows) and all(cell.is_heading for cell in rows[count]):
        count += 1
    return max(count, 1)


def _grid(table: html.HtmlElement, base: str, where: str) -> list[list[_Cell]]:
    """The table's cells; a spanning cell is repeated in every row and column it covers.

    Raises:
        DataError: so many cells would be repeated that the table is not meant to be read.
    """
    grid: list[list[_Cell]] = []
    repeated = 0
    below: dict[int, tuple[int, _Cell]] = {}
    for row in table.iter("tr"):
        if next(row.iterancestors("table")) is not table:
            continue  # of a table in a cell
        cells: list[_Cell] = []
        given = deque(cell for cell in row if cell.tag in {"td", "th"})
        own = len(given)
        while (given or len(cells) in below) and len(cells) < _WIDEST:
            if (at := len(cells)) in below:
                left, cell = below.pop(at)
                cells.append(_Cell(cell.lines, cell.address, cell.is_heading, is_first=False))
                if left > 1:
                    below[at] = left - 1, cell
                continue
            element = given.popleft()
            cell = _Cell(_lines(element), _address(element, base), element.tag == "th")
            for _ in range(_span(element, "colspan")):
                if (rows := _span(element, "rowspan")) > 1:
                    below[len(cells)] = rows - 1, cell
                cells.append(cell)
        grid.append(cells)
        repeated += len(cells) - own
        if repeated > _REPEATED:
            raise DataError(
                f"cells that span rows or columns stand for more than {_REPEATED:,} cells",
                where=where,
                remedy="remove rowspan and colspan from the page",
            )
    return grid


def _span(element: html.HtmlElement, name: str) -> int:
    text = str(element.get(name) or "1").strip()
    return min(max(int(text), 1), _WIDEST) if text.isdecimal() and len(text) < 6 else 1


def _address(element: html.HtmlElement, base: str) -> str | None:
    """URL of the first link; a relative one is resolved if the page states its own URL."""
    link = element.find(".//a[@href]")
    address = "" if link is None else str(link.get("href"))
    if not address or address.startswith("#"):
        return None
    try:
        return urljoin(base, address)
    except ValueError:
        return address


def _lines(element: html.HtmlElement) -> tuple[str, ...]:
    """The visible text of a cell: a value for each item of a list in it, else one."""
    parts: list[str] = []
    hidden: html.HtmlElement | None = None
    for event, piece in etree.iterwalk(element, events=("start", "end")):
        if event == "end":
            hidden = None if piece is hidden else hidden
            if hidden is None and piece is not element:
                parts.append(piece.tail or "")
        elif hidden is None and (not isinstance(piece.tag, str) or is_unseen(piece)):
            hidden = piece
        elif hidden is None:
            parts.append("\n" if piece.tag == "li" else " " if piece.tag in _BREAKS else "")
            parts.append(piece.text or "")
    lines = (" ".join(line.split()) for line in "".join(parts).split("\n"))
    return tuple(line for line in lines if line)
