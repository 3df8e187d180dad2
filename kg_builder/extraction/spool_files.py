"""Rows in a file of a temporary folder: they leave it in the order in which they came."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


class RowFile:
    """Rows of one layout.

    Args:
        path: the file.
        schema: the layout.
    """

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._path = str(path)
        self._writer = pa.ipc.new_stream(self._path, schema)

    def add(self, rows: pa.RecordBatch) -> None:
        """Append rows."""
        self._writer.write_batch(rows)

    def close(self) -> None:
        """End what can be appended; reading comes after that."""
        self._writer.close()

    @contextmanager
    def opened(self) -> Iterator[pa.RecordBatchReader]:
        """All rows; read, for a file that is mapped into memory would count as memory."""
        with pa.OSFile(self._path) as file, pa.ipc.open_stream(file) as stream:
            yield stream


class Ascending:
    """Rows sorted by a number, taken a stretch of numbers at a time.

    Args:
        batches: the rows.
        number: the column by which they are sorted.
        schema: their layout.
    """

    def __init__(self, batches: Iterable[pa.RecordBatch], number: str, schema: pa.Schema) -> None:
        self._batches, self._rest = iter(batches), schema.empty_table()
        self._number = number

    def up_to(self, end: int) -> pa.Table:
        """The rows with numbers below an end that were not taken before."""
        parts = [self._rest]
        while not len(parts[-1]) or parts[-1][self._number][-1].as_py() < end:
            batch = next(self._batches, None)
            if batch is None:
                break
            parts.append(pa.Table.from_batches([batch]))
        whole = pa.concat_tables(parts)
        size = int(np.searchsorted(whole[self._number].to_numpy(), end))
        self._rest = whole.slice(size)
        return whole.slice(0, size)


class Stretches:
    """Rows sorted by a column, some at a time, but all with the same value at once.

    Args:
        batches: the rows.
        column: the column by which they are sorted.
    """

    def __init__(self, batches: pa.RecordBatchReader, column: str) -> None:
        self._batches, self._column = batches, column

    def __iter__(self) -> Iterator[pa.Table]:
        rest = self._batches.schema.empty_table()
        for batch in self._batches:
            whole = pa.concat_tables([rest, pa.Table.from_batches([batch])])
            values = whole[self._column]
            size = pc.index(pc.equal(values, values[-1]), True).as_py()
            rest = whole.slice(size)
            if size:
                yield whole.slice(0, size)
        if len(rest):
            yield rest
