"""Parquet, read in batches of the wanted columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from kg_builder.errors import DataError
from kg_builder.extraction.rows.chunk import Cell, Chunk
from kg_builder.extraction.rows.paths import scalar


def parquet_batches(
    path: Path, choose: Callable[[Sequence[str]], list[str]], chunk_rows: int
) -> Iterator[Chunk]:
    """Yield chunks whose places are row numbers, from 1.

    Raises:
        DataError: there is no such file, it is no Parquet, or a column is missing.
    """
    try:
        file = pq.ParquetFile(path)
    except FileNotFoundError:
        raise DataError("no such file", where=str(path)) from None
    except (pa.ArrowException, OSError) as fault:
        raise DataError(f"not a readable Parquet file: {fault}", where=str(path)) from None
    with file:
        wanted = choose(file.schema_arrow.names)
        first = 1
        for batch in file.iter_batches(batch_size=chunk_rows, columns=wanted):
            columns = {
                name: [_cell(value) for value in batch.column(name).to_pylist()] for name in wanted
            }
            yield Chunk(columns, list(range(first, first + batch.num_rows)))
            first += batch.num_rows


def _cell(value: Any) -> Cell:
    if isinstance(value, list):
        texts = tuple(text for item in value if (text := _text(item)))
        return None if not texts else texts[0] if len(texts) == 1 else texts
    return _text(value) or None


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, dict | bytes):
        return None
    found = scalar(value)
    return str(value) if found is None else found.strip()
