"""Checkpoints: the whole state of a training, written atomically.

The file is written beside its place, flushed to the disk and renamed over it: a reader finds the
old checkpoint or the new one, never a torn one. Equal states give equal bytes.
"""

from __future__ import annotations

import hashlib
import io
import sys
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import torch

from recommender.errors import RunError
from safe_io.atomic import write_atomically

__all__ = [
    "Checkpoint",
    "checkpoint_hash",
    "read_checkpoint",
    "write_checkpoint",
]


@dataclass(frozen=True)
class Checkpoint:
    """State after `epoch` whole epochs.

    Attributes:
        epoch: epochs done.
        fingerprint: of model, settings and data, so that nothing else is resumed from it.
        model: parameters and buffers after the last epoch; empty where `best_model` is the same.
        optimizers: by task name.
        stopping: state of the stopping rule.
        best_model: parameters of the best validated epoch, None before the first.
        finished: whether training has ended.
    """

    epoch: int
    fingerprint: str
    model: dict[str, torch.Tensor]
    optimizers: dict[str, Any]
    stopping: dict[str, Any]
    best_model: dict[str, torch.Tensor] | None
    finished: bool


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Replace the file at `path` in one step."""
    buffer = io.BytesIO()
    torch.save(
        _canonical({f.name: getattr(checkpoint, f.name) for f in fields(checkpoint)}), buffer
    )
    write_atomically(path, buffer.getvalue())


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint; its tensors are on the CPU.

    Raises:
        RunError: missing or damaged file.
    """
    if not path.is_file():
        raise RunError(f"{path}: no checkpoint there; train first")
    try:
        return Checkpoint(**torch.load(path, map_location="cpu", weights_only=True))
    except Exception as error:
        # torch.load fails in many ways on a file that is not its own
        raise RunError(f"{path}: not a readable checkpoint ({type(error).__name__})") from None


def checkpoint_hash(path: Path) -> str:
    """SHA-256 of the file; equal for equal states."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _canonical(value: Any) -> Any:
    """The same value with no sharing between its parts, which pickle would write down.

    Equal strings become one object, tensors get storages of their own: then the bytes depend on
    the state alone, not on whether it was computed or read from an earlier checkpoint.
    """
    if isinstance(value, torch.Tensor):
        return value.detach().to("cpu", copy=True).contiguous().clone()
    if isinstance(value, dict):
        return {_canonical(key): _canonical(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_canonical(item) for item in value]
    if isinstance(value, str):
        return sys.intern(value)
    return value
