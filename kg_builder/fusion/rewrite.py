"""Replace record keys by entity CURIEs in statements and interactions after fusion."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from kg_builder.ontology import Schema, load_schema
from kg_builder.tables import INTERACTIONS, REJECTS, STATEMENTS, recoded

TEXT = pd.ArrowDtype(STATEMENTS.schema.field("subject").type)


@dataclass(frozen=True)
class Rewriting:
    """Statements about entities, and those that could not be kept.

    Attributes:
        statements: the table with entity CURIEs; duplicates are left to the cleaning stage.
        rejects: self-loops caused by merging, and statements about unknown records.
    """

    statements: pd.DataFrame
    rejects: pd.DataFrame


def entity_of(links: pd.DataFrame) -> pd.Series:
    """Series indexed by record key with the CURIE of its entity."""
    chosen = links[(links["kind"] == "record") & links["object"].notna()]
    return chosen.set_index("subject")["object"]


def rewrite(
    statements: pd.DataFrame, links: pd.DataFrame, *, schema: Schema | None = None
) -> Rewriting:
    """Replace record keys by entity CURIEs.

    A `tag` statement whose object resolved to a genre becomes `genre`. Statements whose subject and
    object were merged are rejected, as are those about a record without an entity.

    Args:
        statements: table `STATEMENTS`; subjects and objects may be record keys or CURIEs.
        links: table `LINKS`, kind "record".
        schema: the data model, for the classes that a CURIE prefix stands for.
    """
    entity = entity_of(links)
    frame = statements.copy()
    is_record = frame["object_kind"] == "record"
    subject = frame["subject"].map(entity)
    # A subject that already is an entity (third-party facts) is kept.
    is_entity = frame["subject"].isin(entity.unique())
    subject = subject.where(subject.notna(), frame["subject"].where(is_entity))
    target = frame["object"].where(~is_record, frame["object"].map(entity))
    frame["subject"], frame["object"] = subject, target
    frame.loc[is_record, "object_kind"] = "entity"

    orphan = frame["subject"].isna() | frame["object"].isna()
    # Only loops caused by merging; loops stated by a source are left to cleaning.
    loop = (
        ~orphan
        & (frame["object_kind"] == "entity")
        & (frame["subject"] == frame["object"])
        & (statements["subject"] != statements["object"])
    )
    rejects = _rejects(statements[orphan], "statement about an unknown record")
    loops = _rejects(statements[loop], "subject and object are one entity")
    kept = tags_to_genres(frame[~orphan & ~loop], schema or load_schema())
    return Rewriting(
        statements=STATEMENTS.check(kept),
        rejects=REJECTS.check(pd.concat([rejects, loops], ignore_index=True)),
    )


def rewrite_interactions(interactions: pd.DataFrame, links: pd.DataFrame) -> pd.DataFrame:
    """Replace the items by entity CURIEs; interactions with unknown records are left out.

    Args:
        interactions: the column `item` of table `INTERACTIONS`, and any others.
        links: table `LINKS`.
    """
    entity = entity_of(links)
    items = recoded(interactions["item"], lambda keys: entity.reindex(keys).tolist())
    frame, known = interactions.assign(item=items), items.notna()
    return frame if known.all() else frame[known].reset_index(drop=True)


def unknown_interactions(interactions: pd.DataFrame, links: pd.DataFrame) -> pd.DataFrame:
    """Reject interactions with unknown records (table `REJECTS`).

    Args:
        interactions: the columns `item` and `evidence` of table `INTERACTIONS`, and any others.
        links: table `LINKS`.
    """
    known = interactions["item"].isin(entity_of(links).index)
    unknown = interactions[~known]
    keys = unknown["item"].astype(TEXT)
    rejects = pd.DataFrame(
        {
            "stage": "fusion",
            "source": INTERACTIONS.name,
            "reason": "interaction with an unknown record",
            "evidence": unknown["evidence"],
            "detail": keys,
        }
    )
    return REJECTS.check(rejects)


def tags_to_genres(statements: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """Turn each `tag` statement whose object is of class Genre into `genre`."""
    if not {"tag", "genre"} <= set(schema.predicates):
        return statements
    is_genre = (
        (statements["predicate"] == "tag")
        & (statements["object_kind"] == "entity")
        & statements["object"].str.startswith(f"{schema.prefix('Genre')}:")
    )
    frame = statements.copy()
    frame.loc[is_genre.fillna(False), "predicate"] = "genre"
    return frame


def _rejects(rows: pd.DataFrame, reason: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "stage": "fusion",
            "source": rows["source"],
            "reason": reason,
            "evidence": rows["evidence"],
            "detail": rows["subject"] + " " + rows["predicate"] + " " + rows["object"],
        },
        columns=REJECTS.columns,
    )
