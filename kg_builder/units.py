"""Interface for units of work of a stage: the `Unit` dataclass and the `RunUnits` protocol.

A stage lists its units and receives their results in the same order. The caller decides where they
are executed (in this process, in other processes, on a cluster) and whether results are cached: a
unit depends only on its function, its arguments and its files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol


@dataclass(frozen=True)
class FilePart:
    """Consecutive bytes of a file.

    Attributes:
        path: the file.
        start, end: the first byte, and the one after the last.
        sha256: of these bytes, hexadecimal.
    """

    path: Path
    start: int
    end: int
    sha256: str


@dataclass(frozen=True)
class Unit:
    """One call of a function.

    Attributes:
        label: for display: "biographies, texts 65 to 128".
        function: a function of a module, called as `function(folder, progress=…, **arguments)`;
            writes its result as files into the empty folder.
        arguments: picklable values; a path among them is a mere location and is ignored when
            comparing units.
        files: the files, or parts of files, that the function reads; compared by content.
        reusable: whether a result stays valid: False if the function reads something else, such as
            a database server.
    """

    label: str
    function: Callable[..., None]
    arguments: Mapping[str, Any]
    files: tuple[Path | FilePart, ...] = ()
    reusable: bool = True


class RunUnits(Protocol):
    """Interface that executes units."""

    @property
    def shared(self) -> Path:
        """A folder for files that several units of a stage read."""

    @property
    def threads(self) -> int:
        """Number of threads for a stage's own queries."""

    @property
    def memory(self) -> int:
        """Megabytes for a stage's own queries and buffers, which must not change its output."""

    def announce(self, units: Iterable[Unit]) -> None:
        """Name units that a later call will contain, so that idle workers can start them."""

    def __call__(self, units: Iterable[Unit]) -> Iterator[Path]:
        """Yield the folders with the results, in the order of the units.

        Raises:
            DataError: raised by a unit.
        """
