"""Mine facts: train on stated facts, calibrate on hidden ones, propose new facts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from recommender.data.tables import IntArray
from recommender.mining.calibrate import (
    Calibration,
    Candidates,
    best_candidates,
    calibrate,
    concatenated,
    wilson_lower,
)
from recommender.mining.problem import HeldOut, MiningProblem, hold_out
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
    level: float = 0.9,
    share: float = 0.2,
    epochs: int = 20,
    seed: int = 555,
    progress: Callable[[str], None] = lambda done: None,
) -> Mined:
    """Propose missing values.

    The entities are divided into folds. For each fold, models trained without the facts hidden in
    it score the subjects of these facts, and the heads with gaps of the next fold, none of whose
    facts is hidden then; so proposals are made in the same way as those by which the precision is
    measured.

    Args:
        problem: the graph and the target relations.
        models: names in `scorers.MODELS`; each scores every candidate.
        precision: required precision of proposals: its lower bound at confidence `level` must reach
            this on held-out subjects, and the precision itself in each of `KINDS`.
        share: share of subjects in a fold; half of them at most.
        epochs: of each model's training.
        seed: of the held-out facts, initial values and batches.
        progress: called with the name of each trained model.
    """
    folds = max(2, round(1 / share))
    found: dict[int, list[_Scored]] = {relation: [] for relation in problem.targets}
    for number in range(folds):
        hidden = hold_out(problem, folds, number, seed)
        scorers: dict[str, Scorer] = {}
        for name in models:
            scorers[name] = train_scorer(name, problem, hidden, epochs=epochs, seed=seed)
            progress(f"{name} {number + 1}/{folds}")
        for relation, target in problem.targets.items():
            if len(target.tails) > 1:
                found[relation].append(_score(scorers, problem, hidden, relation, number))
    measured: dict[int, Measured] = {}
    parts: list[tuple[IntArray, IntArray, IntArray, np.ndarray]] = []
    for relation, scored in found.items():
        if sum(len(part.subjects) for part in scored) < 4:
            continue
        candidates = concatenated([part.held_out for part in scored])
        true = np.concatenate([part.true for part in scored])
        target = problem.targets[relation]
        # random halves: entity ids follow the order of the sources
        first = np.random.default_rng([seed, relation]).random(problem.graph.n_entities) < 0.5
        fitted = calibrate(
            candidates,
            true,
            first[candidates.head],
            concatenated([part.gaps for part in scored]),
            precision=precision,
            level=level,
            single=target.single,
        )
        if fitted is None:
            continue
        calibration, confidence = fitted
        measured[relation] = _measure(calibration, confidence, scored, target.single, level)
        for part in scored:
            candidates = part.gaps
            confidence = calibration.confidence(candidates)
            accepted = calibration.accepts(candidates, confidence)
            if target.single:
                accepted &= candidates.order == 0
            head, tail = candidates.head[accepted], target.tails[candidates.tail[accepted]]
            parts.append((head, np.full(len(head), relation), tail, confidence[accepted]))
    if not parts:
        none = np.zeros(0, dtype=np.int64)
        return Mined(none, none, none, np.zeros(0), measured)
    head, relations, tail, confidence = (
        np.concatenate(column) for column in zip(*parts, strict=True)
    )
    return Mined(head, relations, tail, confidence, measured)


@dataclass(frozen=True, eq=False)
class _Scored:
    """Candidates of one fold for a relation.

    Attributes:
        subjects: number of held-out subjects.
        facts: number of their hidden facts.
        held_out: their candidates; true: which of these are hidden facts.
        best: whether each subject's best candidate is true, by model.
        gaps: candidates of the heads with gaps.
    """

    subjects: IntArray
    facts: int
    held_out: Candidates
    true: np.ndarray
    best: Mapping[str, np.ndarray]
    gaps: Candidates


def _score(
    scorers: Mapping[str, Scorer],
    problem: MiningProblem,
    hidden: HeldOut,
    relation: int,
    number: int,
) -> _Scored:
    graph, target, truth = problem.graph, problem.targets[relation], hidden.truth
    facts = np.bincount(np.r_[hidden.train.head, hidden.train.tail], minlength=graph.n_entities)
    subjects = hidden.subjects[relation]
    own = (truth.relation == relation) & np.isin(truth.head, subjects)
    true = np.unique(truth.head[own] * graph.n_entities + truth.tail[own])
    best: dict[str, list[np.ndarray]] = {name: [] for name in scorers}

    def candidates(heads: IntArray, known: IntArray, *, judged: bool) -> Candidates:
        parts = []
        for start in range(0, max(len(heads), 1), _BLOCK):
            block = heads[start : start + _BLOCK]
            keys = block[:, None] * graph.n_entities + target.tails
            log_p = {name: scorer(block, relation) for name, scorer in scorers.items()}
            closed = np.isin(keys, known)
            parts.append(best_candidates(block, list(log_p.values()), facts, problem.users, closed))
            if judged:
                for name, scores in log_p.items():
                    top = np.where(closed, -np.inf, scores).argmax(axis=1)
                    best[name].append(np.isin(keys[np.arange(len(block)), top], true))
        return concatenated(parts)

    held_out = candidates(subjects, np.setdiff1d(target.known, true), judged=True)
    gaps = target.gaps[hidden.fold[target.gaps] == (number + 1) % hidden.folds]
    keys = held_out.head * graph.n_entities + target.tails[held_out.tail]
    return _Scored(
        subjects,
        len(true),
        held_out,
        np.isin(keys, true),
        {name: np.concatenate(parts) for name, parts in best.items()},
        candidates(gaps, target.known, judged=False),
    )


def _measure(
    calibration: Calibration,
    confidence: np.ndarray,
    scored: Sequence[_Scored],
    single: bool,
    level: float,
) -> Measured:
    candidates = concatenated([part.held_out for part in scored])
    true = np.concatenate([part.true for part in scored])
    usable = candidates.order == 0 if single else np.ones(len(true), dtype=bool)
    accepted = calibration.accepts(candidates, confidence) & usable
    confidence, true = confidence[usable], true[usable]
    order = np.argsort(-confidence, kind="stable")
    taken = np.arange(1, len(order) + 1)
    right = int(true[accepted[usable]].sum())
    low = wilson_lower(np.array([right]), np.array([accepted.sum()]), level)
    return Measured(
        subjects=sum(len(part.subjects) for part in scored),
        facts=sum(part.facts for part in scored),
        thresholds=calibration.thresholds,
        taken=int(accepted.sum()),
        right=right,
        low=float(low[0]),
        curve=np.stack([confidence[order], np.cumsum(true[order]), taken], axis=1),
        hits={
            name: float(np.concatenate([part.best[name] for part in scored]).mean())
            for name in scored[0].best
        },
    )
