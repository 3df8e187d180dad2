"""Mine facts: train on stated facts, calibrate on hidden ones, propose new facts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from recommender.data.graph import KnowledgeGraph
from recommender.data.tables import IntArray
from recommender.mining.calibrate import (
    Calibration,
    Candidates,
    best_candidates,
    calibrate,
    wilson_lower,
)
from recommender.mining.problem import HeldOut, MiningProblem, Target, hold_out
from recommender.mining.scorers import Scorer, train_scorer

__all__ = ["Measured", "Mined", "mine"]

_BLOCK = 2000  # heads scored per batch


@dataclass(frozen=True, eq=False)
class Measured:
    """Cross-fitted evaluation of a relation on held-out facts.

    Attributes:
        subjects: number of held-out subjects.
        facts: number of their hidden facts.
        thresholds: acceptance threshold by kind of subject (`KINDS`); infinite if none is precise
            enough.
        taken, right: number of proposals above it for these subjects, and of true ones.
        low: lower bound of their precision, at the required level.
        curve: confidence, cumulative true proposals, proposals; [n, 3], best first.
        hits: share of subjects whose best candidate is true, by model.
    """

    subjects: int
    facts: int
    thresholds: np.ndarray
    taken: int
    right: int
    low: float
    curve: np.ndarray
    hits: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class Mined:
    """Proposals for the gaps, as aligned columns, and the evaluation by relation."""

    head: IntArray
    relation: IntArray
    tail: IntArray
    confidence: np.ndarray
    measured: Mapping[int, Measured] = field(default_factory=dict)


def mine(
    problem: MiningProblem,
    models: Sequence[str],
    *,
    precision: float = 0.95,
    level: float = 0.95,
    share: float = 0.2,
    epochs: int = 10,
    seed: int = 555,
    progress: Callable[[str], None] = lambda done: None,
) -> Mined:
    """Propose values for heads without any.

    Args:
        problem: the graph and the target relations.
        models: names in `scorers.MODELS`; each scores every candidate.
        precision: required precision of proposals: its lower bound at confidence `level` must reach
            this on held-out subjects, separately for those without facts, with a few and with more.
        share: share of subjects to hold out.
        epochs: of each model's training.
        seed: of the held-out subjects, initial values and batches.
        progress: called with the name of each trained model.
    """
    hidden = hold_out(problem, share, seed)
    scorers: dict[str, Scorer] = {}
    for name in models:
        scorers[name] = train_scorer(name, problem, hidden, epochs=epochs, seed=seed)
        progress(name)
    train, graph = hidden.train, problem.graph
    facts_left = np.bincount(np.r_[train.head, train.tail], minlength=graph.n_entities)
    measured: dict[int, Measured] = {}
    parts: list[tuple[IntArray, IntArray, IntArray, np.ndarray]] = []
    for relation, target in problem.targets.items():
        subjects = hidden.subjects[relation]
        if len(subjects) < 4 or len(target.tails) < 2:
            continue
        candidates, hits = _candidates(
            scorers, subjects, relation, target, facts_left, hidden.truth
        )
        true = hidden.truth.contains(
            candidates.head,
            np.full(len(candidates.head), relation),
            target.tails[candidates.tail],
        )
        # random halves: entity ids follow the order of the sources
        first = np.random.default_rng([seed, relation]).random(graph.n_entities) < 0.5
        fitted = calibrate(
            candidates,
            true,
            first[candidates.head],
            precision=precision,
            level=level,
            single=target.single,
        )
        if fitted is None:
            continue
        calibration, confidence = fitted
        measured[relation] = _measure(
            calibration, candidates, confidence, true, hidden, relation, target, level, hits
        )
        if np.isfinite(calibration.thresholds).any():
            parts += _proposals(scorers, calibration, relation, target, facts_left)
    if not parts:
        none = np.zeros(0, dtype=np.int64)
        return Mined(none, none, none, np.zeros(0), measured)
    head, relations, tail, confidence = (
        np.concatenate(column) for column in zip(*parts, strict=True)
    )
    return Mined(head, relations, tail, confidence, measured)


def _candidates(
    scorers: Mapping[str, Scorer],
    subjects: IntArray,
    relation: int,
    target: Target,
    facts: IntArray,
    truth: KnowledgeGraph,
) -> tuple[Candidates, dict[str, float]]:
    log_p = {name: scorer(subjects, relation) for name, scorer in scorers.items()}
    hits = {}
    for name, scores in log_p.items():
        best = target.tails[scores.argmax(axis=1)]
        hits[name] = float(truth.contains(subjects, np.full(len(subjects), relation), best).mean())
    return best_candidates(subjects, list(log_p.values()), facts), hits


def _measure(
    calibration: Calibration,
    candidates: Candidates,
    confidence: np.ndarray,
    true: np.ndarray,
    hidden: HeldOut,
    relation: int,
    target: Target,
    level: float,
    hits: Mapping[str, float],
) -> Measured:
    if target.single:
        best = candidates.order == 0
        candidates, confidence, true = _rows(candidates, best), confidence[best], true[best]
    order = np.argsort(-confidence, kind="stable")
    taken = np.arange(1, len(order) + 1)
    curve = np.stack([confidence[order], np.cumsum(true[order]), taken], axis=1)
    accepted = calibration.accepts(candidates, confidence)
    right = int(true[accepted].sum())
    of_relation = hidden.truth.relation == relation
    of_relation &= np.isin(hidden.truth.head, hidden.subjects[relation])
    low = wilson_lower(np.array([right]), np.array([accepted.sum()]), level)
    return Measured(
        subjects=len(hidden.subjects[relation]),
        facts=int(of_relation.sum()),
        thresholds=calibration.thresholds,
        taken=int(accepted.sum()),
        right=right,
        low=float(low[0]),
        curve=curve,
        hits=hits,
    )


def _proposals(
    scorers: Mapping[str, Scorer],
    calibration: Calibration,
    relation: int,
    target: Target,
    facts: IntArray,
) -> list[tuple[IntArray, IntArray, IntArray, np.ndarray]]:
    found = []
    for start in range(0, len(target.gaps), _BLOCK):
        heads = target.gaps[start : start + _BLOCK]
        log_p = [scorer(heads, relation) for scorer in scorers.values()]
        candidates = best_candidates(heads, log_p, facts)
        confidence = calibration.confidence(candidates)
        accepted = calibration.accepts(candidates, confidence)
        if target.single:
            accepted &= candidates.order == 0
        head, tail = candidates.head[accepted], target.tails[candidates.tail[accepted]]
        found.append((head, np.full(len(head), relation), tail, confidence[accepted]))
    return found


def _rows(candidates: Candidates, rows: np.ndarray) -> Candidates:
    return Candidates(
        candidates.head[rows],
        candidates.tail[rows],
        candidates.order[rows],
        candidates.kind[rows],
        candidates.features[rows],
    )
