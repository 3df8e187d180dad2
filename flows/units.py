"""Execute the units of a stage as Prefect tasks, on the task runner of the current flow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from prefect import task
from prefect.context import FlowRunContext, get_run_context
from prefect.futures import PrefectFuture
from prefect.task_runners import ProcessPoolTaskRunner, ThreadPoolTaskRunner

from flows.faults import one_line_failure
from flows.options import TASK
from kg_builder.ordered_pool import cores
from kg_builder.units import Unit
from pipeline.units import measured

__all__ = ["TaskWorkers"]

_ON_A_CLUSTER: Final = 16
"""Assumed number of parallel units if the workers are unknown; four times as many are submitted."""


@task(task_run_name="{label}", tags=["unit"], **TASK)
@one_line_failure
def unit(label: str, work: Unit, target: Path) -> int | None:
    """Execute a unit of a stage; its result is written to `target`, shared by all workers."""
    return measured(work, target)


class TaskWorkers:
    """The workers of the current flow's task runner (`pipeline.units.Workers`)."""

    ready = True

    def __init__(self) -> None:
        match get_run_context():
            case FlowRunContext(task_runner=ThreadPoolTaskRunner()):
                self.count = 1
            case FlowRunContext(task_runner=ProcessPoolTaskRunner()):
                self.count = cores()
            case _:
                self.count = _ON_A_CLUSTER

    def submit(self, work: Unit, target: Path) -> PrefectFuture[int | None]:
        """Submit the task; workers may have a different working directory."""
        work = replace(work, arguments=_absolute(work.arguments))
        return unit.submit(work.label, work, target.absolute())


def _absolute(arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value.absolute()
        if isinstance(value, Path)
        else tuple(item.absolute() if isinstance(item, Path) else item for item in value)
        if isinstance(value, tuple)
        else value
        for name, value in arguments.items()
    }
