"""Decide which task errors Prefect retries (disk, network), and fail on bad input in one line."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

from prefect import Task
from prefect.client.schemas.objects import State, TaskRun
from prefect.states import Failed

from kg_builder.errors import DataError
from recommender.errors import RecommenderError
from safe_io.locks import InUseError

__all__ = ["FlowError", "is_transient", "one_line_failure"]

P = ParamSpec("P")
R = TypeVar("R")


class FlowError(Exception):
    """A run cannot start as requested."""


USER_FAULTS = (DataError, RecommenderError, FlowError, InUseError)
"""Errors whose text is written for the user: what, where, and how to fix it."""

LASTING = (
    FileNotFoundError,
    FileExistsError,
    IsADirectoryError,
    NotADirectoryError,
    PermissionError,
)
"""File system errors that a retry would not resolve."""


def is_transient(
    task: Task[..., Any],
    run: TaskRun,
    state: State[Any],
) -> bool:
    """Whether a failed task is worth a retry: a fault of the disk or the network."""
    fault = state.data
    return isinstance(fault, OSError) and not isinstance(fault, LASTING)


def one_line_failure(function: Callable[P, R]) -> Callable[P, R]:
    """On a user error, end a task or flow as Failed, with the error's line and no traceback.

    Other exceptions propagate, and Prefect records them with a traceback.
    """

    @functools.wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except USER_FAULTS as fault:
            line = " ".join(str(fault).split())
            # Errors with keyword arguments cannot be unpickled from another process. Prefect uses a
            # returned state as the state of the run.
            return cast(R, Failed(message=line, data=FlowError(line)))

    return wrapped
