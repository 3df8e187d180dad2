"""Measure the cost of training in this process: CPU and wall-clock time, and memory.

Used on both sides of `graph_models.py`, so that ours and the peers are measured in the same way;
imports only the standard library.
"""

import resource
import time
from collections.abc import Callable
from statistics import median
from typing import TypeVar

Result = TypeVar("Result")


def peak_mb() -> float:
    """Peak resident memory of this process, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def timed(work: Callable[[], Result]) -> tuple[Result, float, float]:
    """Call `work`; returns its result, and CPU and wall-clock seconds."""
    cpu, wall = time.process_time(), time.perf_counter()
    result = work()
    return result, time.process_time() - cpu, time.perf_counter() - wall


def cost_of_epochs(epoch: Callable[[], object], count: int, before_mb: float) -> dict[str, float]:
    """Medians over `count` epochs after a warm-up, and the peak memory.

    `before_mb`: the peak before the model was built, with libraries and data.
    """
    times = [timed(epoch)[1:] for _ in range(count + 1)][1:]
    return {
        "cpu": median(cpu for cpu, _ in times),
        "wall": median(wall for _, wall in times),
        "peak_mb": peak_mb(),
        "before_mb": before_mb,
    }
