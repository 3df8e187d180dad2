"""Lock a folder or file for one writing process (flock), so that two runs do not mix files.

The lock is released by the operating system when its process ends in any way; a leftover empty file
`.lock` has no meaning.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from safe_io.atomic import remove_leftovers

__all__ = ["LOCK_FILE", "InUseError", "file_lock", "folder_lock"]

LOCK_FILE: Final = ".lock"


class InUseError(Exception):
    """Another run is writing to the same folder or file."""

    def __init__(self, what: str, where: Path) -> None:
        self.what, self.where = what, where
        super().__init__(what, where)

    def __str__(self) -> str:
        return (
            f"{self.where}: another {self.what} is at work here; wait until it has ended, or name "
            "another --out"
        )


@contextmanager
def folder_lock(
    folder: Path, what: str, *, name: str = LOCK_FILE, wait: float = 0.0
) -> Iterator[None]:
    """Lock a folder against other runs; it is created if missing.

    Temporary files of killed runs directly in the folder (`safe_io.atomic`) are removed.

    Args:
        folder: the folder that the run writes to.
        what: description of the run in another run's error message, such as "build".
        name: the lock's file name; different for a second lock of the same folder.
        wait: seconds to wait for a run that holds it.

    Raises:
        InUseError: another run holds the lock.
        OSError: the folder cannot be created or written to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _held(folder / name, what, folder, wait):
        if name == LOCK_FILE:
            remove_leftovers(folder)
        yield


@contextmanager
def file_lock(path: Path, what: str) -> Iterator[None]:
    """Lock a single file against other runs, in a shared folder.

    Raises:
        InUseError: another run holds the lock.
        OSError: the file's folder cannot be created or written to.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = path.with_name(f".{path.name}.lock")
    with _held(lock, what, path):
        yield


@contextmanager
def _held(lock: Path, what: str, where: Path, wait: float = 0.0) -> Iterator[None]:
    held = FileLock(lock)
    try:
        held.acquire(timeout=wait)
    except Timeout:
        raise InUseError(what, where) from None
    try:
        yield
    finally:
        held.release()
