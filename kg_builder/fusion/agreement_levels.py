"""Define record-pair features: their agreement levels, with prior m and u probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MISSING: Final = -1
"""Level of a feature with a missing value on one side: no evidence either way."""


@dataclass(frozen=True)
class Feature:
    """A feature of a record pair.

    Attributes:
        name: shown in explanations.
        levels: names of the levels, from disagreement to agreement.
        match: prior m-probabilities: frequency of each level among matches.
        other: prior u-probabilities, among non-matches that share a blocking key.
        strength: weight of this prior relative to that of other features.
        anchored: whether it identifies an entity (its title, its parts), so that a fit must not
            make disagreement in it common among matches.
    """

    name: str
    levels: tuple[str, ...]
    match: tuple[float, ...]
    other: tuple[float, ...]
    strength: float = 1.0
    anchored: bool = False
