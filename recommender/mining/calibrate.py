"""From models' scores to the probability that a proposal is true, and the threshold to take it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from recommender.data.tables import IntArray

__all__ = ["Calibration", "Candidates", "best_candidates", "calibrate", "wilson_lower"]

KINDS = (0, 1, 3)
"""So many facts at least has a head of each kind."""

_KEPT = 5  # candidates of a head that are looked at


@dataclass(frozen=True, eq=False)
class Candidates:
    """The best tails of some heads; aligned columns.

    Attributes:
        head: entity; tail: its place among the relation's tails.
        features: what the probability is computed from; float64 [n, f].
        order: 0 for a head's best candidate, 1 for its second, …
        kind: of the head: 0 for one without facts, 1 with one or two, 2 with more.
    """

    head: IntArray
    tail: IntArray
    order: IntArray
    kind: IntArray
    features: np.ndarray


def best_candidates(heads: IntArray, log_p: Sequence[np.ndarray], facts: IntArray) -> Candidates:
    """The candidates whose mean ln p over the models is highest, and what tells of their truth.

    Args:
        heads: [b].
        log_p: of each model, [b, n_tails].
        facts: how many facts are known of each entity; [n_entities].
    """
    mean = np.mean(log_p, axis=0)
    kept = min(_KEPT, mean.shape[1])
    best = np.sort(np.argpartition(-mean, kept - 1, axis=1)[:, :kept], axis=1)
    place = np.argsort(-np.take_along_axis(mean, best, axis=1), axis=1, kind="stable")
    best = np.take_along_axis(best, place, axis=1)
    row = np.repeat(np.arange(len(heads)), kept)
    column, order = best.ravel(), np.tile(np.arange(kept), len(heads))
    known = facts[heads][row]
    top = mean[np.arange(len(heads)), best[:, 0]][row]
    second = mean[np.arange(len(heads)), best[:, min(1, kept - 1)]][row]
    features = [
        *(np.maximum(scores[row, column], -12.0) for scores in log_p),
        np.min([scores[row, column] for scores in log_p], axis=0).clip(-12.0),
        order,
        np.where(order == 0, top - second, mean[row, column] - top).clip(-8, 8),
        np.log1p(known),
        known == 0,
    ]
    return Candidates(
        heads[row], column, order, kind_of(known), np.stack(features, axis=1).astype(float)
    )


def kind_of(facts: IntArray) -> IntArray:
    """The kind of heads with so many facts; [n] → [n]."""
    kinds: IntArray = np.digitize(facts, KINDS) - 1
    return kinds


@dataclass(frozen=True, eq=False)
class Calibration:
    """A fitted probability of truth, and by kind of head the lowest that is accepted.

    The thresholds are infinite where none is precise enough. They are apart because heads without
    facts would otherwise be carried by the precision of the others.
    """

    model: object
    thresholds: np.ndarray

    def confidence(self, candidates: Candidates) -> np.ndarray:
        """Of each candidate, [n]."""
        found: np.ndarray = self.model.predict_proba(candidates.features)[:, 1]  # type: ignore[attr-defined]
        return found

    def accepts(self, candidates: Candidates, confidence: np.ndarray) -> np.ndarray:
        """Which are above the threshold of their kind; bool [n]."""
        accepted: np.ndarray = confidence >= self.thresholds[candidates.kind]
        return accepted


def calibrate(
    candidates: Candidates, true: np.ndarray, *, precision: float, level: float, single: bool
) -> Calibration | None:
    """Fit a logistic regression, and find the lowest thresholds that keep the precision.

    Args:
        candidates: of held-out heads.
        true: which of them are true, bool [n].
        precision: that is wanted.
        level: confidence that it is reached: the one-sided Wilson bound must reach it.
        single: whether only a head's best candidate may be taken.

    Returns:
        None where all or none are true: nothing can be fitted.
    """
    if true.all() or not true.any():
        return None
    model = make_pipeline(StandardScaler(), LogisticRegression(C=1.0, max_iter=500))
    model.fit(candidates.features, true)
    confidence = model.predict_proba(candidates.features)[:, 1]
    usable = candidates.order == 0 if single else np.ones(len(true), dtype=bool)
    thresholds = np.full(len(KINDS), np.inf)
    for kind in range(len(KINDS)):
        chosen = usable & (candidates.kind == kind)
        order = np.argsort(-confidence[chosen], kind="stable")
        ranked, right = confidence[chosen][order], np.cumsum(true[chosen][order])
        taken = np.arange(1, len(order) + 1)
        last = np.append(ranked[1:] != ranked[:-1], True)[: len(order)]  # equal ones go together
        good = last & (wilson_lower(right, taken, level) >= precision)
        if good.any():
            thresholds[kind] = ranked[np.flatnonzero(good)[-1]]
    return Calibration(model, thresholds)


def wilson_lower(right: np.ndarray, n: np.ndarray, level: float) -> np.ndarray:
    """The lower end of Wilson's one-sided interval for `right` of `n`; 0 for n = 0.

    Wilson, "Probable inference, the law of succession, and statistical inference", 1927.
    """
    z = float(norm.ppf(level))
    n, share = np.maximum(n, 1), right / np.maximum(n, 1)
    centre = share + z * z / (2 * n)
    spread = z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    bound: np.ndarray = (centre - spread) / (1 + z * z / n)
    return bound
