"""Create the Prefect task runner of a given name: threads, processes, Dask or Ray."""

from __future__ import annotations

import importlib
import socket
from typing import Any, Final
from urllib.parse import urlsplit

from prefect.task_runners import ProcessPoolTaskRunner, TaskRunner, ThreadPoolTaskRunner

from flows.faults import FlowError
from flows.settings import Runner
from kg_builder.ordered_pool import cores

__all__ = ["check_cluster", "task_runner"]

_PATIENCE: Final = 10.0
"""Timeout in seconds for a cluster to respond."""


def task_runner(runner: Runner, address: str | None = None) -> TaskRunner[Any]:
    """Create a task runner.

    Args:
        runner: where tasks run.
        address: of a running cluster of Dask or Ray; by default one is started on this machine for
            the flow.

    Raises:
        FlowError: its package is not installed, or it does not support clusters.
    """
    if address and runner not in {Runner.DASK, Runner.RAY}:
        raise FlowError(
            f"--address {address}: only dask and ray have clusters, not {runner.value}: "
            "choose --runner dask or --runner ray"
        )
    match runner:
        case Runner.THREADS:  # tasks are pure Python, so more threads would contend for the GIL
            return ThreadPoolTaskRunner(max_workers=1)
        case Runner.PROCESSES:
            return ProcessPoolTaskRunner(max_workers=cores())
        case Runner.DASK:
            local = {"n_workers": cores(), "threads_per_worker": 1}
            settings = {"address": address} if address else {"cluster_kwargs": local}
            return _elsewhere("prefect_dask", "DaskTaskRunner", settings)
        case Runner.RAY:
            settings = {"address": address} if address else {"init_kwargs": {"num_cpus": cores()}}
            return _elsewhere("prefect_ray", "RayTaskRunner", settings)


def check_cluster(address: str) -> None:
    """Check that a cluster responds at an address (`tcp://host:port`, `ray://host:port`).

    Raises:
        FlowError: it does not respond; Dask and Ray would wait for minutes.
    """
    parsed = urlsplit(address if "://" in address else f"//{address}")
    try:
        host, port = parsed.hostname, parsed.port
    except ValueError:
        host = port = None
    if not host or not port:
        raise FlowError(
            f"--address {address}: write it as tcp://host:port (Dask) or host:port (Ray)"
        )
    try:
        socket.create_connection((host, port), timeout=_PATIENCE).close()
    except OSError as fault:
        raise FlowError(
            f"--address {address}: no cluster answers there ({fault.strerror or fault}): start "
            "one, or leave the address out for one of this machine's cores"
        ) from None


def _elsewhere(package: str, name: str, settings: dict[str, Any]) -> TaskRunner[Any]:
    try:
        module = importlib.import_module(package)
    except ModuleNotFoundError as fault:
        distribution = package.replace("_", "-")
        raise FlowError(
            f"the task runner {name} needs the package {distribution}: install it "
            f"(pip install 'music-kg-recommender[{package.removeprefix('prefect_')}]'), or choose "
            "threads or processes"
        ) from fault
    runner: TaskRunner[Any] = getattr(module, name)(**settings)
    return runner
