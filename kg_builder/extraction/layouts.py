"""Statements, parts of records and rejects as columns, on their way to the spool."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kg_builder.extraction.rejects import Reject
from kg_builder.tables import STATEMENTS

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

THING: Final = pa.schema(
    {
        "seq": pa.int64(),
        "key": _TEXT,
        "type": _TEXT,
        "name": _TEXT,
        "external_id": _TEXT,
        "plain": pa.bool_(),
        "rows": pa.int64(),
        "optional": pa.bool_(),
    }
)
"""Of a part what decides whether others say the same: `plain` if that is all it says."""

REJECT: Final = pa.schema({"reason": _TEXT, "evidence": _TEXT, "detail": _TEXT})

Row = tuple[str, str, str, str, str, float, str]
"""(subject, predicate, object, kind of the object, method, confidence, evidence)"""


@dataclass(frozen=True)
class Stretch:
    """What a stretch of a source says, without numbers: those depend on what stands before it.

    Attributes:
        parts: what is said of things, in the order read; several parts may be of one thing.
        statements: in the order read.
        rejects: in the order met.
        counts: of what is counted.
    """

    parts: pa.Table
    statements: pa.Table
    rejects: Sequence[Reject]
    counts: Mapping[str, int]


class Part:
    """What was said of one thing since the spool was last fed."""

    __slots__ = (
        *("aliases", "evidence", "external_ids", "name", "optional"),
        *("record_id", "rows", "seq", "type"),
    )

    def __init__(self, seq: int, record_id: str, type_: str, name: str, evidence: str) -> None:
        self.seq, self.record_id, self.type = seq, record_id, type_
        self.name, self.evidence = name, evidence
        self.aliases: dict[str, None] | None = None
        self.external_ids: dict[str, None] | None = None
        self.rows, self.optional = 0, False


def statement_batch(rows: Sequence[Row], first: int) -> pa.RecordBatch:
    """Rows as columns, numbered from `first`."""
    numbers = range(first, first + len(rows))
    columns = [list(column) for column in zip(*rows, strict=True)] or [[]] * len(_ROW_FIELDS)
    arrays = [
        pa.array(column, field.type) for column, field in zip(columns, _ROW_FIELDS, strict=True)
    ]
    return pa.RecordBatch.from_arrays([pa.array(numbers, pa.int64()), *arrays], schema=STATEMENT)


def part_batch(parts: Mapping[str, Part]) -> pa.RecordBatch:
    """Parts, given by the keys of their things, as columns."""
    items = parts.values()
    columns: list[Sequence[Any]] = [
        [item.seq for item in items],
        list(parts),
        [item.record_id for item in items],
        [item.type for item in items],
        [item.name for item in items],
        [item.evidence for item in items],
        [_texts(item.aliases) for item in items],
        [_texts(item.external_ids) for item in items],
        [item.rows for item in items],
        [item.optional for item in items],
    ]
    arrays = [pa.array(column, field.type) for column, field in zip(columns, PART, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=PART)


def things_of(parts: pa.RecordBatch) -> pa.Table:
    """Of parts what decides whether they say the same."""
    aliases, ids = parts.column("aliases"), parts.column("external_ids")
    sizes = pc.list_value_length(ids).to_numpy()
    first = np.where(sizes == 1, ids.offsets.to_numpy()[:-1], len(ids.values))
    columns = {
        "external_id": pa.concat_arrays([ids.values, pa.array([""])]).take(pa.array(first)),
        "plain": pa.array((sizes < 2) & (pc.list_value_length(aliases).to_numpy() == 0)),
    }
    arrays = [columns[name] if name in columns else parts.column(name) for name in THING.names]
    return pa.Table.from_arrays(arrays, schema=THING)


def numbered(rows: pa.Table, first: int, schema: pa.Schema) -> tuple[pa.RecordBatch, int]:
    """(the rows with their numbers, the next number)"""
    end = first + len(rows)
    numbers = pa.array(np.arange(first, end))
    columns = [numbers if name == "seq" else rows[name].combine_chunks() for name in schema.names]
    return pa.RecordBatch.from_arrays(columns, schema=schema), end


def _texts(texts: dict[str, None] | None) -> Sequence[str]:
    return list(texts) if texts else ()


_ROW_FIELDS: Final = list(STATEMENT)[1:]
