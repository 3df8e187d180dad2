"""Find the folder of a build's derived indexes, and decide when an index is rebuilt.

`<processed folder>/.index/<kind>-<hash>`: the hash is that of the files that it was made from, so
that a new build never answers from an old index. Folders that cannot be written to take a cache
elsewhere.
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
_WAIT: Final = 600.0  # seconds that a second reader waits for the first one's index
_DIGITS: Final = 16


def fingerprint(folder: Path, names: Sequence[str]) -> str:
    """One hash of some files of a processed folder, by their contents.

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
    """The folder of an index of a build; made under a lock where it is not there yet.

    Those of earlier builds are removed once the new one is complete.

    Args:
        folder: the processed folder.
        kind: what the index is for; a part of its name.
        sources: files of the processed folder that it is made from.
        make: fills an empty folder.
        version: of the layout; another one is another index.
        cache: where indexes are kept; `<folder>/.index` by default, or below the user's cache
            where the processed folder cannot be written to.

    Raises:
        DataError: a file is missing.
        InUseError: another process has been making it for ten minutes.
        OSError: it cannot be written.
    """
    home = cache if cache is not None else _home(folder)
    path = home / f"{kind}{version}-{fingerprint(folder, sources)}"
    if path.is_dir():
        return path
    with folder_lock(home, "reader's index", wait=_WAIT):
        if not path.is_dir():  # nobody made it while this process waited
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
