"""Write, read and resume run folders: configuration, checkpoint, log and metrics of a training.

- `config.json`: model, all settings, data folder with the hashes of its files, versions
- `checkpoint.pt`: everything needed for an exact resume, and the best epoch's parameters
- `metrics.jsonl`: one line per epoch
- `metrics.json`: of the best epoch, `valid` and `test` (classification), `valid_ranking` and
  `ranking` (of the whole catalogue)
"""

from __future__ import annotations

import hashlib
import json
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from recommender.data import Dataset, Split, load, split
from recommender.data.splits import SPLIT_FILES
from recommender.errors import RunError, explain
from recommender.models.base import Recommender
from recommender.models.registry import create_model
from recommender.training.checkpoint import (
    Checkpoint,
    fitting,
    put_into,
    read_checkpoint,
    write_checkpoint,
)
from recommender.training.config import TrainConfig
from recommender.training.loggers import JsonLines, Logger, MLflow, TensorBoard
from safe_io.atomic import write_atomically

__all__ = ["LoadedRun", "Run", "RunConfig", "RunFolder", "load_run", "replacement"]

CONFIG_FILE = "config.json"
CHECKPOINT_FILE = "checkpoint.pt"
LOG_FILE = "metrics.jsonl"
METRICS_FILE = "metrics.json"


class RunConfig(BaseModel):
    """`config.json`: everything needed to repeat the run or load its model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str = Field(description="name in the registry")
    model_settings: dict[str, Any] = Field(description="all settings of the model")
    training: TrainConfig
    ratios: tuple[float, float, float] = Field(description="train, validation and test parts")
    data: Path = Field(description="data folder")
    data_hashes: dict[str, str] = Field(description="SHA-256 of its files")
    versions: dict[str, str] = Field(description="of Python and the numerical libraries")


@dataclass(frozen=True)
class Run:
    """A finished training.

    Attributes:
        folder: its run folder; None if it was kept in memory.
        metrics: content of `metrics.json`.
        best_epoch: the epoch chosen on validation, of `epochs`.
        validation: value of the monitor at that epoch.
    """

    folder: Path | None
    metrics: dict[str, Any]
    best_epoch: int
    epochs: int
    validation: float


@dataclass(frozen=True)
class LoadedRun:
    """A trained model with its data and split."""

    model: Recommender
    dataset: Dataset
    split: Split
    config: RunConfig

    def __iter__(self) -> Any:
        return iter((self.model, self.dataset, self.split, self.config))


# Settings that may differ on resume, because results do not depend on them.
_FREE = {"epochs", "patience", "device", "threads", "checkpoint_seconds", "tensorboard", "mlflow"}


class RunFolder:
    """Writes the run folder of one training."""

    def __init__(self, path: Path, training: TrainConfig, model: Recommender, split: Split) -> None:
        self.path = path
        self.config = RunConfig(
            model=model.preset,
            model_settings=model.config.model_dump(mode="json"),
            training=training.model_copy(update={"split": split.by, "split_seed": split.seed}),
            ratios=split.ratios,
            data=split.dataset.folder.resolve(),
            data_hashes=split.dataset.hashes(split_file=SPLIT_FILES.get(split.by)),
            versions={
                "python": platform.python_version(),
                "numpy": np.__version__,
                "torch": torch.__version__,
            },
        )
        fixed = self.config.model_dump(mode="json", exclude={"versions": True, "data": True})
        fixed["training"] = self.config.training.identity(_FREE)
        text = json.dumps(fixed, sort_keys=True)
        self.fingerprint = hashlib.sha256(text.encode()).hexdigest()

    def loggers(self) -> list[Logger]:
        """Loggers: `metrics.jsonl`, and configured extras."""
        loggers: list[Logger] = [JsonLines(self.path / LOG_FILE)]
        if self.config.training.tensorboard:
            loggers.append(TensorBoard(self.path / "tensorboard"))
        if self.config.training.mlflow:
            loggers.append(MLflow(self.path.name))
        return loggers

    def open(self, *, keep: bool) -> None:
        """Create the folder and write `config.json`; a new run removes older results."""
        self.path.mkdir(parents=True, exist_ok=True)
        (self.path / METRICS_FILE).unlink(missing_ok=True)
        if not keep:
            (self.path / CHECKPOINT_FILE).unlink(missing_ok=True)
        text = self.config.model_dump_json(indent=2)
        write_atomically(self.path / CONFIG_FILE, f"{text}\n".encode())

    def save(self, checkpoint: Checkpoint) -> None:
        """Replace `checkpoint.pt`."""
        write_checkpoint(self.path / CHECKPOINT_FILE, checkpoint)

    def close(self, metrics: dict[str, Any]) -> None:
        """Write `metrics.json`, which completes the run."""
        write_atomically(self.path / METRICS_FILE, (json.dumps(metrics, indent=2) + "\n").encode())


def read_config(folder: Path) -> RunConfig:
    """Read `config.json` of a run folder.

    Raises:
        RunError: no run there, or a damaged file.
    """
    path = folder / CONFIG_FILE
    if not path.is_file():
        raise RunError(f"{folder}: no run there (no {CONFIG_FILE}); train one first")
    try:
        return RunConfig.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise RunError(f"{path}: {explain(error)}; train again") from None


def replacement(folder: Path, *, resume: bool) -> str:
    """Describe the run that a training into a folder replaces; '' if there is none."""
    if not (folder / CONFIG_FILE).is_file() or (resume and (folder / CHECKPOINT_FILE).is_file()):
        return ""
    if (folder / METRICS_FILE).is_file():
        return f"{folder}: replacing the finished run there (another --out keeps it)"
    return f"{folder}: replacing the unfinished run there (--resume continues it)"


def read_metrics(folder: Path) -> dict[str, Any]:
    """Read `metrics.json` of a run folder.

    Raises:
        RunError: the run is missing or unfinished.
    """
    path = folder / METRICS_FILE
    if not path.is_file():
        raise RunError(f"{folder}: no {METRICS_FILE}; unfinished, continue with --resume")
    try:
        return dict(json.loads(path.read_bytes()))
    except (TypeError, ValueError) as error:
        raise RunError(f"{path}: damaged: {error}; train again") from None


def load_run(folder: str | Path, *, data: str | Path | None = None) -> LoadedRun:
    """Load a run's best model, ready to score: `model, dataset, split, config = load_run(folder)`.

    Args:
        folder: the run folder.
        data: the data folder, if it was moved since the training.

    Raises:
        RunError: no run there, an unfinished or damaged one, or data that has changed since.
        DataError: the data folder cannot be read.
    """
    folder = Path(folder)
    config = read_config(folder)
    found = load(config.data if data is None else data)
    dataset = found.as_trained_on(config.data_hashes)
    if dataset is None:
        raise RunError(
            f"{found.folder}: not the data that {folder} was trained on; train again, or name "
            "the folder with the same files"
        )
    parts = split(dataset, config.training.split_seed, config.ratios, config.training.split)
    checkpoint = read_checkpoint(folder / CHECKPOINT_FILE)
    if checkpoint.best_model is None:
        raise RunError(f"{folder}: no epoch was validated yet; continue with --resume")
    with fitting(folder / CHECKPOINT_FILE):
        model = create_model(config.model, parts.train, **config.model_settings)
        put_into(model, checkpoint.best_model)
    model.eval()
    return LoadedRun(model, dataset, parts, config)
