"""Stage 1: from a source's files to records and statements, each with the place it was read."""

from kg_builder.extraction.semi_structured.config import SemiStructuredSource
from kg_builder.extraction.sources import SourceConfig
from kg_builder.extraction.structured.config import StructuredSource
from kg_builder.extraction.unstructured.config import UnstructuredSource

__all__ = [
    "SemiStructuredSource",
    "SourceConfig",
    "StructuredSource",
    "UnstructuredSource",
]
