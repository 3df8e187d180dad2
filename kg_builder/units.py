"""Units of work: the pieces into which a stage is divided, each from files to a folder of files.

A stage names its units and takes their results in the same order. Where they are worked on (in this
process, in others beside it, on a cluster) is the caller's business, and so is keeping results: a
unit depends on nothing but its function, its arguments and its files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol


@dataclass(frozen=True)
class Unit:
    """One call of a function.

    Attributes:
        label: for people: "biographies, texts 65 to 128".
        function: a function of a module, called as `function(folder, progress=…, **arguments)`;
            writes its result as files into the empty folder.
        arguments: picklable values; a path among them says where something lies and does not
            count for whether two units are equal.
        files: the files that the function reads; they count by their content.
    """

    label: str
    function: Callable[..., None]
    arguments: Mapping[str, Any]
    files: tuple[Path, ...] = ()


class RunUnits(Protocol):
    """Works on units."""

    @property
    def shared(self) -> Path:
        """A folder for files that several units of a stage read."""

    def __call__(self, units: Iterable[Unit]) -> Iterator[Path]:
        """Yield the folders with the results, in the order of the units.

        Raises:
            DataError: what a unit raised.
        """
