"""Unpack named members of zip and tar archives, with limits on size and path."""

from __future__ import annotations

import lzma
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from pipeline.download_config import FetchError

__all__ = ["unpack"]

CHUNK = 1 << 20
LONGEST_HEADER = 1 << 20
"""Maximum size of a tar file's extended header; real ones have some hundred bytes."""
_HEADERS = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)
DAMAGE = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,  # a compression that Python does not support
)


def unpack(archive: Path, members: Mapping[str, Path], *, largest: int) -> None:
    """Unpack members of `archive`, each to a given path.

    Only the named members are read, and each is written to the caller's path, never to one inside
    the archive. Links, devices and folders are refused.

    Args:
        archive: a zip file, or a tar file with any of Python's compressions.
        members: member name → file to write.
        largest: maximum size of a member, in bytes.

    Raises:
        FetchError: the archive is damaged or encrypted, or a member is missing, not a plain file,
            or too large.
    """
    with _opened(archive) as source:
        for name, target in members.items():
            target.parent.mkdir(parents=True, exist_ok=True)
            with source.open(name) as stream, target.open("wb") as file:
                _copy(stream, file, largest, f"{archive}: member {name!r}")


class _Zip:
    def __init__(self, archive: Path, file: zipfile.ZipFile) -> None:
        self.archive, self.file = archive, file

    def open(self, name: str) -> IO[bytes]:
        try:
            info = self.file.getinfo(name)
        except KeyError:
            raise _missing(self.archive, name, self.file.namelist()) from None
        if info.is_dir() or stat.S_ISLNK(info.external_attr >> 16):
            raise _not_a_file(self.archive, name)
        if info.flag_bits & 0x1:
            raise FetchError(
                f"member {name!r} is encrypted",
                where=str(self.archive),
                remedy="unpack it by hand into the data folder",
            )
        return self.file.open(info)


class _TarInfo(tarfile.TarInfo):
    """A tar member with extended headers (names, comments) of limited length.

    They are read into memory, and their length is set by the archive.
    """

    def _proc_member(self, tarfile_: tarfile.TarFile) -> tarfile.TarInfo:
        if self.type in _HEADERS and self.size > LONGEST_HEADER:
            raise tarfile.ReadError(f"a header of {self.size:,} bytes, over {LONGEST_HEADER:,}")
        read: tarfile.TarInfo = super()._proc_member(tarfile_)  # type: ignore[misc]
        return read


class _Tar:
    def __init__(self, archive: Path, file: tarfile.TarFile) -> None:
        self.archive, self.file = archive, file

    def open(self, name: str) -> IO[bytes]:
        try:
            info = self.file.getmember(name)
        except KeyError:
            raise _missing(self.archive, name, self.file.getnames()) from None
        stream = self.file.extractfile(info) if info.isreg() else None
        if stream is None:
            raise _not_a_file(self.archive, name)
        return stream


@contextmanager
def _opened(archive: Path) -> Iterator[_Zip | _Tar]:
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as zipped:
                yield _Zip(archive, zipped)
        else:
            with tarfile.open(archive, tarinfo=_TarInfo) as tarred:
                yield _Tar(archive, tarred)
    except (*DAMAGE, OSError) as fault:
        if isinstance(fault, OSError) and fault.errno is not None:
            raise  # a fault of the disk, not of the archive
        raise FetchError(
            f"not a zip or tar archive that can be read ({fault})",
            where=str(archive),
            remedy="remove it and fetch again",
        ) from fault


def _copy(source: IO[bytes], target: IO[bytes], largest: int, where: str) -> None:
    """Copy and count the actual bytes: the size in an archive's directory may be wrong."""
    written = 0
    while chunk := source.read(CHUNK):
        written += len(chunk)
        if written > largest:
            raise FetchError(
                f"it unpacks to more than {largest:,} bytes",
                where=where,
                remedy="if that is right, raise `largest_member` in the recipe",
            )
        target.write(chunk)


def _missing(archive: Path, name: str, names: list[str]) -> FetchError:
    shown = ", ".join(names[:8]) + (", …" if len(names) > 8 else "")
    return FetchError(
        f"no member {name!r}; it holds {shown or 'nothing'}",
        where=str(archive),
        remedy="fix `unpack` in the recipe",
    )


def _not_a_file(archive: Path, name: str) -> FetchError:
    return FetchError(
        f"member {name!r} is a link, a folder or a device, not a plain file",
        where=str(archive),
        remedy="name a plain file in `unpack`",
    )
