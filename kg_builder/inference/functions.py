"""Functions that inference rules call in conclusions: date → entity of its decade."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

_YEAR: Final = re.compile(r"^(-?\d{4})(?:-|$)")


@dataclass(frozen=True)
class NamedThing:
    """An entity that a function creates: its class and its name."""

    type: str
    name: str


def decade(date: str) -> NamedThing | None:
    """The decade of a date of any precision: `1991-09-24` → the 1990s; `None` if not a date."""
    found = _YEAR.match(date)
    if not found:
        return None
    year = int(found[1])
    return NamedThing("Decade", f"{year - year % 10}s")


FUNCTIONS: Final[dict[str, Callable[[str], NamedThing | None]]] = {"decade": decade}
