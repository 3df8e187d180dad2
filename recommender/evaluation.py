"""Measure a trained run (CTR metrics, ranking, lists, intervals) as one JSON-ready report."""

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

_SAME_AUC = 1e-3  # a GPU's sums and a CPU's are not the same to the last digit


class EvaluationConfig(BaseModel):
    """What to measure, and how surely."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    part: Literal["test", "valid"] = Field("test", description="rows to judge")
    ranking: bool = Field(True, description="rank the whole catalogue too")
    ks: tuple[int, ...] = Field(DEFAULT_KS, description="K, the lengths of the ranked lists")
    rank_users: int = Field(
        0, ge=0, description="rank for at most so many users, always the same ones; 0: for all"
    )
    bootstrap: int = Field(
        0, ge=0, description="resamples of users for the 95% intervals; 0: no intervals"
    )
    bootstrap_seed: int = Field(0, ge=0, description="seed of the resamples")
    block: int = Field(
        DEFAULT_BLOCK, ge=1, description="scores held at a time while ranking; bounds the memory"
    )
    device: str = Field("auto", description="`auto`, `cpu`, `cuda`, `cuda:1`, `mps`")

    @classmethod
    def parse(cls, settings: Mapping[str, Any]) -> EvaluationConfig:
        """From flags.

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
    """Measure a run.

    Returns:
        ``part``; ``ctr``, the report of `evaluate_ctr`; with `config.ranking` ``ranking``, that of
        `CatalogueResult`; with `config.bootstrap` ``intervals`` in both, metric to [low, high] or
        None. Metrics of all lists together (coverage, …) have none: a resample of users with its
        repeats has fewer different lists.
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
    """The run's answers to its test or validation rows, the threshold chosen on validation."""
    _, on_validation = score_rows(run.model, run.split.valid)
    chosen = best_threshold(run.split.valid.labels, on_validation)
    rows = _rows(run, part)
    scores, probabilities = score_rows(run.model, rows)
    return Predictions(rows, run.split.train, scores, probabilities, valid_threshold=chosen)


def rank_catalogue(
    run: LoadedRun, config: EvaluationConfig, progress: Callable[[int], None] | None = None
) -> CatalogueResult:
    """The run's ranking of the catalogue: metrics of the ranking and of the lists."""
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
    """Make sure that the rows are those which the training held out.

    A run knows its split by a seed. Should a later version of this package split differently,
    "test" rows would hold rows that the model was trained on, and every figure would flatter it.

    Raises:
        RunError: `metrics.json` says something else than `ctr` about the same rows.
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
    """Each metric that is a mean over users once per resample of them."""
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
