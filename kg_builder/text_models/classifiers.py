"""Classifiers saved as arrays: logistic regression on named features, boosted trees on numbers."""

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
from sklearn.preprocessing import normalize

PAD: Final = 0
"""Index reserved for no feature."""

_MIN_ROWS: Final = 3
_COMMON_FEATURE: Final = 0.3
"""Inverse document frequency of a feature of every row"""

_NEVER: Final = -12.0
"""Intercept of an output without positive training examples"""

Row = Iterable[str]
"""The features of one example"""

_DEPTH: Final = 4
_SETTINGS: Final = {"learning_rate": 0.06, "min_samples_leaf": 20, "max_features": 0.4}
_COLUMNS: Final = 5

Numbers = Sequence[Sequence[float]]
"""Numeric features of each example"""


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
        scales: the value of each feature where it is present, if rows are scaled to unit length;
            otherwise all values are 1.
    """

    vocabulary: Vocabulary = field(default_factory=Vocabulary)
    weights: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 0)))
    intercepts: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    scales: NDArray[np.float64] | None = None

    @classmethod
    def fit(
        cls,
        rows: Iterable[Row],
        labels: NDArray[np.bool_] | NDArray[np.float64],
        *,
        strength: float,
        used: NDArray[np.bool_] | None = None,
        by_rarity: bool = False,
    ) -> LinearModel:
        """Fit by L2-regularised maximum likelihood (liblinear), which has no randomness here.

        Args:
            rows: features of each example.
            labels: true labels or their probabilities, shape (rows, outputs).
            strength: inverse of the regularisation; smaller keeps weights closer to 0.
            used: mask of the cells to train on, of the same shape; by default all.
            by_rarity: whether the value of a feature is its inverse document frequency, in rows of
                unit length; otherwise it is 1.
        """
        vocabulary = Vocabulary()
        numbers = vocabulary.prune([vocabulary.add(row) for row in rows], min_rows=_MIN_ROWS)
        scales = _rarity(numbers, len(vocabulary)) if by_rarity else None
        matrix = _matrix(numbers, len(vocabulary), scales)
        outputs = labels.shape[1]
        weights, intercepts = np.zeros((outputs, len(vocabulary))), np.full(outputs, _NEVER)
        for output in range(outputs):
            chosen = np.arange(len(labels)) if used is None else np.flatnonzero(used[:, output])
            shares = labels[chosen, output].astype(np.float64)
            # an example with an uncertain label is one of each, with these weights
            twice = np.flatnonzero((shares > 0) & (shares < 1))
            wanted = np.concatenate([shares > 0, np.zeros(len(twice), dtype=bool)])
            counted_as = np.concatenate([np.where(shares > 0, shares, 1), 1 - shares[twice]])
            if wanted.any() and not wanted.all():
                fitted = LogisticRegression(C=strength, solver="liblinear", random_state=0)
                both = np.concatenate([chosen, chosen[twice]])
                fitted.fit(matrix[both], wanted, sample_weight=counted_as)
                weights[output], intercepts[output] = fitted.coef_[0], fitted.intercept_[0]
            elif wanted.any():
                intercepts[output] = -_NEVER
        return cls(vocabulary, weights, intercepts, scales)

    def probabilities(self, rows: Sequence[Row]) -> NDArray[np.float64]:
        """Probability of each output for each row, shape (rows, outputs)."""
        numbers = [self.vocabulary.encode(row) for row in rows]
        matrix = _matrix(numbers, len(self.vocabulary), self.scales)
        found: NDArray[np.float64] = expit(matrix @ self.weights.T + self.intercepts)
        return found

    def save(self, folder: Path, name: str) -> None:
        """Write the features, one a line, and the weights."""
        features = "".join(f"{feature}\n" for feature in self.vocabulary.features)
        (folder / f"{name}.features.txt").write_text(features, encoding="utf-8")
        both = np.column_stack([self.intercepts, self.weights])
        np.save(folder / f"{name}.weights.npy", both)
        if self.scales is not None:
            np.save(folder / f"{name}.scales.npy", self.scales)

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
        path = folder / f"{name}.scales.npy"
        scales = np.load(path, allow_pickle=False) if path.exists() else None
        if scales is not None and scales.shape != (len(vocabulary),):
            raise ValueError(f"{name}: features and scales do not belong together")
        return cls(vocabulary, both[:, 1:], both[:, 0], scales)


@dataclass(frozen=True)
class BoostedTrees:
    """The probability of a label, from numeric features (Friedman 2001).

    Attributes:
        nodes: feature, threshold, left child, right child and value of each node, shape (trees,
            nodes, 5). A leaf is its own child.
    """

    nodes: NDArray[np.float64]

    @classmethod
    def fit(
        cls, rows: Numbers, labels: Sequence[bool], *, trees: int = 120, seed: int = 0
    ) -> BoostedTrees:
        """Fit on examples; the same examples and seed give the same trees.

        Args:
            rows: the features of each example.
            labels: their labels, not all equal.
            trees: number of trees.
            seed: of the choice of features for each split.
        """
        from sklearn.ensemble import GradientBoostingClassifier  # slow, needed only here

        model = GradientBoostingClassifier(
            n_estimators=trees, max_depth=_DEPTH, random_state=seed, **_SETTINGS
        )
        model.fit(np.asarray(rows, dtype=np.float32), labels)
        share = float(np.mean(labels))
        parts = [_leaf(np.log(share / (1 - share)))]
        parts += [_nodes(tree.tree_, model.learning_rate) for tree in model.estimators_[:, 0]]
        nodes = np.zeros((len(parts), max(map(len, parts)), _COLUMNS))
        for number, part in enumerate(parts):
            nodes[number, : len(part)] = part
        return cls(nodes)

    def probabilities(self, rows: Numbers) -> NDArray[np.float64]:
        """The probability of each row's label."""
        if not len(rows):
            return np.zeros(0)
        values = np.asarray(rows, dtype=np.float32)
        tree = np.arange(len(self.nodes))
        example = np.arange(len(values))[:, None]
        at = np.zeros((len(values), len(self.nodes)), dtype=np.intp)
        for _ in range(_DEPTH):
            feature, threshold, left, right, _value = np.moveaxis(self.nodes[tree, at], -1, 0)
            goes_left = values[example, feature.astype(np.intp)] <= threshold
            at = np.where(goes_left, left, right).astype(np.intp)
        found: NDArray[np.float64] = expit(self.nodes[tree, at, -1].sum(axis=1))
        return found

    def save(self, path: Path) -> None:
        """Write the nodes as one array (`.npy`)."""
        np.save(path, self.nodes)

    @classmethod
    def load(cls, path: Path) -> BoostedTrees:
        """Read what `save` wrote.

        Raises:
            OSError, ValueError: the file is missing or damaged.
        """
        nodes = np.load(path, allow_pickle=False)
        if nodes.ndim != 3 or nodes.shape[-1] != _COLUMNS:
            raise ValueError(f"{path.name} holds no trees")
        return cls(nodes)


def _leaf(value: float) -> NDArray[np.float64]:
    return np.array([[0, 0, 0, 0, value]], dtype=np.float64)


def _nodes(tree: Any, rate: float) -> NDArray[np.float64]:
    own = np.arange(tree.node_count)
    inner = tree.children_left >= 0
    return np.column_stack(
        [
            np.where(inner, tree.feature, 0),
            np.where(inner, tree.threshold, 0.0),
            np.where(inner, tree.children_left, own),
            np.where(inner, tree.children_right, own),
            tree.value[:, 0, 0] * rate,
        ]
    )


def _rarity(rows: Sequence[NDArray[np.int32]], width: int) -> NDArray[np.float64]:
    """Inverse document frequency of each feature."""
    counts = np.bincount(np.concatenate([np.zeros(0, dtype=np.int32), *rows]), minlength=width)
    found: NDArray[np.float64] = np.log(len(rows) / np.maximum(counts, 1)) + _COMMON_FEATURE
    return found


def _matrix(
    rows: Sequence[NDArray[np.int32]], width: int, scales: NDArray[np.float64] | None
) -> Any:
    ends = np.cumsum([0, *map(len, rows)])
    columns = np.concatenate([np.zeros(0, dtype=np.int32), *rows])
    values = np.ones(len(columns)) if scales is None else scales[columns]
    matrix = csr_matrix((values, columns, ends), shape=(len(rows), width))
    return matrix if scales is None else normalize(matrix, copy=False)
