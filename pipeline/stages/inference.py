"""Stage 4: add facts and narrower classes by rules and, where asked for, by neural models."""

from __future__ import annotations

from importlib import import_module
from typing import Final

import pandas as pd

from kg_builder.inference import infer
from kg_builder.tables import (
    ENTITIES,
    STATEMENTS,
)
from pipeline.code_version import code_version
from pipeline.stages.artefact_names import (
    ALIGNED,
    ALIGNED_ENTITIES,
    INFERRED,
    TYPED_ENTITIES,
)
from pipeline.stages.stage import Job, Settings, Stage, StageContext

# Imported on demand: a build without mining neither loads models nor depends on their code.
_MINING: Final = "pipeline.mining"


def _inference(context: StageContext) -> dict[str, int]:
    result = infer(
        context.read(STATEMENTS, ALIGNED),
        context.read(ENTITIES, ALIGNED_ENTITIES),
        context.job.recipe.inference,
        schema=context.job.schema,
        progress=context.progress,
    )
    statements, by_rules, mined = result.statements, len(result.statements), {}
    if (mining := context.job.recipe.inference.mining) is not None:
        found, mined = import_module(_MINING).mine_facts(
            statements, result.entities, mining, context.job.schema
        )
        statements = STATEMENTS.check(pd.concat([statements, found], ignore_index=True))
    context.write(STATEMENTS, INFERRED, statements)
    context.write(ENTITIES, TYPED_ENTITIES, result.entities)
    return {
        "inferred": int(statements["inferred"].sum()),
        **({} if mining is None else {"mined": len(statements) - by_rules}),
        "statements": len(statements),
        "entities": len(result.entities),
        **result.counts,
        **mined,
    }


def _settings(job: Job) -> Settings:
    inference = job.recipe.inference
    code = {} if inference.mining is None else {"code of mining": code_version(_MINING)}
    return {"inference": inference.model_dump(mode="json"), **code}


STAGE: Final = Stage(
    name="inference",
    title="apply the rules",
    reads=(ALIGNED, ALIGNED_ENTITIES),
    raw=lambda job: list(job.recipe.inference.files),
    settings=_settings,
    writes=(INFERRED, TYPED_ENTITIES),
    run=_inference,
)
