"""Run entity resolution on records with gold clusters or pairs, and score its decisions."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kg_builder.errors import DataError
from kg_builder.evaluation.matching import (
    BlockingScore,
    Interval,
    Score,
    Wrong,
    b_cubed,
    blocking,
    cluster_errors,
    cluster_intervals,
    ordered,
    pair_intervals,
    pairwise,
    probabilities,
    worst_first,
)
from kg_builder.evaluation.matching_data import Clusters, JudgedPair, JudgedPairs
from kg_builder.fusion import FusionConfig, SourceTraits
from kg_builder.fusion.fit_check import FitCheck, check_fit
from kg_builder.fusion.judgements import Labels, Verdict
from kg_builder.fusion.matching import Matching, match_records
from kg_builder.fusion.score import FellegiSunter
from kg_builder.ontology import load_schema

TRAINED: Final = FusionConfig(match=0.5, unsure=0.2)
"""Match threshold of a trained scorer, which is calibrated."""


@dataclass(frozen=True)
class MatchingReport:
    """Evaluation of one method on one data set.

    Attributes:
        method: name of the method.
        records: number of resolved records.
        scored: number of scored records or judged pairs.
        scores: 'pairwise' and, for true clusters, 'B-cubed'.
        intervals: 95% bootstrap intervals: score → 'precision' | 'recall' | 'f1' → bounds.
        blocking: of the candidate pairs among the scored records; None without blocking.
        seconds, processor: wall clock and processor time of the resolution.
        errors: worst first: the most confident false matches, then the missed ones.
        check: label-free check of an unsupervised fit; else None.
    """

    method: str
    records: int
    scored: int
    scores: dict[str, Score]
    intervals: dict[str, dict[str, Interval]]
    blocking: BlockingScore | None
    seconds: float
    processor: float
    errors: list[Wrong] = field(repr=False)
    check: FitCheck | None = None


def evaluate_clusters(
    gold: Clusters,
    *,
    clean: bool = False,
    train: Clusters | None = None,
    config: FusionConfig | None = None,
    judged: Sequence[JudgedPair] | None = None,
) -> MatchingReport:
    """Resolve records and compare the clusters with the true ones.

    Args:
        gold: records to resolve and their truth.
        clean: whether each source has no duplicates.
        train: labelled records. Those that are not in `gold` are resolved with it, so that names
            are as dense as in the full data; only the other records are scored.
        config: settings of fusion.
        judged: score only these pairs instead of the clusters.

    Raises:
        DataError: all gold records are in the training data.
    """
    records, scored = gold.records, set(gold.truth)
    if train is not None:
        train_keys = train.records["record"]
        records = pd.concat([records, train.records[~train_keys.isin(scored)]], ignore_index=True)
        scored -= set(train.truth)
        if not scored:
            raise DataError(
                "every record is among those to learn from",
                where="--train",
                remedy="give another part of the clusters",
            )
    matching, seconds, processor = _timed(records, clean, train, config)
    method: str = "trained" if train is not None else (config or FusionConfig()).scorer
    method += ", clean sources" if clean else ""
    label = cluster_of(matching)
    if judged is not None:
        found = _of_pairs(method, matching, label, judged, len(records), seconds, processor)
    else:
        found = score_clusters(
            method,
            label,
            {key: gold.truth[key] for key in sorted(scored)},
            records=len(records),
            seconds=seconds,
            processor=processor,
            matching=matching,
        )
    if isinstance(matching.scorer, FellegiSunter):
        return replace(found, check=check_fit(matching.scorer, matching.comparison))
    return found


def evaluate_pairs(
    gold: JudgedPairs, *, fit: str, score: str, config: FusionConfig = TRAINED
) -> MatchingReport:
    """Train on the judged pairs of one split and score those of another.

    Raises:
        DataError: the training split has pairs of one class only.
    """
    judgements = {ordered(pair.left, pair.right): pair.same for pair in gold.splits[fit]}

    def labels(left: str, right: str) -> Verdict | None:
        same = judgements.get(ordered(left, right))
        return None if same is None else "same" if same else "different"

    pairs = [*gold.splits[fit], *gold.splits[score]]
    wall, processor = time.perf_counter(), time.process_time()
    matching = match_records(
        gold.records,
        config,
        schema=load_schema(),
        traits={},
        labels=labels,
        among=[(pair.left, pair.right) for pair in pairs],
    )
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    probability = probabilities(matching)
    judged = gold.splits[score]
    pair_probabilities = np.array([probability[ordered(pair.left, pair.right)] for pair in judged])
    return score_pairs(
        f"trained on {fit}, scored on {score}",
        pair_probabilities >= config.match,
        judged,
        records=len(gold.records),
        seconds=wall,
        processor=processor,
        probability=pair_probabilities,
    )


def score_clusters(
    method: str,
    label: Mapping[str, object],
    truth: Mapping[str, str],
    *,
    records: int,
    seconds: float,
    processor: float,
    matching: Matching | None = None,
) -> MatchingReport:
    """Score the clusters of the records with known truth."""
    keys = sorted(truth)
    found = [str(label[key]) for key in keys]
    true = [truth[key] for key in keys]
    candidates = None
    if matching is not None:
        index_of = {key: index for index, key in enumerate(keys)}
        of = np.array([index_of.get(key, -1) for key in matching.profiles.record], dtype=np.int64)
        pairs = of[matching.comparison.pairs]
        candidates = blocking(pairs[(pairs >= 0).all(axis=1)], true)
    return MatchingReport(
        method=method,
        records=records,
        scored=len(keys),
        scores={"pairwise": pairwise(found, true), "B-cubed": b_cubed(found, true)},
        intervals=cluster_intervals(found, true),
        blocking=candidates,
        seconds=seconds,
        processor=processor,
        errors=cluster_errors(keys, found, true, matching),
    )


def score_pairs(
    method: str,
    predicted: NDArray[np.bool_],
    judged: Sequence[JudgedPair],
    *,
    records: int,
    seconds: float,
    processor: float,
    probability: NDArray[np.float64] | None = None,
    candidates: BlockingScore | None = None,
) -> MatchingReport:
    """Score decisions on judged pairs."""
    same = np.array([pair.same for pair in judged], dtype=bool)
    sure = np.where(predicted, 1.0, 0.0) if probability is None else probability
    wrong = [
        Wrong(pair.left, pair.right, "missed" if pair.same else "wrongly the same", float(value))
        for pair, value, verdict in zip(judged, sure, predicted, strict=True)
        if pair.same != bool(verdict)
    ]
    return MatchingReport(
        method=method,
        records=records,
        scored=len(judged),
        scores={"pairwise": pair_score(predicted, same)},
        intervals={"pairwise": pair_intervals(predicted, same)},
        blocking=candidates,
        seconds=seconds,
        processor=processor,
        errors=sorted(wrong, key=worst_first),
    )


def pair_score(predicted: NDArray[np.bool_], same: NDArray[np.bool_]) -> Score:
    """Precision and recall of decisions on pairs."""
    right = int((predicted & same).sum())
    return Score(
        right / int(predicted.sum()) if predicted.any() else 1.0,
        right / int(same.sum()) if same.any() else 1.0,
    )


def cluster_of(matching: Matching) -> dict[str, int]:
    """The cluster of every record, by key."""
    label = matching.clustering.label.tolist()
    return dict(zip(matching.profiles.record, label, strict=True))


def _timed(
    records: pd.DataFrame, clean: bool, train: Clusters | None, config: FusionConfig | None
) -> tuple[Matching, float, float]:
    sources = sorted(records["source"].unique())
    wall, processor = time.perf_counter(), time.process_time()
    matching = match_records(
        records,
        config or (FusionConfig() if train is None else TRAINED),
        schema=load_schema(),
        traits={name: SourceTraits(clean=clean) for name in sources},
        labels=None if train is None else _cluster_labels(train.truth),
    )
    return matching, time.perf_counter() - wall, time.process_time() - processor


def _cluster_labels(truth: Mapping[str, str]) -> Labels:
    def labels(left: str, right: str) -> Verdict | None:
        one, other = truth.get(left), truth.get(right)
        return None if one is None or other is None else "same" if one == other else "different"

    return labels


def _of_pairs(
    method: str,
    matching: Matching,
    label: Mapping[str, int],
    judged: Sequence[JudgedPair],
    records: int,
    seconds: float,
    processor: float,
) -> MatchingReport:
    predicted = np.array([label[pair.left] == label[pair.right] for pair in judged], dtype=bool)
    probability = probabilities(matching)
    met = [ordered(pair.left, pair.right) in probability for pair in judged]
    same = [pair.same for pair in judged]
    total = len(label) * (len(label) - 1) // 2
    candidates = BlockingScore(
        recall=sum(np.array(met) & np.array(same)) / max(sum(same), 1),
        reduction=1 - len(probability) / max(total, 1),
        candidates=len(probability),
    )
    return score_pairs(
        method,
        predicted,
        judged,
        records=records,
        seconds=seconds,
        processor=processor,
        probability=np.array(
            [probability.get(ordered(pair.left, pair.right), 0.0) for pair in judged]
        ),
        candidates=candidates,
    )
