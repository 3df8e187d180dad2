"""Write a processed data set's files: RDF graphs, integer triples, ratings, id maps, report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import pandas as pd

from kg_builder.alignment import alignment_table
from kg_builder.ontology import expand
from kg_builder.tables import REJECTS
from kg_builder.triples import (
    UserNumbering,
    description,
    items_of,
    number,
    number_users,
    ratings,
    times_of_positives,
    users_turtle,
    write_graph,
    write_provenance,
)
from pipeline.artefacts import write_bytes, write_integers, write_tsv
from pipeline.quality import Facts, write_quality
from pipeline.stages.artefact_names import TYPED_ENTITIES
from pipeline.stages.stage import StageContext

if TYPE_CHECKING:  # types only: a stage must not depend on the code that reads recipes
    from pipeline.recipe import Recipe

OUTPUTS: Final = (
    "kg.ttl",
    "kg.nt.gz",
    "provenance.trig",
    "void.ttl",
    "kg_final.txt",
    "ratings_final.txt",
    "entities.tsv",
    "relations.tsv",
    "items.tsv",
    "aliases.tsv",
    "users.tsv",
    "alignment.tsv",
    "quality.json",
    "quality.html",
    "stages/triples/rejects.parquet",
)

OPTIONAL_OUTPUTS: Final = (
    "ratings_times.tsv",
    "user_kg_final.txt",
    "user_entities.tsv",
    "user_relations.tsv",
    "users.ttl",
)
"""Written only if the recipe has times or facts about users; the last only on request."""


def write_rdf(context: StageContext) -> int:
    """Write the graph and the provenance of its facts; returns the number of triples."""
    job = context.job
    statements, title = context.artefact("statements.parquet"), _title(job.recipe)
    written = write_graph(
        statements,
        context.artefact(TYPED_ENTITIES),
        context.path("kg.ttl"),
        context.path("kg.nt.gz"),
        schema=job.schema,
        title=title,
        run_units=context.run_units,
    )
    write_provenance(
        statements, context.path("provenance.trig"), title=title, run_units=context.run_units
    )
    return written


def write_tables(
    context: StageContext,
    *,
    written: int,
    statements: pd.DataFrame,
    entities: pd.DataFrame,
    records: pd.DataFrame,
    links: pd.DataFrame,
    interactions: pd.DataFrame,
    user_facts: pd.DataFrame,
    rejects: pd.DataFrame,
    read: dict[str, int],
    judgements: dict[str, int],
) -> dict[str, int]:
    """Write the integer files with their id maps, the description, and the quality report.

    `written` is the number of RDF triples, `read` are the counts of the extraction stage,
    `judgements` those of a person's decisions.

    Raises:
        DataError: the graph is empty, there are interactions but no item among the entities, or the
            facts about users match no user of the ratings.
    """
    job = context.job
    recipe, schema = job.recipe, job.schema
    items = items_of(
        interactions,
        entities,
        links,
        recipe.ratings,
        order=recipe.triples.order,
        root=job.raw,
        schema=schema,
    )
    numbering = number(statements, entities, items, recipe.triples, schema=schema)
    rated = ratings(interactions, items, recipe.ratings, seed=job.seed)
    user_numbering = number_users(user_facts, rated.users) if recipe.users else None
    facts = Facts(
        statements=statements,
        entities=entities,
        records=records,
        links=links,
        rejects=rejects if user_numbering is None else pd.concat([rejects, user_numbering.rejects]),
        numbering=numbering,
        ratings=rated,
        users=user_numbering,
        items=items,
        interactions=interactions,
        read=read,
        judgements=judgements,
    )
    facts.check(recipe)
    context.progress(4, 5)
    about = description(
        statements,
        entities,
        name=recipe.name,
        title=recipe.title,
        licence=recipe.licence,
        triples=written,
    )
    write_bytes([about], context.path("void.ttl"))
    write_integers(numbering.triples, context.path("kg_final.txt"))
    write_integers(rated.rows, context.path("ratings_final.txt"))
    times = times_of_positives(interactions, items, rated)
    if times is not None:
        write_tsv(times, context.path("ratings_times.tsv"))
    write_tsv(_with_iris(numbering.entities), context.path("entities.tsv"))
    write_tsv(_with_iris(numbering.relations), context.path("relations.tsv"))
    raw_ids = _raw_ids(items, interactions, records, links)
    write_tsv(
        _with_iris(numbering.entities.iloc[: numbering.n_items, :3]).assign(
            raw_id=["|".join(own) for own in raw_ids]
        ),
        context.path("items.tsv"),
    )
    write_tsv(_other_names(numbering.entities, entities), context.path("aliases.tsv"))
    write_tsv(
        pd.DataFrame({"id": range(len(rated.users)), "raw_id": rated.users}),
        context.path("users.tsv"),
    )
    unused = REJECTS.empty() if user_numbering is None else user_numbering.rejects
    context.write(REJECTS, "stages/triples/rejects.parquet", unused)
    if user_numbering is not None:
        _write_users(context, user_numbering, title=_title(recipe))
    pairs = [(item, raw) for item, own in zip(items, raw_ids, strict=True) for raw in own]
    write_tsv(alignment_table(pairs, entities, links), context.path("alignment.tsv"))
    write_quality(facts, recipe, context.path("quality.json"), context.path("quality.html"))
    user_counts = {} if user_numbering is None else user_numbering.counts
    return {
        "triples": len(numbering.triples),
        "entities": len(numbering.entities),
        "relations": len(numbering.relations),
        "users": len(rated.users),
        "items": numbering.n_items,
        "rating rows": len(rated.rows),
        **numbering.counts,
        **rated.counts,
        **{f"of users: {what}": n for what, n in user_counts.items()},
    }


def _title(recipe: Recipe) -> str:
    return f"{recipe.title} — built by recipe {recipe.name!r}"


def _write_users(context: StageContext, user_numbering: UserNumbering, *, title: str) -> None:
    """Write the facts about users: integers and id maps, and Turtle on request."""
    write_integers(user_numbering.triples, context.path("user_kg_final.txt"))
    write_tsv(_with_iris(user_numbering.entities), context.path("user_entities.tsv"))
    write_tsv(_with_iris(user_numbering.relations), context.path("user_relations.tsv"))
    if context.job.with_users:
        write_bytes(users_turtle(user_numbering, title=title), context.path("users.ttl"))


def _with_iris(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(iri=[_iri(name) for name in table["iri"].to_numpy(object)])


def _other_names(numbered: pd.DataFrame, entities: pd.DataFrame) -> pd.DataFrame:
    """Columns id, alias: one row per alias of a numbered entity."""
    known = entities.loc[entities["aliases"].list.len() > 0, ["entity", "aliases"]]
    aliases = dict(zip(known["entity"].tolist(), known["aliases"].tolist(), strict=True))
    numbered = numbered[numbered["iri"].isin(list(aliases))]
    own = zip(numbered["id"], numbered["iri"], numbered["name"], strict=True)
    rows = [
        (number, alias) for number, iri, name in own for alias in sorted({*aliases[iri]} - {name})
    ]
    return pd.DataFrame(rows, columns=["id", "alias"]).astype({"id": "int64"})


def _iri(name: str) -> str:
    """The full IRI; an inverse predicate keeps its caret."""
    return f"^{expand(name[1:])}" if name.startswith("^") else expand(name)


def _raw_ids(
    items: Sequence[str], interactions: pd.DataFrame, records: pd.DataFrame, links: pd.DataFrame
) -> list[list[str]]:
    """The publisher's ids of each item: those in the interactions, else those of its records."""
    own = links.loc[links["kind"] == "record", ["subject", "object"]].merge(
        records[["record", "record_id"]], left_on="subject", right_on="record"
    )
    found: dict[str, set[str]] = {}
    for entity, raw in zip(own["object"].tolist(), own["record_id"].tolist(), strict=True):
        found.setdefault(entity, set()).add(raw)
    met = interactions[["item", "raw_item"]].drop_duplicates()
    played: dict[str, set[str]] = {}
    for entity, raw in zip(met["item"].tolist(), met["raw_item"].tolist(), strict=True):
        played.setdefault(entity, set()).add(raw)
    return [sorted(played.get(item) or found.get(item, set())) for item in items]
