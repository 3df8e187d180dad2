"""Run fusion on record tables: match records, return entities, links and candidate pairs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from kg_builder.fusion.config import FusionConfig, SourceTraits
from kg_builder.fusion.disambiguation.linking import link_mentions, mention_rows
from kg_builder.fusion.disambiguation.text_mentions import Texts
from kg_builder.fusion.entities import build_entities, identity_entities
from kg_builder.fusion.judgements import Judgements, read_judgements
from kg_builder.fusion.matching import match_records
from kg_builder.fusion.own_mentions import with_performers_of_albums
from kg_builder.ontology import Schema
from kg_builder.progress import Progress, silent
from kg_builder.tables import RECORDS, REJECTS


@dataclass(frozen=True)
class Fusion:
    """Result of the fusion stage.

    Attributes:
        entities: table `ENTITIES`, sorted by CURIE (in the records' order for mode 'identity').
        links: table `LINKS`, kind "record", one row per record in the records' order.
        statements: the given statements; if texts use a name for different entities, mentions have
            one key per meaning (`<record key>@<text>`), also in the links. None if none were given.
        rejects: table `REJECTS`: records that cannot be named.
        counts: figures for the report.
    """

    entities: pd.DataFrame
    links: pd.DataFrame
    rejects: pd.DataFrame
    statements: pd.DataFrame | None
    counts: dict[str, int]


def resolve(
    records: pd.DataFrame,
    config: FusionConfig,
    *,
    schema: Schema,
    traits: Mapping[str, SourceTraits],
    statements: pd.DataFrame | None = None,
    judgements: Judgements | None = None,
    texts: Texts | None = None,
    progress: Progress = silent,
) -> Fusion:
    """Resolve which records are the same entity, and fuse them.

    Args:
        records: table `RECORDS`.
        config: thresholds, blocking, vocabularies.
        schema: the data model.
        traits: what is known about each source; a source without traits may have duplicates.
        statements: table `STATEMENTS` over record keys; if given, neighbours' names are evidence.
        judgements: a person's decisions; they override those of the configured file.
        texts: texts of unstructured sources by location (evidence without offsets); mentions of
            agents in them are linked by context.
        progress: called with the number of steps done, of five.

    Raises:
        DataError: duplicate record keys, or a bad file of judgements.
    """
    frame = RECORDS.check(records)
    nameless = frame["name"].str.strip() == ""
    rejects = REJECTS.check(
        pd.DataFrame(
            {
                "stage": "fusion",
                "source": frame.loc[nameless, "source"],
                "reason": "record without a name",
                "evidence": frame.loc[nameless, "evidence"],
                "detail": frame.loc[nameless, "record"],
            },
            columns=REJECTS.columns,
        )
    )
    frame = frame[~nameless].reset_index(drop=True)
    frame = with_performers_of_albums(frame, statements, schema)
    if config.mode == "identity":
        result = identity_entities(frame, schema)
        counts = {"records": len(frame), "merged": 0}
        return Fusion(result[0], result[1], rejects, statements, counts)
    decided = dict(read_judgements(config.judgements)) if config.judgements else {}
    decided.update(judgements or {})
    by_context = texts if texts and config.disambiguation.enabled and statements is not None else {}
    mention = mention_rows(frame, by_context, schema)
    matching = match_records(
        frame[~mention],
        config,
        schema=schema,
        traits=traits,
        statements=statements,
        judgements=decided,
        progress=progress,
    )
    more: dict[str, int] = {}
    if mention.any() and statements is not None:
        linked = link_mentions(
            frame,
            statements,
            by_context,
            matching,
            config,
            schema=schema,
            traits=traits,
            judgements=decided,
        )
        entities, links, statements, more = (
            linked.entities,
            linked.links,
            linked.statements,
            linked.counts,
        )
    else:
        entities, links = build_entities(frame, matching, config, schema, traits)
    progress(5, 5)
    counts = {
        "records": len(frame),
        "entities": len(entities),
        "pairs compared": len(matching.comparison),
        "pairs matched": int((matching.probability >= matching.match).sum()),
        "pairs refused": len(matching.clustering.refused),
        "unsure": int((links["decision"] == "unsure").sum()),
        "merged": len(frame) - len(entities),
        **more,
    }
    return Fusion(entities, links, rejects, statements, counts)
