"""Read the time of each positive interaction from `ratings_times.tsv`, for splits by time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from recommender.data.interactions import Interactions
from recommender.data.mapped_tables import mapped_table
from recommender.data.tables import IntArray, distinct
from recommender.errors import DataError

__all__ = ["TIMES_FILE", "PositiveTimes", "read_times"]

TIMES_FILE = "ratings_times.tsv"


@dataclass(frozen=True, eq=False)
class PositiveTimes:
    """Time of each positive pair; only the order matters, not the unit.

    Attributes:
        keys: sorted `user * n_items + item`, int64 [n].
        times: int64 [n].
        n_items: number of items.
    """

    keys: IntArray
    times: IntArray
    n_items: int

    def of(self, users: IntArray, items: IntArray) -> IntArray:
        """Times of known positive pairs, int64 [n]."""
        return self.times[np.searchsorted(self.keys, users * self.n_items + items)]


def read_times(path: Path, interactions: Interactions, n_items: int) -> PositiveTimes:
    """Read the times of all positives: a heading, then user<TAB>item<TAB>time, integers.

    Raises:
        DataError: a damaged file, or one made for other ratings.
    """
    remedy = "build the data set again"
    owners, things, times = mapped_table(path, lambda: _parse(path, remedy))
    keys, first = np.unique(owners * n_items + things, return_index=True)
    users, items = interactions.positives
    if not np.array_equal(keys, distinct(users * n_items + items)):
        raise DataError.at(path, None, "its pairs are not the positives of the ratings", remedy)
    if len(keys) < len(times):
        line = int(np.setdiff1d(np.arange(len(times)), first)[0]) + 2
        raise DataError.at(path, line, "a pair that occurs earlier in the file", remedy)
    return PositiveTimes(keys, times[first], n_items)


def _parse(path: Path, remedy: str) -> IntArray:
    """The columns of the file, int64 [3, n]."""
    try:
        with np.errstate(invalid="ignore"):  # numbers beyond int64: rejected below, in one line
            frame = pd.read_csv(path, sep="\t", dtype=np.int64, index_col=False, na_filter=False)
    except (ValueError, OverflowError) as error:
        raise DataError.at(path, None, f"no table of integers: {error}", remedy) from None
    if list(frame.columns) != ["user", "item", "time"]:
        raise DataError.at(path, 1, "the heading is not user<TAB>item<TAB>time", remedy)
    return np.ascontiguousarray(frame.to_numpy(np.int64).T)
