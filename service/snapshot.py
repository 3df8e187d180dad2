"""Snapshot of the served build and its runs, and the holder that swaps in a newer snapshot.

A snapshot is immutable. A newer build or run is loaded separately, and replaces it in one
assignment once complete: a request uses one snapshot throughout.
"""

from __future__ import annotations

import ctypes
import gc
import json
import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from kg_builder.errors import DataError
from recommender.errors import ConfigError, RecommenderError
from recommender.explanation.quotes import Quotes
from recommender.explanation.statements import Statements
from recommender.training.runs import METRICS_FILE, load_run, read_config, read_metrics
from safe_io.locks import InUseError
from service.explorer import Explorer
from service.served_run import ServedRun
from service.settings import Settings

__all__ = ["Shelf", "Snapshot", "load_snapshot", "state_of"]

LOG = logging.getLogger("service")
_FILES: Final = ("manifest.json", "kg_final.txt", "ratings_final.txt", "statements.parquet")
_REST: Final = 4.0  # seconds of pause after each second of precomputation
_QUIET: Final = 1.0  # seconds without a request before precomputation continues
_UNREFERENCED_SECONDS: Final = 5.0  # seconds after which nothing references a closed snapshot
_SHOWN_METRICS: Final = ("auc", "acc")

State = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A build with its matching runs.

    Attributes:
        data: the processed folder.
        runs: by name, the default first.
        explorer: the graph; None for a folder not built by the pipeline.
        quality: the quality report, or None.
        notes: messages on parts that could not be loaded.
        state: state of the files it was loaded from.
    """

    data: Path
    runs: dict[str, ServedRun]
    explorer: Explorer | None
    quality: dict[str, Any] | None
    notes: tuple[str, ...]
    state: State
    _asked: list[float] = field(default_factory=lambda: [-_QUIET], repr=False)
    _closed: threading.Event = field(default_factory=threading.Event, repr=False)

    def run(self, name: str | None, *, newcomer: bool = False) -> ServedRun:
        """Look up a run by name, or the newest of a model.

        Args:
            name: name of a run or a model; None for the newest run.
            newcomer: whether for a new user: None then is the newest run whose model recommends
                from likes, if any.

        Raises:
            ConfigError: there is no such run.
        """
        if not self.runs:
            raise ConfigError(
                f"no trained run is being served; train one with `python -m recommender.train "
                f"--data {self.data.name}`"
            )
        if name is None:
            runs = list(self.runs.values())
            return next((run for run in runs if run.newcomers or not newcomer), runs[0])
        for run in self.runs.values():
            if name in (run.name, run.model_name):
                return run
        raise ConfigError(f"no run {name[:60]!r} is being served; there are {', '.join(self.runs)}")

    def prepare(self) -> None:
        """Precompute tables and lists of the runs, at full speed."""
        for run in self.runs.values():
            run.prepare(self._closed.is_set)

    def warm(self) -> None:
        """Precompute sentences of reasons, until done or the snapshot is closed.

        It uses at most a fifth of a core, and pauses while requests come in.
        """
        for run in self.runs.values():
            run.warm(self._pause)

    def note_request(self) -> None:
        """Record a request, which has priority over precomputation."""
        self._asked[0] = time.monotonic()

    def _pause(self, spent: float) -> bool:
        """Pause precomputation as required; False once the snapshot is closed."""
        wait = _REST * spent
        while not self._closed.wait(wait):
            wait = self._asked[0] + _QUIET - time.monotonic()
            if wait <= 0:
                return True
        return False

    def close(self) -> None:
        """Stop the background work of this snapshot."""
        self._closed.set()
        if self.explorer is not None:
            self.explorer.close()


def load_snapshot(settings: Settings, state: State | None = None) -> Snapshot:
    """Load the build and its runs.

    Raises:
        RecommenderError, DataError: there is nothing to serve.
    """
    state = state_of(settings) if state is None else state
    data = settings.data
    notes: list[str] = []
    runs: dict[str, ServedRun] = {}
    shared = None
    for folder in settings.runs or _newest_runs(data, settings.most_runs):
        try:
            loaded = load_run(folder, data=data)
        except RecommenderError as fault:
            if settings.runs:
                raise
            notes.append(str(fault))
            continue
        if shared is None:
            statements = Statements(data, loaded.split.train.graph, loaded.dataset.catalogue)
            shared = (statements, Quotes(data)) if statements else None
        runs[folder.name] = ServedRun(folder.name, loaded, shared, _figures(folder))
    explorer = None
    try:
        explorer = Explorer.open(settings)
    except DataError as fault:
        notes.append(str(fault))
    if not runs and explorer is None:
        raise ConfigError("; ".join(notes) or f"{data}: nothing to serve: no graph and no run")
    for note in notes:
        LOG.warning("not served: %s", note)
    return Snapshot(data, runs, explorer, _quality(data), tuple(notes), state)


def state_of(settings: Settings) -> State:
    """State that changes when a build or a run completes: names, times and sizes of files."""
    files = [settings.data / name for name in _FILES]
    folders = settings.runs or tuple((settings.data / "models").glob("*/"))
    files += [folder / METRICS_FILE for folder in folders]
    found = []
    for file in files:
        try:
            status = file.stat()
        except OSError:
            continue
        found.append((str(file), status.st_mtime_ns, status.st_size))
    return tuple(sorted(found))


def _newest_runs(data: Path, most: int) -> list[Path]:
    """The newest finished run of each model, the newest first."""
    finished = sorted(
        (data / "models").glob(f"*/{METRICS_FILE}"),
        key=lambda file: (-file.stat().st_mtime_ns, file.parent.name),
    )
    found: dict[str, Path] = {}
    for file in finished:
        try:
            found.setdefault(read_config(file.parent).model, file.parent)
        except RecommenderError as fault:
            LOG.warning("%s", fault)
    return list(found.values())[:most]


def _figures(folder: Path) -> dict[str, float]:
    """A few figures of the test rows."""
    metrics = read_metrics(folder)
    figures = {name: metrics.get("test", {}).get(name) for name in _SHOWN_METRICS}
    ranking = metrics.get("ranking", {})
    figures |= {name: ranking.get(name) for name in ("ndcg@10", "recall@20")}
    return {name: round(v, 4) for name, v in figures.items() if isinstance(v, float)}


def _quality(data: Path) -> dict[str, Any] | None:
    try:
        return dict(json.loads((data / "quality.json").read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return None


def _later(seconds: float, work: Callable[[], None]) -> None:
    timer = threading.Timer(seconds, work)
    timer.daemon = True
    timer.start()


def _give_memory_back() -> None:
    """Free the memory of an unreferenced snapshot.

    The caches of its runs form reference cycles, which would wait for the next full garbage
    collection, and the C library keeps freed memory between used blocks.
    """
    gc.collect()
    with suppress(OSError, AttributeError):  # a C library other than glibc
        ctypes.CDLL("libc.so.6").malloc_trim(0)


class Shelf:
    """Holds the current snapshot, and replaces it by a newer one.

    Args:
        settings: of the service.
        load: loads a snapshot of a state.
    """

    def __init__(
        self, settings: Settings, load: Callable[[Settings, State], Snapshot] = load_snapshot
    ) -> None:
        self._settings, self._load = settings, load
        self._snapshot: Snapshot | None = None
        self._stop = threading.Event()
        self._failed: State | None = None
        self.problem = ""
        self._watcher = threading.Thread(target=self._watch, name="reload", daemon=True)

    @property
    def snapshot(self) -> Snapshot | None:
        """The current snapshot; None before the first one is loaded."""
        return self._snapshot

    def open(self) -> None:
        """Load the first snapshot and start watching for newer ones.

        Requests are served from then on, initially slower, while lists and name tables are computed
        in the background.

        Raises:
            RecommenderError, DataError: there is nothing to serve.
        """
        self._put(self._load(self._settings, state_of(self._settings)), prepared=False)
        self._watcher.start()

    def open_later(self, failed: Callable[[Exception], None]) -> None:
        """`open` in a separate thread, while `snapshot` is None.

        Args:
            failed: called with the error if loading fails; a later build is still served.
        """

        def load() -> None:
            try:
                self.open()
            except Exception as fault:
                failed(fault)
                self._watcher.start()

        threading.Thread(target=load, name="load", daemon=True).start()

    def close(self) -> None:
        """Stop watching, and the background work of the snapshot."""
        self._stop.set()
        if self._watcher.is_alive():
            self._watcher.join(timeout=self._settings.reload_seconds)
        if self._snapshot is not None:
            self._snapshot.close()

    def refresh(self) -> bool:
        """Load and serve a newer complete build or run; returns whether there was one.

        During a build, or for a build without a matching run, the old snapshot is kept, and
        `problem` is set.
        """
        state = state_of(self._settings)
        old = self._snapshot
        if old is not None and state in (old.state, self._failed):
            return False
        try:
            new = self._load(self._settings, state)
        except (RecommenderError, DataError, InUseError, OSError, ValueError) as fault:
            self._refuse(state, str(fault))
            return False
        if state_of(self._settings) != state:  # it was modified while being read
            new.close()
            return False
        if old is not None and old.runs and not new.runs:
            new.close()
            self._refuse(state, "; ".join(new.notes) or "the new build has no run")
            return False
        new.prepare()
        self._put(new, prepared=True)
        return True

    def _refuse(self, state: State, problem: str) -> None:
        self._failed, self.problem = state, " ".join(problem.split())
        LOG.warning("the newer build or run is not served: %s", self.problem)

    def _put(self, new: Snapshot, *, prepared: bool) -> None:
        old, self._snapshot = self._snapshot, new
        self._failed, self.problem = None, ""
        LOG.info("serving %s with %s", new.data, ", ".join(new.runs) or "no run")
        threading.Thread(
            target=self._work_ahead, args=(new, prepared), name="prepare", daemon=True
        ).start()
        if old is not None:  # running requests may still use it
            closing = self._settings.request_seconds
            _later(closing, old.close)
            _later(closing + _UNREFERENCED_SECONDS, _give_memory_back)

    def _work_ahead(self, snapshot: Snapshot, prepared: bool) -> None:
        try:
            if not prepared:
                snapshot.prepare()
            if self._settings.warm:
                snapshot.warm()
        except Exception:
            LOG.exception("preparing answers failed; each is computed when it is asked for")

    def _watch(self) -> None:
        while not self._stop.wait(self._settings.reload_seconds):
            try:
                self.refresh()
            except Exception:
                LOG.exception("looking for a newer build failed; the old one is served on")
