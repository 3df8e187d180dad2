"""Pair records that share a blocking key or several facts; split blocks that are too large."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import combinations
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kg_builder.fusion.normalize import is_placeholder
from kg_builder.fusion.profiles import Profiles
from kg_builder.fusion.title_words import title_words

Pairs = NDArray[np.int64]
"""Indices of records, shape (pairs, 2)."""

_Detail = Hashable
_MOST_FACTS: Final = 5
"""Facts of a record by which large blocks are split: pairs of them grow with the square."""


def shared_key_pairs(
    profiles: Profiles,
    members: NDArray[np.int64],
    keys: Iterable[Sequence[str]],
    max_block: int,
    *,
    max_part: int | None = None,
) -> Pairs:
    """Generate the pairs of records that share a key.

    A block of more than `max_block` records is not paired completely ("Love" names thousands of
    songs): its records are paired if they also share a word of their values, a fact (such as the
    year or the country), two facts or the length, within blocks that are small enough.

    Args:
        profiles: all records.
        members: indices of the records to pair.
        keys: the keys of each member; empty keys are ignored.
        max_block: maximum size of a block that is paired completely.
        max_part: the same for the blocks that a large one is split into; `max_block` by default.
    """
    max_part = max_block if max_part is None else max_part
    owner: list[int] = []
    value: list[str] = []
    for index, several in zip(members.tolist(), keys, strict=True):
        for key in {*several} - {""}:
            owner.append(index)
            value.append(key)
    if not owner:
        return no_pairs()
    owners = np.array(owner, dtype=np.int64)
    codes, _ = pd.factorize(np.array(value, dtype=object))
    small = np.bincount(codes)[codes] <= max_block
    found = [_within(owners[small], codes[small])]
    if not small.all():
        owners, codes = _split(profiles, owners[~small], codes[~small])
        if len(owners):
            fits = np.bincount(codes)[codes] <= max_part
            found.append(_within(owners[fits], codes[fits]))
    return np.concatenate(found)


def no_pairs() -> Pairs:
    """An empty array of pairs."""
    return np.empty((0, 2), dtype=np.int64)


def unique_pairs(pairs: Pairs, size: int) -> Pairs:
    """Distinct pairs, left < right, sorted; `size` is the number of records."""
    # encoded as one integer per pair: sorting rows is far slower
    left, right = pairs[:, 0], pairs[:, 1]
    codes = np.minimum(left, right) * size + np.maximum(left, right)
    codes.sort()
    codes = codes[np.r_[True, codes[1:] != codes[:-1]]] if len(codes) else codes
    return np.column_stack((codes // max(size, 1), codes % max(size, 1)))


def _split(
    profiles: Profiles, owners: NDArray[np.int64], codes: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Split large blocks by what else their records state: block and detail."""
    number: dict[_Detail, int] = {}
    members, position = np.unique(owners, return_inverse=True)
    found: list[int] = []
    ends = [0]
    for index in members.tolist():
        found += [number.setdefault(key, len(number)) for key in _details(profiles, index)]
        ends.append(len(found))
    details, starts = np.array(found, dtype=np.int64), np.array(ends, dtype=np.int64)
    sizes = np.diff(starts)[position]
    last = np.cumsum(sizes)
    places = np.arange(sizes.sum()) - np.repeat(last - sizes - starts[position], sizes)
    finer, _ = pd.factorize(np.repeat(codes, sizes) * len(number) + details[places])
    return np.repeat(owners, sizes), finer.astype(np.int64)


def _details(profiles: Profiles, index: int) -> Iterator[_Detail]:
    """What a record states besides its name: each word, and each fact and pair of facts."""
    own = set(profiles.names[index].key.split())
    yield from (word for word in profiles.text[index].split() if word not in own)
    facts: list[_Detail] = list(profiles.facts[index][:_MOST_FACTS])
    if (year := int(profiles.year[index])) >= 0:
        facts.append(("year", year))
    if number := profiles.number[index]:
        facts.append(("number", number))
    yield from facts
    yield from combinations(facts, 2)
    if (seconds := int(profiles.seconds[index])) > 0:
        # lengths a second apart share one of the two
        yield "length", seconds // 2
        if seconds % 2:
            yield "length", seconds // 2 + 1


def _within(owners: NDArray[np.int64], codes: NDArray[np.int64]) -> Pairs:
    """All pairs within each block; blocks of equal size are processed together."""
    order = np.lexsort((owners, codes))
    owners, codes = owners[order], codes[order]
    starts = np.flatnonzero(np.r_[True, codes[1:] != codes[:-1]]) if len(codes) else codes
    sizes = np.diff(np.r_[starts, len(codes)])
    found = [no_pairs()]
    for size in np.unique(sizes[sizes > 1]).tolist():
        block = owners[starts[sizes == size][:, None] + np.arange(size)]
        left, right = np.triu_indices(size, 1)
        found.append(np.column_stack((block[:, left].ravel(), block[:, right].ravel())))
    return np.concatenate(found)


_SLACK: Final = (-1, 0, 1)
"""Tolerance, in seconds, of rounded lengths of one recording."""


def by_facts(profiles: Profiles, members: NDArray[np.int64], max_block: int) -> Pairs:
    """Pair works of few words with those that share two of length, number and year.

    Sources that drop letters outside their encoding leave titles such as '004-', which no text key
    can pair. Other works are left to the keys by words.

    Args:
        profiles: all records.
        members: indices of the works to pair.
        max_block: facts shared by more records are ignored.
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
