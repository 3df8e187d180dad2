"""Snapshot of the served build and its runs, its loading, and the watch for newer files.

A snapshot never changes. A newer build or run is loaded by another process (`service.supervisor`).
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from kg_builder.errors import DataError
from recommender.data.quotes import Quotes
from recommender.errors import ConfigError, RecommenderError
from recommender.explanation.statements import Statements
from recommender.training.runs import METRICS_FILE, load_run, read_config, read_metrics
from service.explorer import Explorer
from service.served_run import ServedRun
from service.settings import Settings

__all__ = ["Shelf", "Snapshot", "load_ahead", "load_snapshot", "state_of"]

LOG = logging.getLogger("service")
_FILES: Final = ("manifest.json", "kg_final.txt", "ratings_final.txt", "statements.parquet")
_REST: Final = 4.0  # seconds of rest after each second of work in advance
_QUIET: Final = 1.0  # seconds without a request before work in advance goes on
_LONGEST_PREPARATION: Final = 60.0  # seconds after which requests are accepted unprepared
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
    _ready: threading.Event = field(default_factory=threading.Event, repr=False)
    _loaded: float = field(default_factory=time.monotonic, repr=False)

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

    def serves(self, name: str) -> bool:
        """Whether there is a run, or a model, of this name."""
        return any(name in (run.name, run.model_name) for run in self.runs.values())

    @property
    def is_ready(self) -> bool:
        """Whether answers of the default run are fast, or have been prepared long enough."""
        return self._ready.is_set() or time.monotonic() > self._loaded + _LONGEST_PREPARATION

    def prepare(self, *, reasons: bool, at_once: bool = False) -> None:
        """Precompute tables, lists and reasons, until that is done or the snapshot is closed.

        The default run comes first, at full speed.

        Args:
            reasons: whether to word the reasons of the lists.
            at_once: whether the reasons of the other runs use all of a core as well; otherwise it
                is a fifth of one at most, and nothing while requests come in.
        """
        try:
            for run in self.runs.values():
                run.prepare(self._closed.is_set)
                if reasons:
                    at_full_speed = at_once or not self._ready.is_set()
                    run.warm(
                        (lambda _: not self._closed.is_set()) if at_full_speed else self._pause
                    )
                self._ready.set()
        finally:
            self._ready.set()

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


def load_ahead(settings: Settings, *, needs_run: bool) -> Snapshot:
    """Load a snapshot and compute all that makes its answers fast before it is served.

    Args:
        settings: of the service.
        needs_run: whether a build that no run fits is refused.

    Raises:
        RecommenderError, DataError: there is nothing that could be served.
    """
    while True:
        state = state_of(settings)
        snapshot = load_snapshot(settings, state)
        if state_of(settings) == state:
            break
        snapshot.close()  # it was written to while it was read
    if needs_run and not snapshot.runs:
        snapshot.close()
        raise ConfigError("; ".join(snapshot.notes) or "the new build has no run")
    snapshot.prepare(reasons=settings.warm, at_once=True)
    return snapshot


class Shelf:
    """Holds the snapshot that a process serves, and looks whether there is a newer build or run.

    Args:
        settings: of the service.
        load: makes a snapshot of a state.
        report: is told "loaded" once there is a snapshot, and "changed" with the state of the files
            and whether runs are being served, at each look that finds another state.

    Attributes:
        snapshot: what is being served; None before it is loaded.
        problem: why a newer build or run is not being served; empty where none is there.
    """

    def __init__(
        self,
        settings: Settings,
        load: Callable[[Settings, State], Snapshot] = load_snapshot,
        report: Callable[[str, Any], None] = lambda event, value: None,
    ) -> None:
        self._settings, self._load, self._report = settings, load, report
        self._stop = threading.Event()
        self.snapshot: Snapshot | None = None
        self.problem = ""

    def open(self) -> None:
        """Load the snapshot.

        Requests are served from then on, initially slower, while lists and name tables are computed
        in the background.

        Raises:
            RecommenderError, DataError: there is nothing to serve.
        """
        snapshot = self._load(self._settings, state_of(self._settings))
        self.put(snapshot)
        _in_background("prepare", lambda: self._work_ahead(snapshot))

    def open_later(self, failed: Callable[[Exception], None]) -> None:
        """`open` in a separate thread, while `snapshot` is None.

        Args:
            failed: is called with what kept it from loading.
        """

        def load() -> None:
            try:
                self.open()
            except Exception as fault:
                failed(fault)

        _in_background("load", load)

    def put(self, snapshot: Snapshot) -> None:
        """Serve a snapshot that has been loaded."""
        self.snapshot = snapshot
        LOG.info("loaded %s with %s", snapshot.data, ", ".join(snapshot.runs) or "no run")
        self._report("loaded", None)

    def watch(self) -> None:
        """Begin to look for newer builds and runs."""
        _in_background("watch", self._watch)

    def close(self) -> None:
        """Stop watching, and the background work of the snapshot."""
        self._stop.set()
        if self.snapshot is not None:
            self.snapshot.close()

    def _work_ahead(self, snapshot: Snapshot) -> None:
        try:
            snapshot.prepare(reasons=self._settings.warm)
        except Exception:
            LOG.exception("preparing answers failed; each is computed when it is asked for")

    def _watch(self) -> None:
        while not self._stop.wait(self._settings.reload_seconds):
            snapshot = self.snapshot
            if snapshot is None:
                continue
            state = state_of(self._settings)
            if state == snapshot.state:
                self.problem = ""
            else:
                self._report("changed", (state, bool(snapshot.runs)))


def _in_background(name: str, work: Callable[[], None]) -> None:
    threading.Thread(target=work, name=name, daemon=True).start()
