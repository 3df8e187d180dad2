"""How a file of rows is laid out: the settings that every reader of rows shares."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

RowFormat = Literal["auto", "csv", "tsv", "dat", "jsonl", "parquet", "excel", "sql"]
_PASSWORD = re.compile(r"://[^/@:]*:[^/@]*@")


class SqlRows(BaseModel):
    """What is read from a database, and how it is reached without a password in the recipe."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: Annotated[
        str,
        Field(
            description="SQLAlchemy address without a password, such as "
            "'postgresql+psycopg://reader@host/music'; without one the table's path names an "
            "SQLite file."
        ),
    ] = ""
    url_env: Annotated[
        str | None, Field(description="Environment variable that holds the whole address.")
    ] = None
    password_env: Annotated[
        str | None, Field(description="Environment variable that holds the password.")
    ] = None
    table: Annotated[
        str | None, Field(description="Table or view to read whole, such as 'music.songs'.")
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

    column: Annotated[str, Field(description="Column that is looked at.")]
    equals: Annotated[
        tuple[str, ...], Field(description="Allowed values; empty allows every value.")
    ] = ()
    min: Annotated[float | None, Field(description="Smallest number allowed.")] = None
    max: Annotated[float | None, Field(description="Largest number allowed.")] = None


class RowsConfig(BaseModel):
    """A file of rows: where it is, how it is written, which rows count."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Annotated[
        str,
        Field(
            description="File below the raw folder; a gzipped one is unpacked. Only a database "
            "with an address of its own has none."
        ),
    ] = ""
    format: Annotated[
        RowFormat,
        Field(description="Layout; 'auto' goes by the ending (.csv, .tsv, .dat, .jsonl, ...)."),
    ] = "auto"
    sql: Annotated[SqlRows | None, Field(description="The rows come from a database.")] = None
    sheet: Annotated[
        str | int | None,
        Field(description="Sheet of an Excel workbook by its name or number from 0; the first."),
    ] = None
    separator: Annotated[
        str | None,
        Field(
            min_length=1,
            description="What stands between cells, one character or several such as '::'; by "
            "default ',' for csv and a tab for tsv and dat.",
        ),
    ] = None
    quote: Annotated[
        str | None,
        Field(
            max_length=1,
            description="Quoting character; '' takes quotes as text. By default '\"' for csv and "
            "none for tsv and dat.",
        ),
    ] = None
    escape: Annotated[
        str | None,
        Field(max_length=1, description="Character that escapes a quote inside a quoted cell."),
    ] = None
    header: Annotated[bool, Field(description="Whether the first row read names the columns.")] = (
        True
    )
    names: Annotated[
        tuple[str, ...],
        Field(description="Column names; required without a header, otherwise replacing it."),
    ] = ()
    skip_rows: Annotated[int, Field(ge=0, description="Lines to skip before the header.")] = 0
    skip_after_header: Annotated[
        int, Field(ge=0, description="Rows to skip after the header, such as a row of units.")
    ] = 0
    encodings: Annotated[
        tuple[str, ...],
        Field(
            min_length=1,
            description="Encodings to try on each line, in order: files with lines in several "
            "encodings are read line by line.",
        ),
    ] = ("utf-8-sig", "cp1252", "latin-1")
    nulls: Annotated[
        tuple[str, ...], Field(description="Cells that mean 'no value', besides the empty cell.")
    ] = ("NULL", "null", "\\N", "N/A", "n/a")
    repair: Annotated[
        bool,
        Field(description="Undo HTML entities and wrongly decoded letters (mojibake) in cells."),
    ] = True
    where: Annotated[tuple[Filter, ...], Field(description="Conditions on the rows to keep.")] = ()
    max_line: Annotated[
        int,
        Field(ge=1024, description="Longest line in bytes; a longer one is a reject, not memory."),
    ] = 8 * 1024 * 1024

    @model_validator(mode="after")
    def _columns_are_named(self) -> Self:
        if not self.path and (self.sql is None or not (self.sql.url or self.sql.url_env)):
            raise ValueError("'path' is missing: the file below the raw folder")
        if self.format == "sql" and self.sql is None:
            raise ValueError(f"{self.path}: say with 'sql' which table or query is read")
        delimited = self.layout in {"csv", "tsv", "dat", "excel"}
        if delimited and not self.header and not self.names:
            raise ValueError(f"{self.path}: a file without a header needs 'names' for its columns")
        if len(set(self.names)) != len(self.names):
            raise ValueError(f"{self.path}: 'names' repeats a column name")
        return self

    @property
    def layout(self) -> str:
        """The format, found by the ending of the path where it is 'auto'."""
        if self.sql is not None:
            return "sql"
        if self.format != "auto":
            return self.format
        stem = self.path.lower().removesuffix(".gz")
        suffix = stem.rpartition(".")[2]
        return {
            "tsv": "tsv",
            "tab": "tsv",
            "txt": "tsv",
            "dat": "dat",
            "jsonl": "jsonl",
            "ndjson": "jsonl",
            "parquet": "parquet",
            "xlsx": "excel",
            "xlsm": "excel",
        }.get(suffix, "csv")
