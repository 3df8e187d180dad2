"""Stage 5: check statements against the data model, de-duplicate them, resolve conflicts."""

from __future__ import annotations

from typing import Final

from kg_builder.cleaning import clean_in_parts
from kg_builder.tables import REJECTS
from pipeline.stages.artefact_names import (
    INFERRED,
    REJECTS_OF,
    TYPED_ENTITIES,
)
from pipeline.stages.stage import Stage, StageContext


def _cleaning(context: StageContext) -> dict[str, int]:
    job = context.job
    rejects, counts = clean_in_parts(
        context.artefact(INFERRED),
        context.artefact(TYPED_ENTITIES),
        context.path("statements.parquet"),
        job.recipe.cleaning,
        ontology=job.recipe.ontology,
        trust=job.recipe.trust,
        run_units=context.run_units,
    )
    context.write(REJECTS, REJECTS_OF["cleaning"], rejects)
    return counts


STAGE: Final = Stage(
    name="cleaning",
    title="check and de-duplicate",
    reads=(INFERRED, TYPED_ENTITIES),
    raw=lambda job: [],
    settings=lambda job: {
        "cleaning": job.recipe.cleaning.model_dump(mode="json"),
        "trust": job.recipe.trust,
    },
    writes=("statements.parquet", REJECTS_OF["cleaning"]),
    run=_cleaning,
)
