"""Multi-output logistic regression (liblinear) on sparse named features: fit, predict, save."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

PAD: Final = 0
"""Index reserved for no feature."""

_MIN_ROWS: Final = 3
_NEVER: Final = -12.0
"""Intercept of an output without positive training examples"""

Row = Iterable[str]
"""The features of one example"""


class Vocabulary:
    """Feature indices, from 1; 0 is no feature.

    It grows while `add` meets new features, until `prune` drops the rare ones for good.
    """

    def __init__(self, features: Iterable[str] = ()) -> None:
        self._numbers = {feature: number for number, feature in enumerate(features, 1)}

    @property
    def features(self) -> tuple[str, ...]:
        """All features, in index order."""
        return tuple(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers) + 1

    def add(self, row: Iterable[str]) -> NDArray[np.int32]:
        """Indices of a row's features; new features are added."""
        numbers = self._numbers
        found = {numbers.setdefault(feature, len(numbers) + 1) for feature in row}
        return np.array(sorted(found), dtype=np.int32)

    def encode(self, row: Iterable[str]) -> NDArray[np.int32]:
        """Indices of a row's known features."""
        found = {self._numbers.get(feature, PAD) for feature in row} - {PAD}
        return np.array(sorted(found), dtype=np.int32)

    def prune(self, rows: Sequence[NDArray[np.int32]], *, min_rows: int) -> list[NDArray[np.int32]]:
        """Drop features of fewer than `min_rows` rows; returns the rows with new indices."""
        counts = np.zeros(len(self), dtype=np.int64)
        for row in rows:
            counts[row] += 1
        kept = counts >= min_rows
        kept[PAD] = False
        renumbered = np.cumsum(kept, dtype=np.int32)
        self._numbers = {
            feature: int(renumbered[number])
            for feature, number in self._numbers.items()
            if kept[number]
        }
        return [renumbered[row[kept[row]]] for row in rows]


@dataclass
class LinearModel:
    """Logistic regression with independent outputs over the same features.

    Attributes:
        vocabulary: the features of at least three training rows.
        weights: shape (outputs, features).
        intercepts: shape (outputs,).
    """

    vocabulary: Vocabulary = field(default_factory=Vocabulary)
    weights: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 0)))
    intercepts: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))

    @classmethod
    def fit(
        cls,
        rows: Iterable[Row],
        labels: NDArray[np.bool_],
        *,
        strength: float,
        used: NDArray[np.bool_] | None = None,
    ) -> LinearModel:
        """Fit by L2-regularised maximum likelihood (liblinear), which has no randomness here.

        Args:
            rows: features of each example.
            labels: true labels, shape (rows, outputs).
            strength: inverse of the regularisation; smaller keeps weights closer to 0.
            used: mask of the cells to train on, of the same shape; by default all.
        """
        vocabulary = Vocabulary()
        numbers = vocabulary.prune([vocabulary.add(row) for row in rows], min_rows=_MIN_ROWS)
        matrix = _matrix(numbers, len(vocabulary))
        outputs = labels.shape[1]
        weights, intercepts = np.zeros((outputs, len(vocabulary))), np.full(outputs, _NEVER)
        for output in range(outputs):
            chosen = np.arange(len(labels)) if used is None else np.flatnonzero(used[:, output])
            wanted = labels[chosen, output]
            if wanted.any() and not wanted.all():
                fitted = LogisticRegression(C=strength, solver="liblinear", random_state=0)
                fitted.fit(matrix[chosen], wanted)
                weights[output], intercepts[output] = fitted.coef_[0], fitted.intercept_[0]
            elif wanted.any():
                intercepts[output] = -_NEVER
        return cls(vocabulary, weights, intercepts)

    def probabilities(self, rows: Sequence[Row]) -> NDArray[np.float64]:
        """Probability of each output for each row, shape (rows, outputs)."""
        matrix = _matrix([self.vocabulary.encode(row) for row in rows], len(self.vocabulary))
        found: NDArray[np.float64] = expit(matrix @ self.weights.T + self.intercepts)
        return found

    def save(self, folder: Path, name: str) -> None:
        """Write the features, one a line, and the weights."""
        features = "".join(f"{feature}\n" for feature in self.vocabulary.features)
        (folder / f"{name}.features.txt").write_text(features, encoding="utf-8")
        np.save(folder / f"{name}.weights.npy", np.column_stack([self.intercepts, self.weights]))

    @classmethod
    def load(cls, folder: Path, name: str) -> LinearModel:
        """Read what `save` wrote.

        Raises:
            OSError, ValueError: a file is missing or damaged.
        """
        text = (folder / f"{name}.features.txt").read_text(encoding="utf-8")
        vocabulary = Vocabulary(text.split("\n")[:-1])
        both = np.load(folder / f"{name}.weights.npy", allow_pickle=False)
        if both.ndim != 2 or both.shape[1] != len(vocabulary) + 1:
            raise ValueError(f"{name}: features and weights do not belong together")
        return cls(vocabulary, both[:, 1:], both[:, 0])


def _matrix(rows: Sequence[NDArray[np.int32]], width: int) -> Any:
    ends = np.cumsum([0, *map(len, rows)])
    columns = np.concatenate([np.zeros(0, dtype=np.int32), *rows])
    return csr_matrix((np.ones(len(columns)), columns, ends), shape=(len(rows), width))
