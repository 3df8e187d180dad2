"""Canonicalise inverse statements, merge repeats, keep one value per functional predicate."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from kg_builder.ontology import Schema

TYPES = ("subject type", "object type")
"""Columns of the classes of a statement's ends, where they are known."""

_SAME = ["subject", "predicate", "object", "object_kind", "source", "method", "inferred"]


def canonical_form(statements: pd.DataFrame, schema: Schema) -> tuple[pd.DataFrame, int]:
    """Rewrite each fact to its canonical direction; also return how many were inverted.

    `X hasMember Y` becomes `Y memberOf X` (the predicate that the data model declares canonical);
    for a symmetric predicate, the subject is the alphabetically smaller CURIE. Columns `TYPES` are
    swapped as well.
    """
    swap, inverses = is_turned(statements, schema), schema.canonical
    swapped = {
        end: statements[end].where(~swap, statements[other])
        for pair in (("subject", "object"), TYPES)
        for end, other in (pair, pair[::-1])
        if end in statements
    }
    statements = statements.assign(**swapped)
    for name in statements.loc[swap, "predicate"].unique():
        if name in inverses:
            statements.loc[statements["predicate"] == name, "predicate"] = inverses[name]
    return statements, int(swap.sum())


def is_turned(statements: pd.DataFrame, schema: Schema) -> pd.Series[bool]:
    """Whether subject and object are swapped in each statement's canonical form."""
    symmetric = [item.name for item in schema.predicates.values() if item.symmetric]
    linking = statements["object_kind"].isin(["entity", "record"])
    turned = linking & (
        statements["predicate"].isin(list(schema.canonical))
        | (statements["predicate"].isin(symmetric) & (statements["object"] < statements["subject"]))
    )
    return turned.astype(bool)


def merge_repetitions(statements: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Keep one statement per fact, source and method: the most confident, or the first one read.

    The same fact from different sources is kept, as each is separate evidence.

    Returns:
        The statements in the order of their first reading, with their index, and how many were
        dropped.
    """
    repeated = statements[statements.duplicated(_SAME[:3], keep=False)]
    ranked = repeated.sort_values(
        ["confidence", "evidence"], ascending=[False, True], kind="stable"
    )
    worse = ranked.index[ranked.duplicated(_SAME)]
    return statements.drop(index=worse), len(worse)


def losing_values(
    statements: pd.DataFrame, schema: Schema, *, trust: Mapping[str, float]
) -> tuple[pd.Series[bool], pd.Series[bool]]:
    """Find values of functional predicates that lose to a better one.

    A value's support is the probability that at least one of its sources is right, each taken as
    confidence times the source's trust; a date that is a coarser form of another (1991 of
    1991-09-24) adds its support to it and is dropped without a conflict.

    Args:
        statements: `tables.STATEMENTS`.
        schema: the data model (which predicates are functional).
        trust: source → trust in [0, 1]; 1 if not listed.

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
        [
            chosen[key]
            for key in zip(rows["subject"].tolist(), rows["predicate"].tolist(), strict=True)
        ],
        index=rows.index,
    )
    vaguer = pd.Series(
        [
            winner != value and winner.startswith(value)
            for winner, value in zip(winners.tolist(), rows["object"].tolist(), strict=True)
        ],
        index=rows.index,
    )
    redundant.loc[rows.index] = vaguer
    contradicted.loc[rows.index] = (rows["object"] != winners) & ~vaguer
    return redundant, contradicted


def _choose(doubts: Mapping[str, float]) -> str:
    """Choose the best-supported value; a coarser date supports the more precise one."""
    support = {}
    for value in doubts:
        doubt = 1.0
        for other, other_doubt in doubts.items():
            if value.startswith(other):
                doubt *= other_doubt
        support[value] = 1.0 - doubt
    return min(support, key=lambda value: (-round(support[value], 9), -len(value), value))
