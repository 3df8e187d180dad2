"""Define record-pair features: their agreement levels, with prior m and u probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MISSING: Final = -1
"""Level of a feature that one side says nothing about: it counts neither for nor against."""


@dataclass(frozen=True)
class Feature:
    """One thing that is compared.

    Attributes:
        name: what a person reads in an explanation.
        levels: names of the levels, from disagreement to agreement.
        match: how often records of one thing show each level, as far as is known beforehand.
        other: the same for records of two things that share a blocking key.
        strength: how much more than that of other features this knowledge weighs against data.
        anchored: whether it says what a thing is (its title, its parts), so that data may not
            turn disagreement in it into a habit of matches.
    """

    name: str
    levels: tuple[str, ...]
    match: tuple[float, ...]
    other: tuple[float, ...]
    strength: float = 1.0
    anchored: bool = False
