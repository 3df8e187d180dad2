"""Read Excel workbooks and Parquet files as chunks of columns; typed cells become text."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from kg_builder.errors import DataError
from kg_builder.extraction.tabular.config import (
    Cell,
    Chunk,
    CodedCells,
    RowsConfig,
    columns_of,
    joined_headings,
    unique_names,
)
from kg_builder.extraction.tabular.text_lines import Complain
from kg_builder.extraction.tabular.typed_cells import cell_of, cells_of

LARGEST_TEXTS: Final = 512 * 1024 * 1024
"""Maximum size of a workbook's string table, which is read into memory, unlike its sheets."""

_PACKED: Final = 200
"""Compression ratio above which a large part of a workbook is rejected as a zip bomb."""

_CODED_ROWS: Final = 1 << 20
"""Rows of a chunk of codes: fewer chunks have fewer distinct values in all."""

_ERRORS: Final = frozenset({"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!"})
_DOCTYPE: Final = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_FAULTS: Final = (
    *(zipfile.BadZipFile, zlib.error, NotImplementedError),  # compression
    *(InvalidFileException, KeyError, ValueError, OSError, EOFError, SyntaxError),
)


def excel_rows(
    path: Path,
    config: RowsConfig,
    columns: Sequence[str] | None,
    nulls: frozenset[str],
    chunk_rows: int,
    complain: Complain,
    named: Callable[[Sequence[str]], list[str]] = unique_names,
) -> Iterator[Chunk]:
    """Yield chunks of rows with the sheet's row numbers, from 1; blank rows are skipped.

    Formulas have their saved values; cells with an error have none. `named` makes the names of a
    heading unique.

    Raises:
        DataError: no such file or sheet, a damaged workbook, a missing column.
    """
    where = str(path)
    _check(path, where)
    try:
        book = load_workbook(path, read_only=True, data_only=True, keep_links=False)
    except _FAULTS as fault:
        raise DataError(f"not a readable Excel workbook: {fault}", where=where) from None
    try:
        sheet = _sheet(book, config.sheet, where)
        sheet.reset_dimensions()  # otherwise every row is padded to the sheet's last column
        rows: Iterator[tuple[int, Sequence[Any]]] = enumerate(sheet.iter_rows(values_only=True), 1)
        rows = islice(rows, config.skip_rows, None)
        names = list(config.names)
        if config.header:
            headings = [
                [str(cell_of(cell, "", nulls) or "") for cell in cells]
                for _, cells in islice(rows, config.header_rows)
            ]
            heading = joined_headings(headings or [[]])
            while heading and not heading[-1]:
                heading.pop()
            names = names or named(heading)
        wanted = columns_of(columns or names, names, where)
        # A cell far down yields an empty row for each row above it: drop these immediately.
        rows = (row for row in islice(rows, config.skip_after_header, None) if row[1])
        while batch := list(islice(rows, chunk_rows)):
            kept: list[tuple[int, Sequence[Any]]] = []
            for number, cells in batch:
                if any(cell is not None for cell in cells[len(names) :]):
                    complain("wrong number of cells", number, f"more than {len(names)}")
                elif any(cell is not None for cell in cells):
                    kept.append((number, cells))
            values = {
                name: [cells[index] if index < len(cells) else None for _, cells in kept]
                for index, name in enumerate(names)
            }
            yield Chunk(cells_of(values, wanted, nulls | _ERRORS), [number for number, _ in kept])
    except _FAULTS as fault:
        raise DataError(f"damaged Excel workbook: {fault}", where=where) from None
    finally:
        book.close()


def _check(path: Path, where: str) -> None:
    """Reject files that would exhaust memory: entities, or an implausibly large string table."""
    try:
        with zipfile.ZipFile(path) as parts:
            for part in parts.infolist():
                texts = part.filename.endswith("sharedStrings.xml")
                bomb = part.file_size > _PACKED * part.compress_size
                if part.file_size > LARGEST_TEXTS and (texts or bomb):
                    raise DataError(
                        f"{part.filename} swells to {part.file_size} bytes, more than "
                        f"{LARGEST_TEXTS}",
                        where=where,
                        remedy="save the sheet as CSV",
                    )
                if part.filename.endswith((".xml", ".rels")):
                    with parts.open(part) as content:
                        if _DOCTYPE.search(content.read(8192)):
                            raise DataError(
                                "the workbook declares entities, which are not expanded",
                                where=where,
                            )
    except FileNotFoundError:
        raise DataError("no such file", where=where) from None
    except _FAULTS as fault:
        raise DataError(
            f"not a readable Excel workbook: {fault}",
            where=where,
            remedy="older .xls files: save them as .xlsx",
        ) from None


def _sheet(book: Any, sheet: str | int | None, where: str) -> Any:
    names = book.sheetnames
    if sheet is None or isinstance(sheet, int):
        index = sheet or 0
        if index < len(names):
            return book[names[index]]
    elif sheet in names:
        return book[sheet]
    raise DataError(f"no sheet {sheet!r}", where=where, remedy=f"sheets: {', '.join(names)}")


def parquet_rows(
    path: Path,
    columns: Sequence[str] | None,
    nulls: frozenset[str],
    chunk_rows: int,
    *,
    coded: bool = False,
) -> Iterator[Chunk]:
    """Yield chunks of rows, numbered from 1.

    Args:
        path: the file.
        columns: required columns, or paths into nested ones (`artist.name`); all by default.
        nulls: texts that mean "no value".
        chunk_rows: rows per chunk.
        coded: return columns of single values as `CodedCells`.

    Raises:
        DataError: there is no such file, it is not Parquet, or a column is missing.
    """
    try:
        file = pq.ParquetFile(path)
    except FileNotFoundError:
        raise DataError("no such file", where=str(path)) from None
    except (pa.ArrowException, OSError, UnicodeDecodeError) as fault:
        raise DataError(f"not a readable Parquet file: {fault}", where=str(path)) from None
    with file:
        names = file.schema_arrow.names
        wanted = columns_of(columns or names, names, str(path))
        needed = list(dict.fromkeys(column for column, _ in wanted.values()))
        below = {column for column, path in wanted.values() if path}
        size = max(chunk_rows, _CODED_ROWS) if coded else chunk_rows
        batches = file.iter_batches(batch_size=size, columns=needed)
        first = 1
        while True:
            try:
                batch = next(batches, None)
            except (pa.ArrowException, OSError) as fault:
                raise DataError(f"damaged Parquet file: {fault}", where=str(path)) from None
            if batch is None:
                return
            places = range(first, first + batch.num_rows)
            values, codes = {}, {}
            for name in needed:
                column = batch.column(name)
                try:
                    if coded and name not in below and _is_single(column.type):
                        if pa.types.is_dictionary(column.type):  # perhaps with unused values
                            column = column.dictionary_decode()
                        encoded = column.dictionary_encode()
                        values[name] = [*encoded.dictionary.to_pylist(), None]
                        codes[name] = encoded.indices.fill_null(len(encoded.dictionary)).to_numpy()
                    else:
                        values[name] = column.to_pylist()
                except UnicodeDecodeError as fault:
                    raise DataError(
                        f"column {name!r} holds text that is not UTF-8, in rows {first} to "
                        f"{places[-1]}: {fault}",
                        where=str(path),
                    ) from None
            cells = dict[str, Sequence[Cell]](cells_of(values, wanted, nulls))
            for name, (of, _) in wanted.items():
                if of in codes:  # cells of the distinct values, each of which is single
                    texts = [cell if isinstance(cell, str) else None for cell in cells[name]]
                    cells[name] = CodedCells(texts, codes[of])
            yield Chunk(cells, places)
            first += batch.num_rows


def _is_single(type_: pa.DataType) -> bool:
    """Whether values of a column's type are single ones, which can be encoded."""
    return not (pa.types.is_nested(type_) or pa.types.is_null(type_))
