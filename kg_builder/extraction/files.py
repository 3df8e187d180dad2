"""Files opened once and safely: plain or gzipped, with clear errors and a position to report."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from kg_builder.errors import DataError

GZIP_MAGIC = b"\x1f\x8b"


class Stream:
    """Bytes of a file, unpacked where it is gzipped; `position` counts the bytes on disk."""

    def __init__(self, raw: BinaryIO, content: BinaryIO, where: str) -> None:
        self._raw, self._content, self.where = raw, content, where

    @property
    def position(self) -> int:
        """Bytes of the file read so far, as they lie on disk."""
        return self._raw.tell()

    def read(self, size: int = -1) -> bytes:
        """Read at most `size` bytes of content.

        Raises:
            DataError: the compressed file is cut short or damaged.
        """
        try:
            return self._content.read(size)
        except (EOFError, gzip.BadGzipFile, zlib.error) as fault:
            raise DataError(
                f"the compressed file is cut short or damaged ({fault})",
                where=self.where,
                remedy="fetch the file again",
            ) from None


@contextmanager
def open_binary(path: Path) -> Iterator[Stream]:
    """Open a file for reading; its first bytes show whether it is gzipped.

    Raises:
        DataError: there is no such file, or it cannot be read.
    """
    try:
        raw = path.open("rb")
    except FileNotFoundError:
        raise DataError(
            "no such file",
            where=str(path),
            remedy="check the path in the recipe and the raw folder",
        ) from None
    except OSError as fault:
        raise DataError(f"cannot be read: {fault.strerror}", where=str(path)) from None
    with raw:
        packed = raw.read(2) == GZIP_MAGIC
        raw.seek(0)
        content = cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if packed else raw
        yield Stream(raw, content, str(path))


def matching_files(root: Path, pattern: str) -> list[Path]:
    """Files below the root that a path or a pattern names, in the order of their names.

    Raises:
        DataError: none does, or it is no pattern of paths below the root.
    """
    try:
        found = sorted(path for path in root.glob(pattern) if path.is_file())
    except (ValueError, NotImplementedError):  # empty, absolute, or ** within a name
        raise DataError(
            f"not a path or pattern below the raw folder: {pattern!r}",
            where=str(root),
            remedy="for example 'pages/*.html' or '**/*.xml'; paths are relative to the raw folder",
        ) from None
    if not found:
        raise DataError(
            "no file matches" if any(sign in pattern for sign in "*?[") else "no such file",
            where=str(root / pattern),
            remedy="check the path in the recipe and the raw folder",
        )
    return found
