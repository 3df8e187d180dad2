"""The same fact once: inverse and symmetric forms are written one way, repetitions are merged."""

from __future__ import annotations

import pandas as pd

from kg_builder.ontology import Schema
from kg_builder.tables import STATEMENTS

_SAME = ["subject", "predicate", "object", "object_kind", "source", "method", "inferred"]


def canonical_form(statements: pd.DataFrame, schema: Schema) -> tuple[pd.DataFrame, int]:
    """Write each fact in its one form; return the statements and how many were turned round.

    `X hasMember Y` becomes `Y memberOf X` (the predicate that the data model calls canonical); of
    a symmetric predicate the subject is the smaller name.
    """
    turned = {
        item.name: item.inverse
        for item in schema.predicates.values()
        if item.inverse and not item.canonical
    }
    symmetric = [item.name for item in schema.predicates.values() if item.symmetric]
    linking = statements["object_kind"].isin(["entity", "record"])
    swap = linking & (
        statements["predicate"].isin(list(turned))
        | (statements["predicate"].isin(symmetric) & (statements["object"] < statements["subject"]))
    )
    swap = swap.astype(bool)
    return statements.assign(
        subject=statements["subject"].where(~swap, statements["object"]),
        object=statements["object"].where(~swap, statements["subject"]),
        predicate=statements["predicate"].where(
            ~swap, statements["predicate"].map(lambda name: turned.get(name) or name)
        ),
    ), int(swap.sum())


def merge_repetitions(statements: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Keep one statement per fact, source and method: the most confident, first-read one.

    Different sources that say the same stay, since each is evidence of its own.

    Returns:
        The statements in the order of their first reading, and how many were merged away.
    """
    ranked = statements.sort_values(
        ["confidence", "evidence"], ascending=[False, True], kind="stable"
    )
    kept = ranked.drop_duplicates(_SAME).sort_index()
    return STATEMENTS.check(kept), len(statements) - len(kept)
