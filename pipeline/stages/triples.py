"""Stage 6: write the processed data set: RDF, integer triples, ratings, id maps, quality report."""

from __future__ import annotations

import json
from typing import Final

import pandas as pd

from kg_builder.fusion import rewrite_interactions
from kg_builder.tables import (
    INTERACTIONS,
    LINKS,
    RECORDS,
    REJECTS,
    USER_FACTS,
)
from pipeline.raw_files import raw_files
from pipeline.stages.artefact_names import (
    EXTRACTED_USER_FACTS,
    JUDGEMENT_COUNTS,
    RAW_INTERACTIONS,
    READ_COUNTS,
    REJECTS_OF,
    TYPED_ENTITIES,
)
from pipeline.stages.outputs import OPTIONAL_OUTPUTS, OUTPUTS, write_rdf, write_tables
from pipeline.stages.stage import Stage, StageContext


def _triples(context: StageContext) -> dict[str, int]:
    written = write_rdf(context)  # before the tables take memory
    context.progress(3, 5)
    links = context.read(LINKS, "links.parquet")
    interactions = context.read(
        INTERACTIONS.only("user", "item", "raw_item", "weight", "liked", "time"), RAW_INTERACTIONS
    )
    return write_tables(
        context,
        written=written,
        records=context.read(RECORDS.only("record", "source", "record_id"), "records.parquet"),
        links=links,
        interactions=rewrite_interactions(interactions, links),
        user_facts=context.read(USER_FACTS, EXTRACTED_USER_FACTS),
        rejects=pd.concat([context.read(REJECTS, name) for name in REJECTS_OF.values()]),
        read=json.loads((context.job.out / READ_COUNTS).read_text(encoding="utf-8")),
        judgements=json.loads((context.job.out / JUDGEMENT_COUNTS).read_text(encoding="utf-8")),
    )


STAGE: Final = Stage(
    name="triples",
    title="write the graph and the report",
    reads=(
        "records.parquet",
        READ_COUNTS,
        JUDGEMENT_COUNTS,
        "statements.parquet",
        "links.parquet",
        TYPED_ENTITIES,
        RAW_INTERACTIONS,
        EXTRACTED_USER_FACTS,
        *REJECTS_OF.values(),
    ),
    raw=lambda job: raw_files(job.recipe.ratings, job.raw, recipe=job.recipe),
    settings=lambda job: {
        "name": [job.recipe.name, job.recipe.title, job.recipe.licence],
        "triples": job.recipe.triples.model_dump(mode="json"),
        "ratings": job.recipe.ratings.model_dump(mode="json"),
        "seed": job.seed,
        "users as turtle": job.with_users,
    },
    writes=OUTPUTS,
    may_write=OPTIONAL_OUTPUTS,
    run=_triples,
)
