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

from recommender.data.dataset import Dataset
from recommender.errors import RunError
from recommender.kge.base import TripleModel
from recommender.kge.registry import create_embedding
from recommender.training.checkpoint import (
    Checkpoint,
    fitting,
    read_checkpoint,
    readable,
    write_checkpoint,
)
from recommender.training.loggers import JsonLines
from recommender.training.runs import CHECKPOINT_FILE, CONFIG_FILE, LOG_FILE, METRICS_FILE
from safe_io.atomic import write_atomically

__all__ = ["MODEL_FILE", "EmbeddingFolder", "load_embedding"]

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
        writes: whether this process writes; under torchrun one does.
    """

    def __init__(
        self,
        path: Path,
        name: str,
        model: TripleModel,
        config: BaseModel,
        data: Path,
        hashes: Mapping[str, str],
        *,
        writes: bool = True,
    ) -> None:
        self.path, self._writes = path, writes
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
        if not self._writes:
            return
        self.path.mkdir(parents=True, exist_ok=True)
        (self.path / METRICS_FILE).unlink(missing_ok=True)
        if not epochs_done:
            (self.path / CHECKPOINT_FILE).unlink(missing_ok=True)
        self._write(CONFIG_FILE, self._config)
        self._log.start({}, epochs_done)

    def epoch(self, record: Mapping[str, float]) -> None:
        """Append to the log."""
        if self._writes:
            self._log.epoch(record)

    @property
    def saved_recently(self) -> bool:
        """Whether a checkpoint was written within the last seconds."""
        return time.monotonic() - self._saved < SECONDS

    def save(
        self,
        epoch: int,
        model: dict[str, Tensor],
        optimizer: Mapping[str, Any],
        stopping: Mapping[str, Any],
        best: dict[str, Tensor],
        *,
        finished: bool,
    ) -> None:
        """Replace `checkpoint.pt`."""
        self._saved = time.monotonic()
        if not self._writes:
            return
        checkpoint = Checkpoint(
            epoch=epoch,
            fingerprint=self._fingerprint,
            model=model,
            optimizers={"triples": dict(optimizer)},
            stopping=dict(stopping),
            best_model=best or None,
            finished=finished,
        )
        write_checkpoint(self.path / CHECKPOINT_FILE, checkpoint)

    def finish(self, metrics: Mapping[str, Any], state: Mapping[str, Tensor]) -> None:
        """Write the parameters, then the metrics, which mark the run as complete."""
        if not self._writes:
            return
        buffer = io.BytesIO()  # via memory, as torch would include the file's name
        torch.save({name: value.cpu() for name, value in state.items()}, buffer)
        write_atomically(self.path / MODEL_FILE, buffer.getvalue())
        self._write(METRICS_FILE, metrics)

    def _write(self, name: str, content: Mapping[str, Any]) -> None:
        write_atomically(self.path / name, f"{json.dumps(content, indent=2)}\n".encode())


def load_embedding(folder: Path, dataset: Dataset) -> TripleModel:
    """Load a run folder's embedding, for the data set that it was trained on.

    Raises:
        RunError: no finished run in the folder, or different data.
    """
    if not (folder / METRICS_FILE).is_file():
        raise RunError(f"{folder}: no finished run there; train with recommender.train_kge")
    try:
        config = json.loads((folder / CONFIG_FILE).read_bytes())
        name, settings = str(config["model"]), dict(config["model_settings"])
        is_same = dataset.as_trained_on(config["data_hashes"]) is not None
    except (ValueError, KeyError, TypeError) as error:
        raise RunError(f"{folder / CONFIG_FILE}: damaged: {error}; train again") from None
    if not is_same:
        raise RunError(f"{dataset.folder}: not the data that {folder} was trained on; train again")
    graph = dataset.graph
    with readable(folder / MODEL_FILE):
        state = torch.load(folder / MODEL_FILE, map_location="cpu", weights_only=True)
    with fitting(folder / MODEL_FILE):
        model = create_embedding(name, graph.n_entities, graph.n_relations, **settings)
        model.load_state_dict(state)
    return model.eval()
