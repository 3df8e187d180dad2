"""Train and measure one table row with one seed, and cache the result by a content hash.

The cache is a folder of JSON files, named by hashes of everything a result depends on: resolved
settings, data files, seeds. Files are written atomically, so that a killed run continues with the
unfinished cells. Rows of different tables with the same settings share their cells. Published
results, a line of JSON each in a file per model below the pages, complete a page on any machine.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from recommender.data import Dataset, Split, load, split
from recommender.data.resampled_negatives import FILE_SEED, redraw_negatives
from recommender.data.splits import SPLIT_FILES
from recommender.errors import ConfigError
from recommender.experiments.rows import Row
from recommender.models.registry import create_model, resolve
from recommender.training.config import TrainConfig
from recommender.training.evaluation import rank_split
from recommender.training.loop import Trainer
from safe_io.atomic import write_atomically

__all__ = [
    "Cell",
    "CellKey",
    "data_folder",
    "load_folder",
    "make_cell",
    "publish",
    "read_cell",
    "read_published",
    "run_cell",
]

PROTOCOL = 1
"""Part of every key; increase it when a code change alters results."""

# Training settings that do not affect results.
_FREE = {
    "split_seed", "seed", "device", "threads", "checkpoint_seconds", "tensorboard", "mlflow",
}  # fmt: skip
_PUBLISHED = "cells"  # folder
_KEPT = ("auc", "acc", "f1", "log_loss", "auc_warm", "auc_cold", "acc_warm", "acc_cold")


@dataclass(frozen=True)
class CellKey:
    """Hashes and seed of a cell, which form its file name."""

    model: str
    config: str
    data: str
    seed: int

    def path(self, cache: Path) -> Path:
        """Its file in the cache."""
        return cache / f"{self.model}-{self.config}" / f"{self.data}-seed{self.seed}.json"


@dataclass(frozen=True)
class Cell:
    """A training with its evaluation.

    Attributes:
        row: the table row to train.
        seed: seed of the negatives, the split and the model.
        data: folder with the data; `redraw`: whether to resample its negatives.
    """

    row: Row
    seed: int
    data: Path
    redraw: bool
    training: TrainConfig
    settings: dict[str, Any]

    @cached_property
    def key(self) -> CellKey:
        """Its name in the cache."""
        training = self.training.identity(_FREE)
        config = {"model": self.row.model, "settings": self.settings, "training": training}
        return CellKey(self.row.model, _hash(config), _hash(self.inputs()), self.seed)

    def inputs(self) -> dict[str, Any]:
        """Everything its rows and graph depend on, except the seed; part of its key."""
        files = _hashes(self.data, split_file=SPLIT_FILES.get(self.training.split))
        return {"files": files, "redraw": self.redraw, "protocol": PROTOCOL}

    def split(self) -> Split:
        """The rows and the graph for training and evaluation."""
        dataset = load_folder(self.data)
        if self.redraw:
            dataset = redraw_negatives(dataset, self.seed)
        return split(dataset, self.seed, by=self.training.split)

    @property
    def n_rows(self) -> int:
        """Number of rows of its data set, positives and negatives."""
        return len(load_folder(self.data).interactions)


def data_folder(root: Path, dataset: str, seed: int) -> tuple[Path, bool]:
    """The folder for a seed of negatives, and whether to resample them.

    A folder `DATASET-seedN`, made by `python -m pipeline build --seed N`, is used unchanged;
    otherwise the negatives of `DATASET` are resampled (`redraw_negatives`).
    """
    prepared = root / f"{dataset}-seed{seed}"
    if seed != FILE_SEED and prepared.is_dir():
        return prepared, False
    return root / dataset, seed != FILE_SEED


def make_cell(row: Row, seed: int, root: Path, negatives: str | None, epochs: int | None) -> Cell:
    """Create the cell of a row and a seed.

    Args:
        negatives: `static` or `fresh`; overrides the setting in the row's file.
        epochs: maximum number of epochs, for a trial.

    Raises:
        ConfigError: the row's model or settings do not exist.
    """
    settings = resolve(row.model).configure(row.settings).model_dump(mode="json")
    training = {**row.training, "split_seed": seed, "seed": seed, "device": "cpu", "threads": 1}
    if negatives is not None:
        training["negatives"] = negatives
    config = TrainConfig.parse(training)
    if epochs is not None:
        config = config.model_copy(update={"epochs": min(epochs, config.epochs)})
    data, redraw = data_folder(root, row.dataset, seed)
    return Cell(row, seed, data, redraw, config, settings)


def read_cell(path: Path) -> dict[str, Any] | None:
    """A cached result, or None (also for a damaged file)."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) and "test" in content else None


def run_cell(cell: Cell, cache: Path) -> dict[str, Any]:
    """Train, evaluate, and write the result to the cache.

    The ranking of the catalogue is not included in the time: for models that score pair by pair it
    takes as long as training.

    Raises:
        RecommenderError: from loading the data or training.
    """
    parts = cell.split()
    began, cpu_began = time.perf_counter(), time.process_time()
    model = create_model(cell.row.model, parts.train, seed=cell.seed, **cell.settings)
    run = Trainer(cell.training, rank=False).fit(model, parts)
    seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - cpu_began
    rankings = rank_split(model, parts, cell.training.lengths, limit=cell.training.rank_users)
    result = {
        "model": cell.row.model,
        "dataset": cell.row.dataset,
        "seed": cell.seed,
        "redrawn": cell.redraw,
        "inputs": cell.inputs(),
        "settings": cell.settings,
        "training": cell.training.model_dump(mode="json"),
        "seconds": round(seconds, 3),
        "cpu_seconds": round(cpu_seconds, 3),
        "ranking_cpu_seconds": round(time.process_time() - cpu_began - cpu_seconds, 3),
        "parameters": sum(p.numel() for p in model.parameters()),
        "best_epoch": run.best_epoch,
        "epochs": run.epochs,
        "valid": {name: run.metrics["valid"][name] for name in _KEPT},
        "test": {name: run.metrics["test"][name] for name in _KEPT},
        **rankings,
        "counts": run.metrics["test"]["counts"],
    }
    path = cell.key.path(cache)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, (json.dumps(result, indent=1, sort_keys=True) + "\n").encode())
    return result


def read_published(out: Path) -> dict[CellKey, dict[str, Any]]:
    """Published results by their keys.

    Args:
        out: folder of the pages.

    Raises:
        ConfigError: a line is damaged.
    """
    found = {}
    for file in sorted((out / _PUBLISHED).glob("*.jsonl")):
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
            try:
                result = json.loads(line)
                found[CellKey(**result.pop("key"))] = result
            except (ValueError, KeyError, TypeError, AttributeError):
                raise ConfigError(
                    f"{file}:{number}: not a result; restore the file, or remove the line"
                ) from None
    return found


def publish(out: Path, results: Mapping[CellKey, Mapping[str, Any]]) -> None:
    """Add results to the published ones, or replace those with the same keys."""
    lines: dict[str, list[str]] = {}
    merged = read_published(out) | dict(results)
    for key in sorted(merged, key=lambda key: (key.model, key.config, key.data, key.seed)):
        line = json.dumps({"key": vars(key), **merged[key]}, sort_keys=True)
        lines.setdefault(key.model, []).append(f"{line}\n")
    for model in {key.model for key in results}:
        (out / _PUBLISHED).mkdir(parents=True, exist_ok=True)
        write_atomically(out / _PUBLISHED / f"{model}.jsonl", "".join(lines[model]).encode())


@lru_cache(maxsize=4)
def load_folder(folder: Path) -> Dataset:
    """`load` with a cache of the last few data sets."""
    return load(folder)


@lru_cache(maxsize=16)
def _hashes(folder: Path, *, split_file: str | None) -> dict[str, str]:
    if not folder.is_dir():
        raise ConfigError(
            f"{folder}: no such data folder; build it with `python -m pipeline build --dataset "
            f"{folder.name}`, or name another --data-root"
        )
    return load_folder(folder).hashes(split_file=split_file)


def _hash(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]
