"""One value where the data model allows only one: the best supported, most specific."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from kg_builder.ontology import Schema


def losing_values(
    statements: pd.DataFrame, schema: Schema, *, trust: Mapping[str, float]
) -> tuple[pd.Series[bool], pd.Series[bool]]:
    """Values of functional predicates that give way to a better one.

    A value's support is the probability that at least one of its sources is right, each taken as
    confidence times the source's trust; a date that only makes another more precise (1991 and
    1991-09-24) lends it its support and gives way without a conflict.

    Args:
        statements: `tables.STATEMENTS`.
        schema: the data model (which predicates are functional).
        trust: source → trust in [0, 1]; 1 where a source is not named.

    Returns:
        Two masks over the statements: values made redundant by a more precise one, and values
        that contradict the chosen one.
    """
    functional = [name for name, item in schema.predicates.items() if item.functional]
    rows = statements[statements["predicate"].isin(functional)]
    redundant = pd.Series(False, index=statements.index)
    contradicted = pd.Series(False, index=statements.index)
    several = rows.groupby(["subject", "predicate"])["object"].transform("nunique") > 1
    rows = rows[several]
    if rows.empty:
        return redundant, contradicted
    doubt = 1.0 - rows["confidence"].astype(float) * rows["source"].map(
        lambda source: trust.get(source, 1.0)
    )
    doubts = doubt.groupby([rows["subject"], rows["predicate"], rows["object"]]).prod()
    values: dict[tuple[str, str], dict[str, float]] = {}
    table = doubts.rename("doubt").reset_index()
    for subject, predicate, value, value_doubt in zip(
        *(table[column].tolist() for column in table.columns), strict=True
    ):
        values.setdefault((subject, predicate), {})[value] = value_doubt
    chosen = {key: _choose(of_key) for key, of_key in values.items()}
    winners = pd.Series(
        [chosen[key] for key in zip(rows["subject"], rows["predicate"], strict=True)],
        index=rows.index,
    )
    vaguer = pd.Series(
        [
            winner != value and winner.startswith(value)
            for winner, value in zip(winners, rows["object"], strict=True)
        ],
        index=rows.index,
    )
    redundant.loc[rows.index] = vaguer
    contradicted.loc[rows.index] = (rows["object"] != winners) & ~vaguer
    return redundant, contradicted


def _choose(doubts: Mapping[str, float]) -> str:
    """The value least in doubt, counting what its vaguer forms say in its favour."""
    support = {}
    for value in doubts:
        doubt = 1.0
        for other, other_doubt in doubts.items():
            if value.startswith(other):
                doubt *= other_doubt
        support[value] = 1.0 - doubt
    return min(support, key=lambda value: (-round(support[value], 9), -len(value), value))
