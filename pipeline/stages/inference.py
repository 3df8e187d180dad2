"""Stage 4: apply inference rules to the statements, adding facts and narrower entity classes."""

from __future__ import annotations

from typing import Final

from kg_builder.inference import infer
from kg_builder.tables import (
    ENTITIES,
    STATEMENTS,
)
from pipeline.stages.artefact_names import (
    ALIGNED,
    ALIGNED_ENTITIES,
    INFERRED,
    TYPED_ENTITIES,
)
from pipeline.stages.stage import Stage, StageContext


def _inference(context: StageContext) -> dict[str, int]:
    result = infer(
        context.read(STATEMENTS, ALIGNED),
        context.read(ENTITIES, ALIGNED_ENTITIES),
        context.job.recipe.inference,
        schema=context.job.schema,
        progress=context.progress,
    )
    context.write(STATEMENTS, INFERRED, result.statements)
    context.write(ENTITIES, TYPED_ENTITIES, result.entities)
    return {
        "inferred": int(result.statements["inferred"].sum()),
        "statements": len(result.statements),
        "entities": len(result.entities),
        **result.counts,
    }


STAGE: Final = Stage(
    name="inference",
    title="apply the rules",
    reads=(ALIGNED, ALIGNED_ENTITIES),
    raw=lambda job: list(job.recipe.inference.files),
    settings=lambda job: {"inference": job.recipe.inference.model_dump(mode="json")},
    writes=(INFERRED, TYPED_ENTITIES),
    run=_inference,
)
