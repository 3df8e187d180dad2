"""Names of sparse features and their numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

PAD: Final = 0
"""The number that is no feature."""


class Vocabulary:
    """Numbers of features, from 1; 0 is no feature.

    It grows while `add` meets new features, until `prune` drops the rare ones for good.
    """

    def __init__(self, features: Iterable[str] = ()) -> None:
        self._numbers = {feature: number for number, feature in enumerate(features, 1)}

    @property
    def features(self) -> tuple[str, ...]:
        """All features, in the order of their numbers."""
        return tuple(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers) + 1

    def add(self, row: Iterable[str]) -> NDArray[np.int32]:
        """Numbers of a row's features; new ones get the next number."""
        numbers = self._numbers
        found = {numbers.setdefault(feature, len(numbers) + 1) for feature in row}
        return np.array(sorted(found), dtype=np.int32)

    def encode(self, row: Iterable[str]) -> NDArray[np.int32]:
        """Numbers of a row's known features."""
        found = {self._numbers.get(feature, PAD) for feature in row} - {PAD}
        return np.array(sorted(found), dtype=np.int32)

    def prune(self, rows: Sequence[NDArray[np.int32]], *, least: int) -> list[NDArray[np.int32]]:
        """Drop features that fewer than `least` rows have; returns the rows renumbered."""
        counts = np.zeros(len(self), dtype=np.int64)
        for row in rows:
            counts[row] += 1
        kept = counts >= least
        kept[PAD] = False
        renumbered = np.cumsum(kept, dtype=np.int32)
        self._numbers = {
            feature: int(renumbered[number])
            for feature, number in self._numbers.items()
            if kept[number]
        }
        return [renumbered[row[kept[row]]] for row in rows]
