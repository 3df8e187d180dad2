"""Take statements out of a table and leave a row that says where they stood and why they went."""

from __future__ import annotations

import pandas as pd

from kg_builder.tables import REJECTS


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
