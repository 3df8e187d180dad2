"""Write files and folders atomically: to a temporary name, flushed to disk, then renamed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["remove_leftovers", "replacing", "replacing_folder", "write_atomically"]

_ENDING = ".tmp"


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Context with a temporary path; at the end the file written there replaces `path`.

    If the block fails, `path` is unchanged and the temporary file is removed. A reader finds the
    old or the new file, never a partial one.

    Raises:
        OSError: the file cannot be flushed, or `path` cannot be replaced.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}{_ENDING}")
    try:
        yield temporary
        with temporary.open("rb+") as stream:
            os.fsync(stream.fileno())
        temporary.replace(path)
    except BaseException as fault:
        with suppress(OSError):  # report the original error
            temporary.unlink(missing_ok=True)
        if isinstance(fault, OSError) and fault.filename in {None, str(temporary), temporary}:
            fault.filename, fault.filename2 = str(path), None
        raise


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """Context with a temporary folder; at the end it replaces the folder `path`.

    For files that belong together: a reader never finds a mixture of two runs.

    Raises:
        OSError: the folder cannot be created, or `path` cannot be replaced.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    new, old = (path.with_name(f".{path.name}.{state}{_ENDING}") for state in ("new", "old"))
    for left in (new, old):
        shutil.rmtree(left, ignore_errors=True)
    try:
        new.mkdir()
        yield new
        if path.exists():
            path.rename(old)
        new.rename(path)
    finally:
        shutil.rmtree(new, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def write_atomically(path: Path, content: bytes | str) -> None:
    """Replace the file at `path` atomically; text is written as UTF-8.

    Raises:
        OSError: as in `replacing`, with `path` as its file name.
    """
    with replacing(path) as temporary:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)


def remove_leftovers(folder: Path) -> None:
    """Remove temporary files of killed runs from a folder whose lock is held."""
    for left in folder.glob(f".*{_ENDING}"):
        if left.is_file():
            left.unlink(missing_ok=True)
