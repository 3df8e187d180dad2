"""Exchange a unit's input files and its result through an object store or any folder.

Workers on other machines then need no shared file system: what a unit reads is sent once under the
hash of its content, what it writes comes back under the unit's own hash. Locations are those of
fsspec: `s3://bucket/prefix`, `gs://…`, `/mnt/shared`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from kg_builder.errors import DataError
from kg_builder.units import Unit
from pipeline.artefacts import digest
from pipeline.units import RESULT, measured
from safe_io.atomic import replacing_folder

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

_FILES: Final = "files"
_RESULTS: Final = "units"


@dataclass(frozen=True)
class SentUnit:
    """A unit whose input files are in the store.

    Attributes:
        unit: with the paths of the machine that has sent it, absolute.
        key: name of its result.
        digests: of its files, in their order.
    """

    unit: Unit
    key: str
    digests: tuple[str, ...]


@dataclass(frozen=True)
class UnitStore:
    """A location that the building machine and all workers can reach."""

    url: str

    def check(self) -> None:
        """Write, read and remove a small object.

        Raises:
            DataError: the location is not usable.
        """
        with self._connected() as (files, root):
            probe = f"{root}/.probe"
            try:
                files.pipe_file(probe, b"probe")
                files.cat_file(probe)
                files.rm_file(probe)
            except Exception as fault:  # of whatever client
                raise DataError(
                    f"cannot be written and read: {fault}", where=f"store {self.url}"
                ) from None

    def send(self, unit: Unit, key: str) -> SentUnit:
        """Upload those input files of a unit that the store lacks."""
        sent = SentUnit(moved(unit, Path.absolute), key, tuple(digest(path) for path in unit.files))
        with self._connected() as (files, root):
            for path, sha in zip(sent.unit.files, sent.digests, strict=True):
                if not _holds(files, f"{root}/{_FILES}/{sha}", path):
                    files.put_file(str(path), f"{root}/{_FILES}/{sha}")
        return sent

    def has(self, key: str) -> bool:
        """Whether a unit's result is complete, perhaps from a build on another machine."""
        with self._connected() as (files, root):
            return bool(files.exists(f"{root}/{_RESULTS}/{key}/{RESULT}"))

    def work_on(self, sent: SentUnit) -> int | None:
        """Execute a unit on this machine, away from the files of the one that has sent it.

        Returns:
            The peak memory in megabytes, if known.

        Raises:
            DataError: raised by the unit, or the store cannot be reached.
        """
        with TemporaryDirectory(prefix="music-kg-") as name, self._connected() as (files, root):
            scratch = Path(name).resolve()

            def here(path: Path) -> Path:
                return scratch / path.relative_to(path.anchor)

            unit = moved(sent.unit, here)
            for folder in _paths_in(unit.arguments):
                folder.parent.mkdir(parents=True, exist_ok=True)
            for path, sha in zip(unit.files, sent.digests, strict=True):
                path.parent.mkdir(parents=True, exist_ok=True)
                files.get_file(f"{root}/{_FILES}/{sha}", str(path))
            result = scratch / "result"
            try:
                peak = measured(unit, result)
            except DataError as fault:
                raise DataError(
                    fault.what, where=fault.where.replace(name, ""), remedy=fault.remedy
                ) from None
            written = sorted(result.iterdir(), key=lambda path: (path.name == RESULT, path.name))
            for path in written:  # the list of the files last: a result with it is complete
                files.put_file(str(path), f"{root}/{_RESULTS}/{sent.key}/{path.name}")
        return peak

    def fetch(self, key: str, target: Path) -> None:
        """Download a unit's result; the folder appears when it is complete."""
        with self._connected() as (files, root), replacing_folder(target) as folder:
            for source in files.find(f"{root}/{_RESULTS}/{key}"):
                files.get_file(source, str(folder / source.rpartition("/")[2]))

    @contextmanager
    def _connected(self) -> Iterator[tuple[AbstractFileSystem, str]]:
        try:
            from fsspec.core import url_to_fs
            from fsspec.implementations.local import LocalFileSystem

            files, root = url_to_fs(self.url)
            if isinstance(files, LocalFileSystem):
                files.auto_mkdir = True  # as an object store
            yield files, root.rstrip("/")
        except (ImportError, ValueError) as fault:
            raise DataError(
                str(fault),
                where=f"store {self.url}",
                remedy="pip install 'music-kg-recommender[store]', or use another location",
            ) from None


def moved(unit: Unit, move: Callable[[Path], Path]) -> Unit:
    """A unit with other paths, in its arguments and files."""
    return replace(
        unit,
        arguments={name: _moved(value, move) for name, value in unit.arguments.items()},
        files=tuple(map(move, unit.files)),
    )


def _moved(value: Any, move: Callable[[Path], Path]) -> Any:
    if isinstance(value, Path):
        return move(value)
    if isinstance(value, tuple) and value and all(isinstance(item, Path) for item in value):
        return tuple(map(move, value))
    return value


def _paths_in(arguments: Mapping[str, Any]) -> Iterator[Path]:
    for value in arguments.values():
        several = value if isinstance(value, tuple) else (value,)
        yield from (item for item in several if isinstance(item, Path))


def _holds(files: AbstractFileSystem, target: str, path: Path) -> bool:
    """Whether the store has a whole copy; a folder may have half of one if a sender was killed."""
    try:
        return bool(files.size(target) == path.stat().st_size)
    except FileNotFoundError:
        return False
