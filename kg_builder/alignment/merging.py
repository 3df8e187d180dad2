"""Add ids and classes of linked database entries to entities; merge those of one entry."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from kg_builder.alignment.dump_contents import Thing
from kg_builder.alignment.imported_facts import ImportedFacts
from kg_builder.alignment.linking import Linking
from kg_builder.alignment.state import State, reject_row, rename, rows_of
from kg_builder.alignment.type_evidence import best_class, class_weights
from kg_builder.fusion.entity_names import Naming, assign_curies
from kg_builder.fusion.vocabulary import vocabulary_key
from kg_builder.ontology import Schema
from kg_builder.tables import ENTITIES


def cross_references(external_ids: Iterable[str], thing: Thing) -> tuple[list[str], list[str]]:
    """Compare the cross-references of a linked entry with the ids that an entity has.

    Returns:
        The ids in databases where the entity has none yet; and those that contradict the entity's
        id, which are not adopted but reported for review.
    """
    own = {one.partition(":")[0]: one for one in sorted(external_ids)}
    added, contradicting = [], []
    for other in thing.same_as:
        prefix = other.partition(":")[0]
        if prefix not in own:
            own[prefix] = other
            added.append(other)
        elif own[prefix] != other:
            contradicting.append(other)
    return added, contradicting


def augmented(
    state: State, source: str, linking: Linking, brought: ImportedFacts, schema: Schema
) -> pd.DataFrame:
    """Add external ids to entities and, where a database states one, a more specific class."""
    external = {linking.ours[d.entity].curie: d.linked for d in linking.decisions if d.linked}
    rows = rows_of(state.entities)
    renaming: list[dict[str, Any]] = []
    for row in rows:
        key = external.get(row["entity"])
        if key is None:
            continue
        thing = linking.gathered.things[key]
        added, contradicting = cross_references([*row["external_ids"], key], thing)
        row["external_ids"] = sorted({*row["external_ids"], key, *added})
        state.rejects += [
            reject_row(source, "databases disagree about an id", key, f"{row['entity']}: {other}")
            for other in contradicting
        ]
        if row["type"] == "Tag":
            row["type"] = "Genre"
            renaming.append(row)
        elif found := best_class(class_weights(thing, schema), (row["type"],), schema):
            better = schema.most_specific((row["type"], found))
            if schema.prefix(better) == schema.prefix(row["type"]):
                row["type"] = better
    names = [
        Naming(
            schema.prefix("Genre"), row["name"], ("genre",), tuple(row["aliases"]), (row["entity"],)
        )
        for row in renaming
    ]
    taken = {row["entity"] for row in rows} | set(brought.curies.values())
    for row, curie in zip(renaming, assign_curies(names, taken=taken), strict=True):
        state.renamed[row["entity"]] = curie
        row["entity"] = curie
    rows = _merge(rows, linking.merged)
    _carry_over(state, linking.merged)
    state.context = rename(state.context, state.renamed, schema=schema)
    return ENTITIES.frame(sorted([*rows, *brought.minted], key=lambda row: str(row["entity"])))


def _merge(rows: list[dict[str, Any]], merged: Mapping[str, str]) -> list[dict[str, Any]]:
    """Move a merged entity's data to the kept one; its names become aliases."""
    by_curie = {row["entity"]: row for row in rows}
    for old, new in sorted(merged.items()):
        gone, kept = by_curie[old], by_curie[new]
        kept["external_ids"] = sorted({*kept["external_ids"], *gone["external_ids"]})
        names = {*kept["aliases"], *gone["aliases"], gone["name"]} - {kept["name"]}
        kept["aliases"] = sorted(names)
    return [row for row in rows if row["entity"] not in merged]


def _carry_over(state: State, merged: Mapping[str, str]) -> None:
    """Carry links of merged entities over to kept entities that have none."""
    state.renamed.update(merged)
    moved = {
        (merged[row["subject"]], row["target"])
        for row in state.links
        if row["subject"] in merged and row["object"] is not None
    }
    state.links = [
        {**row, "subject": merged[row["subject"]], "method": "by way of another database"}
        if row["subject"] in merged
        else row
        for row in state.links
        if (row["subject"], row["target"]) not in moved
        and not (row["subject"] in merged and row["object"] is None)
    ]
    state.counts["merged by way of another database"] = state.counts.get(
        "merged by way of another database", 0
    ) + len(merged)


def one_genre_per_name(state: State) -> None:
    """Merge genres that databases spell differently: 'Hip hop', 'Hip hop music', 'hiphop'.

    Our genre is kept, else the one with the most facts.
    """
    uses = state.context["object"].value_counts()
    rows = rows_of(state.entities)
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        if row["type"] == "Genre":
            groups[vocabulary_key(row["name"], "Genre")].append(row)
    merged: dict[str, str] = {}
    for group in groups.values():
        best, *others = sorted(
            group,
            key=lambda row: (
                not row["records"],
                -int(uses.get(row["entity"], 0)),
                row["entity"],
            ),
        )
        merged |= {row["entity"]: best["entity"] for row in others if not row["records"]}
    state.entities = ENTITIES.frame(_merge(rows, merged))
    state.links = [{**row, "subject": merged.get(row["subject"], row["subject"])}
                   for row in state.links]  # fmt: skip
    state.renamed = {old: merged.get(new, new) for old, new in state.renamed.items()} | merged
    state.counts["genres joined"] = len(merged)
