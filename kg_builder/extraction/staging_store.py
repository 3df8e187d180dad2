"""Stage extracted rows on disk (Arrow, DuckDB), merge partial records, yield sorted tables."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kg_builder.extraction import staging_queries as queries
from kg_builder.extraction.arrow_batches import (
    PART,
    REJECT,
    STATEMENT,
    THING,
    things_of,
    write_attributes,
)
from kg_builder.extraction.merging import merged
from kg_builder.ontology import Schema
from kg_builder.ordered_pool import cores
from kg_builder.partitions import Ascending
from kg_builder.sql import database
from kg_builder.tables import RECORDS, REJECTS, STATEMENTS


class RowFile:
    """Arrow file of rows with one schema.

    Args:
        path: the file.
        schema: columns and types.
    """

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._path = str(path)
        self._writer = pa.ipc.new_stream(self._path, schema)

    def add(self, rows: pa.RecordBatch) -> None:
        """Append rows."""
        self._writer.write_batch(rows)

    def close(self) -> None:
        """Finish writing; required before reading."""
        self._writer.close()

    @contextmanager
    def opened(self) -> Iterator[pa.RecordBatchReader]:
        """Open all rows for streaming; not memory-mapped, as mapped pages would count as memory."""
        with pa.OSFile(self._path) as file, pa.ipc.open_stream(file) as stream:
            yield stream


class KeyRuns:
    """Sorted rows in batches that never split rows with equal keys.

    Args:
        batches: the rows.
        column: the sort column.
    """

    def __init__(self, batches: pa.RecordBatchReader, column: str) -> None:
        self._batches, self._column = batches, column

    def __iter__(self) -> Iterator[pa.Table]:
        pending = self._batches.schema.empty_table()
        for batch in self._batches:
            whole = pa.concat_tables([pending, pa.Table.from_batches([batch])])
            values = whole[self._column]
            size = pc.index(pc.equal(values, values[-1]), True).as_py()
            pending = whole.slice(size)
            if size:
                yield whole.slice(0, size)
        if len(pending):
            yield pending


MEMORY: Final = "256MB"
"""Memory limit of the database; more is spilled to a temporary folder."""

MERGED_ROWS: Final = "rows merged into a record with the same id"
"""Name of a count."""

_THREADS: Final = 4
_FEW: Final = 2_000_000
"""Maximum number of statements for multi-threaded queries: threads share the memory limit, of which
a large sort needs all."""

_SORTED: Final = 5_000_000
"""Rows per sort, so that it fits the memory limit."""

_BATCH: Final = 50_000
_TEXT: Final = pa.string()
_ATTRIBUTE_ROW: Final = pa.schema({"thing": pa.int64(), "predicate": pa.int64(), "value": _TEXT})


class StagingStore:
    """Staging area of statements, parts of records and rejects; call `settle`, then read tables.

    Args:
        source: name of the source, a column of every table.
        schema: the data model, for the inverse predicates.
        memory: memory limit, in DuckDB's notation ("256MB").
    """

    def __init__(self, source: str, schema: Schema, *, memory: str = MEMORY) -> None:
        self._source, self._schema = source, schema
        self._folder = tempfile.mkdtemp(prefix="extraction-")
        self._statements = RowFile(Path(self._folder, "statements.arrow"), STATEMENT)
        self._parts = RowFile(Path(self._folder, "parts.arrow"), PART)
        self._base = database(
            Path(self._folder),
            memory,
            # the optimiser would take the stream of all statements for the smaller side of a join
            disabled_optimizers="build_side_probe_side",
        )
        for name, layout in (("thing", THING), ("merged", PART), ("reject", REJECT)):
            self._with(layout.empty_table(), f"CREATE TABLE {name} AS SELECT * FROM batch")
        self._predicates: set[str] = set()
        self._added = 0

    def add_statements(self, rows: pa.RecordBatch) -> None:
        """Append statements."""
        self._statements.add(rows)
        self._added += len(rows)
        self._predicates.update(pc.unique(rows.column("predicate")).to_pylist())

    def add_parts(self, rows: pa.RecordBatch) -> None:
        """Append parts of records."""
        self._parts.add(rows)
        self._with(things_of(rows), "INSERT INTO thing SELECT * FROM batch")

    def add_rejects(self, rows: pa.RecordBatch) -> None:
        """Append rejects."""
        self._with(pa.Table.from_batches([rows]), "INSERT INTO reject SELECT * FROM batch")

    def settle(self, *, repeated: bool) -> dict[str, int]:
        """Merge parts and resolve references; returns counts.

        - Parts of one entity become one record.
        - A statement whose subject or object has no record becomes a reject.
        - Optional records without statements are dropped.

        Args:
            repeated: whether an entity can have several parts.
        """
        self._statements.close()
        self._parts.close()
        if self._added <= _FEW:
            self._run(f"SET threads = {min(cores(), _THREADS)}")
        if repeated:
            self._merge()
        self._with(self._known_predicates(), "CREATE TABLE predicate AS SELECT * FROM batch")
        self._with_rows(self._statements, queries.LINKED)
        if self._number("SELECT count(*) FROM linked WHERE NOT known"):
            self._with_rows(self._statements, queries.UNKNOWN)
        counts = {"statements": self._number("SELECT count(*) FROM linked WHERE known")}
        if self._number("SELECT count(*) FROM thing WHERE optional"):
            before = self._number("SELECT count(*) FROM thing")
            self._run(queries.UNUSED)
            counts["records left out because unused"] = before - self._number(
                "SELECT count(*) FROM thing"
            )
        if merged := self._number("SELECT coalesce(sum(rows - 1), 0) FROM thing WHERE rows > 1"):
            counts[MERGED_ROWS] = merged
        counts["records"] = self._number("SELECT count(*) FROM thing")
        return counts

    def records(self) -> Iterator[pa.Table]:
        """The table `records`, in the order of first mention, in batches."""
        last = self._number("SELECT coalesce(max(seq), -1) FROM thing")
        self._run(queries.ATTRIBUTES)
        names = self._base.sql(queries.PREDICATES).to_arrow_table()["name"].to_pylist()
        values = Ascending(self._attribute_rows(last + 1), "thing", _ATTRIBUTE_ROW)
        with self._parts.opened() as stream:
            parts = Ascending(stream, "seq", PART)
            for first in range(0, last + 1, _BATCH):
                end = first + _BATCH
                kept, whole = (
                    self._base.sql(query, params=[first, end]).to_arrow_table()
                    for query in (queries.KEPT, queries.MERGED)
                )
                rows = _chosen(parts.up_to(end), whole, kept["seq"].to_numpy())
                yield self._described(rows, *write_attributes(values.up_to(end), names))

    def statements(self) -> Iterator[pa.Table]:
        """The table `statements`, in the order read, in batches."""
        base = self._base.cursor()
        unknown = base.sql("SELECT seq FROM linked WHERE NOT known").to_arrow_table()["seq"]
        with self._statements.opened() as stream:
            for batch in stream:
                if len(unknown):
                    batch = batch.filter(pc.invert(pc.is_in(batch.column("seq"), unknown)))
                same = {"source": pa.scalar(self._source, _TEXT), "inferred": pa.scalar(False)}
                columns = [
                    pa.repeat(same[name], len(batch)) if name in same else batch.column(name)
                    for name in STATEMENTS.columns
                ]
                yield pa.Table.from_arrays(columns, schema=STATEMENTS.schema)

    def rejects(self) -> Iterator[pa.Table]:
        """The table `rejects`, in the order read, in batches."""
        base = self._base.cursor()
        last = base.execute("SELECT coalesce(max(rowid), -1) FROM reject").fetchall()[0][0]
        for first in range(0, last + 1, _BATCH):
            found = base.sql(queries.REJECTS, params=[self._source, first, first + _BATCH])
            yield found.to_arrow_table().cast(REJECTS.schema)

    def close(self) -> None:
        """Release memory and delete the temporary folder."""
        self._statements.close()
        self._parts.close()
        self._base.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    # ------------------------------------------------------------------------------ internals

    def _with(self, rows: pa.Table | pa.RecordBatchReader, query: str) -> None:
        """Run a query with the given rows as `batch`."""
        self._base.register("batch", rows)
        self._run(query)
        self._base.unregister("batch")

    def _with_rows(self, file: RowFile, query: str) -> None:
        with file.opened() as stream:
            self._with(stream, query)

    def _attribute_rows(self, end: int) -> Iterator[pa.RecordBatch]:
        """Yield the attributes of entities below a number, sorted by entity, in ranges.

        Each range scans all rows but sorts only a few, as sorting takes memory.
        """
        rows = self._number("SELECT count(*) FROM attribute")
        times = rows // _SORTED + 1
        size = end // times + 1
        for first in range(0, end, size):
            query = queries.SORTED.format(first=first, end=first + size)
            yield from self._base.cursor().sql(query).to_arrow_reader(_BATCH)

    def _known_predicates(self) -> pa.Table:
        """Predicates sorted by name, so that their numbers sort like the names."""
        inverses = {
            item.name: back
            for item in self._schema.predicates.values()
            if (back := item.name if item.symmetric else item.inverse)
        }
        backs = {inverses[name] for name in self._predicates if name in inverses}
        names = sorted(self._predicates | backs)
        number = {name: index for index, name in enumerate(names)}
        columns = {
            "number": pa.array(range(len(names)), pa.int64()),
            "name": pa.array(names, _TEXT),
            "back": pa.array([number.get(inverses.get(name, "")) for name in names], pa.int64()),
            "compared": pa.array([name not in queries.NOT_COMPARED for name in names], pa.bool_()),
        }
        return pa.table(columns)

    def _run(self, query: str) -> None:
        self._base.execute(query).fetchall()

    def _number(self, query: str) -> int:
        return int(self._base.execute(query).fetchall()[0][0])

    def _merge(self) -> None:
        self._run(queries.REPEATED)
        self._run(queries.SAME)
        self._run(queries.DIFFERENT)
        self._with_rows(self._parts, queries.PARTS)
        self._run(queries.FURTHER)
        again = KeyRuns(self._base.cursor().sql(queries.AGAIN).to_arrow_reader(_BATCH), "key")
        for parts in again:
            rows = merged(parts, self._schema)
            self._with(pa.Table.from_batches([rows]), "INSERT INTO merged SELECT * FROM batch")
            self._with(things_of(rows), "INSERT INTO thing SELECT * FROM batch")
        self._run("DROP TABLE again; DROP TABLE different; DROP TABLE repeated")

    def _described(
        self, rows: pa.Table, things: NDArray[np.int64], texts: pa.StringArray
    ) -> pa.Table:
        """Convert parts to rows of the table `records`, with their attributes."""
        seq = rows["seq"].to_numpy()
        indices = np.searchsorted(things, seq)
        indices[~np.isin(seq, things, assume_unique=True)] = len(things)
        columns = {name: rows[name] for name in RECORDS.columns if name in PART.names}
        columns |= {
            "record": rows["key"],
            "source": pa.repeat(pa.scalar(self._source, _TEXT), len(rows)),
            "external_ids": _sorted_lists(rows["external_ids"].combine_chunks()),
            "attributes": pa.concat_arrays([texts, pa.array(["{}"])]).take(pa.array(indices)),
        }
        return pa.table([columns[name] for name in RECORDS.columns], names=RECORDS.columns).cast(
            RECORDS.schema
        )


def _chosen(parts: pa.Table, whole: pa.Table, kept: NDArray[np.int64]) -> pa.Table:
    """The parts to keep, replaced by merged ones with the same number."""
    sources = np.searchsorted(parts["seq"].to_numpy(), kept)
    _, rows, instead = np.intersect1d(
        kept, whole["seq"].to_numpy(), assume_unique=True, return_indices=True
    )
    sources[rows] = len(parts) + instead
    return pa.concat_tables([parts, whole]).combine_chunks().take(pa.array(sources))


def _sorted_lists(lists: pa.ListArray) -> pa.ListArray:
    """Sort each list; most have a single text."""
    offsets, texts = lists.offsets.to_numpy(), lists.values
    sorting = np.arange(len(texts))
    for row in np.flatnonzero(np.diff(offsets) > 1).tolist():
        first, end = offsets[row : row + 2].tolist()
        found = texts.slice(first, end - first).to_pylist()
        sorting[first:end] = first + np.array(sorted(range(end - first), key=found.__getitem__))
    return pa.ListArray.from_arrays(lists.offsets, texts.take(pa.array(sorting)))
