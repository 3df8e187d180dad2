"""End worker processes with the process that started them, however that one ends."""

from __future__ import annotations

import os
import signal
import threading
from multiprocessing import connection, parent_process

__all__ = ["end_with_parent"]


def end_with_parent() -> None:
    """Initialiser of a process pool's workers.

    A parent that is killed tells its workers nothing: they would wait for work for ever. And the
    key that interrupts a command ends them without a traceback of their own.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    parent = parent_process()
    if parent is not None:
        watch = threading.Thread(target=_exit_after, args=(parent.sentinel,), daemon=True)
        watch.start()


def _exit_after(sentinel: int) -> None:
    connection.wait([sentinel])
    os._exit(1)
