"""Execute the units of a stage as Prefect tasks, on the task runner of the current flow."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from prefect import get_run_logger, task
from prefect.context import FlowRunContext, get_run_context
from prefect.task_runners import ProcessPoolTaskRunner, ThreadPoolTaskRunner

from flows.faults import one_line_failure
from flows.options import TASK
from kg_builder.ordered_pool import cores
from kg_builder.units import Unit
from pipeline.unit_store import DamagedError, SentUnit, StoredResult, UnitStore, moved
from pipeline.units import PendingResult, measured

__all__ = ["TaskWorkers"]

_ON_A_CLUSTER: Final = 16
"""Assumed number of parallel units if the workers are unknown; four times as many are submitted."""


@task(task_run_name="{label}", tags=["unit"], **TASK)
@one_line_failure
def unit(label: str, work: Unit, target: Path) -> int | None:
    """Execute a unit of a stage; its result is written to `target`, shared by all workers."""
    return measured(work, target)


@task(task_run_name="{label}", tags=["unit"], **TASK)
@one_line_failure
def sent_unit(label: str, sent: SentUnit, store: UnitStore) -> int | None:
    """Execute a unit of a stage; its files and its result are in a store."""
    try:
        return store.work_on(sent)
    except DamagedError as fault:  # no failure: the sender misses the result, and sends again
        get_run_logger().warning(str(fault))
        return None


class TaskWorkers:
    """The workers of the current flow's task runner (`pipeline.units.Workers`).

    Args:
        store: for the files of units, if the workers do not share a file system with this machine.
    """

    ready = True

    def __init__(self, store: UnitStore | None = None) -> None:
        self._store = store
        match get_run_context():
            case FlowRunContext(task_runner=ThreadPoolTaskRunner()):
                self.count = 1
            case FlowRunContext(task_runner=ProcessPoolTaskRunner()):
                self.count = cores()
            case _:
                self.count = _ON_A_CLUSTER

    def submit(self, work: Unit, target: Path) -> PendingResult:
        """Submit the task; workers may have a different working directory."""
        store = self._store
        if store is None:
            return unit.submit(work.label, moved(work, Path.absolute), target.absolute())
        return StoredResult(
            store,
            work,
            target,
            start=lambda sent: sent_unit.submit(work.label, sent, store),
            tell=get_run_logger().warning,
        )
