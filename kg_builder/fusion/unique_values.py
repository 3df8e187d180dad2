"""Evaluate a function once per distinct value, or pair of values, of a column."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

ABSENT = -1
T = TypeVar("T", bound=Hashable)


@dataclass(frozen=True)
class Coded(Generic[T]):
    """A value per record as a number, and the distinct values.

    Attributes:
        codes: per record the position of its value in `distinct`, `ABSENT` where it has none.
        distinct: each value once, in the order of the records.
    """

    codes: NDArray[np.int64]
    distinct: list[T]


def coded(values: Sequence[T | None]) -> Coded[T]:
    """Number the distinct values of a sequence; None is absent."""
    position: dict[T, int] = {}
    codes = np.fromiter(
        (
            ABSENT if value is None else position.setdefault(value, len(position))
            for value in values
        ),
        dtype=np.int64,
        count=len(values),
    )
    return Coded(codes, list(position))


def over_pairs(
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    function: Callable[[T, T], int],
    values: Coded[T],
    absent: int,
) -> NDArray[np.int8]:
    """`function` of the values of each pair, called once per distinct pair of values.

    Args:
        left, right: indices of records, shape (n,).
        function: gives a small number for two values.
        values: per record.
        absent: what a pair gets where a side has no value.
    """
    found = np.full(len(left), absent, dtype=np.int8)
    ones, others = values.codes[left], values.codes[right]
    rows = np.flatnonzero((ones != ABSENT) & (others != ABSENT))
    if not len(rows):
        return found
    size = len(values.distinct)
    which, distinct = pd.factorize(ones[rows] * size + others[rows])
    levels = np.fromiter(
        (
            function(values.distinct[key // size], values.distinct[key % size])
            for key in distinct.tolist()
        ),
        dtype=np.int8,
        count=len(distinct),
    )
    found[rows] = levels[which]
    return found
