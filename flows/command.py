"""Run a flow in this process: the shared entry point of the `python -m flows.…` commands."""

from __future__ import annotations

import os
from typing import Any, Final, cast

import typer
from prefect import Flow, State
from prefect.settings import PREFECT_API_URL, PREFECT_HOME

from flows.faults import FlowError
from flows.runners import task_runner
from flows.settings import Runner
from safe_io.guard import FAULT

__all__ = ["run_flow"]

_DATABASE: Final = 1 << 20
"""Bytes that the database of a new Prefect server needs, at least."""


def run_flow(flow: Flow[..., Any], runner: Runner, **parameters: Any) -> None:
    """Run `flow` here, against the server that is configured or else one of its own.

    Raises:
        OSError: the server of one's own would have no room; it would be waited for in vain.
        typer.Exit: the run did not complete; one line on the error stream says why.
    """
    if not PREFECT_API_URL.value():
        _check_room()
    try:
        chosen = flow.with_options(task_runner=task_runner(runner))
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
