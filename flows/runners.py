"""Create the Prefect task runner of a given name: threads, processes, Dask or Ray."""

from __future__ import annotations

import importlib
from typing import Any

from prefect.task_runners import ProcessPoolTaskRunner, TaskRunner, ThreadPoolTaskRunner

from flows.faults import FlowError
from flows.settings import Runner

__all__ = ["task_runner"]


def task_runner(runner: Runner) -> TaskRunner[Any]:
    """A new task runner of that kind.

    Raises:
        FlowError: it lives in a package that is not installed.
    """
    match runner:
        case Runner.THREADS:
            return ThreadPoolTaskRunner()
        case Runner.PROCESSES:
            return ProcessPoolTaskRunner()
        case Runner.DASK:
            return _elsewhere("prefect_dask", "DaskTaskRunner")
        case Runner.RAY:
            return _elsewhere("prefect_ray", "RayTaskRunner")


def _elsewhere(package: str, name: str) -> TaskRunner[Any]:
    try:
        module = importlib.import_module(package)
    except ModuleNotFoundError as fault:
        distribution = package.replace("_", "-")
        raise FlowError(
            f"the task runner {name} needs the package {distribution}: install it "
            f"(pip install {distribution}), or choose threads or processes"
        ) from fault
    runner: TaskRunner[Any] = getattr(module, name)()
    return runner
