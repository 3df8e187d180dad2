"""Candidates of works that hardly have words: those with the same length, track number, year."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kg_builder.fusion.block_keys import Pairs, no_pairs
from kg_builder.fusion.normalize import is_placeholder
from kg_builder.fusion.profiles import Profiles
from kg_builder.fusion.wording import title_words

_FEW_WORDS: Final = 2
_SLACK: Final = (-1, 0, 1)
"""Seconds by which lengths of one recording differ once they are rounded."""


def by_facts(profiles: Profiles, members: NDArray[np.int64], max_block: int) -> Pairs:
    """Pairs of a work of few words with every one that shares two of length, number and year.

    Sources that drop the letters they cannot write leave titles such as '004-'; no text brings
    these together with anything. The others are left to the keys that go by words.

    Args:
        profiles: all records.
        members: indices of the works to pair.
        max_block: facts that more records share tell too little.
    """
    thin = [index for index in members.tolist() if _is_thin(profiles, index)]
    asked: dict[tuple[int | str, ...], list[int]] = defaultdict(list)
    for index in thin:
        for slack in _SLACK if profiles.seconds[index] > 0 else (0,):
            for key in _keys(profiles, index, slack):
                asked[key].append(index)
    met: dict[tuple[int | str, ...], list[int]] = defaultdict(list)
    if asked:
        for index in members.tolist():
            for key in _keys(profiles, index, 0):
                if key in asked:
                    met[key].append(index)
    pairs = {
        (min(one, other), max(one, other))
        for key, several in asked.items()
        if len(met[key]) <= max_block
        for one in several
        for other in met[key]
        if one != other
    }
    return np.array(sorted(pairs), dtype=np.int64) if pairs else no_pairs()


def _is_thin(profiles: Profiles, index: int) -> bool:
    name = profiles.name[index]
    if title_words(name) and not is_placeholder(name):
        return len(profiles.text[index].split()) == 1 and profiles.seconds[index] > 0
    return True


def _keys(profiles: Profiles, index: int, slack: int) -> Iterator[tuple[int | str, ...]]:
    seconds, number = int(profiles.seconds[index]), profiles.number[index]
    year = int(profiles.year[index])
    if seconds > 0 and number:
        yield "length, number", seconds + slack, number
    if seconds > 0 and year >= 0:
        yield "length, year", seconds + slack, year
    if number and year >= 0:
        yield "number, year", number, year
