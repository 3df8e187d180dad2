"""Run a flow in this process: the shared entry point of the `python -m flows.…` commands."""

from __future__ import annotations

from typing import Any, cast

import typer
from prefect import Flow, State

from flows.faults import FlowError
from flows.runners import task_runner
from flows.settings import Runner
from safe_io.guard import FAULT

__all__ = ["run_flow"]


def run_flow(flow: Flow[..., Any], runner: Runner, **parameters: Any) -> None:
    """Run `flow` here, against the server that is configured or else one of its own.

    Raises:
        typer.Exit: the run did not complete; one line on the error stream says why.
    """
    try:
        chosen = flow.with_options(task_runner=task_runner(runner))
        state = cast(State[Any], chosen(**parameters, return_state=True))
    except FlowError as fault:
        raise _failure(str(fault)) from None
    if not state.is_completed():
        raise _failure(state.message or f"the run ended as {state.name}")


def _failure(message: str) -> typer.Exit:
    typer.echo("error: " + " ".join(message.split()), err=True)
    return typer.Exit(FAULT)
