"""Find the folder of a build's derived indexes, and decide when an index is rebuilt.

An index is in `<processed folder>/.index/<kind>-<hash>`, with the hash of its source files, so that
a new build never uses an old index. For read-only folders the cache is elsewhere.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from kg_builder.errors import DataError
from safe_io.atomic import replacing_folder
from safe_io.locks import folder_lock

__all__ = ["fingerprint", "indexed"]

FOLDER: Final = ".index"
_WAIT: Final = 600.0  # seconds to wait for another process that builds the index
_DIGITS: Final = 16


def fingerprint(folder: Path, names: Sequence[str]) -> str:
    """Hash the contents of some files of a processed folder.

    Raises:
        DataError: a file is missing.
    """
    digest = hashlib.sha256()
    for name in names:
        try:
            with (folder / name).open("rb") as stream:
                digest.update(hashlib.file_digest(stream, "sha256").digest())
        except FileNotFoundError:
            raise DataError(
                "no such file",
                where=str(folder / name),
                remedy="build first: python -m pipeline build",
            ) from None
    return digest.hexdigest()[:_DIGITS]


def indexed(
    folder: Path,
    kind: str,
    sources: Sequence[str],
    make: Callable[[Path], object],
    *,
    version: int,
    cache: Path | None = None,
) -> Path:
    """Folder of a build's index; created under a lock if missing.

    Indexes of earlier builds are removed once the new one is complete.

    Args:
        folder: the processed folder.
        kind: kind of index; a part of its name.
        sources: files of the processed folder that it is built from.
        make: builds the index in an empty folder.
        version: version of the format; part of the hash.
        cache: folder of indexes; `<folder>/.index` by default, or below the user's cache if the
            processed folder is not writable.

    Raises:
        DataError: a file is missing.
        InUseError: another process has been building it for ten minutes.
        OSError: the index cannot be written.
    """
    home = cache if cache is not None else _home(folder)
    path = home / f"{kind}{version}-{fingerprint(folder, sources)}"
    if path.is_dir():
        return path
    with folder_lock(home, "reader's index", wait=_WAIT):
        if not path.is_dir():  # not built by another process in the meantime
            with replacing_folder(path) as new:
                make(new)
            for old in home.glob(f"{kind}*-*"):
                if old != path and old.is_dir():
                    shutil.rmtree(old, ignore_errors=True)
    return path


def _home(folder: Path) -> Path:
    own = folder / FOLDER
    if os.access(own if own.is_dir() else folder, os.W_OK):
        return own
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    name = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:_DIGITS]
    return base / "music-kg" / f"{folder.name}-{name}"
