"""Who listened to (rated, read) what: interaction files as `tables.INTERACTIONS`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
from pydantic import Field

from kg_builder.extraction.rows import RowReader, RowsConfig
from kg_builder.extraction.times import TimeColumns, columns_of, read_times
from kg_builder.progress import Progress, silent
from kg_builder.tables import INTERACTIONS, REJECTS


class InteractionTable(RowsConfig):
    """A file with one interaction per row."""

    user: Annotated[str, Field(description="Column with the user's id.")]
    item: Annotated[str, Field(description="Column with the item's id.")]
    weight: Annotated[
        str | None,
        Field(description="Column with plays or stars; without it every row weighs 1."),
    ] = None
    threshold: Annotated[
        float, Field(description="Weight from which on an interaction is a positive one.")
    ] = 0.0
    time: Annotated[
        TimeColumns | None,
        Field(
            description="Column with the time, a number or an ISO 8601 date; or the columns of "
            "year, month, day and so on."
        ),
    ] = None
    records: Annotated[
        str,
        Field(description="Record keys of the items are `<records>/<item id>`."),
    ]


@dataclass(frozen=True)
class Interactions:
    """`tables.INTERACTIONS` whose items are record keys, the rows not used, and the counts."""

    interactions: pd.DataFrame
    rejects: pd.DataFrame
    counts: dict[str, int]


def read_interactions(
    table: InteractionTable,
    root: Path,
    *,
    known: frozenset[str] | None = None,
    progress: Progress = silent,
) -> Interactions:
    """Read an interaction file.

    Args:
        table: the file and its columns.
        root: raw folder.
        known: record keys that exist; rows of other items are rejects. All pass when `None`.
        progress: called with bytes read and the file's size.

    Raises:
        DataError: the file or a column is missing.
    """
    of_time = columns_of(table.time)
    wanted = [table.user, table.item, *([table.weight] if table.weight else []), *of_time]
    reader = RowReader(table, root, columns=wanted, progress=progress)
    rows = reader.frame()
    weight = (
        pd.to_numeric(rows[table.weight], errors="coerce").astype("float64")
        if table.weight
        else pd.Series(1.0, index=rows.index)
    )
    time = read_times(rows[of_time]) if of_time else None
    record = table.records + "/" + rows[table.item].fillna("")
    faults: dict[str, pd.Series[bool]] = {
        "empty user or item": rows[table.user].isna() | rows[table.item].isna(),
        "weight is no number": weight.isna() | weight.isin([np.inf, -np.inf]),
        "time is no number or date": (
            time.isna() if time is not None else pd.Series(False, index=rows.index)
        ),
        "interaction with an unknown record": (
            ~record.isin(list(known)) if known is not None else pd.Series(False, index=rows.index)
        ),
    }
    place = f"{table.path}#{reader.place}=" + rows["place"].astype("string[pyarrow]")
    usable = pd.Series(True, index=rows.index)
    rejects = []
    for reason, fault in faults.items():
        bad = usable & fault.to_numpy(dtype=bool)
        usable &= ~bad
        rejects.append(
            {
                "evidence": place[bad].tolist(),
                "reason": [reason] * int(bad.sum()),
                "detail": (
                    rows.loc[bad, table.user].fillna("")
                    + " "
                    + rows.loc[bad, table.item].fillna("")
                ).tolist(),
            }
        )
    unread = [(item.evidence, item.reason, item.detail) for item in reader.rejects]
    table_of_rejects = {
        key: [value for part in rejects for value in part[key]] + [row[n] for row in unread]
        for n, key in enumerate(("evidence", "reason", "detail"))
    }
    count = len(table_of_rejects["evidence"])
    kept = rows[usable]
    return Interactions(
        interactions=INTERACTIONS.frame(
            {
                "user": kept[table.user].tolist(),
                "item": record[usable].tolist(),
                "raw_item": kept[table.item].tolist(),
                "weight": weight[usable].tolist(),
                "liked": (weight[usable] >= table.threshold).tolist(),
                "time": [None] * len(kept) if time is None else time[usable].tolist(),
                "evidence": place[usable].tolist(),
            }
        ),
        rejects=REJECTS.frame(
            {
                "stage": ["extraction"] * count,
                "source": [table.records.partition("/")[0]] * count,
                **table_of_rejects,
            }
        ),
        counts={
            "interaction rows read": reader.counts["rows read"],
            "interaction rows used": int(usable.sum()),
            "interaction rows rejected": count,
        },
    )
