"""Map models' scores to the probability that a proposed fact is true, and choose a threshold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from scipy.stats import norm
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from recommender.data.tables import IntArray

__all__ = [
    "Calibration",
    "Candidates",
    "best_candidates",
    "calibrate",
    "concatenated",
    "wilson_lower",
]

KINDS = (0, 1, 3)
"""Minimum number of facts of a head of each kind."""

_KEPT = 10  # candidates considered per head


@dataclass(frozen=True, eq=False)
class Candidates:
    """The best tails of some heads; aligned columns.

    Attributes:
        head: entity; tail: index among the relation's tails.
        features: inputs of the calibration; float64 [n, f].
        order: 0 for a head's best candidate, 1 for its second, …
        kind: of the head: 0 for one without facts, 1 with one or two, 2 with more.
    """

    head: IntArray
    tail: IntArray
    order: IntArray
    kind: IntArray
    features: np.ndarray


def best_candidates(
    heads: IntArray, log_p: Sequence[np.ndarray], facts: IntArray, known: np.ndarray
) -> Candidates:
    """The candidates with the highest mean ln p over the models, with features for calibration.

    Args:
        heads: [b].
        log_p: of each model, [b, n_tails].
        facts: number of facts of each entity; [n_entities].
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
    n_facts = facts[heads][row]
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
    ]
    return Candidates(
        heads[row], column, order, kind_of(n_facts), np.stack(features, axis=1).astype(float)
    )


def concatenated(parts: Sequence[Candidates]) -> Candidates:
    """The candidates of several blocks of heads."""
    return Candidates(
        *(
            np.concatenate([getattr(part, column.name) for part in parts])
            for column in fields(Candidates)
        )
    )


def kind_of(facts: IntArray) -> IntArray:
    """The kind of heads by number of facts; [n] → [n]."""
    kinds: IntArray = np.digitize(facts, KINDS) - 1
    return kinds


@dataclass(frozen=True, eq=False)
class Calibration:
    """A fitted probability of truth, with acceptance thresholds by kind of head.

    A threshold is infinite if none is precise enough. They are separate so that the precision for
    heads without facts is not masked by that of the others.
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
    *,
    precision: float,
    level: float,
    single: bool,
) -> tuple[Calibration, np.ndarray] | None:
    """Fit a logistic regression, and find the lowest thresholds with the required precision.

    Args:
        candidates: of held-out heads.
        true: which of them are true, bool [n].
        half: splits the heads in two for cross-fitting.
        precision: required precision.
        level: confidence level: the one-sided Wilson bound must reach the precision.
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
    usable = candidates.order == 0 if single else np.ones(len(true), dtype=bool)
    thresholds = np.full(len(KINDS), np.inf)
    for kind in range(len(KINDS)):
        chosen = usable & (candidates.kind == kind)
        thresholds[kind] = _threshold(confidence[chosen], true[chosen], precision, level)
    return Calibration(_fit(candidates.features, true), thresholds), confidence


def _fit(features: np.ndarray, true: np.ndarray) -> Pipeline:
    model = make_pipeline(StandardScaler(), LogisticRegression(C=1.0, max_iter=500))
    return model.fit(features, true)


def _threshold(confidence: np.ndarray, true: np.ndarray, precision: float, level: float) -> float:
    """Accept candidates by falling confidence until the bound is too low.

    Stopping at the first failure controls the level over all thresholds tried (fixed-sequence
    testing, as in Angelopoulos et al., "Learn then test", 2021). The start does not depend on
    labels: twice the number that would suffice without errors, if available.
    """
    order = np.argsort(-confidence, kind="stable")
    ranked, right = confidence[order], np.cumsum(true[order])
    z = float(norm.ppf(level))
    fewest = int(np.ceil(precision * z * z / (1 - precision)))
    count, found = min(2 * fewest, len(order)), np.inf
    while fewest <= count <= len(order):
        taken = int((ranked >= ranked[count - 1]).sum())  # ties are accepted together
        if wilson_lower(right[taken - 1], np.array(taken), level) < precision:
            break
        found = float(ranked[taken - 1])
        count = max(taken + 1, int(1.1 * taken))
    return found


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
