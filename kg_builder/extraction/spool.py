"""What one source said, on its way to tables, in memory that does not grow with the source.

The rows lie in a small database of columns (DuckDB) that moves to a temporary folder what exceeds
its share of memory; its joins, groups and sorts do the same. One thread: the same rows give the
same tables, in the order in which they were read.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from json.encoder import encode_basestring
from typing import Any, Final

import duckdb
import pyarrow as pa

from kg_builder.ontology import Schema
from kg_builder.tables import RECORDS, REJECTS, STATEMENTS

MEMORY: Final = "256MB"
"""Share of memory of the database; what exceeds it goes to a temporary folder."""

_BATCH: Final = 50_000
_TEXT: Final = pa.string()
_TEXTS: Final = pa.list_(pa.string())

STATEMENT: Final = pa.schema(
    [
        ("seq", pa.int64()),
        *(
            STATEMENTS.schema.field(name)
            for name in (
                *("subject", "predicate", "object", "object_kind"),
                *("method", "confidence", "evidence"),
            )
        ),
    ]
)
"""One statement, numbered in the order read."""

PART: Final = pa.schema(
    {
        "seq": pa.int64(),
        "key": _TEXT,
        "record_id": _TEXT,
        "type": _TEXT,
        "name": _TEXT,
        "evidence": _TEXT,
        "aliases": _TEXTS,
        "external_ids": _TEXTS,
        "rows": pa.int64(),
        "optional": pa.bool_(),
    }
)
"""What some stretch of the source says of one thing; later stretches may say more of it."""

REJECT: Final = pa.schema({"reason": _TEXT, "evidence": _TEXT, "detail": _TEXT})

NOT_COMPARED: Final = ("description", "homepage", "image")
"""Predicates that are no attributes of a record: they tell nothing about who it is."""

LONG: Final = 200
"""Longest value that counts as an attribute."""

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
        self._base = duckdb.connect(
            ":memory:",
            config={
                "threads": 1,
                "memory_limit": memory,
                "temp_directory": self._folder,
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
            },
        )
        for name, layout in (("statement", STATEMENT), ("part", PART), ("reject", REJECT)):
            empty = pa.Table.from_batches([], schema=layout)
            self._insert(f"CREATE TABLE {name} AS SELECT * FROM batch", empty)

    def add(self, table: str, rows: pa.RecordBatch) -> None:
        """Append rows to the table `statement`, `part` or `reject`."""
        self._insert(f"INSERT INTO {table} SELECT * FROM batch", pa.Table.from_batches([rows]))

    def settle(self, merge: Merge | None) -> dict[str, int]:
        """Bring together what belongs together; returns counts.

        - Parts of one thing become one record, by `merge` (`None`: no thing has several parts).
        - A statement whose subject or object is no record becomes a reject.
        - Records that were only wanted if used, and were not, are left out.
        """
        if merge is not None:
            self._merge(merge)
        self._run(_LINKED)
        self._run(_UNKNOWN)
        self._run("DELETE FROM statement WHERE seq IN (SELECT seq FROM linked WHERE NOT known)")
        self._run("DELETE FROM linked WHERE NOT known")
        counts = {}
        if self._number("SELECT count(*) FROM part WHERE optional"):
            before = self._number("SELECT count(*) FROM part")
            self._run(_UNUSED)
            counts["records left out because unused"] = before - self._number(
                "SELECT count(*) FROM part"
            )
        if merged := self._number("SELECT coalesce(sum(rows - 1), 0) FROM part WHERE rows > 1"):
            counts["rows merged into a record with the same id"] = merged
        self._insert("CREATE TABLE inverse AS SELECT * FROM batch", self._inverses())
        self._run(_SAID)
        counts["records"] = self._number("SELECT count(*) FROM part")
        counts["statements"] = self._number("SELECT count(*) FROM statement")
        return counts

    def records(self) -> Iterator[pa.Table]:
        """The table `records`, in the order of first mention, some rows at a time."""
        last = self._number("SELECT coalesce(max(seq), -1) FROM part")
        for first in range(0, last + 1, _BATCH):
            found = self._table(_RECORDS, None, first, first + _BATCH)
            said = self._attributes(first, first + _BATCH)
            texts = [said.get(number, "{}") for number in found.column("seq").to_pylist()]
            columns = {
                name: pa.array(texts, _TEXT) if name == "attributes" else found.column(name)
                for name in RECORDS.columns
            }
            yield pa.table(columns).cast(RECORDS.schema)

    def statements(self) -> Iterator[pa.Table]:
        """The table `statements`, in the order read, some rows at a time."""
        last = self._number("SELECT coalesce(max(seq), -1) FROM statement")
        for first in range(0, last + 1, _BATCH):
            yield self._table(_STATEMENTS, STATEMENTS.schema, first, first + _BATCH)

    def rejects(self) -> Iterator[pa.Table]:
        """The table `rejects`, in the order met, some rows at a time."""
        last = self._number("SELECT coalesce(max(rowid), -1) FROM reject")
        for first in range(0, last + 1, _BATCH):
            yield self._table(_REJECTS, REJECTS.schema, first, first + _BATCH)

    def close(self) -> None:
        """Give the memory and the temporary folder back."""
        self._base.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    # ------------------------------------------------------------------------------ internals

    def _insert(self, query: str, rows: pa.Table) -> None:
        self._base.register("batch", rows)
        self._run(query)
        self._base.unregister("batch")

    def _inverses(self) -> pa.Table:
        found = {
            item.name: back
            for item in self._schema.predicates.values()
            if (back := item.name if item.symmetric else item.inverse)
        }
        columns = [pa.array(list(found), _TEXT), pa.array(list(found.values()), _TEXT)]
        return pa.table(columns, names=["predicate", "back"])

    def _run(self, query: str) -> None:
        self._base.execute(query).fetchall()

    def _number(self, query: str) -> int:
        return int(self._base.execute(query).fetchall()[0][0])

    def _table(self, query: str, layout: pa.Schema | None, first: int, end: int) -> pa.Table:
        found = self._base.sql(query, params=[self._source, first, end]).to_arrow_table()
        return found if layout is None else found.cast(layout)

    def _attributes(self, first: int, end: int) -> dict[int, str]:
        """What is said of some records, as JSON: their predicates in order, values as read."""
        rows = self._base.sql(_ATTRIBUTES, params=[first, end]).to_arrow_table()
        found: dict[int, dict[str, list[str]]] = {}
        columns = (rows.column(name).to_pylist() for name in ("thing", "predicate", "value"))
        for thing, predicate, value in zip(*columns, strict=True):
            found.setdefault(thing, {}).setdefault(predicate, []).append(encode_basestring(value))
        return {
            thing: "{"
            + ", ".join(f'"{name}": [{", ".join(values)}]' for name, values in said.items())
            + "}"
            for thing, said in found.items()
        }

    def _merge(self, merge: Merge) -> None:
        self._run(
            "CREATE TABLE repeated AS SELECT * FROM part "
            "WHERE key IN (SELECT key FROM part GROUP BY key HAVING count(*) > 1)"
        )
        self._run("DELETE FROM part WHERE key IN (SELECT key FROM repeated)")
        same: list[dict[str, Any]] = []
        whole: list[Mapping[str, Any]] = []
        ordered = self._base.cursor()
        ordered.execute("SELECT * FROM repeated ORDER BY key, seq")
        while batch := ordered.fetchmany(_BATCH):
            for values in batch:
                row = dict(zip(PART.names, values, strict=True))
                if same and same[0]["key"] != row["key"]:
                    whole.append(merge(same))
                    same = []
                same.append(row)
            if len(whole) >= _BATCH:
                self.add("part", pa.RecordBatch.from_pylist(whole, schema=PART))
                whole = []
        if same:
            whole.append(merge(same))
        self.add("part", pa.RecordBatch.from_pylist(whole, schema=PART))
        self._run("DROP TABLE repeated")


_LINKED: Final = """
CREATE TABLE linked AS
SELECT s.seq, s.predicate, a.seq AS subject, a.name, o.seq AS object,
       a.seq IS NOT NULL AND (s.object_kind <> 'record' OR o.seq IS NOT NULL) AS known,
       CASE WHEN s.object_kind = 'record' THEN o.name ELSE s.object END AS value
FROM statement s
LEFT JOIN part a ON a.key = s.subject
LEFT JOIN part o ON o.key = s.object AND s.object_kind = 'record'
"""

_UNKNOWN: Final = """
INSERT INTO reject
SELECT 'reference to an unknown id', s.evidence,
       s.predicate || ': no ' || CASE WHEN l.subject IS NULL THEN s.subject ELSE s.object END
FROM linked l JOIN statement s USING (seq) WHERE NOT l.known ORDER BY seq
"""

_UNUSED: Final = """
DELETE FROM part WHERE optional AND seq NOT IN (
    SELECT subject FROM linked UNION SELECT object FROM linked WHERE object IS NOT NULL
)
"""

_SAID: Final = f"""
CREATE TABLE said AS
SELECT thing, predicate, value, min(rank) AS rank FROM (
    SELECT subject AS thing, predicate, value, 2 * seq AS rank FROM linked
    UNION ALL
    SELECT object, back, name, 2 * seq + 1 FROM linked JOIN inverse USING (predicate)
    WHERE object IS NOT NULL AND length(value) <= {LONG}
)
WHERE length(value) <= {LONG} AND predicate NOT IN {NOT_COMPARED}
GROUP BY ALL ORDER BY thing, predicate, rank
"""

_RECORDS: Final = """
SELECT seq, key AS record, $1::VARCHAR AS source, record_id, type, name, aliases,
       list_sort(external_ids) AS external_ids, evidence
FROM part WHERE seq >= $2 AND seq < $3 ORDER BY seq
"""

_ATTRIBUTES: Final = """
SELECT thing, predicate, value FROM said WHERE thing >= $1 AND thing < $2
ORDER BY thing, predicate, rank
"""

_STATEMENTS: Final = """
SELECT subject, predicate, object, object_kind, $1::VARCHAR AS source, method, confidence, evidence,
       false AS inferred
FROM statement WHERE seq >= $2 AND seq < $3 ORDER BY seq
"""

_REJECTS: Final = """
SELECT 'extraction' AS stage, $1::VARCHAR AS source, reason, evidence, detail
FROM reject WHERE rowid >= $2 AND rowid < $3 ORDER BY rowid
"""
