"""The one entry of the stage: any source in, its extraction out."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from kg_builder.extraction.result import Extraction
from kg_builder.extraction.semi_structured import extract_semi_structured
from kg_builder.extraction.semi_structured.config import SemiStructuredSource
from kg_builder.extraction.sources import SourceConfig
from kg_builder.extraction.structured import extract_structured
from kg_builder.extraction.structured.config import StructuredSource
from kg_builder.extraction.unstructured import extract_unstructured
from kg_builder.ontology import Schema
from kg_builder.progress import Progress, silent


def extract(
    source: SourceConfig,
    root: Path,
    *,
    schema: Schema,
    gazetteer: pd.DataFrame | None = None,
    progress: Progress = silent,
) -> Extraction:
    """Read one source.

    Args:
        source: what it is and how it is read.
        root: raw folder that the source's paths are relative to.
        schema: the data model.
        gazetteer: table `records` of sources read before, whose names and aliases are looked for
            in running text; other sources do not need it.
        progress: called with the bytes (of running text: the texts) read so far and their total.

    Raises:
        DataError: a file or column is missing or damaged, or the mapping does not fit the data
            model; a malformed row, page or value is a reject instead.
    """
    if isinstance(source, StructuredSource):
        return extract_structured(source, root, schema=schema, progress=progress)
    if isinstance(source, SemiStructuredSource):
        return extract_semi_structured(source, root, schema=schema, progress=progress)
    return extract_unstructured(source, root, schema=schema, gazetteer=gazetteer, progress=progress)
