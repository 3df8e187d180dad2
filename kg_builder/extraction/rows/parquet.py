"""Parquet, read in batches of the wanted columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from kg_builder.errors import DataError
from kg_builder.extraction.rows.chunk import Chunk
from kg_builder.extraction.rows.typed import cells_of, column_of


def parquet_rows(
    path: Path, columns: Sequence[str] | None, nulls: frozenset[str], chunk_rows: int
) -> Iterator[Chunk]:
    """Yield chunks whose places are row numbers, from 1.

    Args:
        path: the file.
        columns: columns wanted, or paths into nested ones (`artist.name`); all by default.
        nulls: texts that mean "no value".
        chunk_rows: rows held at a time.

    Raises:
        DataError: there is no such file, it is no Parquet, or a column is missing.
    """
    try:
        file = pq.ParquetFile(path)
    except FileNotFoundError:
        raise DataError("no such file", where=str(path)) from None
    except (pa.ArrowException, OSError, UnicodeDecodeError) as fault:
        raise DataError(f"not a readable Parquet file: {fault}", where=str(path)) from None
    with file:
        names = file.schema_arrow.names
        wanted = {name: column_of(name, names, str(path)) for name in columns or names}
        needed = list(dict.fromkeys(column for column, _ in wanted.values()))
        batches = file.iter_batches(batch_size=chunk_rows, columns=needed)
        first = 1
        while True:
            try:
                batch = next(batches, None)
            except (pa.ArrowException, OSError) as fault:
                raise DataError(f"damaged Parquet file: {fault}", where=str(path)) from None
            if batch is None:
                return
            places = list(range(first, first + batch.num_rows))
            values = {}
            for name in needed:
                try:
                    values[name] = batch.column(name).to_pylist()
                except UnicodeDecodeError as fault:
                    raise DataError(
                        f"column {name!r} holds text that is not UTF-8, in rows {first} to "
                        f"{places[-1]}: {fault}",
                        where=str(path),
                    ) from None
            yield Chunk(cells_of(values, wanted, nulls), places)
            first += batch.num_rows
