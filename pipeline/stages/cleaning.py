"""Stage 5: check statements against the data model, de-duplicate them, resolve conflicts."""

from __future__ import annotations

from typing import Final

from kg_builder.cleaning import clean
from kg_builder.tables import (
    ENTITIES,
    REJECTS,
    STATEMENTS,
)
from pipeline.stages.artefact_names import (
    INFERRED,
    REJECTS_OF,
    TYPED_ENTITIES,
)
from pipeline.stages.stage import Stage, StageContext


def _cleaning(context: StageContext) -> dict[str, int]:
    job = context.job
    result = clean(
        context.read(STATEMENTS, INFERRED),
        context.read(ENTITIES, TYPED_ENTITIES),
        job.recipe.cleaning,
        schema=job.schema,
        trust=job.trust,
    )
    context.write(STATEMENTS, "statements.parquet", result.statements)
    context.write(REJECTS, REJECTS_OF["cleaning"], result.rejects)
    return {
        "statements": len(result.statements),
        "rejects": len(result.rejects),
        **result.counts,
    }


STAGE: Final = Stage(
    name="cleaning",
    title="check and de-duplicate",
    reads=(INFERRED, TYPED_ENTITIES),
    raw=lambda job: [],
    settings=lambda job: {
        "cleaning": job.recipe.cleaning.model_dump(mode="json"),
        "trust": job.trust,
    },
    writes=("statements.parquet", REJECTS_OF["cleaning"]),
    run=_cleaning,
)
