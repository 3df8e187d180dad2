"""The description of a source, as a recipe gives it: one model per degree of structure."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from kg_builder.extraction.semi_structured.config import SemiStructuredSource
from kg_builder.extraction.structured.config import StructuredSource
from kg_builder.extraction.unstructured.config import UnstructuredSource

SourceConfig = Annotated[
    StructuredSource | SemiStructuredSource | UnstructuredSource, Field(discriminator="kind")
]
"""A source of any kind; the field `kind` tells which."""
