"""Execute a stage's units in processes of this machine or elsewhere; cache their results.

The result of a unit is a folder named by the hash of its dependencies, so that a killed build
resumes where it stopped, and a changed file invalidates only its own units.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import threading
import warnings
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from contextlib import AbstractContextManager, suppress
from dataclasses import fields, is_dataclass
from itertools import chain, islice
from multiprocessing import get_context, set_forkserver_preload
from pathlib import Path
from typing import Any, Final, Protocol

from pydantic import BaseModel

from kg_builder.errors import DataError
from kg_builder.garbage_collection import rare_garbage_collection
from kg_builder.ordered_pool import cores
from kg_builder.progress import Progress, silent
from kg_builder.units import FilePart, Unit
from pipeline.artefacts import digest
from pipeline.code_version import code_version
from pipeline.peak_memory import forget_peak, peak_mb
from safe_io.atomic import replacing_folder, write_atomically
from safe_io.worker_processes import end_with_parent

FOLDER: Final = ".units"
"""Folder of unit results in a processed folder, with a subfolder per stage."""

_PRELOADED: Final = (
    "pipeline.units",
    "kg_builder.extraction.extract",
    "kg_builder.cleaning.parts",
    "kg_builder.triples.graph_files",
)
"""Modules that the fork server imports before it forks a worker."""

RESULT: Final = "result.json"
"""File that lists the other files of a complete result."""

MEMORY: Final = 2000
"""Default of the megabytes that a stage may use for its queries and buffers."""

_AHEAD: Final = 4
"""Units submitted per worker, which bounds memory and queue length."""


class PendingResult(Protocol):
    """Interface of a submitted unit."""

    def result(self) -> object:
        """Wait for the unit; returns the worker's peak memory in megabytes, or None.

        Raises:
            Exception: raised by the unit.
        """


class Workers(Protocol):
    """Interface of workers that execute units.

    Attributes:
        count: number of units executed at a time.
    """

    count: int

    @property
    def ready(self) -> bool:
        """Whether units can be submitted yet; until then, the caller executes them itself."""

    def submit(self, unit: Unit, target: Path) -> PendingResult:
        """Start `measured(unit, target)`."""


def work_on(unit: Unit, target: Path, progress: Progress = silent) -> None:
    """Execute a unit, and publish its result atomically: files, their hashes, and warnings.

    Raises:
        DataError: raised by the unit.
    """
    with warnings.catch_warnings(record=True) as noted:
        warnings.simplefilter("always", UserWarning)
        with replacing_folder(target) as folder:
            with rare_garbage_collection():
                unit.function(folder, progress=progress, **unit.arguments)
            written = {path.name: digest(path) for path in sorted(folder.iterdir())}
            texts = (str(note.message) for note in noted if issubclass(note.category, UserWarning))
            result = {"files": written, "warnings": list(dict.fromkeys(texts))}
            write_atomically(folder / RESULT, json.dumps(result))


def measured(unit: Unit, target: Path) -> int | None:
    """As `work_on`, in a worker process; returns its peak memory in megabytes."""
    forget_peak()
    work_on(unit, target)
    return peak_mb()


class UnitRunner:
    """Executes the units of one stage (a `kg_builder.units.RunUnits`).

    Args:
        folder: folder of the stage's cached results.
        workers: executes the units; None for sequential execution in this process.
        progress: called with the number of units done, and the total if known.
        force: execute units even if cached.
        memory: megabytes for the stage itself.

    Attributes:
        threads, memory: what the stage itself may use.
        done, reused: number of units executed, and of cached ones.
        worker_mb: peak memory of a worker, in megabytes, if known.
    """

    def __init__(
        self,
        folder: Path,
        *,
        workers: Workers | None = None,
        progress: Progress = silent,
        force: bool = False,
        memory: int = MEMORY,
    ) -> None:
        self.threads = min(workers.count, cores()) if workers is not None else 1
        self.memory = memory
        self.done = self.reused = 0
        self.worker_mb: int | None = None
        self._folder, self._workers = folder, workers
        self._progress, self._force = progress, force
        self._digests: dict[Path, str] = {}
        self._used: set[str] = set()
        self._announced: list[Unit] = []
        self._early: dict[str, tuple[Path, PendingResult | None]] = {}

    @property
    def shared(self) -> Path:
        """A folder for files that several units of the stage read."""
        path = self._folder / "shared"
        path.mkdir(parents=True, exist_ok=True)
        return path

    def announce(self, units: Iterable[Unit]) -> None:
        """See `kg_builder.units.RunUnits`."""
        self._announced += units

    def __call__(self, units: Iterable[Unit]) -> Iterator[Path]:
        """See `kg_builder.units.RunUnits`.

        Raises:
            DataError: raised by a unit, or a worker process was killed.
        """
        total = len(units) if isinstance(units, list | tuple) else None
        remaining = iter(units)
        first = list(islice(remaining, 2))
        # a single unit cannot be parallelised, and in this process it can report progress
        alone = len(first) == 1
        workers = None if alone else self._workers
        ahead = _AHEAD * workers.count if workers else 0
        under_way: deque[tuple[Path, PendingResult | None]] = deque()
        finished = 0
        for unit in chain(first, remaining):
            ready = workers if workers is not None and workers.ready else None
            under_way.append(self._begin(unit, ready, alone=alone))
            if len(under_way) > ahead:
                yield self._end(*under_way.popleft())
                self._report(finished := finished + 1, total)
        if first and workers is not None and workers.ready:
            announced, self._announced = self._announced, []
            for unit in announced:
                self._early[self._key(unit)] = self._begin(unit, workers, alone=False)
        while under_way:
            yield self._end(*under_way.popleft())
            self._report(finished := finished + 1, total)

    def _report(self, done: int, total: int | None) -> None:
        if total is not None:  # a caller that generates units one by one reports progress itself
            self._progress(done, total)

    def forget_unused(self) -> None:
        """Remove results not used by this run; called when the stage is complete."""
        if self._folder.is_dir():
            for path in self._folder.iterdir():
                if path.name not in self._used:
                    _remove(path)

    def _begin(
        self, unit: Unit, workers: Workers | None, *, alone: bool
    ) -> tuple[Path, PendingResult | None]:
        key = self._key(unit)
        if (early := self._early.pop(key, None)) is not None:
            return early
        target = self._folder / key
        if key in self._used or (unit.reusable and not self._force and is_whole(target)):
            self._used.add(key)
            self.reused += 1
            return target, None
        self._used.add(key)
        self.done += 1
        _remove(target)
        if workers is not None:
            try:
                return target, workers.submit(unit, target)
            except BrokenExecutor:
                raise self._killed() from None
        work_on(unit, target, self._progress if alone else silent)
        return target, None

    def _end(self, target: Path, pending: PendingResult | None) -> Path:
        if pending is not None:
            try:
                peak = pending.result()
            except BrokenExecutor:
                raise self._killed() from None
            if isinstance(peak, int):
                self.worker_mb = max(peak, self.worker_mb or 0)
        for text in json.loads((target / RESULT).read_bytes())["warnings"]:
            warnings.warn(text, stacklevel=2)
        return target

    def _killed(self) -> DataError:
        return DataError(
            "a worker process was killed, by the system if memory ran out",
            where=str(self._folder),
            remedy="build again with fewer --workers; what is done is kept",
        )

    def _key(self, unit: Unit) -> str:
        module = unit.function.__module__
        parts = [
            code_version(module),
            f"{module}:{unit.function.__qualname__}",
            _plain(unit.arguments),
            [self._digest(path) for path in unit.files],
        ]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]

    def _digest(self, path: Path | FilePart) -> str:
        if isinstance(path, FilePart):
            return path.sha256
        found = self._digests.get(path)
        if found is None:
            found = self._digests[path] = digest(path)
        return found


def _remove(path: Path) -> None:
    """Remove a file or folder, if it exists."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def is_whole(target: Path) -> bool:
    """Whether a result exists and its files are unmodified."""
    try:
        result = json.loads((target / RESULT).read_bytes())
        written: dict[str, str] = result["files"]
        return isinstance(result["warnings"], list) and all(
            digest(target / name) == sha for name, sha in written.items()
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def _plain(value: Any) -> Any:
    """Convert a value to canonical JSON, independent of the process."""
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, Path):
        return ""  # a location
    if isinstance(value, BaseModel):
        return [type(value).__qualname__, value.model_dump(mode="json")]
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, set | frozenset):
        return sorted((_plain(item) for item in value), key=json.dumps)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if is_dataclass(value):
        own = {item.name: _plain(getattr(value, item.name)) for item in fields(value)}
        return [type(value).__qualname__, own]
    if callable(value):
        return f"{value.__module__}:{value.__qualname__}"
    raise TypeError(f"an argument of a unit cannot be of {type(value)}")


class LocalWorkers(AbstractContextManager["LocalWorkers"]):
    """Worker processes on this machine.

    They are forked from a server process that has imported the code of the units and has no
    threads. It starts with the first unit of a build and imports on another core, while the build
    itself executes the first units.

    Args:
        count: number of processes.
        wait: submit every unit, rather than execute the first ones here.
    """

    def __init__(self, count: int, *, wait: bool = False) -> None:
        self.count, self._wait = count, wait
        # not forks of this process: its numeric libraries have threads, which can hang one
        self._pool = ProcessPoolExecutor(
            count, mp_context=get_context("forkserver"), initializer=end_with_parent
        )
        self._start: Future[None] | None = None

    def __exit__(self, *fault: object) -> None:
        started = self._start is not None and self._start.done()
        self._pool.shutdown(wait=started, cancel_futures=True)

    @property
    def ready(self) -> bool:
        """Whether the processes have started, or have failed to start: `submit` then raises."""
        if self._start is None:
            self._start = Future()
            threading.Thread(target=self._begin, args=(self._start,), daemon=True).start()
        return self._wait or self._start.done()

    def _begin(self, start: Future[None]) -> None:
        with suppress(Exception):  # `submit` raises it again, unless the build has ended
            set_forkserver_preload(list(_PRELOADED))
            self._pool.submit(forget_peak).result()
        start.set_result(None)

    def submit(self, unit: Unit, target: Path) -> Future[int | None]:
        """Start `measured(unit, target)`.

        Raises:
            BrokenExecutor: a process was killed.
        """
        return self._pool.submit(measured, unit, target)
