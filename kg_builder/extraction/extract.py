"""Entry points of extraction: read any source into tables, in memory or as Parquet files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import pandas as pd
from pydantic import Field

from kg_builder.errors import DataError
from kg_builder.extraction.arrow_batches import Extraction
from kg_builder.extraction.collector import Collector
from kg_builder.extraction.left_out_pairs import NONE_LEFT_OUT, LeftOutPairs
from kg_builder.extraction.semi_structured import extract_semi_structured, is_divisible
from kg_builder.extraction.semi_structured.config import SemiStructuredSource
from kg_builder.extraction.structured import extract_structured, has_parts
from kg_builder.extraction.structured.config import StructuredSource
from kg_builder.extraction.text.config import UnstructuredSource
from kg_builder.garbage_collection import rare_garbage_collection
from kg_builder.ontology import Schema, load_schema
from kg_builder.progress import Progress, silent
from kg_builder.tables import RECORDS, REJECTS, STATEMENTS
from kg_builder.units import RunUnits

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
    ontology: tuple[Path, ...] = (),
    run_units: RunUnits | None = None,
    progress: Progress = silent,
) -> Extraction:
    """Read one source into tables in memory.

    Args:
        source: the source's settings.
        root: raw folder that the source's paths are relative to.
        schema: the data model.
        gazetteer: table `records` of sources read before, whose names and aliases are matched in
            running text; unused for other sources.
        left_out: user–item pairs whose interactions are skipped.
        load_models: loads the models named by a text source; required by such sources.
        ontology: Turtle files that `schema` was read from besides the built-in data model.
        run_units: executes batches of texts, and of the files of a source that `is_divided`; by
            default they are read in this process.
        progress: called with the number of bytes (or texts) read so far and their total.

    Raises:
        DataError: a file or column is missing or damaged, or the mapping does not fit the data
            model; malformed rows, pages or values become rejects instead.
    """
    with rare_garbage_collection(), Collector(source.name, schema) as out:
        if isinstance(source, UnstructuredSource):
            _read_texts(source, root, out, gazetteer, load_models, ontology, run_units, progress)
        else:
            _read(source, root, out, left_out, ontology, run_units, progress)
        return out.finish()


def extract_to(
    folder: Path,
    *,
    source: StructuredSource | SemiStructuredSource,
    root: Path,
    ontology: tuple[Path, ...] = (),
    left_out: LeftOutPairs = NONE_LEFT_OUT,
    names: tuple[str, ...] = (),
    progress: Progress = silent,
) -> None:
    """Read one source into files in bounded memory (the function of a unit).

    Args:
        folder: output folder of `records.parquet`, `statements.parquet`, `rejects.parquet` and
            `counts.json`, which `read_extraction` reads.
        source, root, left_out, progress: as for `extract`.
        ontology: Turtle files with additions to the data model.
        names: of the files, relative to `root`. They only distinguish units: evidence names them.

    Raises:
        DataError: as for `extract`.
    """
    with rare_garbage_collection(), Collector(source.name, load_schema(*ontology)) as out:
        _read(source, root, out, left_out, ontology, None, progress)
        counts = out.finish_to(folder)
    (folder / _COUNTS).write_text(json.dumps(counts, ensure_ascii=False), encoding="utf-8")


def is_divided(source: SourceConfig, root: Path, schema: Schema) -> bool:
    """Whether `extract` reads a source as several units: texts, many small files, large tables.

    Raises:
        DataError: a file is missing, or the recipe names an unknown adapter.
    """
    if isinstance(source, SemiStructuredSource):
        return is_divisible(source, root)
    return isinstance(source, UnstructuredSource) or has_parts(source, root, schema)


def read_extraction(folder: Path) -> Extraction:
    """Read the output of `extract_to`."""
    records, statements, rejects = (
        table.check(pd.read_parquet(folder / f"{table.name}.parquet", dtype_backend="pyarrow"))
        for table in (RECORDS, STATEMENTS, REJECTS)
    )
    counts = json.loads((folder / _COUNTS).read_text(encoding="utf-8"))
    return Extraction(records, statements, rejects, counts)


_COUNTS: Final = "counts.json"


def _read(
    source: StructuredSource | SemiStructuredSource,
    root: Path,
    out: Collector,
    left_out: LeftOutPairs,
    ontology: tuple[Path, ...],
    run_units: RunUnits | None,
    progress: Progress,
) -> None:
    if isinstance(source, StructuredSource):
        extract_structured(
            source,
            root,
            out,
            left_out=left_out,
            ontology=ontology,
            run_units=run_units,
            progress=progress,
        )
    else:
        extract_semi_structured(
            source, root, out, ontology=ontology, run_units=run_units, progress=progress
        )


def _read_texts(
    source: UnstructuredSource,
    root: Path,
    out: Collector,
    gazetteer: pd.DataFrame | None,
    load_models: LoadModels | None,
    ontology: tuple[Path, ...],
    run_units: RunUnits | None,
    progress: Progress,
) -> None:
    try:
        from kg_builder.extraction.text.reader import extract_unstructured

        extract_unstructured(
            source,
            root,
            out,
            gazetteer=gazetteer,
            load_models=load_models,
            ontology=ontology,
            run_units=run_units,
            progress=progress,
        )
    except ModuleNotFoundError as missing:
        raise DataError(
            f"reading texts needs the package {missing.name!r}",
            where=f"source {source.name!r}",
            remedy="pip install 'music-kg-recommender[text]', or leave the source out",
        ) from None
