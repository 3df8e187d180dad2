"""Mutable state of the alignment stage: the tables so far, renamed CURIEs, row builders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from kg_builder.fusion.profiles import values
from kg_builder.fusion.rewrite import tags_to_genres
from kg_builder.ontology import Schema
from kg_builder.tables import recoded


@dataclass(slots=True)
class State:
    """The tables while one database after the other is aligned."""

    entities: pd.DataFrame
    context: pd.DataFrame
    links: list[dict[str, Any]] = field(default_factory=list)
    statements: list[pd.DataFrame] = field(default_factory=list)
    rejects: list[dict[str, Any]] = field(default_factory=list)
    renamed: dict[str, str] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    linked: set[str] = field(default_factory=set)
    supplied_links: dict[str, str] = field(default_factory=dict)
    popularity: Mapping[str, int] = field(default_factory=dict)


def rename(table: pd.DataFrame, renamed: Mapping[str, str], *, schema: Schema) -> pd.DataFrame:
    """A table with the CURIEs that alignment changed; a `tag` that is a genre now is a `genre`.

    Takes statements, links, interactions and any other table with the columns subject, object,
    item or entity.
    """
    frame = table.copy()
    if renamed:
        for column in ("subject", "object", "item", "entity"):
            if column not in frame.columns:
                continue
            if isinstance(frame[column].dtype, pd.CategoricalDtype):
                frame[column] = recoded(
                    frame[column], lambda names: [renamed.get(name, name) for name in names]
                )
            else:
                new = frame[column].map(renamed)
                frame[column] = new.where(new.notna(), frame[column]).astype(table[column].dtype)
    if {"predicate", "object_kind"} <= set(frame.columns):
        frame = tags_to_genres(frame, schema)
    return frame


def rows_of(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table as mappings of plain values."""
    names = list(table.columns)
    columns = [values(table, name) for name in names]
    return [dict(zip(names, cells, strict=True)) for cells in zip(*columns, strict=True)]


def link_row(curie: str, target: str, key: str, method: str) -> dict[str, Any]:
    """A row of table `LINKS` about an id that is certain."""
    return {
        "subject": curie,
        "kind": "external",
        "target": target,
        "object": key,
        "score": 1.0,
        "decision": "match",
        "method": method,
        "candidates": "[]",
    }


def reject_row(source: str, reason: str, evidence: str, detail: str) -> dict[str, Any]:
    """A row of table `REJECTS`."""
    return {
        "stage": "alignment",
        "source": source,
        "reason": reason,
        "evidence": evidence,
        "detail": detail,
    }
