"""Log-odds of a match for works without a shared title word: length, track, year, language.

Sources that drop letters leave works without title and artist. Agreement of two of them in length
and number is weak evidence in a large catalogue and strong in a small one, so it is weighted by its
probability of chance: the rarity of the values, relative to the number of records.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kg_builder.fusion.measures import Feature
from kg_builder.fusion.profiles import Profiles, Values

FACTS: Final = Feature(
    "facts in place of words",
    ("chance", "little", "telling", "very telling"),
    match=(0.0025, 0.03, 0.45, 0.5175),
    other=(0.93, 0.05, 0.017, 0.003),
    strength=1000.0,
)
"""Agreement in length, number, year and language beyond chance."""

IN_FACTS: Final = frozenset({"duration", "trackNumber", "releaseDate", "language"})
"""Predicates that are combined in `FACTS`, and not compared separately."""

_CUTS: Final = (1.0, 2.5, 4.0)
_DISAGREE: Final = -3.0
_SLACK: Final = 1


def chance(
    profiles: Profiles, pairs: NDArray[np.int64], values: Mapping[str, Values]
) -> NDArray[np.float64]:
    """Log-odds that a pair's agreement is not by chance, minus the other evidence; shape (n,)."""
    total = max(len(profiles), 2)
    found = np.full(len(pairs), -np.log(total))
    for column, slack in (
        (profiles.seconds, _SLACK),
        (profiles.year, 0),
        (_codes(profiles.number), 0),
        (_codes(_languages(profiles, values)), 0),
    ):
        one, other = column[pairs[:, 0]], column[pairs[:, 1]]
        both_present = (one >= 0) & (other >= 0) & ((one > 0) | (slack == 0))
        agree = both_present & (np.abs(one - other) <= slack)
        often = Counter(column[column >= 0].tolist())
        share = np.array(
            [
                sum(often[value + step] for step in range(-slack, slack + 1)) / total
                for value in one[agree].tolist()
            ]
        )
        found[agree] -= np.log(share)
        found[both_present & ~agree] += _DISAGREE
    return found


def fact_levels(log_odds: NDArray[np.float64]) -> NDArray[np.int8]:
    """Convert values of `chance` to levels of `FACTS`."""
    return np.digitize(log_odds, _CUTS).astype(np.int8)


def _languages(profiles: Profiles, values: Mapping[str, Values]) -> list[str]:
    """The first three letters of each record's language, or ''."""
    empty: Values = {}
    return [
        "".join(filter(str.isalpha, (values.get(key, empty).get("language") or ("",))[0]))[:3]
        for key in profiles.record
    ]


def _codes(texts: Sequence[str]) -> NDArray[np.int64]:
    """Encode texts as integers, -1 for empty ones."""
    codes: dict[str, int] = {}
    return np.array(
        [codes.setdefault(text, len(codes)) if text else -1 for text in texts], dtype=np.int64
    )
