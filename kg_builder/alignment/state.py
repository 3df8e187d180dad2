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
    """The tables while databases are aligned one after another."""

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
    """Apply renamed CURIEs to a table; `tag` becomes `genre` where the object is now a genre.

    Works on statements, links, interactions and any table with a column subject, object, item or
    entity.
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
    """Convert the rows of a table to dictionaries of Python values."""
    names = list(table.columns)
    columns = [values(table, name) for name in names]
    return [dict(zip(names, cells, strict=True)) for cells in zip(*columns, strict=True)]


def link_row(curie: str, target: str, key: str, method: str) -> dict[str, Any]:
    """Build a row of table `LINKS` for a certain id."""
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
    """Build a row of table `REJECTS`."""
    return {
        "stage": "alignment",
        "source": source,
        "reason": reason,
        "evidence": evidence,
        "detail": detail,
    }
