"""Write and read checkpoints atomically: model, optimiser, stopping state, best parameters.

The file is written to a temporary name, flushed to disk and renamed: a reader finds the old or the
new checkpoint, never a partial one. Equal states give equal bytes.
"""

from __future__ import annotations

import hashlib
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from errno import EINVAL
from pathlib import Path
from typing import Any

import torch
from torch import nn

from recommender.errors import RunError
from safe_io.atomic import write_atomically

__all__ = [
    "Checkpoint",
    "checkpoint_hash",
    "fitting",
    "put_into",
    "read_checkpoint",
    "readable",
    "write_checkpoint",
]


_LONGEST = 200


@dataclass(frozen=True)
class Checkpoint:
    """State after `epoch` whole epochs.

    Attributes:
        epoch: epochs done.
        fingerprint: hash of model, settings and data, checked on resume.
        model: parameters and buffers after the last epoch; empty if equal to `best_model`.
        optimizers: optimiser states by task name.
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
    """Replace the file at `path` atomically."""
    buffer = io.BytesIO()
    torch.save(
        _canonical({f.name: getattr(checkpoint, f.name) for f in fields(checkpoint)}), buffer
    )
    write_atomically(path, buffer.getvalue())


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint; tensors are on the CPU and memory-mapped, so only used parts are read.

    Raises:
        RunError: missing or damaged file.
    """
    if not path.is_file():
        raise RunError(f"{path}: no checkpoint there; train first")
    with readable(path):
        checkpoint = Checkpoint(**torch.load(path, "cpu", weights_only=True, mmap=True))
    if problem := _problem(checkpoint):
        raise RunError(f"{path}: damaged checkpoint: {problem}; train again")
    return checkpoint


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Context that converts errors of reading a file of tensors into a RunError.

    Raises:
        RunError: a damaged file, or another one.
        OSError: a fault of the disk.
    """
    try:
        yield
    except Exception as error:  # torch.load raises many kinds of errors on foreign files
        if isinstance(error, OSError) and error.errno not in (None, EINVAL):
            raise  # of the disk; zipfile looks for a cut file's end before its beginning: EINVAL
        raise RunError(
            f"{path}: damaged, or not written by this program; train again without --resume, or "
            "restore the file from a copy"
        ) from None


@contextmanager
def fitting(path: Path) -> Iterator[None]:
    """Context that converts errors of loading a checkpoint's state into a RunError.

    Raises:
        RunError: shapes, names or types do not match the model.
    """
    try:
        yield
    except (RuntimeError, KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        text = " ".join(str(error).split())
        shown = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
        raise RunError(
            f"{path}: does not fit the model of {path.parent / 'config.json'} "
            f"({shown or type(error).__name__}); train again"
        ) from None


def put_into(model: nn.Module, state: dict[str, torch.Tensor]) -> None:
    """Set a model's parameters without a copy, so that processes of one run share pages.

    If precisions differ, they are copied and converted.
    """
    own = model.state_dict()
    same = all(name in own and own[name].dtype == value.dtype for name, value in state.items())
    model.load_state_dict(state, assign=same)


def _problem(checkpoint: Checkpoint) -> str:
    """Describe what is wrong with a readable checkpoint; '' if it is valid."""
    found: dict[str, Any] = vars(checkpoint)  # values are from a file, so types are not guaranteed
    epoch, best = found["epoch"], found["best_model"]
    if not isinstance(epoch, int) or isinstance(epoch, bool) or not 0 <= epoch < 2**31:
        return f"epoch {epoch!r}"
    for name in ("optimizers", "stopping"):
        if not isinstance(found[name], dict):
            return f"{name} is no table"
    if not isinstance(found["fingerprint"], str) or not isinstance(found["finished"], bool):
        return "its fingerprint or its end is of a wrong type"
    for part in (found["model"], {} if best is None else best):
        if not isinstance(part, dict):
            return "the parameters are no table"
        for name, value in part.items():
            if not isinstance(value, torch.Tensor):
                return f"parameter {name!r} is no tensor"
    for name, value in (best or {}).items():
        # The last epoch may have diverged, but not the best one.
        if value.is_floating_point() and not bool(torch.isfinite(value).all()):
            return f"parameter {name!r} holds values that are not finite"
    return ""


def checkpoint_hash(path: Path) -> str:
    """SHA-256 of the file; equal for equal states."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _canonical(value: Any) -> Any:
    """A canonical copy without shared parts, which pickle would encode.

    Equal strings become one object and tensors get separate storages, so that the bytes depend only
    on the state, not on whether it was computed or read from an earlier checkpoint.
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
