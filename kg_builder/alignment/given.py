"""Links that were given: they win over what sources state and over what would be decided."""

from __future__ import annotations

from typing import Any, Final

from kg_builder.alignment.state import State, reject_row, rows_of
from kg_builder.tables import ENTITIES

OVERRULED: Final = "another link was given"
"""Why an id that a source stated, or a link that was decided, is not used."""


def give(state: State) -> list[dict[str, Any]]:
    """Put given ids in the place of those that sources state; tell where they differ."""
    rejects = []
    rows = rows_of(state.entities) if state.given else []
    for row in rows:
        given = state.given.get(row["entity"])
        if given is None:
            continue
        database = given.partition(":")[0]
        for other in row["external_ids"]:
            if other.partition(":")[0] == database and other != given:
                detail = f"{given} given, {other} stated by a source"
                rejects.append(reject_row(database, OVERRULED, row["entity"], detail))
        others = [one for one in row["external_ids"] if one.partition(":")[0] != database]
        row["external_ids"] = sorted({*others, given})
    if rows:
        state.entities = ENTITIES.frame(rows)
    return rejects
