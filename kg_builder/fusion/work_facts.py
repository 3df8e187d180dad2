"""Log-odds of a match for works without a shared title word: length, track, year, language.

Sources that drop letters leave works without title and artist. That two of them agree in length and
number tells little in a large catalogue and much in a small one, so the evidence is weighed by how
often it would come about by chance: the rarity of what both say, against the number of records.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kg_builder.fusion.agreement_levels import Feature
from kg_builder.fusion.profiles import Profiles, Values

FACTS: Final = Feature(
    "facts in place of words",
    ("chance", "little", "telling", "very telling"),
    match=(0.0025, 0.03, 0.45, 0.5175),
    other=(0.93, 0.05, 0.017, 0.003),
    strength=1000.0,
)
"""How far agreement in length, number, year and language goes beyond what chance brings."""

IN_FACTS: Final = frozenset({"duration", "trackNumber", "releaseDate", "language"})
"""Predicates that are weighed together in `FACTS`, and not on their own as well."""

_CUTS: Final = (1.0, 2.5, 4.0)
_DISAGREE: Final = -3.0
_SLACK: Final = 1


def chance(
    profiles: Profiles, pairs: NDArray[np.int64], values: Mapping[str, Values]
) -> NDArray[np.float64]:
    """Log-odds, less the rest of the evidence, that a pair agrees for more than chance; (n,)."""
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
    """Levels of `FACTS` for values of `chance`."""
    return np.digitize(log_odds, _CUTS).astype(np.int8)


def _languages(profiles: Profiles, values: Mapping[str, Values]) -> list[str]:
    """The first three letters of each record's language, '' without."""
    empty: Values = {}
    return [
        "".join(filter(str.isalpha, (values.get(key, empty).get("language") or ("",))[0]))[:3]
        for key in profiles.record
    ]


def _codes(texts: Sequence[str]) -> NDArray[np.int64]:
    """A number per text, -1 for an empty one."""
    codes: dict[str, int] = {}
    return np.array(
        [codes.setdefault(text, len(codes)) if text else -1 for text in texts], dtype=np.int64
    )
