"""Sample a file of rows, whatever its format."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from kg_builder.errors import DataError
from kg_builder.extraction.tabular import RowsConfig, read_rows
from kg_builder.extraction.tabular.config import layout_by_name
from kg_builder.extraction.tabular.nested_json import decoded
from kg_builder.packed_files import open_binary
from kg_builder.schema_inference.nested_samples import json_samples, parquet_sample, xml_sample
from kg_builder.schema_inference.samples import COLUMNS, ENCODINGS, ROWS, Column, Sample
from kg_builder.schema_inference.text_samples import text_layout

_BYTES: Final = 1 << 20
_SQLITE: Final = b"SQLite format 3\0"


def read_samples(file: Path, raw: Path) -> list[Sample]:
    """Sample the first rows of a file, and rows in lists within these; none if it has no rows.

    Raises:
        DataError: the file cannot be read, or is not text, JSON, XML, Parquet, Excel or SQLite.
    """
    path = file.relative_to(raw).as_posix()
    layout = layout_by_name(path)
    if layout == "parquet":
        return _all(parquet_sample(file, path))
    if layout == "excel":
        return _all(_taken(path, {}, raw))
    with open_binary(file) as stream:
        head = stream.read(_BYTES)
        whole = len(head) < _BYTES
    if head.startswith(_SQLITE):
        return _tables(file, path, raw)
    first = decoded(head, ENCODINGS).lstrip()[:1]
    if first == "<":
        return _all(xml_sample(file, path))
    if first in {"{", "["} or layout in {"json", "jsonl"}:
        return json_samples(file, path, head, whole=whole)
    keys = text_layout(path, head, whole=whole)
    return [] if keys is None else _all(_taken(path, keys, raw))


def _tables(file: Path, path: str, raw: Path) -> list[Sample]:
    """Sample the tables of an SQLite file that have rows.

    Raises:
        DataError: the file is compressed, or damaged.
    """
    with file.open("rb") as stream:
        if stream.read(len(_SQLITE)) != _SQLITE:
            raise DataError(
                "a compressed SQLite file", where=path, remedy="decompress it: a build cannot"
            )
    from kg_builder.extraction.tabular.sql import sqlite_tables  # lazy: loads SQLAlchemy

    found = []
    for name in sqlite_tables(file):
        quoted = name.replace('"', '""')
        sql = {"query": f'SELECT * FROM "{quoted}"'} if "." in name else {"table": name}
        found += _all(_taken(path, {"sql": sql}, raw))
    return found


def _all(sample: Sample | None) -> list[Sample]:
    return [] if sample is None else [sample]


def _taken(path: str, layout: dict[str, Any], raw: Path) -> Sample | None:
    """Sample rows of cells."""
    reader = read_rows(RowsConfig(path=path, **layout), raw, chunk_rows=ROWS)
    chunk = next(iter(reader), None)
    if chunk is None or not len(chunk):
        return None
    names = list(filter(None, chunk.columns))
    columns = {name: Column(name, tuple(chunk.columns[name][:ROWS])) for name in names[:COLUMNS]}
    return Sample(
        path,
        layout,
        columns,
        min(len(chunk), ROWS),
        len(names) - len(columns),
        renamed=reader.renamed,
    )
