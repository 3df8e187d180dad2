"""Build manifest: hashes of each stage's inputs, settings, code and outputs; decides what to skip.

A stage whose manifest entry is still valid is skipped. File hashes are cached with size and
modification time, so that a dump of many gigabytes is hashed only once.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from kg_builder.errors import DataError
from pipeline.artefacts import digest
from safe_io.atomic import write_atomically


class FileState(BaseModel):
    """State of a file when it was last hashed."""

    model_config = ConfigDict(frozen=True)

    size: int
    changed_ns: int
    sha256: str


class StageEntry(BaseModel):
    """Entry of a stage's last complete run."""

    key: str
    inputs: dict[str, str]
    outputs: dict[str, FileState]
    counts: dict[str, int]
    seconds: float
    peak_mb: int | None = None
    worker_mb: int | None = None
    units: int = 0
    units_reused: int = 0


class _Document(BaseModel):
    version: int = 1
    dataset: str = ""
    recipe: str = ""
    stages: dict[str, StageEntry] = {}
    files: dict[str, FileState] = {}


class Manifest:
    """`manifest.json` of a processed folder."""

    def __init__(self, out: Path) -> None:
        self._path = out / "manifest.json"
        self._out = out
        try:
            self._document = _Document.model_validate_json(self._path.read_bytes())
        except FileNotFoundError:
            self._document = _Document()
        except ValidationError as fault:
            raise DataError(
                f"damaged: {fault.error_count()} wrong entries",
                where=str(self._path),
                remedy="delete it to rebuild everything",
            ) from None

    @property
    def dataset(self) -> str:
        """Name of the data set; '' if an earlier version has built it."""
        return self._document.dataset

    @property
    def recipe(self) -> str:
        """The recipe's name or file, for `load_recipe`; '' if unknown."""
        recipe = self._document.recipe
        return str((self._out / recipe).resolve()) if recipe.endswith(".toml") else recipe

    def name(self, dataset: str, recipe: str) -> None:
        """Note the data set's name and recipe, saved with the next entry.

        A file is noted by its path from this folder: a copied project has its own recipe.
        """
        if recipe.endswith(".toml"):
            recipe = Path(os.path.relpath(recipe, self._out.resolve())).as_posix()
        self._document.dataset, self._document.recipe = dataset, recipe

    @property
    def stages(self) -> dict[str, StageEntry]:
        """Entries by stage."""
        return self._document.stages

    def sha256(self, path: Path) -> str:
        """Hash a file, unless its size and modification time are unchanged."""
        status = path.stat()
        name = str(path.resolve())
        last = self._document.files.get(name)
        if last and (last.size, last.changed_ns) == (status.st_size, status.st_mtime_ns):
            return last.sha256
        state = _state(path)
        self._document.files[name] = state
        return state.sha256

    def current(self, stage: str, key: str) -> StageEntry | None:
        """The stage's entry, if it has this key and its outputs are unmodified."""
        entry = self._document.stages.get(stage)
        if entry is None or entry.key != key:
            return None
        for name, state in entry.outputs.items():
            path = self._out / name
            if not path.is_file():
                return None
            status = path.stat()
            same_stamp = (state.size, state.changed_ns) == (status.st_size, status.st_mtime_ns)
            if not same_stamp and digest(path) != state.sha256:
                return None
        return entry

    def record(
        self,
        stage: str,
        *,
        key: str,
        inputs: dict[str, str],
        outputs: Iterable[str],
        counts: dict[str, int],
        seconds: float,
        peak_mb: int | None,
        worker_mb: int | None,
        units: int,
        units_reused: int,
    ) -> StageEntry:
        """Record a complete run and save the manifest.

        Args:
            stage: its name.
            key: hash of everything the outputs depend on.
            inputs: hashes of the files read.
            outputs: names of the files written.
            counts: figures for the report.
            seconds: run time.
            peak_mb, worker_mb: peak memory of the process, and of a worker process.
            units, units_reused: number of units of work, and of those of an earlier run.
        """
        entry = StageEntry(
            key=key,
            inputs=inputs,
            outputs={name: _state(self._out / name) for name in outputs},
            counts=counts,
            seconds=round(seconds, 3),
            peak_mb=peak_mb,
            worker_mb=worker_mb,
            units=units,
            units_reused=units_reused,
        )
        self._document.stages[stage] = entry
        self.save()
        return entry

    def forget(self, stage: str) -> None:
        """Drop a stage's entry before it runs again, so that a killed run leaves no valid entry."""
        if self._document.stages.pop(stage, None) is not None:
            self.save()

    def save(self) -> None:
        """Write the manifest atomically."""
        write_atomically(self._path, json.dumps(self._document.model_dump(), indent=1) + "\n")


def stage_key(inputs: dict[str, str], settings: Any, code: str) -> str:
    """Hash everything a stage's output depends on: inputs, settings, code, libraries."""
    text = json.dumps([inputs, settings, code], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _state(path: Path) -> FileState:
    status = path.stat()
    return FileState(size=status.st_size, changed_ns=status.st_mtime_ns, sha256=digest(path))
