"""Terminate worker processes when their parent process ends in any way."""

from __future__ import annotations

import os
import signal
import threading
from multiprocessing import connection, parent_process

__all__ = ["end_with_parent"]


def end_with_parent() -> None:
    """Initialiser of a process pool's workers.

    A killed parent does not notify its workers, which would wait for work forever. Also, Ctrl-C
    ends them without a traceback.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    parent = parent_process()
    if parent is not None:
        watch = threading.Thread(target=_exit_after, args=(parent.sentinel,), daemon=True)
        watch.start()


def _exit_after(sentinel: int) -> None:
    connection.wait([sentinel])
    os._exit(1)
