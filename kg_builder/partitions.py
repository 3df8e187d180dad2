"""Divide a table into parts by the hash of a column, and put parts together in the first order.

Both go through the table some rows at a time, so that memory does not grow with it. Which part a
value belongs to depends on the value alone: neither on the machine nor on the other rows.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

ROWS_OF_PART: Final = 25_000
"""Rows of a part, about, where no number of parts is asked for."""

_MOST_PARTS: Final = 256
_ROW_GROUP: Final = 4096
_HELD: Final = 500_000
"""Rows in memory at a time."""


def parts_for(rows: int) -> int:
    """How many parts a table of so many rows is divided into."""
    return min(max(1, rows // ROWS_OF_PART), _MOST_PARTS)


def part_numbers(values: pa.StringArray, parts: int) -> NDArray[np.int64]:
    """The part of each value, from 0 to `parts` - 1, by its CRC-32."""
    distinct = values.dictionary_encode()
    texts = distinct.dictionary.to_pylist()
    of_text = np.fromiter((zlib.crc32(text.encode()) % parts for text in texts), np.int64)
    numbers: NDArray[np.int64] = of_text[distinct.indices.to_numpy()]
    return numbers


@dataclass(frozen=True)
class Part:
    """Some rows of a table, in its order.

    Attributes:
        path: the rows, as Parquet.
        rows: `[n]`, ascending: which rows of the table they are.
    """

    path: Path
    rows: NDArray[np.int64]


def split(
    tables: Iterable[pa.Table],
    part_of: Callable[[pa.Table], NDArray[np.int64]],
    parts: int,
    folder: Path,
) -> list[Part]:
    """Write the rows of a table into files, a file per part.

    Args:
        tables: the rows, some at a time, all with one schema.
        part_of: the part of each row.
        parts: how many there are.
        folder: where the files are written.

    Returns:
        The parts that have rows.
    """
    writers: dict[int, _PartWriter] = {}
    numbers: dict[int, list[NDArray[np.int64]]] = {}
    first = 0
    for table in _held(tables):
        part = part_of(table)
        order = np.argsort(part, kind="stable")
        ends = np.searchsorted(part[order], np.arange(parts + 1))
        ordered = table.take(pa.array(order))
        for number in np.flatnonzero(np.diff(ends)).tolist():
            start, end = ends[number : number + 2].tolist()
            if number not in writers:
                writers[number] = _PartWriter(folder / f"part-{number:03}.parquet", table.schema)
            writers[number].add(ordered.slice(start, end - start))
            numbers.setdefault(number, []).append(first + order[start:end])
        first += len(table)
    for writer in writers.values():
        writer.close()
    return [
        Part(writers[number].path, np.concatenate(numbers[number])) for number in sorted(writers)
    ]


class _PartWriter:
    """Writes rows in groups of a fixed size: the same rows give the same bytes.

    Args:
        path: the file.
        schema: the columns.
    """

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.path = path
        self._writer = pq.ParquetWriter(path, schema)
        self._pending = schema.empty_table()

    def add(self, rows: pa.Table) -> None:
        """Append rows."""
        self._pending = pa.concat_tables([self._pending, rows])
        if whole := len(self._pending) // _ROW_GROUP * _ROW_GROUP:
            self._writer.write_table(self._pending.slice(0, whole), row_group_size=_ROW_GROUP)
            self._pending = self._pending.slice(whole).combine_chunks()

    def close(self) -> None:
        """Write what is left."""
        self._writer.write_table(self._pending)
        self._writer.close()


def gather(
    files: Sequence[Path], numbers: Sequence[NDArray[np.int64]], schema: pa.Schema
) -> Iterator[pa.Table]:
    """Yield the rows of several files in the order of their numbers, some at a time.

    Args:
        files: Parquet files.
        numbers: for each file a number per row, ascending; no number occurs twice.
        schema: the columns to yield.
    """
    streams = [
        Ascending(_numbered(file, of_rows, schema), "row", schema.append(_ROW))
        for file, of_rows in zip(files, numbers, strict=True)
    ]
    last = max((int(of_rows[-1]) for of_rows in numbers if len(of_rows)), default=-1)
    for end in range(_HELD, last + 1 + _HELD, _HELD):
        rows = pa.concat_tables([stream.up_to(end) for stream in streams])
        yield rows.take(pc.sort_indices(rows["row"])).select(schema.names).cast(schema)


class Ascending:
    """Rows sorted by a number, taken a segment of numbers at a time.

    Args:
        batches: the rows.
        number: the column by which they are sorted.
        schema: their layout.
    """

    def __init__(self, batches: Iterable[pa.RecordBatch], number: str, schema: pa.Schema) -> None:
        self._batches, self._pending = iter(batches), schema.empty_table()
        self._number = number

    def up_to(self, end: int) -> pa.Table:
        """The rows with numbers below an end that were not taken before."""
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


_ROW: Final = pa.field("row", pa.int64())


def _held(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The same rows, many at a time, so that the row groups of parts are not tiny."""
    waiting: list[pa.Table] = []
    for table in tables:
        waiting.append(table)
        if sum(map(len, waiting)) >= _HELD:
            yield pa.concat_tables(waiting).combine_chunks()
            waiting = []
    if waiting:
        yield pa.concat_tables(waiting).combine_chunks()


def _numbered(
    file: Path, numbers: NDArray[np.int64], schema: pa.Schema
) -> Iterator[pa.RecordBatch]:
    first = 0
    for batch in pq.ParquetFile(file).iter_batches(columns=schema.names):
        own = pa.array(numbers[first : first + len(batch)])
        first += len(batch)
        yield pa.RecordBatch.from_arrays([*batch.columns, own], schema=schema.append(_ROW))
