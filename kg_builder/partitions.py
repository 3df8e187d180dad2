"""Partition a table by the hash of a column.

It is processed in batches, so that memory is bounded. The partition of a value depends on
the value only, not on the machine or on other rows.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

ROWS_OF_PART: Final = 25_000
"""Approximate rows per part if no number of parts is given."""

_MOST_PARTS: Final = 256
_ROW_GROUP: Final = 4096


def parts_for(rows: int) -> int:
    """Number of parts for a table with the given number of rows."""
    return min(max(1, rows // ROWS_OF_PART), _MOST_PARTS)


def part_numbers(values: pa.StringArray, parts: int) -> NDArray[np.int64]:
    """The part of each value, from 0 to `parts` - 1, by its CRC-32."""
    distinct = values.dictionary_encode()
    texts = distinct.dictionary.cast(pa.binary()).to_pylist()
    of_text = np.fromiter(map(zlib.crc32, texts), np.int64, len(texts)) % parts
    numbers: NDArray[np.int64] = of_text[distinct.indices.to_numpy()]
    return numbers


def changes(rows: pa.Table) -> NDArray[np.bool_]:
    """Whether each row differs from the one before; the first one does."""
    changed = np.zeros(len(rows), np.bool_)
    changed[:1] = True
    for column in rows.columns if len(rows) else ():
        one = column.combine_chunks()
        differ = pc.not_equal(one.slice(1), one.slice(0, len(one) - 1))
        changed[1:] |= differ.to_numpy(zero_copy_only=False)
    return changed


@dataclass(frozen=True)
class Part:
    """A part of a table: some of its rows, in table order.

    Attributes:
        path: the rows, as Parquet.
        rows: `[n]`, ascending row indices in the table.
    """

    path: Path
    rows: NDArray[np.uint32]


def split(
    tables: Iterable[pa.Table],
    part_of: Callable[[pa.Table], NDArray[np.int64]],
    parts: int,
    folder: Path,
) -> list[Part]:
    """Write the rows of a table to one file per part.

    Args:
        tables: batches of rows with the same schema.
        part_of: the part of each row.
        parts: number of parts.
        folder: output folder.

    Returns:
        The non-empty parts.
    """
    writers: dict[int, _PartWriter] = {}
    numbers: dict[int, list[NDArray[np.uint32]]] = {}
    first = 0
    for table in tables:
        part = part_of(table)
        order = np.argsort(part, kind="stable")
        ends = np.searchsorted(part[order], np.arange(parts + 1))
        ordered = table.take(pa.array(order))
        for number in np.flatnonzero(np.diff(ends)).tolist():
            start, end = ends[number : number + 2].tolist()
            if number not in writers:
                writers[number] = _PartWriter(folder / f"part-{number:03}.parquet", table.schema)
            writers[number].add(ordered.slice(start, end - start))
            numbers.setdefault(number, []).append((first + order[start:end]).astype(np.uint32))
        first += len(table)
    for writer in writers.values():
        writer.close()
    return [
        Part(writers[number].path, np.concatenate(numbers[number])) for number in sorted(writers)
    ]


class _PartWriter:
    """Write rows in row groups of a fixed size, so that the same rows give the same bytes.

    Args:
        path: the file.
        schema: the columns.
    """

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.path = path
        self._writer = pq.ParquetWriter(path, schema, write_statistics=False)
        self._pending = schema.empty_table()

    def add(self, rows: pa.Table) -> None:
        """Append rows."""
        self._pending = pa.concat_tables([self._pending, rows])
        if whole := len(self._pending) // _ROW_GROUP * _ROW_GROUP:
            self._writer.write_table(self._pending.slice(0, whole), row_group_size=_ROW_GROUP)
            self._pending = self._pending.slice(whole).combine_chunks()

    def close(self) -> None:
        """Write the remaining rows."""
        self._writer.write_table(self._pending)
        self._writer.close()


class Ascending:
    """Sorted rows, consumed by ranges of the sort column.

    Args:
        batches: the rows, sorted.
        number: the sort column.
        schema: schema of the rows.
    """

    def __init__(self, batches: Iterable[pa.RecordBatch], number: str, schema: pa.Schema) -> None:
        self._batches, self._pending = iter(batches), schema.empty_table()
        self._number = number

    def up_to(self, end: int) -> pa.Table:
        """The rows below a value that were not consumed before."""
        parts = [self._pending]
        while not len(parts[-1]) or parts[-1][self._number][-1].as_py() < end:
            batch = next(self._batches, None)
            if batch is None:
                break
            parts.append(pa.Table.from_batches([batch]))
        whole = pa.concat_tables(parts)
        size = int(np.searchsorted(whole[self._number].to_numpy(), end))
        self._pending = whole.slice(size)
        return whole.slice(0, size)
