"""Build `alignment.tsv`: a row per item with its linked id in each database, score and decision."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final

import pandas as pd

from kg_builder.databases import ALIGNED, DBPEDIA
from kg_builder.fusion.profiles import values
from kg_builder.ontology import expand

COLUMNS: Final = ("raw_id", "iri", "name", *ALIGNED, "score", "decision")
"""Columns of the table, in their order."""


def alignment_table(
    items: Iterable[tuple[str, str]], entities: pd.DataFrame, links: pd.DataFrame
) -> pd.DataFrame:
    """Tabulate the link of each item in each database.

    Args:
        items: (entity CURIE, the publisher's id); one pair per id if an entity has several.
        entities: table `ENTITIES`.
        links: table `LINKS`, with those of kind "external".

    Returns:
        One row per pair with the columns `COLUMNS`, sorted by the publisher's id, numeric ids
        numerically. Ids are the database's own (`m.0c_jw`, `Q44190`), IRIs for DBpedia; several are
        joined by '|'. The score is that of the least certain link of the row, or of the best
        candidate if there is no link; the decision is `match` with any link, `unsure` if a database
        has candidates left for review, else `no_match`.
    """
    items = list(items)
    entities = entities[entities["entity"].isin([entity for entity, _ in items])]
    name_and_ids = dict(
        zip(
            values(entities, "entity"),
            zip(values(entities, "name"), values(entities, "external_ids"), strict=True),
            strict=True,
        )
    )
    pairs = [(entity, raw) for entity, raw in items if entity in name_and_ids]
    decided = _link_rows(links, {entity for entity, _ in pairs})
    rows = [
        {
            "raw_id": raw,
            "iri": expand(entity),
            "name": name_and_ids[entity][0],
            **_columns(name_and_ids[entity][1]),
            **_verdict(name_and_ids[entity][1], decided.get(entity, [])),
        }
        for entity, raw in sorted(pairs, key=lambda pair: _by_number(pair[1], pair[0]))
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _link_rows(links: pd.DataFrame, wanted: set[str]) -> dict[str, list[dict[str, Any]]]:
    """Group the rows of external links by entity."""
    chosen = links[(links["kind"] == "external") & links["subject"].isin(wanted)]
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for subject, decision, score, candidates in zip(
        values(chosen, "subject"),
        values(chosen, "decision"),
        values(chosen, "score"),
        values(chosen, "candidates"),
        strict=True,
    ):
        best = max((entry["score"] for entry in json.loads(candidates)), default=0.0)
        rows[subject].append({"decision": decision, "score": score, "best": best})
    return rows


def _columns(external_ids: Iterable[str]) -> dict[str, str]:
    found: dict[str, list[str]] = {name: [] for name in ALIGNED}
    for curie in sorted(external_ids):
        prefix, _, key = curie.partition(":")
        if prefix in found:
            found[prefix].append(expand(curie) if prefix == DBPEDIA.name else key)
    return {name: "|".join(keys) for name, keys in found.items()}


def _verdict(external_ids: Iterable[str], link_rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    matches = [row["score"] for row in link_rows if row["decision"] == "match"]
    if matches:
        return {"score": round(min(matches), 4), "decision": "match"}
    best = round(max((row["best"] for row in link_rows), default=0.0), 4)
    if any(curie.partition(":")[0] in ALIGNED for curie in external_ids):
        return {"score": 1.0, "decision": "match"}  # an id that one of our sources states
    unsure = any(row["decision"] == "unsure" for row in link_rows)
    return {"score": best, "decision": "unsure" if unsure else "no_match"}


def _by_number(raw: str, entity: str) -> tuple[int, str, str]:
    return (int(raw) if raw.isdecimal() else 1 << 62, raw, entity)
