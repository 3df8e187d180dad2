"""Stage 1: extract records, statements and interactions from the recipe's sources."""

from __future__ import annotations

import json
import os
import warnings
from pathlib import Path
from typing import Final

import pandas as pd

from kg_builder.errors import DataError
from kg_builder.extraction import (
    Extraction,
    SemiStructuredSource,
    SourceConfig,
    StructuredSource,
    UnstructuredSource,
    extract,
    extract_to,
    is_divided,
    read_extraction,
)
from kg_builder.extraction.interactions import interaction_units, read_interactions
from kg_builder.extraction.left_out_pairs import LeftOutPairs
from kg_builder.extraction.staging_store import MERGED_ROWS
from kg_builder.extraction.structured.reader import several_names
from kg_builder.extraction.user_facts import read_user_facts
from kg_builder.packed_files import without_packing
from kg_builder.tables import (
    INTERACTIONS,
    RECORDS,
    REJECTS,
    STATEMENTS,
    USER_FACTS,
)
from kg_builder.text_models.load import load_models
from kg_builder.units import Unit
from pipeline.raw_files import raw_files, reads_a_server
from pipeline.stages.artefact_names import (
    BREAKS,
    EXTRACTED,
    EXTRACTED_USER_FACTS,
    RAW_INTERACTIONS,
    READ_COUNTS,
    REJECTS_OF,
)
from pipeline.stages.interactions import interaction_table, left_out_pairs
from pipeline.stages.stage import Job, Settings, Stage, StageContext

_MOST_WARNINGS: Final = 5
_MANY: Final = 0.1
"""Share of a source's rows above which rejects are worth a warning."""

_BREAKS: Final = ("broken XML", "broken JSON")
"""Reasons of rejects that stand for the rest of a file; of JSON, also for a line of it."""


def _extraction(context: StageContext) -> dict[str, int]:
    """Run extraction; structured sources first, as their names are the gazetteer for texts."""
    job = context.job
    table = interaction_table(job.recipe, job.raw)
    left_out = left_out_pairs(job)
    texts = [one for one in job.recipe.sources if isinstance(one, UnstructuredSource)]
    others = [one for one in job.recipe.sources if not isinstance(one, UnstructuredSource)]
    whole = [one for one in others if not is_divided(one, job.raw, job.schema)]
    units = [_unit(job, one, left_out) for one in whole]
    played = interaction_units(table, job.raw) if table is not None else []
    context.run_units.announce(played)
    whole_parts = map(read_extraction, context.run_units(units))
    undivided = dict(zip((one.name for one in whole), whole_parts, strict=True))
    parts = [undivided.get(one.name) or _divided(one, context, left_out) for one in others]
    gazetteer = pd.concat([part.records for part in parts]) if parts else RECORDS.empty()
    parts += [_divided(one, context, left_out, gazetteer) for one in texts]
    counts: dict[str, int] = {}
    for source, part in zip([*others, *texts], parts, strict=True):
        counts |= {f"{source.name}: {what}": count for what, count in part.counts.items()}
        _warn_of_rejects(source, part)
        if isinstance(source, StructuredSource) and part.counts.get(MERGED_ROWS):
            counts |= _several_names(source, job)
    records = pd.concat([part.records for part in parts], ignore_index=True)
    statements = pd.concat([part.statements for part in parts], ignore_index=True)
    rejects = [part.rejects for part in parts]
    if records.empty:
        raise _nothing_read(pd.concat(rejects, ignore_index=True))
    context.write(RECORDS, "records.parquet", records)
    context.write(STATEMENTS, EXTRACTED, statements)
    interactions = INTERACTIONS.empty()
    if table is not None:
        record_keys = frozenset(records["record"].tolist())
        read = read_interactions(
            table, job.raw, record_keys=record_keys, folders=context.run_units(played)
        )
        interactions = read.interactions
        rejects.append(read.rejects)
        counts |= read.counts
    if left_out:
        pairs = interactions[["user", "item"]].itertuples(index=False, name=None)
        counts |= left_out.counts(pairs)
    users = read_user_facts(job.recipe.users, job.raw, progress=context.progress)
    rejects.append(users.rejects)
    counts |= users.counts
    context.path(READ_COUNTS).write_text(
        json.dumps(counts, indent=1, ensure_ascii=False), encoding="utf-8"
    )
    context.write(INTERACTIONS, RAW_INTERACTIONS, interactions)
    context.write(USER_FACTS, EXTRACTED_USER_FACTS, users.facts)
    all_rejects = pd.concat(rejects, ignore_index=True)
    context.write(REJECTS, REJECTS_OF["extraction"], all_rejects)
    breaks = _warn_of_breaks(all_rejects)
    return {
        "records": len(records),
        "statements": len(statements),
        "interactions": len(interactions),
        "rejects": len(all_rejects),
        **({BREAKS: breaks} if breaks else {}),
        **counts,
    }


def _divided(
    source: SourceConfig,
    context: StageContext,
    left_out: LeftOutPairs,
    gazetteer: pd.DataFrame | None = None,
) -> Extraction:
    """Read a source as several units."""
    return extract(
        source,
        context.job.raw,
        schema=context.job.schema,
        gazetteer=gazetteer,
        left_out=left_out,
        load_models=load_models,
        ontology=context.job.recipe.ontology,
        run_units=context.run_units,
        progress=context.progress,
    )


def _unit(
    job: Job, source: StructuredSource | SemiStructuredSource, left_out: LeftOutPairs
) -> Unit:
    files = raw_files(source, job.raw, recipe=job.recipe)
    arguments = {
        "source": source,
        "root": job.raw,
        "ontology": job.recipe.ontology,
        "left_out": left_out,
        "names": tuple(os.path.relpath(path, job.raw) for path in files),
    }
    return Unit(
        source.name,
        extract_to,
        arguments,
        (*files, *job.recipe.ontology),
        reusable=not reads_a_server(source),
    )


def _extraction_raw(job: Job) -> list[Path]:
    table = interaction_table(job.recipe, job.raw)
    files = raw_files([job.recipe.sources, table, job.recipe.users], job.raw, recipe=job.recipe)
    return files if job.without_pairs is None else [*files, job.without_pairs]


def _extraction_settings(job: Job) -> Settings:
    table = interaction_table(job.recipe, job.raw)
    return {
        "sources": [source.model_dump(mode="json") for source in job.recipe.sources],
        "interactions": table and table.model_dump(mode="json"),
        "users": [users.model_dump(mode="json") for users in job.recipe.users],
        "without pairs": job.without_pairs is not None,
        "ontology": _ontology(job),
    }


def _ontology(job: Job) -> list[str]:
    _ = job.schema  # a missing or invalid Turtle file is an error of the recipe
    return [path.read_text(encoding="utf-8") for path in job.recipe.ontology]


def _several_names(source: StructuredSource, job: Job) -> dict[str, int]:
    """Name ids whose rows have different names, which are one entity; returns their numbers."""
    counts = {}
    for found in several_names(source, job.raw, job.schema):
        counts[f"{source.name}: {found.table}: ids with several names"] = found.ids
        ids = "1 id has" if found.ids == 1 else f"{found.ids:,} ids have"
        warnings.warn(
            f"{source.name}, table {found.table}: {ids} rows of several names, which are read as "
            f"one thing: {found.example}",
            stacklevel=2,
        )
    return counts


def _warn_of_rejects(source: SourceConfig, part: Extraction) -> None:
    """Warn if nothing of a source is used, or of a tenth of the rows of a table's something not."""
    tables = isinstance(source, StructuredSource)
    read = sum(n for what, n in part.counts.items() if tables and what.endswith("rows read"))
    count = len(part.rejects)
    if not count or (len(part.records) and (not read or count <= _MANY * read)):
        return
    reasons = part.rejects["reason"].value_counts()
    most = min(reasons.index, key=lambda reason: (-reasons[reason], reason))
    first = part.rejects[part.rejects["reason"] == most].iloc[0]
    what = "nothing of it is used" if part.records.empty else f"{read:,} rows read"
    warnings.warn(
        f"source {source.name}: {what}, {count:,} reject{'s' * (count != 1)}, most as {most} "
        f"({first['evidence']}: {first['detail']})",
        stacklevel=2,
    )


def _warn_of_breaks(rejects: pd.DataFrame) -> int:
    """Name the files that are not read from their first fault on; returns their number.

    Each of them is one reject among others, however much of the file is lost. A fault in JSON
    Lines loses a line only.
    """
    told: dict[str, tuple[str, str]] = {}
    broken = rejects[rejects["reason"].isin(_BREAKS)]
    for evidence, reason, detail in broken[["evidence", "reason", "detail"]].to_numpy():
        file = evidence.partition("#")[0]
        if reason == "broken XML" or without_packing(file.lower()).endswith(".json"):
            told.setdefault(file, (reason, detail))
    for file, (reason, detail) in list(told.items())[:_MOST_WARNINGS]:
        lost = "nothing of it" if reason == "broken JSON" else "nothing from there on"
        warnings.warn(f"{file}: {reason} ({detail}): {lost} is read", stacklevel=2)
    if (more := len(told) - _MOST_WARNINGS) > 0:
        warnings.warn(f"{more:,} more files are broken: see the rejects", stacklevel=2)
    return len(told)


def _nothing_read(rejects: pd.DataFrame) -> DataError:
    """Build the error for sources without entities, with the first reject."""
    first = ""
    columns = rejects[["evidence", "reason", "detail"]].head(1)
    for evidence, reason, detail in columns.itertuples(index=False):
        first = f", the first: {evidence}: {reason} {detail}".rstrip()
    return DataError(
        f"no source describes anything ({len(rejects):,} reject{'s' * (len(rejects) != 1)}{first})",
        remedy="check the files and how the recipe reads them",
    )


STAGE: Final = Stage(
    name="extraction",
    title="read the sources",
    reads=(),
    raw=_extraction_raw,
    settings=_extraction_settings,
    writes=(
        "records.parquet",
        READ_COUNTS,
        EXTRACTED,
        RAW_INTERACTIONS,
        EXTRACTED_USER_FACTS,
        REJECTS_OF["extraction"],
    ),
    reads_a_server=lambda job: reads_a_server(
        [job.recipe.sources, job.recipe.interactions, job.recipe.users]
    ),
    run=_extraction,
)
