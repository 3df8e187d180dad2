"""What one source said, on its way to tables, in memory that does not grow with the source.

Statements lie in a file of a temporary folder, in the order in which they were read, and leave it
in that order. Parts of records lie in a small database of columns (DuckDB) that moves to the same
folder what exceeds its share of memory; its joins, groups and sorts do the same. One thread: the
same rows give the same tables.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kg_builder.extraction import spool_queries as queries
from kg_builder.extraction.attributes import write_attributes
from kg_builder.extraction.layouts import PART, REJECT, STATEMENT
from kg_builder.ontology import Schema
from kg_builder.tables import RECORDS, REJECTS, STATEMENTS

MEMORY: Final = "256MB"
"""Share of memory of the database; what exceeds it goes to a temporary folder."""

_BATCH: Final = 50_000
_TEXT: Final = pa.string()

Merge = Callable[[Sequence[Mapping[str, Any]]], Mapping[str, Any]]
"""Makes one part of the parts of one thing, given in their order."""


class Spool:
    """Takes batches of statements, parts of records and rejects; `settle`, then read the tables.

    Args:
        source: name of the source, a column of every table.
        schema: the data model, for the inverse predicates.
        memory: share of memory, as DuckDB writes it ("256MB").
    """

    def __init__(self, source: str, schema: Schema, *, memory: str = MEMORY) -> None:
        self._source, self._schema = source, schema
        self._folder = tempfile.mkdtemp(prefix="extraction-")
        self._file = str(Path(self._folder, "statements.arrow"))
        self._writer = pa.ipc.new_stream(self._file, STATEMENT)
        self._base = duckdb.connect(
            ":memory:",
            config={
                "threads": 1,
                "memory_limit": memory,
                "temp_directory": self._folder,
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
                # it would take the stream of all statements for the smaller side of a join
                "disabled_optimizers": "build_side_probe_side",
            },
        )
        for name, layout in (("part", PART), ("reject", REJECT)):
            self._with(layout.empty_table(), f"CREATE TABLE {name} AS SELECT * FROM batch")
        self._predicates: set[str] = set()

    def add_statements(self, rows: pa.RecordBatch) -> None:
        """Append statements."""
        self._writer.write_batch(rows)
        self._predicates.update(pc.unique(rows.column("predicate")).to_pylist())

    def add_parts(self, rows: pa.RecordBatch) -> None:
        """Append parts of records."""
        self._with(pa.Table.from_batches([rows]), "INSERT INTO part SELECT * FROM batch")

    def add_rejects(self, rows: pa.RecordBatch) -> None:
        """Append rejects."""
        self._with(pa.Table.from_batches([rows]), "INSERT INTO reject SELECT * FROM batch")

    def settle(self, merge: Merge | None) -> dict[str, int]:
        """Bring together what belongs together; returns counts.

        - Parts of one thing become one record, by `merge` (`None`: no thing has several parts).
        - A statement whose subject or object is no record becomes a reject.
        - Records that were only wanted if used, and were not, are left out.
        """
        self._writer.close()
        if merge is not None:
            self._merge(merge)
        self._with(self._known_predicates(), "CREATE TABLE predicate AS SELECT * FROM batch")
        self._with_statements(queries.LINKED)
        if self._number("SELECT count(*) FROM linked WHERE NOT known"):
            self._with_statements(queries.UNKNOWN)
        counts = {"statements": self._number("SELECT count(*) FROM linked WHERE known")}
        if self._number("SELECT count(*) FROM part WHERE optional"):
            before = self._number("SELECT count(*) FROM part")
            self._run(queries.UNUSED)
            counts["records left out because unused"] = before - self._number(
                "SELECT count(*) FROM part"
            )
        if merged := self._number("SELECT coalesce(sum(rows - 1), 0) FROM part WHERE rows > 1"):
            counts["rows merged into a record with the same id"] = merged
        counts["records"] = self._number("SELECT count(*) FROM part")
        return counts

    def records(self) -> Iterator[pa.Table]:
        """The table `records`, in the order of first mention, some rows at a time."""
        last = self._number("SELECT coalesce(max(seq), -1) FROM part")
        self._run(queries.SAID)
        names = self._base.sql(queries.PREDICATES).to_arrow_table()["name"].to_pylist()
        said = _Sorted(self._base.cursor().sql(queries.SORTED).to_arrow_reader(_BATCH))
        for first in range(0, last + 1, _BATCH):
            found = self._base.sql(queries.RECORDS, params=[self._source, first, first + _BATCH])
            rows = found.to_arrow_table()
            things, texts = write_attributes(said.up_to(first + _BATCH), names)
            seq = rows.column("seq").to_numpy()
            place = np.searchsorted(things, seq)
            place[~np.isin(seq, things, assume_unique=True)] = len(things)
            written = pa.concat_arrays([texts, pa.array(["{}"])]).take(pa.array(place))
            whole = rows.append_column("attributes", written)
            yield whole.select(RECORDS.columns).cast(RECORDS.schema)

    def statements(self) -> Iterator[pa.Table]:
        """The table `statements`, in the order read, some rows at a time."""
        unknown = self._base.sql("SELECT seq FROM linked WHERE NOT known").to_arrow_table()["seq"]
        with self._opened() as stream:
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
        """The table `rejects`, in the order met, some rows at a time."""
        last = self._number("SELECT coalesce(max(rowid), -1) FROM reject")
        for first in range(0, last + 1, _BATCH):
            found = self._base.sql(queries.REJECTS, params=[self._source, first, first + _BATCH])
            yield found.to_arrow_table().cast(REJECTS.schema)

    def close(self) -> None:
        """Give the memory and the temporary folder back."""
        self._writer.close()
        self._base.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    # ------------------------------------------------------------------------------ internals

    def _with(self, rows: pa.Table | pa.RecordBatchReader, query: str) -> None:
        """Run a query on rows that it calls `batch`."""
        self._base.register("batch", rows)
        self._run(query)
        self._base.unregister("batch")

    def _with_statements(self, query: str) -> None:
        with self._opened() as stream:
            self._with(stream, query)

    @contextmanager
    def _opened(self) -> Iterator[pa.RecordBatchReader]:
        """The statements; read, for a file that is mapped into memory would count as memory."""
        with pa.OSFile(self._file) as file, pa.ipc.open_stream(file) as stream:
            yield stream

    def _known_predicates(self) -> pa.Table:
        """Predicates in the order of their names, which their numbers stand for when sorting."""
        inverses = {
            item.name: back
            for item in self._schema.predicates.values()
            if (back := item.name if item.symmetric else item.inverse)
        }
        backs = {inverses[name] for name in self._predicates if name in inverses}
        names = sorted(self._predicates | backs)
        number = {name: place for place, name in enumerate(names)}
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

    def _merge(self, merge: Merge) -> None:
        self._run(queries.REPEATED)
        self._run(queries.SAME)
        self._run(queries.DIFFERENT)
        self._run(queries.FURTHER)
        same: list[dict[str, Any]] = []
        whole: list[Mapping[str, Any]] = []
        ordered = self._base.cursor()
        ordered.execute("SELECT * FROM different ORDER BY key, seq")
        while batch := ordered.fetchmany(_BATCH):
            for values in batch:
                row = dict(zip(PART.names, values, strict=True))
                if same and same[0]["key"] != row["key"]:
                    whole.append(merge(same))
                    same = []
                same.append(row)
            if len(whole) >= _BATCH:
                self.add_parts(pa.RecordBatch.from_pylist(whole, schema=PART))
                whole = []
        if same:
            whole.append(merge(same))
        self.add_parts(pa.RecordBatch.from_pylist(whole, schema=PART))
        self._run("DROP TABLE different; DROP TABLE repeated")


class _Sorted:
    """What is said of things, sorted by them, taken a stretch of things at a time."""

    def __init__(self, batches: pa.RecordBatchReader) -> None:
        self._batches, self._rest = batches, batches.schema.empty_table()

    def up_to(self, end: int) -> pa.Table:
        """The rows on things below a number that were not taken before."""
        parts = [self._rest]
        while not len(parts[-1]) or parts[-1]["thing"][-1].as_py() < end:
            batch = next(self._batches, None)
            if batch is None:
                break
            parts.append(pa.Table.from_batches([batch]))
        whole = pa.concat_tables(parts)
        size = int(np.searchsorted(whole["thing"].to_numpy(), end))
        self._rest = whole.slice(size)
        return whole.slice(0, size)
