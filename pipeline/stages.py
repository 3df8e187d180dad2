"""The six construction stages as runnable steps: each reads and writes tables, no more."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Final

import pandas as pd

from kg_builder.alignment import align, rename
from kg_builder.cleaning.clean import clean
from kg_builder.extraction import Extraction, UnstructuredSource, extract
from kg_builder.extraction.interactions import NONE_LEFT_OUT, read_interactions, read_left_out_pairs
from kg_builder.extraction.user_facts import read_user_facts
from kg_builder.fusion import resolve, rewrite, rewrite_interactions
from kg_builder.inference import infer
from kg_builder.tables import (
    ENTITIES,
    INTERACTIONS,
    LINKS,
    RECORDS,
    REJECTS,
    STATEMENTS,
    USER_FACTS,
)
from kg_builder.text_models.load import load_models
from pipeline.given import read_given, rejects_of
from pipeline.judging import count_judgements, judged, judgement_files
from pipeline.outputs import OPTIONAL_OUTPUTS, OUTPUTS, write_outputs
from pipeline.raw_files import interaction_table, nothing_read, raw_files
from pipeline.raw_texts import raw_texts, text_sources
from pipeline.stage import Desk, Job, Settings, Stage

_REJECTS: Final = {
    name: f"stages/{name}/rejects.parquet" for name in ("extraction", "fusion", "alignment",
                                                        "cleaning")
}  # fmt: skip
_READ: Final = "stages/extraction/counts.json"
_EXTRACTED: Final = "stages/extraction/statements.parquet"
_RAW_INTERACTIONS: Final = "stages/extraction/interactions.parquet"
_USER_FACTS: Final = "stages/extraction/user_facts.parquet"
_FUSED: Final = "stages/fusion/statements.parquet"
_FUSED_ENTITIES: Final = "stages/fusion/entities.parquet"
_RECORD_LINKS: Final = "stages/fusion/links.parquet"
_JUDGED: Final = "stages/fusion/judgements.json"
_FUSED_INTERACTIONS: Final = "stages/fusion/interactions.parquet"
_INTERACTIONS: Final = "stages/alignment/interactions.parquet"
_ALIGNED: Final = "stages/alignment/statements.parquet"
_ALIGNED_ENTITIES: Final = "stages/alignment/entities.parquet"
_INFERRED: Final = "stages/inference/statements.parquet"
_ENTITIES: Final = "stages/inference/entities.parquet"


def _extraction(desk: Desk) -> dict[str, int]:
    """Structured sources first: their names are the gazetteer that texts are read with."""
    job = desk.job
    table = interaction_table(job.recipe, job.raw)
    left_out = NONE_LEFT_OUT
    if job.without_pairs is not None and table is not None:
        left_out = read_left_out_pairs(job.without_pairs, table.records)
    order = sorted(job.recipe.sources, key=lambda source: isinstance(source, UnstructuredSource))
    parts: list[Extraction] = []
    counts: dict[str, int] = {}
    gazetteer: pd.DataFrame | None = None
    for source in order:
        if isinstance(source, UnstructuredSource) and gazetteer is None:
            gazetteer = pd.concat([part.records for part in parts]) if parts else RECORDS.empty()
        part = extract(
            source,
            job.raw,
            schema=job.schema,
            gazetteer=gazetteer,
            left_out=left_out,
            load_models=load_models,
            progress=desk.progress,
        )
        parts.append(part)
        counts |= {f"{source.name}: {what}": count for what, count in part.counts.items()}
    records = pd.concat([part.records for part in parts], ignore_index=True)
    statements = pd.concat([part.statements for part in parts], ignore_index=True)
    rejects = [part.rejects for part in parts]
    if records.empty:
        raise nothing_read(pd.concat(rejects, ignore_index=True))
    interactions = INTERACTIONS.empty()
    if table is not None:
        known = frozenset(records["record"].tolist())
        read = read_interactions(table, job.raw, known=known, progress=desk.progress)
        interactions = read.interactions
        rejects.append(read.rejects)
        counts |= read.counts
    if left_out:
        played = interactions[["user", "item"]].itertuples(index=False, name=None)
        counts |= left_out.counts(played)
    users = read_user_facts(job.recipe.users, job.raw, progress=desk.progress)
    rejects.append(users.rejects)
    counts |= users.counts
    desk.path(_READ).write_text(json.dumps(counts, indent=1, ensure_ascii=False), encoding="utf-8")
    desk.write(RECORDS, "records.parquet", records)
    desk.write(STATEMENTS, _EXTRACTED, statements)
    desk.write(INTERACTIONS, _RAW_INTERACTIONS, interactions)
    desk.write(USER_FACTS, _USER_FACTS, users.facts)
    desk.write(REJECTS, _REJECTS["extraction"], pd.concat(rejects, ignore_index=True))
    return {
        "records": len(records),
        "statements": len(statements),
        "interactions": len(interactions),
        "rejects": sum(map(len, rejects)),
        **counts,
    }


def _fusion(desk: Desk) -> dict[str, int]:
    job = desk.job
    statements = desk.read(STATEMENTS, _EXTRACTED)
    records = desk.read(RECORDS, "records.parquet")
    fused = resolve(
        records,
        judged(job.recipe),
        schema=job.schema,
        traits=job.recipe.traits,
        statements=statements,
        texts=raw_texts(job.recipe, job.raw, job.schema),
        progress=desk.progress,
    )
    told = statements if fused.statements is None else fused.statements
    rewritten = rewrite(told, fused.links, schema=job.schema)
    interactions, lost = rewrite_interactions(
        desk.read(INTERACTIONS, _RAW_INTERACTIONS), fused.links
    )
    rejects = pd.concat([fused.rejects, rewritten.rejects, lost], ignore_index=True)
    desk.write(ENTITIES, _FUSED_ENTITIES, fused.entities)
    desk.write(LINKS, _RECORD_LINKS, fused.links)
    desk.write(STATEMENTS, _FUSED, rewritten.statements)
    desk.write(INTERACTIONS, _FUSED_INTERACTIONS, interactions)
    desk.write(REJECTS, _REJECTS["fusion"], rejects)
    judgements = count_judgements(job.recipe, records["record"].tolist())
    desk.path(_JUDGED).write_text(json.dumps(judgements, indent=1), encoding="utf-8")
    return {
        "records": len(fused.links),
        "entities": len(fused.entities),
        "statements": len(rewritten.statements),
        "rejects": len(rejects),
        **fused.counts,
        **{f"judgements: {verdict}": count for verdict, count in judgements.items()},
    }


def _alignment(desk: Desk) -> dict[str, int]:
    job = desk.job
    statements = desk.read(STATEMENTS, _FUSED)
    given = read_given(
        job, desk.read(INTERACTIONS, _FUSED_INTERACTIONS), desk.read(LINKS, _RECORD_LINKS)
    )
    aligned = align(
        desk.read(ENTITIES, _FUSED_ENTITIES),
        statements,
        list(job.recipe.databases),
        job.raw,
        job.recipe.alignment,
        schema=job.schema,
        given=given.links,
        progress=desk.progress,
    )

    def renamed(table: pd.DataFrame) -> pd.DataFrame:
        return rename(table, aligned.renamed, schema=job.schema)

    record_links = renamed(desk.read(LINKS, _RECORD_LINKS))
    links = pd.concat([record_links, aligned.links], ignore_index=True)
    together = pd.concat([renamed(statements), aligned.statements], ignore_index=True)
    desk.write(ENTITIES, _ALIGNED_ENTITIES, aligned.entities)
    desk.write(LINKS, "links.parquet", links)
    desk.write(STATEMENTS, _ALIGNED, together)
    desk.write(INTERACTIONS, _INTERACTIONS, renamed(desk.read(INTERACTIONS, _FUSED_INTERACTIONS)))
    rejects = pd.concat([rejects_of(given), aligned.rejects], ignore_index=True)
    desk.write(REJECTS, _REJECTS["alignment"], rejects)
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


def _inference(desk: Desk) -> dict[str, int]:
    result = infer(
        desk.read(STATEMENTS, _ALIGNED),
        desk.read(ENTITIES, _ALIGNED_ENTITIES),
        desk.job.recipe.inference,
        schema=desk.job.schema,
        progress=desk.progress,
    )
    desk.write(STATEMENTS, _INFERRED, result.statements)
    desk.write(ENTITIES, _ENTITIES, result.entities)
    return {
        "inferred": int(result.statements["inferred"].sum()),
        "statements": len(result.statements),
        "entities": len(result.entities),
        **result.counts,
    }


def _cleaning(desk: Desk) -> dict[str, int]:
    job = desk.job
    result = clean(
        desk.read(STATEMENTS, _INFERRED),
        desk.read(ENTITIES, _ENTITIES),
        job.recipe.cleaning,
        schema=job.schema,
        trust=job.trust,
    )
    desk.write(STATEMENTS, "statements.parquet", result.statements)
    desk.write(REJECTS, _REJECTS["cleaning"], result.rejects)
    return {
        "statements": len(result.statements),
        "rejects": len(result.rejects),
        **result.counts,
    }


def _triples(desk: Desk) -> dict[str, int]:
    return write_outputs(
        desk,
        statements=desk.read(STATEMENTS, "statements.parquet"),
        entities=desk.read(ENTITIES, _ENTITIES),
        records=desk.read(RECORDS, "records.parquet"),
        links=desk.read(LINKS, "links.parquet"),
        interactions=desk.read(INTERACTIONS, _INTERACTIONS),
        user_facts=desk.read(USER_FACTS, _USER_FACTS),
        rejects=pd.concat([desk.read(REJECTS, name) for name in _REJECTS.values()]),
        read=json.loads((desk.job.out / _READ).read_text(encoding="utf-8")),
        judgements=json.loads((desk.job.out / _JUDGED).read_text(encoding="utf-8")),
    )


def _no_raw(job: Job) -> list[Path]:
    return []


def _extraction_raw(job: Job) -> list[Path]:
    table = interaction_table(job.recipe, job.raw)
    files = raw_files([job.recipe.sources, table, job.recipe.users], job.raw, recipe=job.recipe)
    return files if job.without_pairs is None else [*files, job.without_pairs]


def _fusion_raw(job: Job) -> list[Path]:
    texts = raw_files(text_sources(job.recipe), job.raw, recipe=job.recipe)
    return [*judgement_files(job.recipe), *texts]


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
    return [path.read_text(encoding="utf-8") for path in job.recipe.ontology]


STAGES: Final[tuple[Stage, ...]] = (
    Stage(
        name="extraction",
        title="read the sources",
        reads=(),
        raw=_extraction_raw,
        settings=_extraction_settings,
        writes=(
            "records.parquet",
            _READ,
            _EXTRACTED,
            _RAW_INTERACTIONS,
            _USER_FACTS,
            _REJECTS["extraction"],
        ),
        run=_extraction,
    ),
    Stage(
        name="fusion",
        title="merge records of the same thing",
        reads=("records.parquet", _EXTRACTED, _RAW_INTERACTIONS),
        raw=_fusion_raw,
        settings=lambda job: {
            "fusion": job.recipe.fusion.model_dump(mode="json"),
            "traits": {name: t.model_dump(mode="json") for name, t in job.recipe.traits.items()},
        },
        writes=(
            _FUSED_ENTITIES,
            _RECORD_LINKS,
            _FUSED,
            _FUSED_INTERACTIONS,
            _JUDGED,
            _REJECTS["fusion"],
        ),
        run=_fusion,
    ),
    Stage(
        name="alignment",
        title="link with third-party databases",
        reads=(_FUSED_ENTITIES, _RECORD_LINKS, _FUSED, _FUSED_INTERACTIONS),
        raw=lambda job: raw_files(
            [job.recipe.databases, job.recipe.given_links], job.raw, recipe=job.recipe
        ),
        settings=lambda job: {
            "alignment": job.recipe.alignment.model_dump(mode="json"),
            "given links": [file.model_dump(mode="json") for file in job.recipe.given_links],
            "databases": [base.model_dump(mode="json") for base in job.recipe.databases],
        },
        writes=(_ALIGNED_ENTITIES, "links.parquet", _ALIGNED, _INTERACTIONS, _REJECTS["alignment"]),
        run=_alignment,
    ),
    Stage(
        name="inference",
        title="apply the rules",
        reads=(_ALIGNED, _ALIGNED_ENTITIES),
        raw=lambda job: list(job.recipe.inference.files),
        settings=lambda job: {"inference": job.recipe.inference.model_dump(mode="json")},
        writes=(_INFERRED, _ENTITIES),
        run=_inference,
    ),
    Stage(
        name="cleaning",
        title="check and de-duplicate",
        reads=(_INFERRED, _ENTITIES),
        raw=_no_raw,
        settings=lambda job: {
            "cleaning": job.recipe.cleaning.model_dump(mode="json"),
            "trust": job.trust,
        },
        writes=("statements.parquet", _REJECTS["cleaning"]),
        run=_cleaning,
    ),
    Stage(
        name="triples",
        title="write the graph and the report",
        reads=(
            "records.parquet",
            _READ,
            _JUDGED,
            "statements.parquet",
            "links.parquet",
            _ENTITIES,
            _INTERACTIONS,
            _USER_FACTS,
            *_REJECTS.values(),
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
    ),
)
"""In the order of the construction; the names are those of the command line."""
