"""Entry points of extraction: read any source into tables, in memory or as Parquet files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import pandas as pd
from pydantic import Field

from kg_builder.errors import DataError
from kg_builder.extraction.arrow_batches import Extraction
from kg_builder.extraction.collector import Collector
from kg_builder.extraction.left_out_pairs import NONE_LEFT_OUT, LeftOutPairs
from kg_builder.extraction.semi_structured import extract_semi_structured
from kg_builder.extraction.semi_structured.config import SemiStructuredSource
from kg_builder.extraction.structured import extract_structured
from kg_builder.extraction.structured.config import StructuredSource
from kg_builder.extraction.text.config import UnstructuredSource
from kg_builder.garbage_collection import rare_garbage_collection
from kg_builder.ontology import Schema
from kg_builder.progress import Progress, silent

if TYPE_CHECKING:
    from kg_builder.extraction.text.model_interface import LoadModels

SourceConfig = Annotated[
    StructuredSource | SemiStructuredSource | UnstructuredSource, Field(discriminator="kind")
]
"""A source of any kind; the field `kind` is the discriminator."""


def extract(
    source: SourceConfig,
    root: Path,
    *,
    schema: Schema,
    gazetteer: pd.DataFrame | None = None,
    left_out: LeftOutPairs = NONE_LEFT_OUT,
    load_models: LoadModels | None = None,
    progress: Progress = silent,
) -> Extraction:
    """Read one source into tables in memory.

    Args:
        source: what it is and how it is read.
        root: raw folder that the source's paths are relative to.
        schema: the data model.
        gazetteer: table `records` of sources read before, whose names and aliases are looked for
            in running text; other sources do not need it.
        left_out: pairs of users and items whose acts are not read.
        load_models: loads the models that a source of running text names; without it such a
            source is refused.
        progress: called with the bytes (of running text: the texts) read so far and their total.

    Raises:
        DataError: a file or column is missing or damaged, or the mapping does not fit the data
            model; a malformed row, page or value is a reject instead.
    """
    with rare_garbage_collection(), Collector(source.name, schema) as out:
        _read(source, root, out, gazetteer, left_out, load_models, progress)
        return out.finish()


def extract_to(
    folder: Path,
    source: SourceConfig,
    root: Path,
    *,
    schema: Schema,
    gazetteer: pd.DataFrame | None = None,
    left_out: LeftOutPairs = NONE_LEFT_OUT,
    load_models: LoadModels | None = None,
    progress: Progress = silent,
) -> Mapping[str, int]:
    """Read one source into Parquet files, in memory that does not grow with the source.

    Args:
        folder: where `records.parquet`, `statements.parquet` and `rejects.parquet` are written.
        source, root, schema, gazetteer, left_out, load_models, progress: as for `extract`.

    Returns:
        The counts, as in `Extraction`.

    Raises:
        DataError: as for `extract`.
    """
    with rare_garbage_collection(), Collector(source.name, schema) as out:
        _read(source, root, out, gazetteer, left_out, load_models, progress)
        return out.finish_to(folder)


def _read(
    source: SourceConfig,
    root: Path,
    out: Collector,
    gazetteer: pd.DataFrame | None,
    left_out: LeftOutPairs,
    load_models: LoadModels | None,
    progress: Progress,
) -> None:
    if isinstance(source, StructuredSource):
        extract_structured(source, root, out, left_out=left_out, progress=progress)
    elif isinstance(source, SemiStructuredSource):
        extract_semi_structured(source, root, out, progress=progress)
    else:
        # Here, since spaCy takes seconds to import, and most data sets have no texts.
        try:
            from kg_builder.extraction.text.reader import extract_unstructured
        except ModuleNotFoundError as missing:
            raise DataError(
                f"reading texts needs the package {missing.name!r}",
                where=f"source {source.name!r}",
                remedy="pip install 'music-kg-recommender[text]', or leave the source out",
            ) from None

        extract_unstructured(
            source, root, out, gazetteer=gazetteer, load_models=load_models, progress=progress
        )
