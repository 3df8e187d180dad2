"""Read and write the run folder of a KGE training: config, checkpoint, log, metrics, model."""

from __future__ import annotations

import hashlib
import io
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic import BaseModel
from torch import Tensor

from recommender.errors import RunError
from recommender.kge.base import TripleModel
from recommender.training.checkpoint import (
    Checkpoint,
    read_checkpoint,
    write_checkpoint,
)
from recommender.training.loggers import JsonLines
from recommender.training.runs import CHECKPOINT_FILE, CONFIG_FILE, LOG_FILE, METRICS_FILE
from safe_io.atomic import write_atomically

__all__ = ["MODEL_FILE", "EmbeddingFolder"]

MODEL_FILE = "model.pt"
SECONDS = 10.0  # minimum seconds between checkpoints
# Settings that may differ on resume, because no epoch depends on them.
_FREE = ("epochs", "patience", "device", "threads")


class EmbeddingFolder:
    """Writer of the run folder, and reader of a stopped training's state.

    Args:
        path: the folder; it need not exist.
        name: the embedding's name.
        model, config: of the run; everything except the training length forms its identity.
        data: origin of the triples.
        hashes: hashes of their files, by name.
    """

    def __init__(
        self,
        path: Path,
        name: str,
        model: TripleModel,
        config: BaseModel,
        data: Path,
        hashes: Mapping[str, str],
    ) -> None:
        self.path = path
        self._log = JsonLines(path / LOG_FILE)
        self._saved = time.monotonic()
        self._config: dict[str, Any] = {
            "model": name,
            "model_settings": model.config.model_dump(mode="json"),
            "training": config.model_dump(mode="json"),
            "data": str(data.resolve()),
            "data_hashes": dict(hashes),
            "versions": {"numpy": np.__version__, "torch": torch.__version__},
        }
        fixed = {key: self._config[key] for key in ("model", "model_settings", "data_hashes")}
        free = _FREE if self._config["training"]["schedule"] == "constant" else _FREE[1:]
        training = {k: v for k, v in self._config["training"].items() if k not in free}
        text = json.dumps({**fixed, "training": training}, sort_keys=True)
        self._fingerprint = hashlib.sha256(text.encode()).hexdigest()

    def read(self) -> Checkpoint | None:
        """Read the checkpoint of a stopped training; None if there is none.

        Raises:
            RunError: a checkpoint of other settings, data or model, or a damaged one.
        """
        if not (self.path / CHECKPOINT_FILE).is_file():
            return None
        checkpoint = read_checkpoint(self.path / CHECKPOINT_FILE)
        if checkpoint.fingerprint != self._fingerprint:
            raise RunError(
                f"{self.path}: its checkpoint belongs to other settings, data or model; repeat "
                "the command that started it, or train into another --out"
            )
        return checkpoint

    def open(self, epochs_done: int) -> None:
        """Create the folder; a new run removes the results of an older one."""
        self.path.mkdir(parents=True, exist_ok=True)
        (self.path / METRICS_FILE).unlink(missing_ok=True)
        if not epochs_done:
            (self.path / CHECKPOINT_FILE).unlink(missing_ok=True)
        self._write(CONFIG_FILE, self._config)
        self._log.start({}, epochs_done)

    def epoch(self, record: Mapping[str, float]) -> None:
        """Append to the log."""
        self._log.epoch(record)

    def save(
        self,
        epoch: int,
        model: TripleModel,
        optimizer: Mapping[str, Any],
        stopping: Mapping[str, Any],
        best: dict[str, Tensor],
        *,
        finished: bool,
    ) -> None:
        """Replace `checkpoint.pt`, unless recently written and not final."""
        if not finished and time.monotonic() - self._saved < SECONDS:
            return
        checkpoint = Checkpoint(
            epoch=epoch,
            fingerprint=self._fingerprint,
            model=model.state_dict(),
            optimizers={"triples": dict(optimizer)},
            stopping=dict(stopping),
            best_model=best or None,
            finished=finished,
        )
        write_checkpoint(self.path / CHECKPOINT_FILE, checkpoint)
        self._saved = time.monotonic()

    def finish(self, metrics: Mapping[str, Any], state: Mapping[str, Tensor]) -> None:
        """Write the parameters, then the metrics, which mark the run as complete."""
        buffer = io.BytesIO()  # via memory, as torch would include the file's name
        torch.save({name: value.cpu() for name, value in state.items()}, buffer)
        write_atomically(self.path / MODEL_FILE, buffer.getvalue())
        self._write(METRICS_FILE, metrics)

    def _write(self, name: str, content: Mapping[str, Any]) -> None:
        write_atomically(self.path / name, f"{json.dumps(content, indent=2)}\n".encode())
