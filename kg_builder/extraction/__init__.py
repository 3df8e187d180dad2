"""Stage 1, extraction: read a source's files into records and statements with provenance."""

from kg_builder.extraction.arrow_batches import Extraction
from kg_builder.extraction.extract import (
    SourceConfig,
    extract,
    extract_to,
    is_divided,
    read_extraction,
)
from kg_builder.extraction.semi_structured.config import SemiStructuredSource
from kg_builder.extraction.structured.config import StructuredSource
from kg_builder.extraction.tabular import Filter, RowReader, RowsConfig, read_rows
from kg_builder.extraction.text.config import UnstructuredSource

__all__ = [
    "Extraction",
    "Filter",
    "RowReader",
    "RowsConfig",
    "SemiStructuredSource",
    "SourceConfig",
    "StructuredSource",
    "UnstructuredSource",
    "extract",
    "extract_to",
    "is_divided",
    "read_extraction",
    "read_rows",
]
