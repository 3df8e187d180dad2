"""Readers of files of rows, in chunks, with every row accounted for."""

from kg_builder.extraction.rows.chunk import Cell, Chunk
from kg_builder.extraction.rows.config import Filter, RowsConfig, SqlRows
from kg_builder.extraction.rows.reader import RowReader, read_rows

__all__ = ["Cell", "Chunk", "Filter", "RowReader", "RowsConfig", "SqlRows", "read_rows"]
