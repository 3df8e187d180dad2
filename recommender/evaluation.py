"""Everything there is to measure about a trained run, as one JSON-ready report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from recommender.data import HeldOut
from recommender.errors import ConfigError, RunError, explain
from recommender.metrics.classification import best_threshold
from recommender.metrics.predictions import Predictions
from recommender.metrics.ranking import RankingResult, evaluate_ranking
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
    ranking: bool = Field(False, description="rank the whole catalogue too")
    ks: tuple[int, ...] = Field((5, 10, 20), description="K, the lengths of the ranked lists")
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
        ``part``; ``ctr``, the report of `evaluate_ctr`; with `config.ranking` ``ranking``: the
        means, the number of users and relevant items and what was excluded; with
        `config.bootstrap` ``intervals`` in both, metric to [low, high] or None.
    """
    predictions = predict_rows(run, config.part)
    report: dict[str, Any] = {"part": config.part, "ctr": predictions.report()}
    if config.bootstrap:
        weights = resample_users(predictions.n_users, config.bootstrap, config.bootstrap_seed)
        report["ctr"]["intervals"] = _intervals(predictions.resample(weights))
    if config.ranking:
        ranking = rank_catalogue(run, config, progress)
        report["ranking"] = {
            **ranking.means(),
            "users": len(ranking.users),
            "relevant": ranking.n_relevant,
            "excluded": "training positives",
        }
        if config.bootstrap:
            weights = resample_users(len(ranking.users), config.bootstrap, config.bootstrap_seed)
            ones = np.ones(len(ranking.users))
            report["ranking"]["intervals"] = _intervals(
                {
                    name: resampled_mean(values, ones, weights)
                    for name, values in ranking.per_user.items()
                }
            )
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
) -> RankingResult:
    """The run's ranking metrics per user."""
    return evaluate_ranking(
        run.model,
        run.split.train,
        _rows(run, config.part),
        config.ks,
        block=config.block,
        progress=progress,
    )


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


def _intervals(samples: Mapping[str, NDArray[np.float64]]) -> dict[str, list[float] | None]:
    intervals = {name: percentile_interval(values) for name, values in samples.items()}
    return {name: None if pair is None else list(pair) for name, pair in intervals.items()}
