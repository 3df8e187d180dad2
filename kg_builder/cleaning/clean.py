"""Clean statements: drop constraint violations, resolve conflicts, merge repeats, list rejects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from kg_builder.cleaning.conflicts import canonical_form, losing_values, merge_repetitions
from kg_builder.cleaning.constraints import (
    ends_before_beginning,
    half_told,
    implausible_date,
    wrong_class,
    wrong_kind,
)
from kg_builder.ontology import Schema
from kg_builder.tables import REJECTS, STATEMENTS


def reject(
    statements: pd.DataFrame, bad: pd.Series[bool], reason: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split statements into those kept and the `tables.REJECTS` rows of the others.

    Args:
        statements: `tables.STATEMENTS`.
        bad: one value per statement.
        reason: a short fixed phrase, which the quality report counts.
    """
    gone = statements[bad]
    rejects = REJECTS.frame(
        {
            "stage": ["cleaning"] * len(gone),
            "source": gone["source"].tolist(),
            "reason": [reason] * len(gone),
            "evidence": gone["evidence"].tolist(),
            "detail": (gone["subject"] + " " + gone["predicate"] + " " + gone["object"]).tolist(),
        }
    )
    return statements[~bad], rejects


class CleaningConfig(BaseModel):
    """Settings of cleaning."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool = Field(
        True, description="false keeps every statement (for a graph built elsewhere)"
    )
    min_confidence: float = Field(0.3, ge=0, le=1, description="statements below it are dropped")
    earliest_year: int = Field(1000, description="first plausible year of any date")
    latest_year: int = Field(2030, description="last plausible year of any date")


@dataclass(frozen=True)
class Cleaning:
    """Clean statements, a reject per dropped statement, and counts of merged and inverted ones.

    Attributes:
        statements: table `STATEMENTS`.
        rejects: table `REJECTS`.
        counts: for the report.
        rows: input row of each clean statement.
        rejected: `[n, 2]` index of the check that dropped each reject, and its input row.
    """

    statements: pd.DataFrame
    rejects: pd.DataFrame
    counts: dict[str, int]
    rows: NDArray[np.int64]
    rejected: NDArray[np.int64]


def clean(
    statements: pd.DataFrame,
    types: pd.Series[str],
    config: CleaningConfig,
    *,
    schema: Schema,
    trust: Mapping[str, float] | None = None,
) -> Cleaning:
    """Drop statements that violate the data model, resolve conflicts, merge repeats.

    Args:
        statements: `tables.STATEMENTS` about entities.
        types: class of each entity, indexed by its CURIE.
        config: thresholds.
        schema: the data model.
        trust: source → trust in [0, 1], for conflicts between sources.
    """
    if not config.enabled:
        rows, none = np.arange(len(statements)), np.empty((0, 2), np.int64)
        return Cleaning(STATEMENTS.check(statements), REJECTS.empty(), {}, rows, none)
    statements, turned = canonical_form(statements.reset_index(drop=True), schema)
    rejects: list[pd.DataFrame] = []
    rejected: list[NDArray[np.int64]] = []

    def drop(bad: pd.Series[bool], reason: str) -> None:
        nonlocal statements
        rows = statements.index[bad].to_numpy()
        statements, gone = reject(statements, bad, reason)
        rejected.append(np.column_stack([np.full(len(rows), len(rejects)), rows]))
        rejects.append(gone)

    drop(
        (statements["confidence"] < config.min_confidence).astype(bool),
        "confidence below the threshold",
    )
    drop((statements["subject"] == statements["object"]).astype(bool), "says a thing of itself")
    drop(wrong_kind(statements, schema), "literal and relation confused")
    drop(wrong_class(statements, types, schema, end="subject"), "subject of a wrong class")
    drop(wrong_class(statements, types, schema, end="object"), "object of a wrong class")
    drop(half_told(statements, types, schema), "fact of which an end is missing")
    drop(
        implausible_date(statements, earliest=config.earliest_year, latest=config.latest_year),
        "implausible date",
    )
    drop(ends_before_beginning(statements), "ends before it begins")
    redundant, contradicted = losing_values(statements, schema, trust=trust or {})
    drop(contradicted, "contradicts a better supported value")
    drop(redundant.loc[statements.index], "less precise than another value")
    statements, merged = merge_repetitions(statements)
    return Cleaning(
        statements=STATEMENTS.check(statements),
        rejects=REJECTS.check(pd.concat(rejects, ignore_index=True)),
        counts={"turned to the canonical form": turned, "repetitions merged": merged},
        rows=statements.index.to_numpy(),
        rejected=np.concatenate(rejected),
    )
