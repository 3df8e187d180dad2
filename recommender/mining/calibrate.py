"""Map models' scores to the probability that a proposed fact is true, and choose a threshold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
from scipy.stats import norm
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from recommender.data.tables import IntArray

__all__ = [
    "Calibration",
    "Candidates",
    "best_candidates",
    "calibrate",
    "concatenated",
    "wilson_lower",
]

KINDS = ("no facts, no users", "no facts", "1–2 facts", "3+ facts")
"""Kinds of heads, which have separate thresholds."""

_FACTS = (1, 3)  # minimum number of facts of the last two

_KEPT = 10  # candidates considered per head


@dataclass(frozen=True, eq=False)
class Candidates:
    """The best tails of some heads; aligned columns.

    Attributes:
        head: entity; tail: index among the relation's tails.
        features: inputs of the calibration; float64 [n, f].
        order: 0 for a head's best candidate, 1 for its second, …
        kind: of the head, as an index of `KINDS`.
    """

    head: IntArray
    tail: IntArray
    order: IntArray
    kind: IntArray
    features: np.ndarray


def best_candidates(
    heads: IntArray,
    log_p: Sequence[np.ndarray],
    facts: IntArray,
    users: IntArray,
    known: np.ndarray,
) -> Candidates:
    """The candidates with the highest mean ln p over the models, with features for calibration.

    Args:
        heads: [b].
        log_p: of each model, [b, n_tails].
        facts, users: number of facts and of users of each entity; [n_entities].
        known: tails that are no candidates; bool [b, n_tails].
    """
    mean = np.where(known, -np.inf, np.mean(log_p, axis=0))
    kept = min(_KEPT, mean.shape[1])
    best = np.sort(np.argpartition(-mean, kept - 1, axis=1)[:, :kept], axis=1)
    ranking = np.argsort(-np.take_along_axis(mean, best, axis=1), axis=1, kind="stable")
    best = np.take_along_axis(best, ranking, axis=1)
    row = np.repeat(np.arange(len(heads)), kept)
    column, order = best.ravel(), np.tile(np.arange(kept), len(heads))
    open_ = np.isfinite(mean[row, column])
    row, column, order = row[open_], column[open_], order[open_]
    n_facts, n_users = facts[heads][row], users[heads][row]
    top = mean[np.arange(len(heads)), best[:, 0]][row]
    second = mean[np.arange(len(heads)), best[:, min(1, kept - 1)]][row]
    features = [
        *(np.maximum(scores[row, column], -12.0) for scores in log_p),
        np.min([scores[row, column] for scores in log_p], axis=0).clip(-12.0),
        order,
        np.where(order == 0, top - second, mean[row, column] - top).clip(-8, 8),
        np.log1p(n_facts),
        n_facts == 0,
        np.log1p(known.sum(axis=1))[row],
        np.log1p(n_users),
    ]
    return Candidates(
        heads[row],
        column,
        order,
        kind_of(n_facts, n_users),
        np.stack(features, axis=1).astype(float),
    )


def concatenated(parts: Sequence[Candidates]) -> Candidates:
    """The candidates of several blocks of heads."""
    return Candidates(
        *(
            np.concatenate([getattr(part, column.name) for part in parts])
            for column in fields(Candidates)
        )
    )


def kind_of(facts: IntArray, users: IntArray) -> IntArray:
    """The kind of heads by number of facts and of users; [n] → [n]."""
    kinds: IntArray = np.digitize(facts, _FACTS) + 1
    return np.where((kinds == 1) & (users == 0), 0, kinds)


@dataclass(frozen=True, eq=False)
class Calibration:
    """A fitted probability of truth, with acceptance thresholds by kind of head.

    A threshold is infinite if none is precise enough.
    """

    model: Pipeline
    thresholds: np.ndarray

    def confidence(self, candidates: Candidates) -> np.ndarray:
        """Probability of each candidate, [n]."""
        found: np.ndarray = self.model.predict_proba(candidates.features)[:, 1]
        return found

    def accepts(self, candidates: Candidates, confidence: np.ndarray) -> np.ndarray:
        """Mask of candidates above the threshold of their kind; bool [n]."""
        accepted: np.ndarray = confidence >= self.thresholds[candidates.kind]
        return accepted


def calibrate(
    candidates: Candidates,
    true: np.ndarray,
    half: np.ndarray,
    gaps: Candidates,
    *,
    precision: float,
    level: float,
    single: bool,
) -> tuple[Calibration, np.ndarray] | None:
    """Fit a logistic regression, and find the lowest thresholds with the required precision.

    The regression is on the features and the products of two of them.

    Args:
        candidates: of held-out heads.
        true: which of them are true, bool [n].
        half: splits the heads in two for cross-fitting.
        gaps: candidates of the heads to propose values for.
        precision: required precision.
        level: confidence level: the one-sided Wilson bound of all accepted must reach the
            precision.
        single: whether only a head's best candidate may be taken.

    Returns:
        The calibration, fitted on both halves, and the confidences by which the thresholds were
        found, [n]; None if all or none of a half are true, so that no fit is possible.
    """
    confidence = np.empty(len(true))
    for part in (half, ~half):
        if not part.any() or true[~part].all() or not true[~part].any():
            return None
        confidence[part] = _fit(candidates.features[~part], true[~part]).predict_proba(
            candidates.features[part]
        )[:, 1]
    model = _fit(candidates.features, true)
    proposed = model.predict_proba(gaps.features)[:, 1] if len(gaps.head) else np.zeros(0)
    own, other = (
        part.order == 0 if single else np.ones(len(part.order), dtype=bool)
        for part in (candidates, gaps)
    )
    thresholds = _thresholds(
        _Judged(confidence[own], true[own], candidates.kind[own]),
        _Judged(proposed[other], np.zeros(other.sum(), dtype=bool), gaps.kind[other]),
        precision=precision,
        level=level,
        start=int((candidates.order == 0).sum()) // 20,
    )
    return Calibration(model, thresholds), confidence


def _fit(features: np.ndarray, true: np.ndarray) -> Pipeline:
    squares = PolynomialFeatures(2, include_bias=False)
    fit = LogisticRegression(C=0.1, max_iter=2000)
    model = make_pipeline(StandardScaler(), squares, StandardScaler(), fit)
    return model.fit(features, true)


class _Judged(NamedTuple):
    """Candidates with their confidence, whether they are true, and the kind of their heads."""

    confidence: np.ndarray
    true: np.ndarray
    kind: IntArray

    def of(self, kinds: IntArray) -> _Judged:
        """The candidates of some kinds of heads."""
        rows = np.isin(self.kind, kinds)
        return _Judged(*(column[rows] for column in self))

    def above(self, lowest: float) -> tuple[IntArray, IntArray, np.ndarray]:
        """By kind, from a confidence on: their number, how many are true, the confidence's sum."""
        rows, kinds = self.confidence >= lowest, len(KINDS)
        kind = self.kind[rows]
        true = np.bincount(kind[self.true[rows]], minlength=kinds)
        total = np.bincount(kind, weights=self.confidence[rows], minlength=kinds)
        return np.bincount(kind, minlength=kinds), true, total


def _thresholds(
    held_out: _Judged, gaps: _Judged, *, precision: float, level: float, start: int
) -> np.ndarray:
    """The threshold of each kind of heads: one for all kinds whose own precision suffices.

    Kinds are left out, the worst first; of the choices the one that accepts most counts.
    """
    left, thresholds, most = np.unique(held_out.kind), np.full(len(KINDS), np.inf), 0
    while len(left):
        own, other = held_out.of(left), gaps.of(left)
        lowest, worst = _threshold(own, other, precision=precision, level=level, start=start)
        taken = own.above(lowest)[0]
        if taken.sum() > most:
            most, thresholds = taken.sum(), np.where(taken > 0, lowest, np.inf)
        left = left[left != worst]
    return thresholds


def _threshold(
    held_out: _Judged, gaps: _Judged, *, precision: float, level: float, start: int
) -> tuple[float, int]:
    """The lowest threshold, and the kind of heads with the lowest precision at the end.

    Held-out candidates are accepted by falling confidence until the bound of their precision is too
    low; to stop at the first failure controls the level over all thresholds tried (fixed-sequence
    testing, as in Angelopoulos et al., "Learn then test", 2021). The start does not depend on
    labels: `start`, or twice the number that would suffice without errors. A threshold where the
    precision for a kind is too low is not used, so that no kind is masked by the others. Where
    proposals for gaps are less sure than held-out ones, as much is taken off the precision.
    """
    ranked = -np.sort(-held_out.confidence)
    z = float(norm.ppf(level))
    fewest = max(1, int(np.ceil(precision * z * z / (1 - precision))))
    count, lowest, worst = min(max(2 * fewest, start), len(ranked)), np.inf, int(held_out.kind[0])
    while fewest <= count <= len(ranked):
        n, right, total = held_out.above(ranked[count - 1])  # ties are accepted together
        proposed, _, sure = gaps.above(ranked[count - 1])
        less = np.maximum(total / np.maximum(n, 1) - sure / np.maximum(proposed, 1), 0)
        expected = right - np.where(proposed > 0, less, 0) * n
        worst = int(np.where(n > 0, expected / np.maximum(n, 1), np.inf).argmin())
        if wilson_lower(expected.sum(), n.sum(), level) < precision:
            break
        if expected[worst] >= precision * n[worst]:
            lowest = float(ranked[count - 1])
        count = max(int(n.sum()) + 1, int(1.1 * count))
    return lowest, worst


def wilson_lower(right: np.ndarray, n: np.ndarray, level: float) -> np.ndarray:
    """Lower bound of Wilson's one-sided interval for `right` of `n`; 0 for n = 0.

    Wilson, "Probable inference, the law of succession, and statistical inference", 1927.
    """
    z = float(norm.ppf(level))
    n, share = np.maximum(n, 1), right / np.maximum(n, 1)
    centre = share + z * z / (2 * n)
    spread = z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    bound: np.ndarray = (centre - spread) / (1 + z * z / n)
    return bound
