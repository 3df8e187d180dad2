"""Stage 2: merge records of the same entity, and rewrite statements to entity ids."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import pandas as pd

from kg_builder.fusion import resolve, rewrite, unknown_interactions
from kg_builder.tables import (
    ENTITIES,
    INTERACTIONS,
    LINKS,
    RECORDS,
    REJECTS,
    STATEMENTS,
)
from pipeline.judgement_files import count_judgements, judged, judgement_files
from pipeline.raw_files import raw_files
from pipeline.raw_texts import raw_texts, text_sources
from pipeline.stages.artefact_names import (
    EXTRACTED,
    FUSED,
    FUSED_ENTITIES,
    JUDGEMENT_COUNTS,
    RAW_INTERACTIONS,
    RECORD_LINKS,
    REJECTS_OF,
)
from pipeline.stages.stage import Job, Stage, StageContext


def _fusion(context: StageContext) -> dict[str, int]:
    job = context.job
    statements = context.read(STATEMENTS, EXTRACTED)
    records = context.read(RECORDS, "records.parquet")
    fused = resolve(
        records,
        judged(job.recipe),
        schema=job.schema,
        traits=job.recipe.traits,
        statements=statements,
        texts=raw_texts(job.recipe, job.raw),
        progress=context.progress,
    )
    resolved_statements = statements if fused.statements is None else fused.statements
    rewritten = rewrite(resolved_statements, fused.links, schema=job.schema)
    interactions = context.read(INTERACTIONS.only("item", "evidence"), RAW_INTERACTIONS)
    lost = unknown_interactions(interactions, fused.links)
    rejects = pd.concat([fused.rejects, rewritten.rejects, lost], ignore_index=True)
    context.write(ENTITIES, FUSED_ENTITIES, fused.entities)
    context.write(LINKS, RECORD_LINKS, fused.links)
    context.write(STATEMENTS, FUSED, rewritten.statements)
    context.write(REJECTS, REJECTS_OF["fusion"], rejects)
    judgements = count_judgements(job.recipe, records["record"].tolist())
    context.path(JUDGEMENT_COUNTS).write_text(json.dumps(judgements, indent=1), encoding="utf-8")
    return {
        "records": len(fused.links),
        "entities": len(fused.entities),
        "statements": len(rewritten.statements),
        "rejects": len(rejects),
        **fused.counts,
        **{f"judgements: {verdict}": count for verdict, count in judgements.items()},
    }


def _fusion_raw(job: Job) -> list[Path]:
    texts = raw_files(text_sources(job.recipe), job.raw, recipe=job.recipe)
    return [*judgement_files(job.recipe), *texts]


STAGE: Final = Stage(
    name="fusion",
    title="merge records of the same thing",
    reads=("records.parquet", EXTRACTED, RAW_INTERACTIONS),
    raw=_fusion_raw,
    settings=lambda job: {
        "fusion": job.recipe.fusion.model_dump(mode="json"),
        "traits": {name: t.model_dump(mode="json") for name, t in job.recipe.traits.items()},
    },
    writes=(
        FUSED_ENTITIES,
        RECORD_LINKS,
        FUSED,
        JUDGEMENT_COUNTS,
        REJECTS_OF["fusion"],
    ),
    run=_fusion,
)
