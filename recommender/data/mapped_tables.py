"""Cache parsed integer tables in memory-mapped files beside their text, shared by processes.

A table's file is named by the SHA-256 of its text and the CRC-32 of its content, both of which are
checked before use: a changed text or a damaged file is parsed again. The text files remain the
exchange format; `.mapped/` can be deleted at any time.
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
"""Size of a text, in bytes, below which parsing is as fast as a cache lookup."""


def mapped_table(text: Path, parse: Callable[[], npt.NDArray[np.int64]]) -> npt.NDArray[np.int64]:
    """Parse a text file to a table, int64 ``[columns, rows]``, cached as a memory-mapped file.

    The mapping is copy-on-write; the file never changes. If the folder is not writable, the table
    is parsed into memory each time.

    Args:
        text: the text file.
        parse: parses and validates it.
    """
    if text.stat().st_size < SMALLEST_TEXT:
        return parse()
    digest = _sha256(text)
    if (found := _read(text, digest)) is not None:
        return found
    table = np.ascontiguousarray(parse())
    if _sha256(text) == digest:  # the text was not replaced in the meantime
        with suppress(OSError):  # a full disk, or a read-only folder
            _write(text, digest, table)
    written = _read(text, digest)
    return table if written is None else written


def _read(text: Path, digest: str) -> npt.NDArray[np.int64] | None:
    """The mapped table of a text with this digest; None if missing or damaged."""
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
            old.unlink(missing_ok=True)  # processes that have mapped it keep it


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _checksum(table: npt.NDArray[np.int64]) -> str:
    return f"{zlib.crc32(table.data):08x}"
