"""Run commands with their writes counted, killed at a write, or with limited file sizes.

Modules imported by every command are imported once, in a fork server from which runs are forked.
Prefect reads its settings on import, so flows start in fresh interpreters.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
import resource
import runpy
import signal
import sys
import tempfile
import warnings
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
_IMPORTED_BEFORE = (
    "pipeline.data_set_commands", "pipeline.stages.registry", "pipeline.export.command",
    "recommender.train", "recommender.train_kge", "recommender.recommend", "recommender.evaluate",
    "recommender.trade_off", "recommender.experiments.runner",
)  # fmt: skip
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate"}


@dataclass(frozen=True)
class Run:
    """Settings of a run of a command.

    Attributes:
        words: module and arguments.
        home: Prefect's folder, for flows.
        kill_at: number of the write at which the process is killed; 0: only log the writes to
            `log`; negative: do not watch them.
        log: file that gets a byte per write.
        largest: limit on the size of files, in bytes.
        environment: additional environment variables.
    """

    words: tuple[str, ...]
    home: Path
    kill_at: int = -1
    log: Path | None = None
    largest: int | None = None
    environment: dict[str, str] = field(default_factory=dict)


@dataclass
class Ended:
    """The outcome of a run; `hung`: it exceeded its time limit."""

    status: int
    error: str
    hung: bool

    @property
    def problem(self) -> str:
        """A violation of the rules for every run, killed or not."""
        if self.hung:
            return "hangs"
        if "Traceback (most recent call last)" in self.error:
            return "traceback: " + self.error.strip().splitlines()[-1][:200]
        return ""


class Running:
    """A running command."""

    def __init__(self, run: Run) -> None:
        is_flow = run.words[0].startswith("flows.")
        context: Any = multiprocessing.get_context("spawn" if is_flow else "forkserver")
        if not is_flow:
            context.set_forkserver_preload(list(_IMPORTED_BEFORE))
        handle, name = tempfile.mkstemp(prefix="stderr-")
        os.close(handle)
        self._error = Path(name)
        self._process = context.Process(target=_attacked, args=(run, name))
        self._process.start()

    @property
    def alive(self) -> bool:
        """Whether it is still running."""
        return bool(self._process.is_alive())

    def finish(self, longest: float) -> Ended:
        """Wait; after `longest` seconds the run and its child processes are killed."""
        self._process.join(longest)
        hung = self._process.exitcode is None
        self.kill()
        error = self._error.read_text(encoding="utf-8", errors="replace")
        self._error.unlink()
        return Ended(self._process.exitcode, error, hung)

    def kill(self) -> None:
        """Kill the run and its child processes."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.join()


def _attacked(run: Run, error: str) -> None:
    """In the child: run the command as `python -m` would."""
    os.setsid()
    nothing, errors = os.open(os.devnull, os.O_RDWR), os.open(error, os.O_WRONLY | os.O_APPEND)
    for number, handle in enumerate((nothing, nothing, errors)):
        os.dup2(handle, number)
    os.chdir(ROOT)
    os.environ.update(
        {"PREFECT_HOME": str(run.home), "PREFECT_LOGGING_LEVEL": "ERROR"} | run.environment
    )
    sys.path.insert(0, str(ROOT))
    if run.largest is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (run.largest, run.largest))
    if run.kill_at >= 0:
        _watch_writes(run.kill_at, run.log)
    module = run.words[0]
    sys.argv = [module, *run.words[1:]]
    warnings.filterwarnings("ignore", "'.*' found in sys.modules", RuntimeWarning)
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    finally:
        atexit._run_exitfuncs()  # multiprocessing leaves without them


def _watch_writes(kill_at: int, log: Path | None) -> None:
    """Count opening for writing, renaming, removing and folder creation in this process."""
    seen, me = 0, os.getpid()
    counted = os.open(log or os.devnull, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)

    def hook(event: str, args: tuple[Any, ...]) -> None:
        nonlocal seen
        if event == "open":
            flags = args[2]
            if not isinstance(flags, int) or not flags & _WRITING:
                return
        elif event not in _CHANGES:
            return
        name = str(args[0])
        if os.getpid() != me or name.startswith("/dev") or "__pycache__" in name:
            return
        seen += 1
        if seen == kill_at:
            os.kill(me, signal.SIGKILL)
        if not kill_at:
            os.write(counted, b".")

    sys.addaudithook(hook)
