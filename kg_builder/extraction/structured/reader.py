"""A structured source: its tables in the order in which they can refer to each other."""

from __future__ import annotations

from pathlib import Path

from kg_builder.errors import DataError
from kg_builder.extraction.collector import Collector
from kg_builder.extraction.left_out import NONE_LEFT_OUT, LeftOutPairs
from kg_builder.extraction.rows import RowReader, read_rows
from kg_builder.extraction.structured.config import (
    LinkTable,
    RdfTable,
    RecordTable,
    StructuredSource,
    TripleTable,
)
from kg_builder.extraction.structured.links import LinkTableReader
from kg_builder.extraction.structured.rdf import read_rdf
from kg_builder.extraction.structured.records import RecordTableReader
from kg_builder.extraction.structured.triples import TripleTableReader
from kg_builder.ontology import Schema
from kg_builder.progress import Progress, silent


def extract_structured(
    source: StructuredSource,
    root: Path,
    out: Collector,
    *,
    left_out: LeftOutPairs = NONE_LEFT_OUT,
    progress: Progress = silent,
) -> None:
    """Read all tables of a source, but for the acts of `left_out` pairs.

    Counts are given per table: `<table>: rows read`, `rows used`, `rows rejected`.

    Raises:
        DataError: a file or column is missing, the mapping does not fit the data model.
    """
    _check_scopes(source, out.schema)
    sizes = {
        name: _size(root / table.path) if table.path else 0 for name, table in source.tables.items()
    }
    whole, before = sum(sizes.values()), 0

    def report(done: int, total: int | None = None) -> None:
        progress(before + done, whole)

    for name, table in source.tables.items():
        if isinstance(table, RdfTable):
            read_rdf(name, table, out, root)
        else:
            _read_rows(name, table, source, out, root, left_out, report)
        before += sizes[name]
        progress(before, whole)


def _read_rows(
    name: str,
    table: RecordTable | LinkTable | TripleTable,
    source: StructuredSource,
    out: Collector,
    root: Path,
    left_out: LeftOutPairs,
    report: Progress,
) -> None:
    def scope_of(other: str) -> str:
        return _scope(source, other)

    reader: RecordTableReader | LinkTableReader | TripleTableReader
    if isinstance(table, RecordTable):
        reader = RecordTableReader(name, table, out, scope_of=scope_of)
    elif isinstance(table, LinkTable):
        reader = LinkTableReader(name, table, out, scope_of=scope_of, left_out=left_out)
    else:
        reader = TripleTableReader(table, out, root)
    rows: RowReader = read_rows(
        table, root, columns=reader.columns(), chunk_rows=source.chunk_rows, progress=report
    )
    reader.read(rows)
    out.take_rejects(rows.rejects)
    for what, count in rows.counts.items():
        out.counts[f"{name}: {what}"] += count


def _scope(source: StructuredSource, name: str) -> str:
    """Middle part of the keys of a table's rows."""
    table = source.tables.get(name)
    if not isinstance(table, RecordTable):
        things = [key for key, item in source.tables.items() if isinstance(item, RecordTable)]
        raise DataError(
            f"no table {name!r} of things",
            where=f"source {source.name!r}",
            remedy=f"tables of things: {', '.join(things) or 'none'}",
        )
    if table.scope is not None:
        return table.scope
    return name if len(source.tables) > 1 else ""


def _check_scopes(source: StructuredSource, schema: Schema) -> None:
    """Keys of rows and keys of named things must not meet."""
    prefixes = {item.prefix for item in schema.classes.values()}
    for name, table in source.tables.items():
        if isinstance(table, RecordTable) and _scope(source, name) in prefixes:
            raise DataError(
                f"{_scope(source, name)!r} begins the keys of things known by name alone",
                where=f"source {source.name!r}, table {name!r}",
                remedy="call the table (or its scope) by the plural",
            )


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0
