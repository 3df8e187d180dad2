"""Run a flow in this process: the shared entry point of the `python -m flows.…` commands."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from typing import Any, Final, cast

import typer
from prefect import Flow, State
from prefect.server.api.server import SubprocessASGIServer
from prefect.settings import (
    PREFECT_API_URL,
    PREFECT_HOME,
    PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS,
    temporary_settings,
)

from flows.faults import FlowError
from flows.runners import check_cluster, task_runner
from flows.settings import Runner
from safe_io.guard import FAULT
from safe_io.locks import InUseError, folder_lock

__all__ = ["run_flow"]

_DATABASE: Final = 1 << 20
"""Minimum size in bytes of a new Prefect server's database."""


def run_flow(flow: Flow[..., Any], runner: Runner, address: str | None, **parameters: Any) -> None:
    """Run `flow` in this process, with the configured server or a temporary one.

    Args:
        flow: the flow.
        runner: where its tasks run.
        address: of a running cluster of Dask or Ray.
        parameters: of the flow.

    Raises:
        OSError: no space for a temporary server, which would never start.
        typer.Exit: the run did not complete; the reason is printed to stderr as one line.
    """
    try:
        chosen = flow.with_options(task_runner=task_runner(runner, address))
        if address and address != "auto":  # Ray's name for a cluster on this machine
            check_cluster(address)
        with _server():
            state = cast(State[Any], chosen(**parameters, return_state=True))
    except FlowError as fault:
        raise _failure(str(fault)) from None
    except RuntimeError as fault:
        if "Prefect API server" not in str(fault):
            raise
        raise _failure(
            f"Prefect's own server does not start: {fault} (its files are in "
            f"{PREFECT_HOME.value()}; raise "
            "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS on a busy machine)"
        ) from None
    if not state.is_completed():
        raise _failure(state.message or f"the run ended as {state.name}")


@contextmanager
def _server() -> Iterator[None]:
    """Context with the configured server, or a temporary one shared with other processes.

    Otherwise each process of a task runner would start its own server.
    """
    if PREFECT_API_URL.value():
        yield
        return
    _check_room()
    server = SubprocessASGIServer()
    with ExitStack() as stack:
        with suppress(InUseError):  # in the worst case, an error and a second try of Prefect's
            stack.enter_context(_other_starts_kept_out())
        server.start()  # it stops by itself when this process ends, after the last log lines
    os.environ["PREFECT_API_URL"] = server.api_url
    try:
        with temporary_settings({PREFECT_API_URL: server.api_url}):
            yield
    finally:
        del os.environ["PREFECT_API_URL"]


def _other_starts_kept_out() -> AbstractContextManager[None]:
    """Two servers that create the same database at the same time get in each other's way."""
    wait = PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS.value()
    return folder_lock(PREFECT_HOME.value(), "server", name=".start.lock", wait=wait)


def _check_room() -> None:
    home = PREFECT_HOME.value()
    home.mkdir(parents=True, exist_ok=True)
    probe = home / f".room-{os.getpid()}"
    try:
        probe.write_bytes(bytes(_DATABASE))
    except OSError as fault:
        raise OSError(fault.errno, fault.strerror, str(home)) from None
    finally:
        probe.unlink(missing_ok=True)


def _failure(message: str) -> typer.Exit:
    typer.echo("error: " + " ".join(message.split()), err=True)
    return typer.Exit(FAULT)
