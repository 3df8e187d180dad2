"""Stage 4: add facts and narrower classes by rules and, where asked for, by learned models."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Final

import pandas as pd

from kg_builder.inference import infer
from kg_builder.tables import ENTITIES, STATEMENTS
from pipeline.artefacts import read_table
from pipeline.code_version import code_version
from pipeline.stages.artefact_names import (
    ALIGNED,
    ALIGNED_ENTITIES,
    INFERRED,
    RAW_INTERACTIONS,
    TYPED_ENTITIES,
)
from pipeline.stages.interactions import graph_interactions, left_out_pairs
from pipeline.stages.stage import Job, Settings, Stage, StageContext

# Imported on demand: a build without mining neither loads models nor depends on their code.
_MINING: Final = "pipeline.mining"


def _inference(context: StageContext) -> dict[str, int]:
    job, out = context.job, (context.path(INFERRED), context.path(TYPED_ENTITIES))
    counts = infer(
        context.artefact(ALIGNED),
        context.artefact(ALIGNED_ENTITIES),
        job.recipe.inference,
        schema=job.schema,
        out=out,
        folder=context.run_units.shared,
        memory=f"{context.run_units.memory // 2}MB",
        threads=context.run_units.threads,
        progress=context.progress,
    )
    if (mining := job.recipe.inference.mining) is None:
        return counts
    statements = read_table(STATEMENTS, out[0])
    entities = read_table(ENTITIES, out[1])
    interactions = graph_interactions(job.out, left_out_pairs(job))
    found, mined = import_module(_MINING).mine_facts(
        statements, entities, mining, job.schema, interactions=interactions
    )
    context.write(STATEMENTS, INFERRED, pd.concat([statements, found], ignore_index=True))
    inferred = counts.pop("inferred") + len(found)
    counts["statements"] += len(found)
    return {"inferred": inferred, "mined": len(found), **counts, **mined}


def _raw(job: Job) -> list[Path]:
    mined, pairs = job.recipe.inference.mining is not None, job.without_pairs
    return [*job.recipe.inference.files, *([pairs] if mined and pairs is not None else [])]


def _also_reads(job: Job) -> tuple[str, ...]:
    """The interactions and what maps them to entities, for mining."""
    return (RAW_INTERACTIONS, "links.parquet") if job.recipe.inference.mining else ()


def _settings(job: Job) -> Settings:
    inference = job.recipe.inference
    code = {} if inference.mining is None else {"code of mining": code_version(_MINING)}
    return {"inference": inference.model_dump(mode="json"), **code}


STAGE: Final = Stage(
    name="inference",
    title="apply the rules",
    reads=(ALIGNED, ALIGNED_ENTITIES),
    raw=_raw,
    settings=_settings,
    writes=(INFERRED, TYPED_ENTITIES),
    also_reads=_also_reads,
    run=_inference,
)
