"""Find input files by pattern; open them plain or decompressed (gzip, bzip2, xz)."""

from __future__ import annotations

import bz2
import io
import lzma
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, Protocol

from isal import igzip_lib

from kg_builder.errors import DataError

if TYPE_CHECKING:
    from typing_extensions import Buffer

ENDINGS: Final = (".gz", ".bz2", ".xz")
"""Usual suffixes of packed files; the format is detected by the first bytes."""

BUFFER: Final = 1 << 20
CHUNK: Final = 1 << 15
"""Packed bytes per read."""
LARGEST: Final = 1 << 22
"""Unpacked bytes per step, so that a decompression bomb costs no memory."""
SMALL_ENOUGH: Final = 1 << 28
MOST_TIMES: Final = 300
"""A packed file may unpack to `SMALL_ENOUGH` bytes, or to this many times its size."""
_LZMA_MEMORY: Final = 1 << 28


class CutOffError(Exception):
    """A packed stream ends early or is damaged; data before that point has been yielded."""


class _Unpacker(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


_UNPACKERS: Final[tuple[tuple[bytes, Callable[[], _Unpacker]], ...]] = (
    (b"\x1f\x8b", lambda: igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)),
    (b"BZh", bz2.BZ2Decompressor),
    (b"\xfd7zXZ\x00", lambda: lzma.LZMADecompressor(memlimit=_LZMA_MEMORY)),
)
# the stubs of isal declare its exception class as an exception
_ISAL: Final[type[Exception]] = igzip_lib.error  # type: ignore[assignment]
_DAMAGE: Final = (EOFError, OSError, _ISAL, lzma.LZMAError)


def is_packed(head: bytes) -> bool:
    """Whether a file with these first bytes is packed."""
    return any(head.startswith(magic) for magic, _ in _UNPACKERS)


class Stream:
    """Byte stream of a file, decompressed if packed; `position` counts the bytes on disk."""

    def __init__(self, file: BinaryIO, where: str) -> None:
        self._file, self.where = file, where
        head = file.read(8)
        file.seek(0)
        self._content = io.BufferedReader(_Unpacked(file), CHUNK) if is_packed(head) else file

    @property
    def position(self) -> int:
        """Bytes of the file on disk read so far."""
        return self._file.tell()

    def read(self, size: int = -1) -> bytes:
        """Read at most `size` bytes of content.

        Raises:
            DataError: the compressed file is cut short or damaged.
        """
        try:
            return self._content.read(size)
        except CutOffError as fault:
            raise DataError(
                f"the compressed file is cut short or damaged ({fault})",
                where=self.where,
                remedy="fetch the file again",
            ) from None


class _Part(Stream):
    """Some consecutive bytes of a plain file; `position` counts from the first of them."""

    def __init__(self, file: BinaryIO, where: str, start: int, end: int) -> None:
        file.seek(start)
        self._file, self._start, self._end, self.where = file, start, end, where

    @property
    def position(self) -> int:
        return self._file.tell() - self._start

    def read(self, size: int = -1) -> bytes:
        left = self._end - self._file.tell()
        return self._file.read(left if size < 0 else min(size, left))


@contextmanager
def open_binary(path: Path, part: tuple[int, int] | None = None) -> Iterator[Stream]:
    """Open a file for reading; compression is detected by its first bytes.

    Args:
        path: the file.
        part: first byte, and the byte after the last one, of a plain file; by default all of it.

    Raises:
        DataError: there is no such file, or it cannot be read.
    """
    with _open(path) as file:
        yield Stream(file, str(path)) if part is None else _Part(file, str(path), *part)


def open_dump(path: Path) -> io.BufferedReader:
    """Open a file, decompressed if packed, as a buffered stream, which splits lines in C.

    Reading raises `CutOffError` if the packed data end early.

    Raises:
        DataError: there is no such file, or it cannot be read.
    """
    return io.BufferedReader(_Unpacked(_open(path)), BUFFER)


def unpacked(path: Path) -> Iterator[bytes]:
    """Yield the unpacked bytes of a file in pieces.

    Raises:
        DataError: there is no such file, or it cannot be read.
        CutOffError: the packed data end early or are damaged; raised after all readable data.
    """
    with _open(path) as file:
        yield from _unpack(file)


def without_packing(name: str) -> str:
    """A file's name without the suffix of its compression.

    >>> without_packing("dump.xml.gz"), without_packing("dump.xml")
    ('dump.xml', 'dump.xml')
    """
    for ending in ENDINGS:
        if name.lower().endswith(ending):
            return name[: -len(ending)]
    return name


def matching_files(root: Path, pattern: str) -> list[Path]:
    """Files below the root that match a path or pattern, sorted by name.

    If a file has exactly this name, it is meant: "songs [v2].csv" is no pattern then.

    Raises:
        DataError: no file matches, or the pattern is not one of paths below the root.
    """
    if not Path(pattern).is_absolute() and (root / pattern).is_file():
        return [root / pattern]
    try:
        found = sorted(path for path in root.glob(pattern) if path.is_file())
    except (ValueError, NotImplementedError):  # empty, absolute, or ** within a name
        raise DataError(
            f"not a path or pattern below the raw folder: {pattern!r}",
            where=str(root),
            remedy="for example 'pages/*.html' or '**/*.xml'; paths are relative to the raw folder",
        ) from None
    if not found and (root / pattern).is_dir():
        raise DataError(
            "a folder, not a file",
            where=str(root / pattern),
            remedy=f"name the files in it: {pattern.rstrip('/')}/*",
        )
    if not found:
        raise DataError(
            "no file matches" if any(sign in pattern for sign in "*?[") else "no such file",
            where=str(root / pattern),
            remedy="check the path in the recipe and the raw folder",
        )
    return found


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise DataError(
            "no such file",
            where=str(path),
            remedy="check the path in the recipe and the raw folder",
        ) from None
    except OSError as fault:
        raise DataError(f"cannot be read: {fault.strerror}", where=str(path)) from None


def _unpack(file: BinaryIO) -> Iterator[bytes]:
    packed = file.read(CHUNK)
    new = next((make for magic, make in _UNPACKERS if packed.startswith(magic)), None)
    if new is None:
        while packed:
            yield packed
            packed = file.read(CHUNK)
        return
    unpacker, made = new(), 0
    while True:
        if unpacker.eof:  # a file may consist of several packed members
            packed = unpacker.unused_data or file.read(CHUNK)
            if not packed.strip(b"\0"):
                return
            unpacker = new()
        elif unpacker.needs_input and not packed:
            raise CutOffError("the compressed data end early")
        try:
            piece = unpacker.decompress(packed, LARGEST)
        except _DAMAGE as fault:
            raise CutOffError(str(fault)) from fault
        made += len(piece)
        if made > SMALL_ENOUGH and made > MOST_TIMES * file.tell():
            raise CutOffError(
                f"it unpacks to more than {MOST_TIMES} times its size, as no sound file does; "
                "unpack it yourself if it is to be trusted"
            )
        if piece:
            yield piece
        packed = file.read(CHUNK) if unpacker.needs_input and not unpacker.eof else b""


class _Unpacked(io.RawIOBase):
    """Raw stream of a file's unpacked bytes."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._pieces = file, _unpack(file)
        self._ready = memoryview(b"")

    def close(self) -> None:
        self._file.close()
        super().close()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer, /) -> int:
        target = memoryview(buffer).cast("B")
        if not self._ready:
            self._ready = memoryview(next(self._pieces, b""))
        size = min(len(target), len(self._ready))
        target[:size] = self._ready[:size]
        self._ready = self._ready[size:]
        return size
