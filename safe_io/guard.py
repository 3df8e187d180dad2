"""Run a command so that file, disk and memory errors end in one line and exit status 2.

Every entry point runs under `exit_status`, which handles errors of files, disks, pipes and memory,
and the error classes of its package, whose text is written for users.
"""

from __future__ import annotations

import errno
import os
import re
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from safe_io.locks import InUseError

__all__ = ["FAULT", "exit_status", "explained"]

FAULT: Final = 2
"""Exit status after a user error or a system fault."""

_REMEDIES: Final = {
    errno.ENOSPC: "make room on that disk, or name a folder on another one",
    errno.EDQUOT: "make room in your quota, or name a folder on another disk",
    errno.EFBIG: "raise the limit on the size of files (ulimit -f), or name another disk",
    errno.EROFS: "name a folder that can be written to",
    errno.EACCES: "name a path that you may read and write, or change its permissions",
    errno.EPERM: "name a path that you may read and write, or change its permissions",
    errno.ENOENT: "check the path: a part of it does not exist, or is a link to nowhere",
    errno.ENOTDIR: "a file is in the way where a folder should be: move it, or name another path",
    errno.EEXIST: "a file is in the way where a folder should be: move it, or name another path",
    errno.EISDIR: "a folder is in the way where a file should be: move it, or name another path",
    errno.ENOTEMPTY: "a folder is in the way where a file should be: move it, or name another path",
    errno.ELOOP: "its links lead in a circle: name another path",
    errno.ENAMETOOLONG: "name a shorter path",
    errno.EMFILE: "raise the limit on open files (ulimit -n)",
}
_CLOSED: Final = (
    "standard output was closed before everything was printed; what was written to files is whole "
    "(redirect the output to a file to keep it all)"
)
_NO_MEMORY: Final = re.compile(r"can't allocate memory|out of memory|not enough memory", re.I)
_ASKED: Final = re.compile(r"tried to allocate [\w.]+ \w+", re.I)
_WRITING: Final = re.compile(r"PytorchStreamWriter failed|unexpected pos \d+ vs \d+")


def exit_status(
    command: Callable[[], int | None],
    *,
    faults: Sequence[type[Exception]] = (),
    memory_remedy: str = "give the run more memory, or take less data",
) -> int:
    """Run a command; returns its exit status, after printing one line to stderr if it failed.

    Args:
        command: returns its exit status (None counts as 0).
        faults: error classes whose text is printed.
        memory_remedy: advice if memory is exhausted.

    Raises:
        BaseException: any error other than user errors and system faults, and SystemExit.
    """
    if sys.stdout is None:
        _say("standard output is closed; redirect it to a file or to /dev/null")
        return FAULT
    try:
        status = command() or 0
        sys.stdout.flush()
    except SystemExit as end:
        # Both rich and click exit silently on a closed pipe.
        if not _is_closed_pipe(end.__context__):
            raise
        line = _CLOSED
    except Exception as fault:
        expected = isinstance(fault, tuple(faults))
        found = str(fault) if expected else explained(fault, memory_remedy)
        if found is None:
            raise
        line = found
    else:
        return status
    _forget_output()
    _say(line)
    return FAULT


def explained(
    fault: BaseException, memory_remedy: str = "give the run more memory, or take less data"
) -> str | None:
    """Explain an error of files, disks, pipes or memory in one line; None for any other."""
    if isinstance(fault, InUseError):
        return str(fault)
    if _is_closed_pipe(fault):
        return _CLOSED
    if isinstance(fault, OSError) and fault.errno is not None:
        return _file_fault(fault)
    if isinstance(fault, MemoryError) or (
        type(fault).__name__ in {"OutOfMemoryError", "OutOfMemoryException", "ArrowMemoryError"}
        or (isinstance(fault, RuntimeError) and _NO_MEMORY.search(str(fault)))
    ):
        asked = _ASKED.search(str(fault))
        return f"out of memory{f' ({asked[0].lower()})' if asked else ''}; {memory_remedy}"
    if isinstance(fault, RuntimeError) and _WRITING.search(str(fault)):
        return f"a file could not be written to the end; {_REMEDIES[errno.ENOSPC]}"
    return None


def _file_fault(fault: OSError) -> str:
    name = fault.filename if fault.filename2 is None else fault.filename2
    what = fault.strerror or " ".join(str(fault).split()) or type(fault).__name__
    remedy = _REMEDIES.get(fault.errno or 0, "name a path that can be read and written to")
    prefix = "" if name is None or isinstance(name, int) else f"{os.fsdecode(name)}: "
    return "".join(c if c.isprintable() else " " for c in f"{prefix}{what}; {remedy}")


def _is_closed_pipe(fault: BaseException | None) -> bool:
    return isinstance(fault, OSError) and fault.errno == errno.EPIPE and fault.filename is None


def _forget_output() -> None:
    """Redirect pending output, so that the interpreter's exit does not fail again."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        with suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, sys.stdout.fileno())
            os.close(nowhere)


def _say(line: str) -> None:
    with suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(f"error: {line}\n")
        sys.stderr.flush()
