"""Dumps as streams of bytes: gzip, bzip2, xz or plain, told apart by how they begin."""

from __future__ import annotations

import bz2
import io
import lzma
import queue
import threading
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from isal import isal_zlib

from kg_builder.errors import DataError

if TYPE_CHECKING:
    from typing_extensions import Buffer

BUFFER: Final = 1 << 20
CHUNK: Final = 1 << 15
"""Packed bytes read at once; what they unpack to should not need fresh pages of memory."""

_T = TypeVar("_T")


class CutOffError(Exception):
    """A packed stream ends early or is damaged; what came before it has been handed out."""


class _Unpacker(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /) -> bytes: ...


_FORMATS: Final[tuple[tuple[bytes, Callable[[], _Unpacker]], ...]] = (
    (b"\x1f\x8b", lambda: isal_zlib.decompressobj(wbits=31)),
    (b"BZh", bz2.BZ2Decompressor),
    (b"\xfd7zXZ\x00", lzma.LZMADecompressor),
)
# the stubs of isal declare its exception class as an exception
_ISAL: Final[type[Exception]] = isal_zlib.error  # type: ignore[assignment]
_DAMAGE: Final = (EOFError, OSError, _ISAL, zlib.error, lzma.LZMAError)


def chunks(path: Path) -> Iterator[bytes]:
    """The unpacked bytes of a dump, piece by piece.

    Raises:
        DataError: there is no such file.
        CutOffError: the packed data end early or are damaged, after all that could be unpacked.
    """
    try:
        file = path.open("rb")
    except (FileNotFoundError, IsADirectoryError):
        raise DataError(
            "no such file", where=str(path), remedy="fetch it, or take the database off the recipe"
        ) from None
    with file:
        packed = file.read(CHUNK)
        new = next((make for magic, make in _FORMATS if packed.startswith(magic)), None)
        if new is None:
            while packed:
                yield packed
                packed = file.read(CHUNK)
            return
        unpacker = new()
        while True:
            if unpacker.eof:  # a file may hold several packed members
                packed = unpacker.unused_data or file.read(CHUNK)
                if not packed.strip(b"\0"):
                    return
                unpacker = new()
            elif not packed:
                raise CutOffError("the compressed data end early")
            try:
                piece = unpacker.decompress(packed)
            except _DAMAGE as fault:
                raise CutOffError(str(fault)) from fault
            if piece:
                yield piece
            packed = b"" if unpacker.eof else file.read(CHUNK)


def open_dump(path: Path) -> io.BufferedReader:
    """A dump as a buffered stream, which splits lines in C.

    Reading raises `CutOffError` where the packed data end early.

    Raises:
        DataError: there is no such file.
    """
    return io.BufferedReader(_Stream(chunks(path)), BUFFER)


class _Stream(io.RawIOBase):
    """Pieces of bytes as a raw stream."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._ready = memoryview(next(pieces, b""))

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


def ahead(items: Iterator[_T], depth: int = 2) -> Iterator[_T]:
    """The same items, made in a thread of their own while the last ones are worked on.

    Unpacking holds no interpreter lock, so it runs beside the work on what it unpacked. At most
    `depth` items wait; an exception comes after the items before it.
    """
    waiting: queue.Queue[tuple[_T | None, BaseException | None]] = queue.Queue(depth)
    stop = threading.Event()

    def hand_over(item: _T | None, fault: BaseException | None) -> bool:
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

    thread = threading.Thread(target=work, name="unpacking", daemon=True)
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
