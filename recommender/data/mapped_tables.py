"""Keep parsed integer tables in memory-mapped files beside their text, shared by all processes.

A table's file is named after the SHA-256 of the text that it was parsed from and the CRC-32 of its
own numbers, both of which are checked before it is used: a text that has changed, or a file that
was damaged, is parsed anew. The text files stay what is exchanged; `.mapped/` can be deleted at
any time.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from safe_io.atomic import replacing

__all__ = ["FOLDER", "SMALLEST_TEXT", "mapped_table"]

FOLDER: Final = ".mapped"
SMALLEST_TEXT = 2**20
"""Bytes of a text below which parsing is as fast as looking for its file."""


def mapped_table(text: Path, parse: Callable[[], npt.NDArray[np.int64]]) -> npt.NDArray[np.int64]:
    """The table that `parse` makes of a text file, int64 ``[columns, rows]``, in shared memory.

    The pages are private to the process once it writes to them; the file never changes. Where the
    folder cannot be written to, the table is parsed into memory each time.

    Args:
        text: the text file.
        parse: reads and checks it.
    """
    if text.stat().st_size < SMALLEST_TEXT:
        return parse()
    digest = _sha256(text)
    if (found := _read(text, digest)) is not None:
        return found
    table = np.ascontiguousarray(parse())
    if _sha256(text) == digest:  # nobody has replaced the text meanwhile
        with suppress(OSError):  # a folder without room, or that is not ours to write to
            _write(text, digest, table)
    written = _read(text, digest)
    return table if written is None else written


def _read(text: Path, digest: str) -> npt.NDArray[np.int64] | None:
    """The mapped table of a text with this digest; None where there is no sound one."""
    for path in text.parent.glob(f"{FOLDER}/{text.stem}-{digest}-*.npy"):
        try:
            table = np.load(path, mmap_mode="c", allow_pickle=False)
        except (OSError, ValueError, EOFError):
            continue
        if table.dtype == np.int64 and table.ndim == 2 and path.stem.endswith(_checksum(table)):
            return np.asarray(table)
    return None


def _write(text: Path, digest: str, table: npt.NDArray[np.int64]) -> None:
    folder = text.parent / FOLDER
    folder.mkdir(exist_ok=True)
    outdated = list(folder.glob(f"{text.stem}-*.npy"))
    path = folder / f"{text.stem}-{digest}-{_checksum(table)}.npy"
    with replacing(path) as temporary, temporary.open("wb") as stream:
        np.save(stream, table, allow_pickle=False)
    for old in outdated:
        if old != path:
            old.unlink(missing_ok=True)  # processes that have it mapped keep it


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _checksum(table: npt.NDArray[np.int64]) -> str:
    return f"{zlib.crc32(table.data):08x}"
