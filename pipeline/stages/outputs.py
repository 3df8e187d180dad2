"""Write a processed data set's files: RDF graphs, integer triples, ratings, id maps, report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import pandas as pd
import pyarrow as pa

from kg_builder.alignment import alignment_table
from kg_builder.ontology import expand
from kg_builder.sql import stage_database
from kg_builder.tables import ENTITIES, REJECTS
from kg_builder.triples import (
    GraphCounts,
    GraphTables,
    Numbering,
    UserNumbering,
    description,
    items_of,
    number,
    number_users,
    prefixes_of_statements,
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

_CLASSES: Final = ENTITIES.only("entity", "type", categorical=("type",))

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
    "ratings_unliked.tsv",
    "user_kg_final.txt",
    "user_entities.tsv",
    "user_relations.tsv",
    "users.ttl",
)
"""Written only if there are times, ratings below the threshold, or facts about users; the last only
on request."""


def write_rdf(context: StageContext) -> int:
    """Write the graph and the provenance of its facts; returns the number of triples."""
    job = context.job
    statements, title = context.artefact("statements.parquet"), _title(job.recipe)
    found = prefixes_of_statements(statements, context.run_units)
    written = write_graph(
        statements,
        context.artefact(TYPED_ENTITIES),
        context.path("kg.ttl"),
        context.path("kg.nt.gz"),
        found=found,
        schema=job.schema,
        title=title,
        run_units=context.run_units,
    )
    write_provenance(
        statements,
        context.path("provenance.trig"),
        found=found,
        title=title,
        run_units=context.run_units,
    )
    return written


def write_tables(
    context: StageContext,
    *,
    written: int,
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
    recipe = job.recipe
    items = items_of(
        interactions,
        context.read(_CLASSES, TYPED_ENTITIES),
        links,
        recipe.ratings,
        order=recipe.triples.order,
        root=job.raw,
        schema=job.schema,
    )
    raw_ids = _raw_ids(items, interactions, records, links)
    counts, numbering = _write_graph(context, items, raw_ids, links, written=written)
    context.progress(4, 5)
    rated = ratings(interactions, items, recipe.ratings, seed=job.seed)
    user_numbering = number_users(user_facts, rated.users) if recipe.users else None
    facts = Facts(
        graph=counts,
        entities=context.artefact(TYPED_ENTITIES),
        records=records,
        links=links,
        rejects=rejects if user_numbering is None else pd.concat([rejects, user_numbering.rejects]),
        numbering=numbering,
        ratings=rated,
        users=user_numbering,
        interactions=interactions,
        read=read,
        judgements=judgements,
    )
    facts.check(recipe)
    write_integers(rated.rows, context.path("ratings_final.txt"))
    times = times_of_positives(interactions, items, rated)
    if times is not None:
        write_tsv(times, context.path("ratings_times.tsv"))
    if len(rated.unliked):
        unliked = pd.DataFrame(rated.unliked, columns=["user", "item"])
        write_tsv(unliked, context.path("ratings_unliked.tsv"))
    write_tsv(
        pd.DataFrame({"id": range(len(rated.users)), "raw_id": rated.users}),
        context.path("users.tsv"),
    )
    unused = REJECTS.empty() if user_numbering is None else user_numbering.rejects
    context.write(REJECTS, "stages/triples/rejects.parquet", unused)
    if user_numbering is not None:
        _write_users(context, user_numbering, title=_title(recipe))
    write_quality(facts, recipe, context.path("quality.json"), context.path("quality.html"))
    user_counts = {} if user_numbering is None else user_numbering.counts
    return {
        "triples": numbering.n_triples,
        "entities": numbering.n_entities,
        "relations": len(numbering.relations),
        "users": len(rated.users),
        "items": numbering.n_items,
        "rating rows": len(rated.rows),
        **numbering.counts,
        **rated.counts,
        **{f"of users: {what}": n for what, n in user_counts.items()},
    }


def _write_graph(
    context: StageContext,
    items: Sequence[str],
    raw_ids: Sequence[Sequence[str]],
    links: pd.DataFrame,
    *,
    written: int,
) -> tuple[GraphCounts, Numbering]:
    """Write the integer triples with their id maps, the alignment, and the description."""
    recipe = context.job.recipe
    with stage_database(context.run_units) as base:
        graph = GraphTables(
            base,
            context.artefact("statements.parquet"),
            context.artefact(TYPED_ENTITIES),
            items,
            min_confidence=recipe.triples.min_confidence,
        )
        counts = graph.counts
        about = description(
            counts,
            name=recipe.name,
            title=recipe.title,
            licence=recipe.licence,
            triples=written,
        )
        write_bytes([about], context.path("void.ttl"))
        numbering = number(graph, recipe.triples, schema=context.job.schema)
        write_integers(numbering.triples(), context.path("kg_final.txt"))
        write_tsv(map(_with_iris, numbering.entities()), context.path("entities.tsv"))
        write_tsv(
            [_with_iris(pa.Table.from_pandas(numbering.relations))], context.path("relations.tsv")
        )
        own = {"raw_id": ["|".join(ids) for ids in raw_ids]}
        if any(credits := graph.credits()):
            own["by"] = credits
        write_tsv(
            _with_columns(numbering.entities(items_only=True), own), context.path("items.tsv")
        )
        write_tsv(numbering.aliases(), context.path("aliases.tsv"))
        pairs = [(item, raw) for item, own in zip(items, raw_ids, strict=True) for raw in own]
        alignment = alignment_table(pairs, graph.items(), links)
        write_tsv(alignment, context.path("alignment.tsv"))
    return counts, numbering


def _title(recipe: Recipe) -> str:
    return f"{recipe.title} — built by recipe {recipe.name!r}"


def _write_users(context: StageContext, user_numbering: UserNumbering, *, title: str) -> None:
    """Write the facts about users: integers and id maps, and Turtle on request."""
    write_integers(user_numbering.triples, context.path("user_kg_final.txt"))
    for name, table in (
        ("entities", user_numbering.entities),
        ("relations", user_numbering.relations),
    ):
        write_tsv([_with_iris(pa.Table.from_pandas(table))], context.path(f"user_{name}.tsv"))
    if context.job.with_users:
        write_bytes(users_turtle(user_numbering, title=title), context.path("users.ttl"))


def _with_iris(table: pa.Table) -> pa.Table:
    iris = [_iri(name) for name in table["iri"].to_pylist()]
    return table.set_column(table.schema.get_field_index("iri"), "iri", pa.array(iris, pa.string()))


def _with_columns(
    items: Iterable[pa.Table], own: Mapping[str, Sequence[str]]
) -> Iterator[pa.Table]:
    """Columns id, iri, name of the items in the order of the ids, and those given."""
    first = 0
    for rows in items:
        named = _with_iris(rows.select(["id", "iri", "name"]))
        for column, values in own.items():
            part = pa.array(values[first : first + len(rows)], pa.string())
            named = named.append_column(column, part)
        first += len(rows)
        yield named


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
