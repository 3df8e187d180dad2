"""Evaluate a trained run (CTR metrics, ranking, lists, intervals) to one JSON-ready report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from recommender.data import HeldOut
from recommender.errors import ConfigError, RunError, explain
from recommender.metrics.catalogue import CatalogueResult, evaluate_catalogue
from recommender.metrics.classification import best_threshold
from recommender.metrics.predictions import Predictions
from recommender.metrics.ranking import DEFAULT_KS
from recommender.metrics.significance import percentile_interval, resample_users, resampled_mean
from recommender.scoring import DEFAULT_BLOCK
from recommender.training.evaluation import score_rows
from recommender.training.runs import METRICS_FILE, LoadedRun, read_metrics

__all__ = [
    "EvaluationConfig",
    "check_own_metrics",
    "evaluate_run",
    "predict_rows",
    "rank_catalogue",
]

_SAME_AUC = 1e-3  # sums on a GPU and a CPU differ in the last digits


class EvaluationConfig(BaseModel):
    """Settings of an evaluation: metrics and confidence intervals."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    part: Literal["test", "valid"] = Field("test", description="rows to evaluate")
    ranking: bool = Field(True, description="also rank the whole catalogue")
    ks: tuple[int, ...] = Field(DEFAULT_KS, description="K: lengths of the ranked lists")
    rank_users: int = Field(
        0, ge=0, description="maximum number of users to rank for, always the same ones; 0: all"
    )
    bootstrap: int = Field(
        0, ge=0, description="resamples of users for the 95% intervals; 0: no intervals"
    )
    bootstrap_seed: int = Field(0, ge=0, description="seed of the resamples")
    block: int = Field(
        DEFAULT_BLOCK,
        ge=1,
        description="scores in memory at a time while ranking; bounds the memory",
    )
    device: str = Field("auto", description="`auto`, `cpu`, `cuda`, `cuda:1`, `mps`")

    @classmethod
    def parse(cls, settings: Mapping[str, Any]) -> EvaluationConfig:
        """Build from command-line flags.

        Raises:
            ConfigError: a value that is out of range.
        """
        try:
            config = cls.model_validate(dict(settings))
        except ValidationError as error:
            raise ConfigError(explain(error)) from None
        if not config.ks or min(config.ks) < 1:
            raise ConfigError(f"--ks {config.ks}: give lengths of at least 1")
        return config


def evaluate_run(
    run: LoadedRun, config: EvaluationConfig, progress: Callable[[int], None] | None = None
) -> dict[str, Any]:
    """Evaluate a run.

    Returns:
        ``part``; ``ctr``, the report of `evaluate_ctr`; with `config.ranking` ``ranking``, that of
        `CatalogueResult`; with `config.bootstrap` ``intervals`` in both, metric to [low, high] or
        None. Aggregate metrics over all lists (coverage, …) have none, as a resample with repeated
        users has fewer distinct lists.
    """
    predictions = predict_rows(run, config.part)
    report: dict[str, Any] = {"part": config.part, "ctr": predictions.report()}
    if config.bootstrap:
        weights = resample_users(predictions.n_users, config.bootstrap, config.bootstrap_seed)
        report["ctr"]["intervals"] = _intervals(predictions.resample(weights))
    if config.ranking:
        result = rank_catalogue(run, config, progress)
        report["ranking"] = result.report()
        if config.bootstrap:
            report["ranking"]["intervals"] = _intervals(_resampled(result, config))
    return report


def predict_rows(run: LoadedRun, part: str) -> Predictions:
    """The run's predictions for test or validation rows, with the threshold of validation."""
    _, on_validation = score_rows(run.model, run.split.valid)
    chosen = best_threshold(run.split.valid.labels, on_validation)
    rows = _rows(run, part)
    scores, probabilities = score_rows(run.model, rows)
    return Predictions(rows, run.split.train, scores, probabilities, valid_threshold=chosen)


def rank_catalogue(
    run: LoadedRun, config: EvaluationConfig, progress: Callable[[int], None] | None = None
) -> CatalogueResult:
    """Rank the catalogue with the run: metrics of the ranking and of the lists."""
    results = evaluate_catalogue(
        run.model,
        run.split.train,
        {config.part: _rows(run, config.part)},
        config.ks,
        limit=config.rank_users,
        block=config.block,
        progress=progress,
    )
    return results[config.part]


def check_own_metrics(folder: Path, part: str, ctr: Mapping[str, Any]) -> None:
    """Check that the rows are those held out in training.

    A run stores its split as a seed. If a later version of this package split differently, "test"
    rows would include training rows, and all figures would be too good.

    Raises:
        RunError: `metrics.json` contradicts `ctr` on the same rows.
    """
    own = read_metrics(folder).get(part, {}).get("auc")
    if own is None or ctr["auc"] is None or abs(own - ctr["auc"]) <= _SAME_AUC:
        return
    raise RunError(
        f"{folder}: its own {METRICS_FILE} has AUC {own:.4f} on the {part} rows, now it is "
        f"{ctr['auc']:.4f}: the program splits or scores differently since; train again"
    )


def _rows(run: LoadedRun, part: str) -> HeldOut:
    return run.split.test if part == "test" else run.split.valid


def _resampled(result: CatalogueResult, config: EvaluationConfig) -> dict[str, NDArray[np.float64]]:
    """Each per-user mean metric, for each resample of users."""
    samples = {}
    for part in (result.ranking, result.lists):
        weights = resample_users(len(part.users), config.bootstrap, config.bootstrap_seed)
        for name, values in part.per_user.items():
            defined = ~np.isnan(values)
            samples[name] = resampled_mean(np.where(defined, values, 0.0), defined, weights)
    return samples


def _intervals(samples: Mapping[str, NDArray[np.float64]]) -> dict[str, list[float] | None]:
    intervals = {name: percentile_interval(values) for name, values in samples.items()}
    return {name: None if pair is None else list(pair) for name, pair in intervals.items()}
