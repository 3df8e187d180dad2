"""Map a function over values in forked processes, which share the parent's memory."""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ProcessPoolExecutor
from typing import Any, TypeVar

from recommender.errors import ConfigError

__all__ = ["forked_map"]

Value = TypeVar("Value")
Result = TypeVar("Result")

_function: Callable[[Any], Any] | None = None
"""The function of the children: inherited by fork, so it need not be picklable."""


def forked_map(
    function: Callable[[Value], Result], values: Iterable[Value], workers: int
) -> Generator[Result]:
    """Yield the results in the order of the values; at most two per worker are pending.

    Torch should use one thread meanwhile: threads do not survive a fork.

    Args:
        function: any callable; only values and results are passed between processes.
        values: picklable values.
        workers: number of processes.

    Raises:
        ConfigError: this system cannot fork.
    """
    global _function
    if "fork" not in multiprocessing.get_all_start_methods():
        raise ConfigError(f"--workers {workers}: this system cannot fork processes; leave it out")
    _function = function
    context = multiprocessing.get_context("fork")
    waiting: deque[Future[Result]] = deque()
    try:
        with ProcessPoolExecutor(workers, mp_context=context) as pool:
            try:
                for value in values:
                    if len(waiting) == 2 * workers:
                        yield waiting.popleft().result()
                    waiting.append(pool.submit(_call, value))
                while waiting:
                    yield waiting.popleft().result()
            finally:
                pool.shutdown(wait=True, cancel_futures=True)
    finally:
        _function = None


def _call(value: Any) -> Any:
    assert _function is not None
    return _function(value)
