"""Exchange a unit's input files and its result through an object store or any folder.

Workers on other machines then need no shared file system: what a unit reads is sent once under the
hash of its content, what it writes comes back under the unit's own hash. Locations are those of
fsspec: `s3://bucket/prefix`, `gs://…`, `/mnt/shared`.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from kg_builder.errors import DataError
from kg_builder.units import FilePart, Unit
from pipeline.artefacts import digest
from pipeline.units import RESULT, PendingResult, is_whole, measured
from safe_io.atomic import replacing, replacing_folder

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

_FILES: Final = "files"
_RESULTS: Final = "units"
_ATTEMPTS: Final = 3
"""To get a result: an old one may be damaged, and so may a file that its worker needs."""


class DamagedError(DataError):
    """A file in the store is missing, or not the one that was sent."""


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
        files, root = self._connected()
        probe = f"{root}/.probe-{uuid4().hex}"  # other builds may check it at the same time
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
        digests = (one.sha256 if isinstance(one, FilePart) else digest(one) for one in unit.files)
        sent = SentUnit(moved(unit, Path.absolute), key, tuple(digests))
        files, root = self._connected()
        for one, sha in zip(sent.unit.files, sent.digests, strict=True):
            target = f"{root}/{_FILES}/{sha}"
            if isinstance(one, FilePart):
                if not _holds(files, target, one.end - one.start):
                    with TemporaryDirectory(prefix="music-kg-") as scratch:
                        _put(files, _cut_out(one, Path(scratch)), target)
            elif not _holds(files, target, one.stat().st_size):
                _put(files, one, target)
        return sent

    def has(self, key: str) -> bool:
        """Whether there is a result of a unit, perhaps from a build on another machine."""
        files, root = self._connected()
        return bool(files.exists(f"{root}/{_RESULTS}/{key}/{RESULT}"))

    def work_on(self, sent: SentUnit) -> int | None:
        """Execute a unit on this machine, away from the files of the one that has sent it.

        Returns:
            The peak memory in megabytes, if known.

        Raises:
            DamagedError: of a file of the unit; it has been removed, so that it is sent again.
            DataError: raised by the unit, or the store cannot be reached.
        """
        files, root = self._connected()
        with TemporaryDirectory(prefix="music-kg-") as name:
            scratch = Path(name).resolve()

            def here(path: Path) -> Path:
                return scratch / path.relative_to(path.anchor)

            unit = moved(sent.unit, here)
            for folder in _paths_in(unit.arguments):
                folder.parent.mkdir(parents=True, exist_ok=True)
            for one, sha in zip(unit.files, sent.digests, strict=True):
                path = one.path if isinstance(one, FilePart) else one
                path.parent.mkdir(parents=True, exist_ok=True)
                self._get(files, f"{root}/{_FILES}/{sha}", path, sha)
                if isinstance(one, FilePart):
                    _put_in_place(one)
            result = scratch / "result"
            try:
                peak = measured(unit, result)
            except DataError as fault:
                raise DataError(
                    fault.what, where=fault.where.replace(name, ""), remedy=fault.remedy
                ) from None
            written = sorted(result.iterdir(), key=lambda path: (path.name == RESULT, path.name))
            for path in written:  # the list of the files last: a result with it is complete
                _put(files, path, f"{root}/{_RESULTS}/{sent.key}/{path.name}")
        return peak

    def fetch(self, key: str, target: Path) -> None:
        """Download a unit's result; the folder appears when it is complete.

        Raises:
            DamagedError: a file is missing or not the one that was written.
        """
        files, root = self._connected()
        with replacing_folder(target) as folder:
            for source in files.find(f"{root}/{_RESULTS}/{key}"):
                files.get_file(source, str(folder / source.rpartition("/")[2]))
            if not is_whole(folder):
                raise DamagedError(
                    f"{_RESULTS}/{key} is incomplete or changed", where=f"store {self.url}"
                )

    def _get(self, files: AbstractFileSystem, source: str, path: Path, sha: str) -> None:
        """Download a file of a unit."""
        try:
            files.get_file(source, str(path))
            if digest(path) == sha:
                return
            with suppress(FileNotFoundError):  # another worker has removed it
                files.rm_file(source)
        except FileNotFoundError:  # expired since it was sent
            pass
        raise DamagedError(f"{_FILES}/{sha} is missing or changed", where=f"store {self.url}")

    def _connected(self) -> tuple[AbstractFileSystem, str]:
        from fsspec.core import url_to_fs
        from fsspec.implementations.local import LocalFileSystem

        where = f"store {self.url}"
        try:
            files, root = url_to_fs(self.url)
        except ImportError as fault:  # its text names the package
            raise DataError(
                str(fault),
                where=where,
                remedy="pip install 'music-kg-recommender[store]' for s3, that package for others",
            ) from None
        except ValueError as fault:
            raise DataError(
                str(fault), where=where, remedy="such as s3://bucket/prefix, gs://…, or a folder"
            ) from None
        if isinstance(files, LocalFileSystem):
            files.auto_mkdir = True  # as an object store
        return files, root.rstrip("/")


class StoredResult:
    """The result of a unit, by way of a store (a `pipeline.units.PendingResult`).

    Args:
        store: which may have the result already.
        unit: executed again if the store's result is damaged.
        target: folder of the result.
        start: submits the unit to a worker.
        tell: called with a line about what was damaged.
    """

    def __init__(
        self,
        store: UnitStore,
        unit: Unit,
        target: Path,
        start: Callable[[SentUnit], PendingResult],
        tell: Callable[[str], None],
    ) -> None:
        self._store, self._unit, self._target = store, unit, target
        self._start, self._tell = start, tell
        is_there = unit.reusable and store.has(target.name)
        self._pending = None if is_there else self._submit()

    def result(self) -> object:
        """Wait for the unit, and fetch its result.

        Raises:
            DamagedError: the store damages results again and again.
            Exception: raised by the unit.
        """
        for remaining in reversed(range(_ATTEMPTS)):
            try:
                peak = None if self._pending is None else self._pending.result()
                self._store.fetch(self._target.name, self._target)
                break
            except DamagedError as fault:
                if not remaining:
                    raise
                self._tell(f"{fault}: {self._unit.label} is executed again")
                self._pending = self._submit()
        return peak

    def _submit(self) -> PendingResult:
        return self._start(self._store.send(self._unit, self._target.name))


def moved(unit: Unit, move: Callable[[Path], Path]) -> Unit:
    """A unit with other paths, in its arguments and files."""
    return replace(
        unit,
        arguments={name: _moved(value, move) for name, value in unit.arguments.items()},
        files=tuple(
            replace(one, path=move(one.path)) if isinstance(one, FilePart) else move(one)
            for one in unit.files
        ),
    )


def _cut_out(part: FilePart, folder: Path) -> Path:
    """Copy a part of a file to a file of its own."""
    with part.path.open("rb") as file:
        file.seek(part.start)
        (folder / "part").write_bytes(file.read(part.end - part.start))
    return folder / "part"


def _put_in_place(part: FilePart) -> None:
    """Move a file's content to the place that it has in the whole file, which is not here."""
    content = part.path.read_bytes()
    with part.path.open("wb") as file:  # what is before it takes no space
        file.seek(part.start)
        file.write(content)


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


def _put(files: AbstractFileSystem, path: Path, target: str) -> None:
    """Upload a file; others find the whole of it or nothing, in a folder too."""
    from fsspec.implementations.local import LocalFileSystem

    if not isinstance(files, LocalFileSystem):
        files.put_file(str(path), target)
        return
    Path(target).parent.mkdir(parents=True, exist_ok=True)
    with replacing(Path(target)) as temporary:
        shutil.copyfile(path, temporary)


def _holds(files: AbstractFileSystem, target: str, size: int) -> bool:
    """Whether the store has a whole copy; a folder may have half of one if a sender was killed."""
    try:
        return bool(files.size(target) == size)
    except FileNotFoundError:
        return False
