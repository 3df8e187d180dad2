"""Clean statements: drop constraint violations, resolve conflicts, merge repeats, list rejects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from kg_builder.cleaning.conflicts import canonical_form, losing_values, merge_repetitions
from kg_builder.cleaning.constraints import (
    LIFE,
    ends_before_beginning,
    half_told,
    implausible_date,
    wrong_class,
    wrong_kind,
)
from kg_builder.ontology import Schema
from kg_builder.tables import REJECTS, STATEMENTS

REASONS: Final = (
    "confidence below the threshold",
    "says a thing of itself",
    "literal and relation confused",
    "subject of a wrong class",
    "object of a wrong class",
    "fact of which an end is missing",
    "implausible date",
    "ends before it begins",
    "contradicts a better supported value",
    "less precise than another value",
)
"""Of the checks, in their order: a statement is dropped by the first one that finds it."""


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
    config: CleaningConfig,
    *,
    schema: Schema,
    trust: Mapping[str, float] | None = None,
) -> Cleaning:
    """Drop statements that violate the data model, resolve conflicts, merge repeats.

    Args:
        statements: `tables.STATEMENTS` about entities, with the columns `TYPES`, null where
            a class is unknown and for literals.
        config: thresholds.
        schema: the data model.
        trust: source → trust in [0, 1], for conflicts between sources.
    """
    if not config.enabled:
        rows, none = np.arange(len(statements)), np.empty((0, 2), np.int64)
        return Cleaning(STATEMENTS.check(statements), REJECTS.empty(), {}, rows, none)
    statements, turned = canonical_form(statements.reset_index(drop=True), schema)
    check = np.full(len(statements), len(REASONS))
    for number, bad in (
        (6, implausible_date(statements, config.earliest_year, config.latest_year)),
        (4, wrong_class(statements, schema, end="object")),
        (3, wrong_class(statements, schema, end="subject")),
        (2, wrong_kind(statements, schema)),
        (1, statements["subject"] == statements["object"]),
        (0, statements["confidence"] < config.min_confidence),
    ):
        check[bad.to_numpy(dtype=bool)] = number
    told = statements[(check == len(REASONS)) | (check == 6)]
    check[told.index[half_told(told, schema)]] = 5
    dates = statements[(check == len(REASONS)) & statements["predicate"].isin(LIFE)]
    check[dates.index[ends_before_beginning(dates)]] = 7
    functional = [name for name, item in schema.predicates.items() if item.functional]
    values = statements[(check == len(REASONS)) & statements["predicate"].isin(functional)]
    redundant, contradicted = losing_values(values, schema, trust=trust or {})
    check[values.index[contradicted]], check[values.index[redundant]] = 8, 9
    kept, merged = merge_repetitions(statements[check == len(REASONS)])
    dropped = np.flatnonzero(check < len(REASONS))
    dropped = dropped[np.argsort(check[dropped], kind="stable")]
    return Cleaning(
        statements=kept[STATEMENTS.columns].reset_index(drop=True),
        rejects=_rejects(statements.iloc[dropped], check[dropped]),
        counts={"turned to the canonical form": turned, "repetitions merged": merged},
        rows=kept.index.to_numpy(),
        rejected=np.column_stack([check[dropped], dropped]),
    )


def _rejects(statements: pd.DataFrame, checks: NDArray[np.int64]) -> pd.DataFrame:
    fact = statements["subject"] + " " + statements["predicate"] + " " + statements["object"]
    return REJECTS.frame(
        {
            "stage": ["cleaning"] * len(statements),
            "source": statements["source"].tolist(),
            "reason": [REASONS[check] for check in checks.tolist()],
            "evidence": statements["evidence"].tolist(),
            "detail": fact.tolist(),
        }
    )
