"""Measure a finished graph: facts per item, facts per source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kg_builder.tables import joint_codes

_FACT = ["subject", "predicate", "object"]


@dataclass(frozen=True)
class Coverage:
    """Number of facts per item.

    A fact of an item is a distinct relation to another entity, in either direction.

    Attributes:
        items: number of items.
        at_least: number of facts → items with at least that many.
        median: of the facts per item.
    """

    items: int
    at_least: dict[int, int]
    median: float


def coverage(
    statements: pd.DataFrame, items: Sequence[str], *, levels: Sequence[int] = (1, 3, 5, 10)
) -> Coverage:
    """Count the facts of each item.

    Args:
        statements: clean `tables.FACTS`.
        items: CURIEs of the items.
        levels: numbers of facts to report.
    """
    linking = relations_of(statements)
    ends, names = joint_codes(linking["subject"], linking["object"], more=items)
    counts = np.bincount(np.concatenate(ends), minlength=len(names))
    facts = counts[names.get_indexer(pd.Index(items))]
    return Coverage(
        items=len(items),
        at_least={level: int((facts >= level).sum()) for level in levels},
        median=float(np.median(facts)) if len(facts) else 0.0,
    )


def relations_of(statements: pd.DataFrame) -> pd.DataFrame:
    """The distinct relations between entities: columns subject, predicate, object."""
    linking = statements.loc[statements["object_kind"] == "entity", _FACT]
    return linking[~linking.duplicated()]


def counted(values: pd.Series[str]) -> dict[str, int]:
    """Count values, most frequent first, ties in alphabetical order."""
    counts = values.value_counts()
    counts = counts[counts > 0]
    pairs = [(str(value), int(count)) for value, count in counts.items()]
    return dict(sorted(pairs, key=lambda pair: (-pair[1], pair[0])))


def sources_of(statements: pd.DataFrame) -> pd.DataFrame:
    """Count distinct facts by columns source and method: facts, and mean confidence."""
    table = (
        statements.groupby(["source", "method"], as_index=False, observed=True)
        .agg(facts=("subject", "size"), confidence=("confidence", "mean"))
        .astype({"source": str, "method": str})  # categories would keep the order of appearance
        .sort_values(["source", "method"], ignore_index=True)
    )
    return table.assign(confidence=table["confidence"].astype(float).round(3))
