"""How a file of rows is laid out: the settings that every reader of rows shares."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

RowFormat = Literal["auto", "csv", "tsv", "dat", "jsonl", "parquet"]


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
        str, Field(description="File below the raw folder; a name ending in .gz is unpacked.")
    ]
    format: Annotated[
        RowFormat,
        Field(description="Layout; 'auto' goes by the ending (.csv, .tsv, .dat, .jsonl, ...)."),
    ] = "auto"
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
        delimited = self.layout in {"csv", "tsv", "dat"}
        if delimited and not self.header and not self.names:
            raise ValueError(f"{self.path}: a file without a header needs 'names' for its columns")
        if len(set(self.names)) != len(self.names):
            raise ValueError(f"{self.path}: 'names' repeats a column name")
        return self

    @property
    def layout(self) -> str:
        """The format, found by the ending of the path where it is 'auto'."""
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
        }.get(suffix, "csv")
