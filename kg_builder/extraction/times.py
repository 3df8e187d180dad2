"""Points in time as integers: numbers, dates, or a date in several columns."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import pandas as pd
from pydantic import Field

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
