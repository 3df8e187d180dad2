"""Readers of row files (text, JSON Lines, Excel, Parquet, SQL) in chunks; every row is counted."""

from kg_builder.extraction.tabular.config import (
    Cell,
    Chunk,
    CodedCells,
    Filter,
    RowsConfig,
    SqlRows,
)
from kg_builder.extraction.tabular.reader import RowReader, read_rows

__all__ = [
    "Cell",
    "Chunk",
    "CodedCells",
    "Filter",
    "RowReader",
    "RowsConfig",
    "SqlRows",
    "read_rows",
]
