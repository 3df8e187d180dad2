"""Run Python's cyclic garbage collector less often while millions of small objects are created."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_THRESHOLDS: Final = (50_000, 50, 100)
"""Thresholds of the collector: new objects before the youngest generation is searched (some
megabytes), and factors for older generations."""


@contextmanager
def rare_garbage_collection() -> Iterator[None]:
    """Freeze existing objects and raise the collector's thresholds within the context.

    Few objects of a stage are in cycles, and at Python's default thresholds collection took a fifth
    of a stage's time and a third of a reader's. Cyclic structures of page parsers are still freed.
    """
    thresholds = gc.get_threshold()
    if thresholds == _THRESHOLDS:  # nested call; counting frozen objects would be slow
        yield
        return
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()
