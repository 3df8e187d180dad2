"""Recipe settings of a file of rows (format, columns, filters); chunks and names of columns."""

from __future__ import annotations

import difflib
import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Annotated, Final, Literal, Self, overload

import numpy as np
import pyarrow as pa
import regex
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from kg_builder.errors import DataError
from kg_builder.extraction.values.amounts import as_number
from kg_builder.extraction.values.numbers import DecimalSign
from kg_builder.extraction.values.patterns import search
from kg_builder.packed_files import without_packing

RowFormat = Literal[
    "auto", "csv", "tsv", "dat", "json", "jsonl", "xml", "html", "parquet", "excel", "sql"
]
_PASSWORD: Final = re.compile(r"://[^/@:]*:[^/@]*@")
_CONDITIONAL: Final = re.compile(r"([^.\[]+)\[[^\[\]=]+=")

Cell = str | tuple[str, ...] | None
"""A value, several values (in formats with lists), or none."""


class SqlRows(BaseModel):
    """A database table or query, and its connection without a password in the recipe."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: Annotated[
        str,
        Field(
            description="SQLAlchemy URL without a password, such as "
            "'postgresql+psycopg://reader@host/music'; without it the table's path is an "
            "SQLite file."
        ),
    ] = ""
    url_env: Annotated[str | None, Field(description="Environment variable with the full URL.")] = (
        None
    )
    password_env: Annotated[
        str | None, Field(description="Environment variable with the password.")
    ] = None
    table: Annotated[
        str | None, Field(description="Table or view to read, such as 'music.songs'.")
    ] = None
    query: Annotated[str | None, Field(description="SELECT to read instead of a table.")] = None

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        if (self.table is None) == (self.query is None):
            raise ValueError("sql: give either 'table' or 'query'")
        if self.url and self.url_env is not None:
            raise ValueError("sql: give either 'url' or 'url_env'")
        if _PASSWORD.search(self.url):
            raise ValueError("sql: keep the password out of 'url': name it with 'password_env'")
        return self


class Filter(BaseModel):
    """Rows to keep: every condition given must hold for the column's value."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    column: Annotated[str, Field(description="Column to test.")]
    equals: Annotated[tuple[str, ...], Field(description="Allowed values; if empty, all.")] = ()
    pattern: Annotated[
        str | None, Field(description="Regular expression that is found in the values to keep.")
    ] = None
    min: Annotated[float | None, Field(description="Minimum number.")] = None
    max: Annotated[float | None, Field(description="Maximum number.")] = None

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str | None) -> str | None:
        try:
            regex.compile(pattern or "")
        except regex.error as fault:
            raise ValueError(f"bad pattern {pattern!r}: {fault}") from None
        return pattern

    def verdict(self, cell: Cell, decimal: DecimalSign | None = None) -> bool | None:
        """Whether a cell meets the condition; None if it should be a number but is not."""
        if self.equals and cell not in self.equals:
            return False
        if self.pattern is not None and not self._matches(cell):
            return False
        if self.min is None and self.max is None:
            return True
        number = as_number(cell, decimal) if isinstance(cell, str) else None
        if number is None or math.isnan(number):
            return None
        return (self.min is None or number >= self.min) and (self.max is None or number <= self.max)

    def _matches(self, cell: Cell) -> bool:
        pattern, where = regex.compile(self.pattern or ""), f"'where', column {self.column!r}"
        texts = (cell,) if isinstance(cell, str) else cell or ()
        return any(search(pattern, text, where=where) is not None for text in texts)


class RowsConfig(BaseModel):
    """A file of rows: path, layout and row filters."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Annotated[
        str,
        Field(
            description="File in the raw folder, plain or compressed (gzip, bzip2, xz), or a "
            "pattern such as 'history/*.json' for several. Optional only for a database "
            "with a URL."
        ),
    ] = ""
    format: Annotated[
        RowFormat,
        Field(description="File format; 'auto' goes by extension (.csv, .tsv, .dat, .json, ...)."),
    ] = "auto"
    rows: Annotated[
        str,
        Field(
            description="Path of the row objects in JSON, such as 'data.tracks'; '*' matches "
            "every key of an object ('users.*.plays'). Columns are then paths below such "
            "an object, '../x' is x of the enclosing object, '@key' its key, '@value' the "
            "object itself. In XML the path of the elements, from the root "
            "('playlist.trackList.track')."
        ),
    ] = ""
    sql: Annotated[SqlRows | None, Field(description="Read the rows from a database.")] = None
    sheet: Annotated[
        str | int | None,
        Field(
            description="Sheet of an Excel workbook, by name or number from 0; by default the "
            "first. Table of an HTML page, by caption or number; by default the one with most rows."
        ),
    ] = None
    separator: Annotated[
        str | None,
        Field(
            min_length=1,
            description="Cell separator, one character or several such as '::'; by default ',' "
            "for csv and a tab for tsv and dat.",
        ),
    ] = None
    quote: Annotated[
        str | None,
        Field(
            max_length=1,
            description="Quote character; '' treats quotes as text. By default '\"' for csv and "
            "none for tsv and dat.",
        ),
    ] = None
    escape: Annotated[
        str | None,
        Field(max_length=1, description="Escape character for a quote inside a quoted cell."),
    ] = None
    header: Annotated[bool, Field(description="The first row read contains the column names.")] = (
        True
    )
    header_rows: Annotated[
        int,
        Field(
            ge=1,
            description="Rows of the heading. Names of several are joined by a point "
            "('album.title'); a blank cell belongs to the group on its left.",
        ),
    ] = 1
    names: Annotated[
        tuple[str, ...],
        Field(description="Column names; required without a header, otherwise replacing it."),
    ] = ()
    skip_rows: Annotated[int, Field(ge=0, description="Lines to skip before the header.")] = 0
    skip_after_header: Annotated[
        int, Field(ge=0, description="Rows to skip after the header, such as a row of units.")
    ] = 0
    short_rows: Annotated[
        bool,
        Field(
            description="Whether rows may end before the last column: what they lack is empty. "
            "Otherwise they are rejects, like longer ones."
        ),
    ] = False
    encodings: Annotated[
        tuple[str, ...],
        Field(
            min_length=1,
            description="Encodings to try on each line, in order; a file may mix encodings.",
        ),
    ] = ("utf-8-sig", "cp1252", "latin-1")
    nulls: Annotated[tuple[str, ...], Field(description="Cells that count as empty.")] = (
        "NULL",
        "null",
        "\\N",
        "N/A",
        "n/a",
        "#N/A",
        "NaN",
        "nan",
        "NaT",
        "<NA>",
    )
    real_names: Annotated[
        tuple[str, ...],
        Field(
            description="Real names and ids that look like placeholders, such as an artist "
            "'None' or a label 'Independent': kept unchanged."
        ),
    ] = ()
    decimal: Annotated[
        DecimalSign | None,
        Field(
            description="Decimal separator; by default it is detected per number, and the "
            "ambiguous '1,234' is a reject."
        ),
    ] = None
    day_first: Annotated[
        bool | None,
        Field(
            description="Day before month in dates such as 03/04/1999; by default only the "
            "year of such dates is read. With points (03.04.1999) the day is always first."
        ),
    ] = None
    repair: Annotated[
        bool,
        Field(
            description="Decode HTML entities and repair wrongly decoded letters (mojibake) "
            "in cells."
        ),
    ] = True
    where: Annotated[tuple[Filter, ...], Field(description="Conditions on the rows to keep.")] = ()
    max_line: Annotated[
        int,
        Field(
            ge=1024,
            description="Maximum line length in bytes; a longer line is a reject "
            "and is not loaded.",
        ),
    ] = 8 * 1024 * 1024

    @model_validator(mode="after")
    def _columns_are_named(self) -> Self:
        if not self.path and (self.sql is None or not (self.sql.url or self.sql.url_env)):
            raise ValueError("'path' is missing: the file below the raw folder")
        if self.layout == "xml" and not self.rows:
            raise ValueError(
                f"{self.path}: set 'rows' to the path of the row elements in the XML, "
                "such as 'playlist.trackList.track'"
            )
        if self.format == "sql" and self.sql is None:
            raise ValueError(f"{self.path}: set 'sql' to the table or query to read")
        self._refuse_foreign_keys()
        delimited = self.layout in {"csv", "tsv", "dat", "excel", "html"}
        if delimited and not self.header and not self.names:
            raise ValueError(f"{self.path}: a file without a header needs 'names' for its columns")
        if len(set(self.names)) != len(self.names):
            raise ValueError(f"{self.path}: 'names' repeats a column name")
        return self

    def _refuse_foreign_keys(self) -> None:
        """Raise an error for keys that do not apply to the layout, instead of ignoring them."""
        layout, text = self.layout, {"csv", "tsv", "dat"}
        readers = {
            "rows": {"json", "jsonl", "xml"},
            "sheet": {"excel", "html"},
            "separator": text,
            "quote": text,
            "escape": text,
            "short_rows": text,
            "header": text | {"excel", "html"},
            "header_rows": text | {"excel", "html"},
            "names": text | {"excel", "html"},
            "skip_rows": text | {"excel", "html"},
            "skip_after_header": text | {"excel", "html"},
        }
        for key, layouts in readers.items():
            default = RowsConfig.model_fields[key].default
            if key in self.model_fields_set and layout not in layouts:
                if getattr(self, key) == default or (key == "names" and not self.header):
                    continue
                raise ValueError(
                    f"{self.path}: {key!r} is for {', '.join(sorted(layouts))}; the file is read "
                    f"as {layout} (set 'format' where its ending misleads)"
                )

    @property
    def is_on_a_server(self) -> bool:
        """Whether the rows are read from a database server, of which there is no file here."""
        return self.sql is not None and not self.path

    @property
    def layout(self) -> str:
        """The format; 'auto' is resolved by the suffix of the path."""
        if self.sql is not None:
            return "sql"
        if self.format != "auto":
            return self.format
        return layout_by_name(self.path)


def layout_by_name(path: str) -> str:
    """The format of a file by its suffix."""
    stem = without_packing(path.lower())
    suffix = stem.rpartition(".")[2]
    return {
        "tsv": "tsv",
        "tab": "tsv",
        "txt": "tsv",
        "dat": "dat",
        "jsonl": "jsonl",
        "ndjson": "jsonl",
        "json": "json",
        "xml": "xml",
        "xspf": "xml",
        "musicxml": "xml",
        "html": "html",
        "htm": "html",
        "parquet": "parquet",
        "xlsx": "excel",
        "xlsm": "excel",
    }.get(suffix, "csv")


_SHOWN: Final = 20
_SEPARATORS: Final = (",", ";", "\t", "|", "::")


@dataclass(frozen=True)
class CodedCells(Sequence[str | None]):
    """The cells of a column, as codes of the texts that occur in it.

    Attributes:
        values: the texts in the order of their first cells; None for no value.
        codes: each cell's position in `values`.
    """

    values: Sequence[str | None]
    codes: NDArray[np.int32]

    @overload
    def __getitem__(self, index: int) -> str | None: ...

    @overload
    def __getitem__(self, index: slice) -> CodedCells: ...

    def __getitem__(self, index: int | slice) -> str | CodedCells | None:
        if isinstance(index, slice):
            return self.rows(self.codes[index])
        return self.values[int(self.codes[index])]

    def __len__(self) -> int:
        return len(self.codes)

    def __iter__(self) -> Iterator[str | None]:
        return map(self.values.__getitem__, self.codes.tolist())

    @staticmethod
    def of(texts: pa.Array | pa.ChunkedArray) -> CodedCells:
        """Encode texts without nulls."""
        encoded = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
        if not pa.types.is_dictionary(encoded.type):
            encoded = encoded.dictionary_encode()
        return CodedCells(encoded.dictionary.to_pylist(), encoded.indices.to_numpy())

    def rows(self, codes: NDArray[np.int32]) -> CodedCells:
        """The cells with these codes, without the texts of others."""
        used = pa.array(codes).dictionary_encode()
        values = [self.values[code] for code in used.dictionary.to_pylist()]
        return CodedCells(values, used.indices.to_numpy())


@dataclass(frozen=True)
class Chunk:
    """A chunk of rows as columns, with the line (or row) number of each."""

    columns: Mapping[str, Sequence[Cell]]
    places: Sequence[int]

    def __len__(self) -> int:
        return len(self.places)

    def rows(self, keep: Sequence[bool]) -> Chunk:
        """Select the rows for which `keep`, of the chunk's length, is true."""
        return Chunk(
            {name: _kept(cells, keep) for name, cells in self.columns.items()},
            list(compress(self.places, keep)),
        )


def _kept(cells: Sequence[Cell], keep: Sequence[bool]) -> Sequence[Cell]:
    if isinstance(cells, CodedCells):
        return cells.rows(cells.codes[np.array(keep)])
    return list(compress(cells, keep))


def missing_column(column: str, names: Sequence[str], where: str) -> DataError:
    """Build the error for a missing column."""
    if not any(names):
        return DataError("the file is empty", where=where, remedy="is it the right file?")
    near = difflib.get_close_matches(column, names, n=1, cutoff=0.5)
    shown = [*names[:_SHOWN], "…"] if len(names) > _SHOWN else names
    remedy = f"the columns are: {', '.join(shown)}"
    text = names[0] if names else ""
    marks = [mark for mark in _SEPARATORS if column in text.split(mark)]
    if text[:1] in {"{", "["}:
        remedy = 'the file looks like JSON: set format = "json"'
    elif len(names) == 1 and marks:
        remedy = f"set separator = {json.dumps(marks[0])}: the heading is {text!r}"
    elif near:
        remedy = f"did you mean {near[0]!r}? {remedy}"
    return DataError(f"no column {column!r}", where=where, remedy=remedy)


def unique_names(heading: Sequence[str]) -> list[str]:
    """Make column names unique: repeated ones get '.2', '.3' and so on."""
    seen: Counter[str] = Counter()
    names = []
    for raw in heading:
        name = raw.strip().lstrip("\ufeff")
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name}.{seen[name]}")
    return names


def joined_headings(rows: Sequence[Sequence[str]]) -> list[str]:
    """Names of columns from a heading of several rows, the groups first.

    >>> joined_headings([["", "album", "", "artist"], ["id", "title", "year", "name"]])
    ['id', 'album.title', 'album.year', 'artist.name']
    """
    if len(rows) == 1:
        return list(rows[0])
    width = max(map(len, rows), default=0)
    names = [""] * width
    for level, row in enumerate(rows):
        group, parts = "", [""] * width
        for column in range(width):
            cell = row[column].strip().lstrip("\ufeff") if column < len(row) else ""
            same = column > 0 and names[column] == names[column - 1]
            group = cell or (group if level < len(rows) - 1 and (same or level == 0) else "")
            parts[column] = group
        names = [f"{name}.{part}".strip(".") for name, part in zip(names, parts, strict=True)]
    return names


def first_step(path: str) -> tuple[str, str]:
    """Split a path into the first key and the rest, which may begin with a condition.

    >>> first_step("tags[*].name"), first_step("links[type=official site].url")
    (('tags', 'name'), ('links', '[type=official site].url'))
    """
    if "[" in path and (found := _CONDITIONAL.match(path)):
        return found[1], path[found.end(1) :]
    head, _, tail = path.partition(".")
    return head.removesuffix("[*]"), tail


def columns_of(
    wanted: Iterable[str], names: Sequence[str], where: str
) -> dict[str, tuple[str, str]]:
    """Split each column name, or path into nested values, into (column, path below it).

    Raises:
        DataError: a column is missing.
    """
    known = frozenset(names)
    found = {}
    for path in wanted:
        column, below = (path, "") if path in known else first_step(path)
        if column not in known:
            raise missing_column(path, names, where)
        found[path] = column, below
    return found
