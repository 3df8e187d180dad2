"""Stage 3: link entities to external databases, and import facts on the linked entities."""

from __future__ import annotations

from collections import Counter
from typing import Final

import pandas as pd

from kg_builder.alignment import align, rename
from kg_builder.fusion import rewrite_interactions
from kg_builder.tables import (
    ENTITIES,
    INTERACTIONS,
    LINKS,
    REJECTS,
    STATEMENTS,
)
from pipeline.raw_files import raw_files
from pipeline.stages.artefact_names import (
    ALIGNED,
    ALIGNED_ENTITIES,
    FUSED,
    FUSED_ENTITIES,
    RAW_INTERACTIONS,
    RECORD_LINKS,
    REJECTS_OF,
)
from pipeline.stages.stage import Stage, StageContext
from pipeline.stages.supplied_links import read_supplied_links, rejects_of


def _alignment(context: StageContext) -> dict[str, int]:
    job = context.job
    statements = context.read(STATEMENTS, FUSED)
    links = context.read(LINKS, RECORD_LINKS)
    interactions = rewrite_interactions(
        context.read(INTERACTIONS.only("item", "raw_item"), RAW_INTERACTIONS), links
    )
    supplied = read_supplied_links(job, interactions, links)
    aligned = align(
        context.read(ENTITIES, FUSED_ENTITIES),
        statements,
        list(job.recipe.databases),
        job.raw,
        job.recipe.alignment,
        schema=job.schema,
        supplied_links=supplied.links,
        popularity={str(item): n for item, n in interactions["item"].value_counts().items()},
        progress=context.progress,
    )

    def renamed(table: pd.DataFrame) -> pd.DataFrame:
        return rename(table, aligned.renamed, schema=job.schema)

    links = pd.concat([renamed(links), aligned.links], ignore_index=True)
    together = pd.concat([renamed(statements), aligned.statements], ignore_index=True)
    context.write(ENTITIES, ALIGNED_ENTITIES, aligned.entities)
    context.write(LINKS, "links.parquet", links)
    context.write(STATEMENTS, ALIGNED, together)
    rejects = pd.concat([rejects_of(supplied), aligned.rejects], ignore_index=True)
    context.write(REJECTS, REJECTS_OF["alignment"], rejects)
    decisions = Counter(
        zip(aligned.links["target"].tolist(), aligned.links["decision"].tolist(), strict=True)
    )
    return {
        "links": int((aligned.links["decision"] == "match").sum()),
        "third-party statements": len(aligned.statements),
        "entities": len(aligned.entities),
        "rejects": len(rejects),
        **{f"{target}: {word}": count for (target, word), count in sorted(decisions.items())},
        **aligned.counts,
    }


STAGE: Final = Stage(
    name="alignment",
    title="link with third-party databases",
    reads=(FUSED_ENTITIES, RECORD_LINKS, FUSED, RAW_INTERACTIONS),
    raw=lambda job: raw_files(
        [job.recipe.databases, job.recipe.given_links], job.raw, recipe=job.recipe
    ),
    settings=lambda job: {
        "alignment": job.recipe.alignment.model_dump(mode="json"),
        "given links": [file.model_dump(mode="json") for file in job.recipe.given_links],
        "databases": [base.model_dump(mode="json") for base in job.recipe.databases],
    },
    writes=(
        ALIGNED_ENTITIES,
        "links.parquet",
        ALIGNED,
        REJECTS_OF["alignment"],
    ),
    run=_alignment,
)
