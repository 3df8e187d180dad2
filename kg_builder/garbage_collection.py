"""Run Python's search for reference cycles rarely while millions of small objects are made."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_THRESHOLDS: Final = (50_000, 50, 100)
"""New objects before the youngest are searched (some megabytes), and how much rarer older ones."""


@contextmanager
def rare_garbage_collection() -> Iterator[None]:
    """Leave out of the search what was there before, and search less often.

    Few of the objects that a stage makes are in cycles, and with Python's own thresholds the search
    took a fifth of a stage's time, of a reader's a third. Pages that parsers make cycles of are
    still forgotten.
    """
    thresholds = gc.get_threshold()
    if thresholds == _THRESHOLDS:  # within another; to count frozen objects would take long
        yield
        return
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()
