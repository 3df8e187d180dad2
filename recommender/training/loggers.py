"""Log a training's metrics as JSON lines, and to TensorBoard and MLflow where installed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from recommender.errors import ConfigError
from safe_io.atomic import write_atomically

__all__ = ["JsonLines", "Logger", "MLflow", "TensorBoard"]


class Logger(Protocol):
    """Interface of a receiver of one flat record per epoch and the final metrics."""

    def start(self, settings: Mapping[str, Any], epochs_done: int) -> None:
        """Called when training starts, or resumes after `epochs_done` epochs."""

    def epoch(self, record: Mapping[str, float]) -> None:
        """Called after an epoch; the record has `epoch`, counted from 1, and numbers by name."""

    def finish(self, metrics: Mapping[str, Any]) -> None:
        """Called after training; `metrics` is the content of `metrics.json`."""


class JsonLines:
    """One JSON object per epoch in `metrics.jsonl`; resuming drops the lines of lost epochs."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def start(self, settings: Mapping[str, Any], epochs_done: int) -> None:
        """Keep the lines of the epochs that the checkpoint knows."""
        kept: list[bytes] = []
        if epochs_done and self.path.is_file():
            # A kill may have torn the last line; it then belongs to an epoch that is done again.
            lines = self.path.read_bytes().splitlines()
            kept = [line for line in lines if _epoch_of(line) <= epochs_done]
        write_atomically(self.path, b"".join(line + b"\n" for line in kept))

    def epoch(self, record: Mapping[str, float]) -> None:
        """Append the record."""
        with self.path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(dict(record)) + "\n")

    def finish(self, metrics: Mapping[str, Any]) -> None:
        """Does nothing."""


def _epoch_of(line: bytes) -> float:
    try:
        return float(json.loads(line)["epoch"])
    except (ValueError, KeyError, TypeError):
        return float("inf")


class TensorBoard:
    """Scalars under the run folder's `tensorboard/`; needs the extra `tracking`."""

    def __init__(self, folder: Path) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            raise ConfigError("--tensorboard needs: pip install '.[tracking]'") from None
        self._writer = SummaryWriter(str(folder))

    def start(self, settings: Mapping[str, Any], epochs_done: int) -> None:
        """Log the settings."""
        text = json.dumps(dict(settings), indent=2, default=str)
        self._writer.add_text("settings", f"```\n{text}\n```", epochs_done)

    def epoch(self, record: Mapping[str, float]) -> None:
        """Add one point per curve."""
        for name, value in record.items():
            if name != "epoch":
                self._writer.add_scalar(name, value, int(record["epoch"]))

    def finish(self, metrics: Mapping[str, Any]) -> None:
        """Flush and close."""
        self._writer.close()


class MLflow:
    """A run in the tracking store MLFLOW_TRACKING_URI; needs the extra `tracking`."""

    def __init__(self, run_name: str) -> None:
        try:
            import mlflow
        except ImportError:
            raise ConfigError("--mlflow needs: pip install '.[tracking]'") from None
        self._mlflow, self._name = mlflow, run_name

    def start(self, settings: Mapping[str, Any], epochs_done: int) -> None:
        """Open the run and log the settings."""
        self._mlflow.start_run(run_name=self._name)
        self._mlflow.log_params({name: str(value) for name, value in settings.items()})

    def epoch(self, record: Mapping[str, float]) -> None:
        """Add one point per curve."""
        values = {_mlflow_name(name): v for name, v in record.items() if name != "epoch"}
        self._mlflow.log_metrics(values, step=int(record["epoch"]))

    def finish(self, metrics: Mapping[str, Any]) -> None:
        """Log the final figures and close the run."""
        for part, figures in metrics.items():
            if isinstance(figures, Mapping):
                for name, value in figures.items():
                    if isinstance(value, int | float):
                        self._mlflow.log_metric(_mlflow_name(f"{part}_{name}"), value)
        self._mlflow.end_run()


def _mlflow_name(metric: str) -> str:
    """Replace the `@` in `ndcg@10`, which MLflow does not allow."""
    return metric.replace("@", "_at_")
