"""Map a function over items in a thread or process pool, in input order; prefetch in a thread."""

from __future__ import annotations

import os
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def cores() -> int:
    """Number of cores available to this process."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def in_order(
    pool: Executor, work: Callable[[Item], Result], items: Iterable[Item], *, ahead: int
) -> Iterator[Result]:
    """Yield the result for each item, in the order of the items.

    The items are consumed in the calling thread, so a generator may produce them.

    Args:
        pool: the thread or process pool.
        work: the function to apply; for processes, it and the items must be picklable.
        items: the input.
        ahead: maximum number of items in flight, which bounds memory.
    """
    under_way: deque[Future[Result]] = deque()
    for item in items:
        under_way.append(pool.submit(work, item))
        if len(under_way) > ahead:
            yield under_way.popleft().result()
    while under_way:
        yield under_way.popleft().result()


def read_ahead(items: Iterator[Item], depth: int = 2) -> Iterator[Item]:
    """Yield the items, produced in a separate thread while the previous ones are processed.

    Decompression and numpy release the GIL, so they run in parallel with the consumer. At most
    `depth` items wait; an exception is raised after the items before it.
    """
    waiting: queue.Queue[tuple[Item | None, BaseException | None]] = queue.Queue(depth)
    stop = threading.Event()

    def hand_over(item: Item | None, fault: BaseException | None) -> bool:
        while not stop.is_set():
            try:
                waiting.put((item, fault), timeout=0.2)
            except queue.Full:
                continue
            return True
        return False

    def work() -> None:
        try:
            for item in items:
                if not hand_over(item, None):
                    return
        except BaseException as fault:
            hand_over(None, fault)
        else:
            hand_over(None, StopIteration())

    thread = threading.Thread(target=work, name="read-ahead", daemon=True)
    thread.start()
    try:
        while True:
            item, fault = waiting.get()
            if isinstance(fault, StopIteration):
                return
            if fault is not None:
                raise fault
            yield item  # type: ignore[misc]  # None only ever comes with a fault
    finally:
        stop.set()
        thread.join()
