"""Re-score trained runs and test differences: by row on a shared split, or paired by seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recommender.data.dataset import RATINGS_FILE
from recommender.data.given_parts import PARTS_FILE
from recommender.data.times import TIMES_FILE
from recommender.errors import RunError
from recommender.evaluation import (
    EvaluationConfig,
    check_own_metrics,
    predict_rows,
    rank_catalogue,
)
from recommender.metrics.catalogue import CatalogueResult
from recommender.metrics.predictions import Predictions
from recommender.metrics.significance.contrast import (
    Contrast,
    contrast_catalogues,
    contrast_predictions,
    contrast_seeds,
    correct,
)
from recommender.runs import open_run
from recommender.training.runs import RunConfig

__all__ = ["Comparison", "MeasuredRun", "compare_runs", "measure"]

_FILES_OF_ROWS = (RATINGS_FILE, TIMES_FILE, PARTS_FILE)
_METRICS = ("auc", "acc", "f1", "log_loss", "auc_warm", "auc_cold", "acc_warm", "acc_cold")

# Settings that do not distinguish methods: location, duration and seeds.
_NOT_METHOD = {
    "split", "split_seed", "seed", "device", "threads", "rank_users", "checkpoint_seconds",
    "tensorboard", "mlflow",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class MeasuredRun:
    """The results of a run needed for a comparison, without the model.

    Attributes:
        folder: the run folder.
        config: its settings.
        predictions: its predictions for the held-out rows.
        catalogue: its ranking of the catalogue, if requested.
    """

    folder: Path
    config: RunConfig
    predictions: Predictions
    catalogue: CatalogueResult | None

    @property
    def cell(self) -> tuple[Any, ...]:
        """What determines its rows: the ratings, their times, and the split."""
        training, hashes = self.config.training, self.config.data_hashes
        rows = (hashes[name] for name in _FILES_OF_ROWS if name in hashes)
        return *rows, training.split, training.split_seed, self.config.ratios

    @property
    def method(self) -> str:
        """Its settings, except seeds and those of the machine."""
        return repr((self.config.model, sorted(_settings(self).items())))

    def families(self) -> dict[str, str]:
        """Family of each metric, other than the classification metrics."""
        if self.catalogue is None:
            return {}
        ranking, lists = self.catalogue.ranking.means(), self.catalogue.lists.means()
        return {**dict.fromkeys(ranking, "ranking"), **dict.fromkeys(lists, "lists")}

    def values(self) -> dict[str, float | None]:
        """Value of each metric."""
        report = self.predictions.report()
        values = {name: report[name] for name in _METRICS}
        return {**values, **(self.catalogue.means() if self.catalogue else {})}


@dataclass(frozen=True)
class Comparison:
    """Comparison of a contender with the baseline.

    Attributes:
        first, second: names of the baseline and the contender.
        seeds: number of pairs of runs; 1 if rows or users are the pairs.
        contrasts: one per metric.
    """

    first: str
    second: str
    seeds: int
    contrasts: Sequence[Contrast]

    def as_dict(self) -> dict[str, Any]:
        """For ``json.dumps``."""
        return {
            "first": self.first,
            "second": self.second,
            "seeds": self.seeds,
            "contrasts": [contrast.as_dict() for contrast in self.contrasts],
        }


def measure(folder: Path, config: EvaluationConfig) -> MeasuredRun:
    """Load a run and score its held-out rows.

    Raises:
        RunError, DataError: as from `open_run` and `check_own_metrics`.
    """
    _, run = open_run(folder, None, config.device, held_out=True)
    predictions = predict_rows(run, config.part)
    check_own_metrics(folder, config.part, predictions.report())
    catalogue = rank_catalogue(run, config) if config.ranking else None
    return MeasuredRun(folder, run.config, predictions, catalogue)


def compare_runs(runs: Sequence[MeasuredRun], config: EvaluationConfig) -> list[Comparison]:
    """Compare every run, or every group of runs over seeds, with the first.

    Runs on the same rows are compared on these. Runs on several splits are grouped by their
    settings, except seeds, and paired by split and seed. Holm's correction covers all p values of a
    metric family: classification, ranking, lists.

    Raises:
        RunError: fewer than two runs or groups, or unpaired runs on different data or splits.
    """
    if len(runs) < 2:
        raise RunError("one run alone cannot be compared; name at least two run folders")
    if len({run.cell for run in runs}) == 1:
        names = _names([run.folder for run in runs])
        plain = [
            Comparison(names[0], name, 1, _on_rows(runs[0], run, config))
            for name, run in zip(names[1:], runs[1:], strict=True)
        ]
    else:
        plain = _over_seeds(runs)
    corrected = correct([comparison.contrasts for comparison in plain])
    return [
        Comparison(c.first, c.second, c.seeds, contrasts)
        for c, contrasts in zip(plain, corrected, strict=True)
    ]


def _on_rows(first: MeasuredRun, second: MeasuredRun, config: EvaluationConfig) -> list[Contrast]:
    settings = {"n_resamples": config.bootstrap, "seed": config.bootstrap_seed}
    contrasts = contrast_predictions(first.predictions, second.predictions, **settings)
    if first.catalogue is not None and second.catalogue is not None:
        contrasts += contrast_catalogues(first.catalogue, second.catalogue, **settings)
    return contrasts


def _over_seeds(runs: Sequence[MeasuredRun]) -> list[Comparison]:
    groups: dict[str, dict[tuple[Any, ...], MeasuredRun]] = {}
    for run in runs:
        group = groups.setdefault(run.method, {})
        pair = (*run.cell, run.config.training.seed)
        if pair in group:
            raise RunError(
                f"{group[pair].folder} and {run.folder} have the same settings, split and seed; "
                "name one of them"
            )
        group[pair] = run
    first, *others = groups.values()
    if not others:
        raise RunError(
            f"the {len(runs)} runs have the same settings on different splits: there is nothing "
            "to compare; add runs of another model or of other settings on the same splits"
        )
    for other in others:
        _same_cells(first, other)
    names = _method_names([next(iter(group.values())) for group in groups.values()])
    pairs = list(first)
    return [
        Comparison(
            names[0], name, len(pairs),
            contrast_seeds(
                _by_metric(first, pairs), _by_metric(other, pairs), first[pairs[0]].families()
            ),
        )
        for name, other in zip(names[1:], others, strict=True)
    ]  # fmt: skip


def _same_cells(
    first: Mapping[tuple[Any, ...], MeasuredRun], other: Mapping[tuple[Any, ...], MeasuredRun]
) -> None:
    """Raise a RunError if two groups cannot be paired."""
    for one, two in ((first, other), (other, first)):
        for pair, run in one.items():
            if pair not in two:
                partner = next(iter(two.values()))
                raise RunError(
                    f"{run.folder} ({_describe(run)}) has no partner among the runs like "
                    f"{partner.folder} ({_describe(partner)}): different data or splits cannot be "
                    "compared; train both on the same --data with the same --split, --split-seed "
                    "and --seed"
                )


def _describe(run: MeasuredRun) -> str:
    training = run.config.training
    ratings = run.config.data_hashes[RATINGS_FILE][:8]
    split = f"{training.split} split {training.split_seed}"
    return f"ratings {ratings}, {split}, seed {training.seed}"


def _by_metric(
    group: Mapping[tuple[Any, ...], MeasuredRun], pairs: Sequence[tuple[Any, ...]]
) -> dict[str, list[float | None]]:
    values = [group[pair].values() for pair in pairs]
    return {name: [value[name] for value in values] for name in values[0]}


def _names(folders: Sequence[Path]) -> list[str]:
    """The folders' names if unique, else their paths."""
    names = [folder.resolve().name for folder in folders]
    return names if len(set(names)) == len(names) else [str(folder) for folder in folders]


def _method_names(runs: Sequence[MeasuredRun]) -> list[str]:
    """The models' names; if equal, with the settings that differ."""
    settings = [_settings(run) for run in runs]
    names = []
    for run, own in zip(runs, settings, strict=True):
        alike = [
            other
            for other, r in zip(settings, runs, strict=True)
            if r.config.model == run.config.model
        ]
        differing = [
            f"{name}={str(value)[:12]}"
            for name, value in own.items()
            if any(other.get(name) != value for other in alike)
        ]
        names.append(" ".join([run.config.model, *differing]))
    return names


def _settings(run: MeasuredRun) -> dict[str, Any]:
    training = run.config.training.model_dump(mode="json", exclude=_NOT_METHOD)
    hashes = {f: h for f, h in run.config.data_hashes.items() if f not in _FILES_OF_ROWS}
    return {**run.config.model_settings, **training, **hashes}
