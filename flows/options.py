"""Options shared by all flows: of tasks and flows (retries, caching), of the command line."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer
from prefect.cache_policies import NO_CACHE

from flows.faults import FlowError, is_transient
from flows.runners import task_runner
from flows.settings import Runner, load_settings

__all__ = ["FLOW", "SETTINGS", "TASK", "AddressOption", "RunnerOption"]

try:
    SETTINGS: Final = load_settings()
    _RUNNER: Final = task_runner(SETTINGS.task_runner, SETTINGS.address)
except FlowError as fault:  # needed by decorators at import; no traceback for a mistyped variable
    raise SystemExit(f"error: {fault}") from None

TASK: Final[dict[str, Any]] = {
    "retries": SETTINGS.retries,
    "retry_delay_seconds": SETTINGS.retry_delay_seconds,
    "retry_condition_fn": is_transient,
    # Caching is left to the pipeline's manifest.
    "cache_policy": NO_CACHE,
    "persist_result": False,
}
"""Options of every task."""

FLOW: Final[dict[str, Any]] = {
    "task_runner": _RUNNER,
    "persist_result": False,
}
"""Options of every flow."""

RunnerOption = Annotated[Runner, typer.Option(help="task runner")]
AddressOption = Annotated[str | None, typer.Option(help="address of a running Dask or Ray cluster")]
