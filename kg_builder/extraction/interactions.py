"""Read interaction files (who rated, read or played what, when) into `tables.INTERACTIONS`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final

import numpy as np
import pandas as pd
from pydantic import Field

from kg_builder.errors import DataError
from kg_builder.extraction.tabular import RowReader, RowsConfig, read_rows
from kg_builder.progress import Progress, silent
from kg_builder.tables import INTERACTIONS, REJECTS

TimeColumns = str | Annotated[tuple[str, ...], Field(min_length=3, max_length=6)]
"""One column, or those of year, month, day and so on, in this order."""


def columns_of(time: TimeColumns | None) -> list[str]:
    """Names of the columns that hold the time."""
    if time is None:
        return []
    return [time] if isinstance(time, str) else list(time)


def read_times(cells: pd.DataFrame) -> pd.Series:
    """The time of each row as `Int64`, missing where the cells tell none.

    One column holds numbers, kept in the publisher's own unit (a fraction is cut off), or ISO 8601
    dates and times, which become seconds since 1970-01-01 (UTC where no zone is given): whichever
    more of its cells are. Several columns are year, month, day and so on, as integers.

    Args:
        cells: texts, one column or three to six.
    """
    if cells.shape[1] == 1:
        texts = cells.iloc[:, 0]
        numbers = pd.to_numeric(texts, errors="coerce").astype("float64")
    else:
        texts = _iso_8601(cells)
        numbers = pd.Series(np.nan, index=cells.index)
    dates = pd.to_datetime(texts, errors="coerce", utc=True, format="ISO8601")
    seconds = dates.dt.tz_convert(None).to_numpy().astype("datetime64[s]").astype("float64")
    of_dates = pd.Series(seconds, index=cells.index).where(dates.notna())
    found = numbers if numbers.notna().sum() >= dates.notna().sum() else of_dates
    usable = found.abs() < 2**53  # beyond, neighbouring integers are no longer told apart
    return pd.Series(np.floor(found.where(usable)), index=cells.index).astype("Int64")


def _iso_8601(cells: pd.DataFrame) -> pd.Series:
    """Dates and times in one text from year, month, day and so on."""
    text = cells.iloc[:, 0].str.strip().str.zfill(4)
    for part, mark in zip(cells.columns[1:], "--T::", strict=False):
        text = text + mark + cells[part].str.strip().str.zfill(2)
    return text + ":00" if cells.shape[1] == 4 else text  # an hour alone is no ISO 8601


SOURCE: Final = "left-out pairs"
"""What the counts are listed under."""

_HEADING: Final = re.compile(r"(raw[_ ]?)?user([_ ]?id)?", re.IGNORECASE)


@dataclass(frozen=True)
class LeftOutPairs:
    """Pairs of the publisher's user id and an item's record key.

    Attributes:
        pairs: (user, record key).
        where: the file that names them.
    """

    pairs: frozenset[tuple[str, str]] = field(default_factory=frozenset)
    where: str = ""

    def __contains__(self, pair: object) -> bool:
        return pair in self.pairs

    def __len__(self) -> int:
        return len(self.pairs)

    def counts(self, interactions: Iterable[tuple[str, str]]) -> dict[str, int]:
        """How many pairs there are, and how many of them are no interaction.

        Raises:
            DataError: none of them is one: the ids are not those of the publisher.
        """
        unknown = len(self.pairs.difference(interactions))
        if unknown == len(self.pairs):
            raise DataError(
                f"none of the {unknown:,} pairs is an interaction",
                where=self.where,
                remedy="give the publisher's ids, user<TAB>item; `python -m "
                "recommender.held_out_pairs` writes such a file",
            )
        return {
            f"{SOURCE}: pairs": len(self.pairs),
            f"{SOURCE}: pairs that are no interaction": unknown,
        }


NONE_LEFT_OUT: Final = LeftOutPairs()


def read_left_out_pairs(path: Path, records: str) -> LeftOutPairs:
    """Read a file of user<TAB>item, in the publisher's ids.

    A first row that begins with `user`, `userID` or `user_id` is a heading.

    Args:
        path: the file.
        records: record keys of the items are `<records>/<item id>`.

    Raises:
        DataError: the file is missing or empty, or a row is no pair.
    """
    layout = RowsConfig(path=path.name, format="tsv", header=False, names=("user", "item"))
    reader = read_rows(layout, path.parent)
    pairs: set[tuple[str, str]] = set()
    for chunk in reader:
        for user, item, number in zip(
            chunk.columns["user"], chunk.columns["item"], chunk.places, strict=True
        ):
            if number == 1 and isinstance(user, str) and _HEADING.fullmatch(user):
                continue
            if not (isinstance(user, str) and isinstance(item, str)):
                raise _no_pair(path, number)
            pairs.add((user, f"{records}/{item}"))
    for reject in reader.rejects:
        raise _no_pair(path, int(reject.evidence.rpartition("=")[2]))
    if not pairs:
        raise DataError("no pair in the file", where=str(path), remedy="write user<TAB>item lines")
    return LeftOutPairs(frozenset(pairs), str(path))


def _no_pair(path: Path, line: int) -> DataError:
    return DataError(
        "not a user and an item", where=f"{path}, line {line}", remedy="write user<TAB>item"
    )


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
