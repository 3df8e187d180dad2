"""Turn Python rows of records, statements and rejected rows into Arrow record batches."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass
from json.encoder import encode_basestring
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from kg_builder.tables import STATEMENTS

Numbers = NDArray[np.int64]
Texts: TypeAlias = pa.StringArray

TO_CLEAN: Final = r"^ | $|  |[&%\\]|[^ -~]"
"""Prefilter: matches every text that `values.clean_text` changes, and others."""


def mapped(texts: Texts, change: Callable[[str], str], *, where: str = "") -> Texts:
    """Apply a function to every text, once per distinct text.

    Args:
        texts: the texts.
        change: the function.
        where: a regular expression that matches every text that the function changes, so that Arrow
            can skip most texts.
    """
    if where:
        chosen = pc.match_substring_regex(texts, where)
        if pc.any(chosen).as_py():
            return pc.replace_with_mask(texts, chosen, mapped(texts.filter(chosen), change))
        return texts
    distinct = texts.dictionary_encode()
    changed = [change(text) for text in distinct.dictionary.to_pylist()]
    return pa.array(changed, pa.string()).take(distinct.indices)


def first_places(codes: Numbers) -> Numbers:
    """First position of each code; codes are numbered in order of appearance."""
    return np.unique(codes, return_index=True)[1]


def first_of_equals(groups: Numbers, texts: Texts) -> NDArray[np.bool_]:
    """Whether each text is the first of its value in its group; groups are numbered from zero."""
    among_others = np.flatnonzero(np.bincount(groups)[groups] > 1)
    codes = texts.take(pa.array(among_others)).dictionary_encode().indices.to_numpy()
    pairs = groups[among_others] * (len(texts) + 1) + codes
    first = np.ones(len(texts), np.bool_)
    first[among_others] = False
    first[among_others[np.unique(pairs, return_index=True)[1]]] = True
    return first


def is_filled(texts: Texts) -> NDArray[Any]:
    """Whether each text is non-empty."""
    filled: NDArray[Any] = pc.binary_length(texts).to_numpy() > 0
    return filled


def listed(size: int, places: Numbers, texts: Texts) -> pa.ListArray:
    """Group texts into one list per position, in the given order."""
    offsets = np.append(0, np.cumsum(np.bincount(places, minlength=size))).astype(np.int32)
    sorting = pa.array(np.argsort(places, kind="stable"))
    return pa.ListArray.from_arrays(pa.array(offsets), texts.take(sorting))


def united(size: int, places: Numbers, texts: Texts) -> pa.ListArray:
    """Group distinct non-empty texts into one list per position, in the given order."""
    chosen = first_of_equals(places, texts) & is_filled(texts)
    return listed(size, places[chosen], texts.filter(pa.array(chosen)))


def others_than(own: Texts, places: Numbers, texts: Texts) -> pa.ListArray:
    """As `united`, without the position's own text."""
    size = len(own)
    places, texts = np.append(np.arange(size), places), pa.concat_arrays([own, texts])
    chosen = first_of_equals(places, texts) & is_filled(texts)
    chosen[:size] = False
    return listed(size, places[chosen], texts.filter(pa.array(chosen)))


@dataclass(frozen=True, slots=True)
class Reject:
    """A piece of input that was not used."""

    reason: str
    evidence: str
    detail: str = ""


@dataclass(frozen=True)
class Extraction:
    """The records, statements, rejects and counts of one source.

    Attributes:
        records: table `records`, one row per entity, in the order of first mention.
        statements: table `statements` with record keys for entities, in the order read.
        rejects: table `rejects` with stage "extraction".
        counts: numbers of rows, pages or sentences read and used, unknown fields by name (`unknown
            field: <name>`), and so on, sorted by name.
    """

    records: pd.DataFrame
    statements: pd.DataFrame
    rejects: pd.DataFrame
    counts: Mapping[str, int]


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
"""A segment's partial record of one entity; later segments may add to it."""

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
"""The fields of a part that determine whether parts are equal; `plain` if it has no others."""

REJECT: Final = pa.schema({"reason": _TEXT, "evidence": _TEXT, "detail": _TEXT})

Row = tuple[str, str, str, str, str, float, str]
"""(subject, predicate, object, kind of the object, method, confidence, evidence)"""


@dataclass(frozen=True)
class Segment:
    """The content of a segment of a source, without row numbers, which depend on earlier segments.

    Attributes:
        parts: partial records, in the order read; several may be of one entity.
        statements: in the order read.
        rejects: in the order read.
        counts: counts by name.
    """

    parts: pa.Table
    statements: pa.Table
    rejects: Sequence[Reject]
    counts: Mapping[str, int]


_SEGMENT_PARTS, _SEGMENT_ROWS = "parts.parquet", "statements.parquet"
_SEGMENT_NOTES = "rejects_and_counts.json"


def write_segment(segment: Segment, folder: Path) -> None:
    """Write a segment as files into a folder, for `read_segment`."""
    pq.write_table(segment.parts, folder / _SEGMENT_PARTS)
    pq.write_table(segment.statements, folder / _SEGMENT_ROWS)
    rejects = [astuple(reject) for reject in segment.rejects]
    (folder / _SEGMENT_NOTES).write_text(json.dumps({"rejects": rejects, "counts": segment.counts}))


def read_segment(folder: Path) -> Segment:
    """Read a segment written by `write_segment`."""
    notes = json.loads((folder / _SEGMENT_NOTES).read_text())
    return Segment(
        pq.read_table(folder / _SEGMENT_PARTS),
        pq.read_table(folder / _SEGMENT_ROWS),
        [Reject(*fields) for fields in notes["rejects"]],
        notes["counts"],
    )


class Part:
    """Partial record of one entity since rows were last moved to the staging store."""

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
    """Convert rows to columns, numbered from `first`."""
    numbers = range(first, first + len(rows))
    columns = [list(column) for column in zip(*rows, strict=True)] or [[]] * len(_ROW_FIELDS)
    arrays = [
        pa.array(column, field.type) for column, field in zip(columns, _ROW_FIELDS, strict=True)
    ]
    return pa.RecordBatch.from_arrays([pa.array(numbers, pa.int64()), *arrays], schema=STATEMENT)


def part_batch(parts: Mapping[str, Part]) -> pa.RecordBatch:
    """Convert parts, given by entity key, to columns."""
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
    """The columns of parts that determine whether they are equal."""
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
    """Number the rows; returns them and the next number."""
    end = first + len(rows)
    numbers = pa.array(np.arange(first, end))
    columns = [numbers if name == "seq" else rows[name].combine_chunks() for name in schema.names]
    return pa.RecordBatch.from_arrays(columns, schema=schema), end


def _texts(texts: dict[str, None] | None) -> Sequence[str]:
    return list(texts) if texts else ()


_ROW_FIELDS: Final = list(STATEMENT)[1:]


_TO_ESCAPE: Final = r'[\x00-\x1f\\"]'


def write_attributes(
    rows: pa.Table, predicates: Sequence[str]
) -> tuple[NDArray[np.int64], pa.StringArray]:
    r"""Write `{"predicate": ["value", ...], ...}` for every entity, with distinct values.

    Args:
        rows: columns `thing`, `predicate` and `value`, sorted by the first two.
        predicates: names of the codes in the column `predicate`.

    Returns:
        The distinct entities, and their attributes.

    >>> rows = pa.table({"thing": [4, 4], "predicate": [0, 0], "value": ["jazz", "pop"]})
    >>> write_attributes(rows, ["genre"])[1].to_pylist()
    ['{"genre": ["jazz", "pop"]}']
    """
    things, numbers = (rows.column(name).to_numpy() for name in ("thing", "predicate"))
    values = rows.column("value").combine_chunks()
    begins = _differs(things) | _differs(numbers)
    once = first_of_equals(np.cumsum(begins), values)
    if not once.all():
        things, numbers, values = things[once], numbers[once], values.filter(pa.array(once))
        begins = _differs(things) | _differs(numbers)
    is_first = _differs(things)
    # prefix of each value: the first of an entity, the first of a predicate, any other
    before = [f'{{"{name}": ["' for name in predicates]
    before += [f'"], "{name}": ["' for name in predicates]
    kinds = np.where(is_first, numbers, np.where(begins, numbers + len(predicates), len(before)))
    ends = np.append(is_first[1:], True)[: len(things)].astype(np.int8)
    texts = pc.binary_join_element_wise(
        pa.array([*before, '", "'], pa.string()).take(pa.array(kinds)),
        _escaped(values),
        pa.array(["", '"]}']).take(pa.array(ends)),
        "",
    )
    # the texts of an entity are adjacent in memory: joined by dropping inner offsets
    starts = np.flatnonzero(is_first)
    offsets = np.frombuffer(texts.buffers()[1], np.int32)[np.append(starts, len(things))]
    whole = pa.StringArray.from_buffers(len(starts), pa.py_buffer(offsets), texts.buffers()[2])
    return things[starts], whole


def _differs(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Whether each value differs from the one before it."""
    return np.append(True, values[1:] != values[:-1])[: len(values)]


def _escaped(texts: pa.StringArray) -> pa.StringArray:
    found = pc.match_substring_regex(texts, _TO_ESCAPE)
    if not pc.any(found).as_py():
        return texts
    escaped = [encode_basestring(text)[1:-1] for text in texts.filter(found).to_pylist()]
    return pc.replace_with_mask(texts, found, pa.array(escaped, pa.string()))
