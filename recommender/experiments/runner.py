"""Train and measure all results not yet cached, in parallel processes; estimate the time."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from recommender.errors import RecommenderError
from recommender.experiments.cells import Cell, CellKey, read_cell, run_cell
from safe_io.worker_processes import end_with_parent

__all__ = ["Outcome", "Plan", "plan", "run"]

LASTFM_ROWS = 42_346
# Read by libraries when loaded: set before worker processes start.
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")


@dataclass(frozen=True)
class Plan:
    """Execution plan.

    Attributes:
        done: cached results.
        todo: cells to run, the longest first, so that the cores finish together.
        seconds: expected time of each on one core.
    """

    done: Mapping[CellKey, dict[str, Any]]
    todo: Sequence[Cell]
    seconds: Mapping[CellKey, float]

    def total(self, jobs: int) -> float:
        """Expected seconds on `jobs` cores: at least those of the longest cell."""
        each = [self.seconds[cell.key] for cell in self.todo]
        return max(sum(each) / max(jobs, 1), max(each, default=0.0))


@dataclass(frozen=True)
class Outcome:
    """A finished cell: its result, or the error."""

    cell: Cell
    result: dict[str, Any] | None
    problem: str = ""


def plan(
    cells: Sequence[Cell], cache: Path, published: Mapping[CellKey, dict[str, Any]] | None = None
) -> Plan:
    """Look up the cells in the cache and among published results; estimate the others' time.

    The estimate is the median of the same settings with other seeds in this cache, or else the
    figure in the row's file.
    """
    done: dict[CellKey, dict[str, Any]] = {}
    todo: dict[CellKey, Cell] = {}
    for cell in cells:
        result = read_cell(cell.key.path(cache)) or (published or {}).get(cell.key)
        if result is not None:
            done[cell.key] = result
        else:
            todo.setdefault(cell.key, cell)
    seconds = {key: _expected(cell, cache) for key, cell in todo.items()}
    longest_first = sorted(todo.values(), key=lambda cell: -seconds[cell.key])
    return Plan(done, longest_first, seconds)


def _expected(cell: Cell, cache: Path) -> float:
    cached = [read_cell(path) for path in sorted(cell.key.path(cache).parent.glob("*.json"))]
    same = [
        r.get("cpu_seconds", r["seconds"])  # wall-clock time would include other programs
        for r in cached
        if r is not None and r["dataset"] == cell.row.dataset
    ]
    if same:
        return float(median(same))
    # A control's file is used for all data sets, and has its time on Last.FM.
    return cell.row.seconds * (cell.n_rows / LASTFM_ROWS if cell.row.kind == "control" else 1)


def run(
    todo: Sequence[Cell], cache: Path, jobs: int, finished: Callable[[Outcome], None]
) -> list[Outcome]:
    """Run the cells; `finished` is called as each one ends.

    A failing cell is reported and the others continue. On an interrupt, the processes are stopped
    immediately; cached results are kept.
    """
    for name in _THREADS:
        os.environ[name] = "1"
    outcomes: list[Outcome] = []
    if not todo:
        return outcomes
    context = multiprocessing.get_context("spawn")  # torch's threads do not survive fork
    pool = ProcessPoolExecutor(
        min(jobs, len(todo)), mp_context=context, initializer=end_with_parent
    )
    try:
        waiting: dict[Future[dict[str, Any]], Cell] = {
            pool.submit(run_cell, cell, cache): cell for cell in todo
        }
        while waiting:
            ended, _ = wait(waiting, return_when=FIRST_COMPLETED)
            for future in ended:
                outcome = _outcome(waiting.pop(future), future)
                outcomes.append(outcome)
                finished(outcome)
    except KeyboardInterrupt:
        for process in multiprocessing.active_children():
            process.terminate()
        raise
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    return outcomes


def _outcome(cell: Cell, future: Future[dict[str, Any]]) -> Outcome:
    try:
        return Outcome(cell, future.result())
    except RecommenderError as error:
        return Outcome(cell, None, str(error))
    except BrokenProcessPool:
        problem = "its process was killed (out of memory?); try again with fewer --jobs"
        return Outcome(cell, None, problem)
