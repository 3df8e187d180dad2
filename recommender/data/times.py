"""Read the time of each positive interaction from `ratings_times.tsv`, for splits by time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recommender.data.interactions import Interactions
from recommender.data.mapped_tables import mapped_table
from recommender.data.tables import IntArray, distinct, read_headed_integers
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
    heading = ("user", "item", "time")
    table = mapped_table(path, lambda: read_headed_integers(path, heading, remedy))
    owners, things, times = table
    keys, first = np.unique(owners * n_items + things, return_index=True)
    users, items = interactions.positives
    if not np.array_equal(keys, distinct(users * n_items + items)):
        raise DataError.at(path, None, "its pairs are not the positives of the ratings", remedy)
    if len(keys) < len(times):
        line = int(np.setdiff1d(np.arange(len(times)), first)[0]) + 2
        raise DataError.at(path, line, "a pair that occurs earlier in the file", remedy)
    return PositiveTimes(keys, times[first], n_items)
