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
    """A column encoded as codes and distinct values.

    Attributes:
        codes: position of each record's value in `distinct`, `ABSENT` if missing.
        distinct: distinct values, in order of first occurrence.
    """

    codes: NDArray[np.int64]
    distinct: list[T]


def coded(values: Sequence[T | None]) -> Coded[T]:
    """Encode a sequence by its distinct values; None is absent."""
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
    """Apply `function` to the values of each pair, once per distinct pair of values.

    Args:
        left, right: indices of records, shape (n,).
        function: returns a small integer for two values.
        values: one per record.
        absent: result for a pair in which a side has no value.
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
