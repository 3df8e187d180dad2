"""Logistic regressions over sparse named features, one for each output."""

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

from kg_builder.text_models.relations.vocabulary import Vocabulary

_LEAST_ROWS: Final = 3
_NEVER: Final = -12.0
"""Intercept of an output that training saw no example of"""

Row = Iterable[str]
"""The features that one example has"""


@dataclass
class LinearModel:
    """Probabilities of several outputs, each told on its own from the same features.

    Attributes:
        vocabulary: the features that at least three training rows had.
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
            labels: what is true of it, shape (rows, outputs).
            strength: inverse of the regularisation; smaller keeps weights closer to 0.
            used: cells that are learnt from, of the same shape; by default all.
        """
        vocabulary = Vocabulary()
        numbers = vocabulary.prune([vocabulary.add(row) for row in rows], least=_LEAST_ROWS)
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
