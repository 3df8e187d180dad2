"""Features of record pairs: agreement levels, and measures of values by datatype."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import takewhile
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz
from rapidfuzz.process import cdist

from kg_builder.ontology import Schema

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


Prior = tuple[tuple[str, ...], tuple[float, ...], tuple[float, ...]]

_YEAR4 = re.compile(r"(?<!\d)(1[0-9]{3}|20[0-9]{2})(?!\d)")
_YEAR2 = re.compile(r"^\D{0,2}(\d{2})\D{0,2}$")
_DAY2 = re.compile(r"^\d{1,2}[-/. ](?:\d{1,2}|[a-z]{3,9})[-/. ](\d{2})$", re.I)
_DATES: Final = (
    "%Y-%m-%d", "%d-%b-%y", "%d-%b-%Y", "%B %d %Y", "%b %d %Y", "%d %B %Y", "%d %b %Y", "%d.%m.%Y",
    "%m/%d/%Y",
)  # fmt: skip
_CLOCK = re.compile(r"^(?:(\d+):)?(\d{1,3}):(\d{2})(?:\.\d+)?$")
_ISO = re.compile(r"^P?T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?$", re.I)
_WORDED = re.compile(r"^(\d+)\s*m\w*\s*(\d+)\s*s\w*$", re.I)
UNTOLD: Final = frozenset({"description", "image", "price"})
"""Free text and pictures, which hardly ever agree exactly between sources."""


_WELL_KNOWN: Final = 5.0
"""Strength of the priors of dates, countries and the like: in a small catalogue half of the equal
names can be namesakes, whose disagreement must not be learned as usual among matches."""


class Measure(ABC):
    """Compares the values of two records under one predicate.

    `prior` holds the names of the levels and their prior m- and u-probabilities; `strength` and
    `anchored`: see `Feature`.
    """

    prior: ClassVar[Prior]
    strength: ClassVar[float] = 1.0
    anchored: ClassVar[bool] = False

    @abstractmethod
    def level(self, left: Sequence[str], right: Sequence[str]) -> int:
        """The level of agreement, or -1 if a side cannot be parsed."""


class Years(Measure):
    """Dates, by their years: equal, a year apart, up to three, further."""

    prior = (
        ("far", "near", "a year apart", "equal"),
        (0.05, 0.05, 0.1, 0.8),
        (0.7, 0.15, 0.1, 0.05),
    )
    strength = _WELL_KNOWN

    def level(self, left: Sequence[str], right: Sequence[str]) -> int:
        """Level of the closest two years."""
        ones = [year for text in left if (year := parse_year(text)) is not None]
        others = [year for text in right if (year := parse_year(text)) is not None]
        if not ones or not others:
            return -1
        gap = min(abs(one - other) for one in ones for other in others)
        return 3 if gap == 0 else 2 if gap == 1 else 1 if gap <= 3 else 0


class Lengths(Measure):
    """Durations in any notation: within a second, within four, further."""

    prior = (("differs", "near", "equal"), (0.08, 0.07, 0.85), (0.9, 0.07, 0.03))

    def level(self, left: Sequence[str], right: Sequence[str]) -> int:
        """Level of the closest two durations."""
        # a length of zero means unknown
        ones = [value for text in left if (value := parse_seconds(text))]
        others = [value for text in right if (value := parse_seconds(text))]
        if not ones or not others:
            return -1
        gap = min(abs(one - other) for one in ones for other in others)
        return 2 if gap <= 1.1 else 1 if gap <= 4 else 0


class Exact(Measure):
    """Numbers, addresses and codes: equal or not."""

    prior = (("differs", "equal"), (0.15, 0.85), (0.9, 0.1))

    def level(self, left: Sequence[str], right: Sequence[str]) -> int:
        """Whether any value is shared."""
        ones = {_code(text) for text in left} - {""}
        others = {_code(text) for text in right} - {""}
        if not ones or not others:
            return -1
        return int(not ones.isdisjoint(others))


class Addresses(Exact):
    """Web addresses: a shared one is strong evidence, different ones are no evidence."""

    def level(self, left: Sequence[str], right: Sequence[str]) -> int:
        """1 if an address is shared, else missing, as an entity may have many pages."""
        return 1 if super().level(left, right) == 1 else -1


class Names(Measure):
    """Names of entities, several per record: disjoint, alike, some shared, all shared."""

    prior = (
        ("disjoint", "alike", "shared", "same"),
        (0.15, 0.15, 0.35, 0.35),
        (0.75, 0.12, 0.08, 0.05),
    )
    strength = _WELL_KNOWN

    def level(self, left: Sequence[str], right: Sequence[str]) -> int:
        """Level of the overlap of the two sets."""
        ones, others = set(left) - {""}, set(right) - {""}
        if not ones or not others:
            return -1
        if common := ones & others:
            return 3 if len(common) == min(len(ones), len(others)) else 2
        best = max(fuzz.token_set_ratio(one, other) for one in ones for other in others)
        return 1 if best >= 80 else 0


_LISTED: Final = 5
"""Number of entities from which on a list without overlap is evidence."""


class Works(Names):
    """The works of an artist, or others that name the record in a statement of their own.

    Catalogues may hold other works of the same artist: of short lists only an overlap counts.
    """

    prior = (
        ("disjoint", "alike", "shared", "same"),
        (0.30, 0.15, 0.30, 0.25),
        (0.75, 0.12, 0.08, 0.05),
    )
    strength = 1.0

    def level(self, left: Sequence[str], right: Sequence[str]) -> int:
        """Level of the overlap of the two sets, -1 if short ones have none."""
        found = super().level(left, right)
        return found if found > 0 or min(len(set(left)), len(set(right))) >= _LISTED else -1


class ManyNames(Names):
    """Subjective values such as genres and tags, on which sources often disagree."""

    prior = (
        ("disjoint", "alike", "shared", "same"),
        (0.3, 0.2, 0.3, 0.2),
        (0.55, 0.2, 0.15, 0.1),
    )
    strength = 1.0


class Contents(Measure):
    """Lists of parts, such as the tracks of an album, compared as sets."""

    prior = (
        ("hardly any", "a few", "half", "most", "nearly all"),
        (0.005, 0.01, 0.035, 0.15, 0.80),
        (0.86, 0.09, 0.03, 0.01, 0.01),
    )
    anchored = True
    cuts: ClassVar[tuple[float, ...]] = (0.15, 0.4, 0.65, 0.85)

    def level(self, left: Sequence[str], right: Sequence[str]) -> int:
        """Level of the share of parts that have a counterpart (Dice's coefficient).

        A single part is not a list but the context of a record, such as the song in whose row an
        album is named: its absence from the other record is no evidence, nor are the other's parts.
        """
        ones, others = _parts(tuple(left)), _parts(tuple(right))
        if not ones or not others:
            return -1
        if min(len(ones), len(others)) == 1:
            return len(self.cuts) if ones & others else -1
        common = 2 * len(ones & others)
        alone, rest = sorted(ones - others), sorted(others - ones)
        if alone and rest:
            close = cdist(alone, rest, scorer=fuzz.ratio, score_cutoff=80, dtype=np.uint8) > 0
            common += _counterparts(alone, rest, np.any(close, axis=1))
            common += _counterparts(rest, alone, np.any(close, axis=0))
        return bisect_right(self.cuts, common / (len(ones) + len(others)))


_UNTITLED_PART: Final = re.compile(
    r"(?:audio ?|data )?(?:track|titel|piste|pista|spor|untitled|unknown|intro|outro|interlude)"
    r"(?: ?track)?(?: ?\d+)?|\d+|"
)
"""Parts that any album may have, and unnamed ones."""
_MOST: Final = 0.8
"""Minimum number of entries with a common prefix for the prefix to be removed."""
_PART_NUMBER: Final = re.compile(r"^\d{1,2} (?=\D)")


@lru_cache(maxsize=131_072)
def _parts(names: tuple[str, ...]) -> frozenset[str]:
    """The named parts of a list, without numbers and without a prefix common to most."""
    bare = [_PART_NUMBER.sub("", name) for name in names]
    words = [name.split() for name in bare]
    opening = Counter(several[0] for several in words if several).most_common(1)
    if len(bare) > 2 and opening and opening[0][1] >= _MOST * len(bare):
        alike = [several for several in words if several[:1] == [opening[0][0]]]
        columns = zip(*alike, strict=False)
        size = sum(1 for _ in takewhile(lambda column: len(set(column)) == 1, columns))
        bare = [" ".join(w[size:] if w[:1] == [opening[0][0]] else w) for w in words]
    return frozenset(name for name in bare if not _UNTITLED_PART.fullmatch(name))


def _counterparts(ones: Sequence[str], others: Sequence[str], close: NDArray[np.bool_]) -> int:
    """Number of parts that equal one of the others up to some letters or an added performer."""
    text = "\n".join(others)
    count = 0
    for one, alike in zip(ones, close.tolist(), strict=True):
        count += (
            alike
            or (len(one) >= 6 and one in text)
            or any(len(other) >= 6 and other in one for other in others)
        )
    return count


class Credits(Measure):
    """The performer or album of a work: one name, which sources misspell or damage."""

    prior = (
        ("differs", "far", "alike", "close", "same"),
        (0.05, 0.04, 0.06, 0.10, 0.75),
        (0.62, 0.12, 0.06, 0.02, 0.18),
    )

    def level(self, left: Sequence[str], right: Sequence[str]) -> int:
        """Level of the closest two names; containment counts as alike."""
        ones, others = set(left) - {""}, set(right) - {""}
        if not ones or not others:
            return -1
        if not ones.isdisjoint(others):
            return 4
        similarity = max(
            max(fuzz.ratio(one, other), 0.98 * fuzz.token_sort_ratio(one, other))
            for one in ones
            for other in others
        )
        if similarity >= 85:
            return 3
        if similarity >= 65 or any(
            fuzz.token_set_ratio(one, other) >= 99 for one in ones for other in others
        ):
            return 2
        return 1 if similarity >= 45 else 0


class Languages(Measure):
    """Languages, by name or abbreviation: 'English', 'Eng.'."""

    prior = (("differs", "equal"), (0.06, 0.94), (0.45, 0.55))

    def level(self, left: Sequence[str], right: Sequence[str]) -> int:
        """Whether two names agree in their first three letters, or in those of the shorter."""
        ones = {letters for text in left if (letters := _letters(text))}
        others = {letters for text in right if (letters := _letters(text))}
        if not ones or not others:
            return -1
        return int(
            any(
                one[:3] == other[:3]
                or (min(len(one), len(other)) > 3 and fuzz.ratio(one, other) > 79)
                for one in ones
                for other in others
            )
        )


_OPINIONS: Final = frozenset({"genre", "tag", "similarTo", "role", "instrument", "award"})
_CREDITS: Final = frozenset({"performer", "creditedTo", "onAlbum"})


def measure_for(predicate: str, schema: Schema) -> Measure | None:
    """The measure for a predicate's datatype; None if comparing is uninformative."""
    bare = predicate.removeprefix("~")
    if bare in UNTOLD:
        return None
    declared = schema.predicates.get(bare)
    datatype = declared.datatype if declared else "string"
    if datatype in {"date", "gYear", "gYearMonth"}:
        return Years()
    if datatype == "duration":
        return Lengths()
    if datatype == "anyURI":
        return Addresses()
    if datatype in {"integer", "decimal", "boolean"}:
        return Exact()
    if predicate == "~onAlbum":
        return Contents()
    if predicate.startswith("~") or predicate == "performed":
        return Works()
    if predicate in _CREDITS:
        return Credits()
    if bare == "language":
        return Languages()
    return ManyNames() if bare in _OPINIONS else Names()


def readable(text: str, datatype: str) -> bool:
    """Whether a value parses as its datatype: a length, a date; codes may be anything.

    >>> readable("3:41", "duration"), readable("Foe Life", "duration"), readable("'87", "date")
    (True, False, True)
    """
    if datatype == "duration":
        return parse_seconds(text) is not None
    if datatype in {"date", "gYear", "gYearMonth"}:
        return parse_year(text) is not None
    return True


@lru_cache(maxsize=65_536)
def parse_year(text: str) -> int | None:
    """The year of a date in any notation; two digits are read as 1931 to 2030.

    >>> parse_year("1969-05-05"), parse_year("(1987)"), parse_year("'87"), parse_year("5-May-05")
    (1969, 1987, 1987, 2005)
    """
    if found := _YEAR4.search(text):
        return int(found[1])
    if found := _YEAR2.match(text.strip()) or _DAY2.match(text.strip()):
        short = int(found[1])
        return short + (1900 if short > 30 else 2000)
    return None


def parse_day(text: str) -> float | None:
    """Parse a full date, in the notations of shops and catalogues, to a number of days.

    >>> parse_day("October 21 , 2014") - parse_day("20-Oct-14"), parse_day("2014")
    (1.0, None)
    """
    tidy = " ".join(text.replace(",", " ").split())
    for notation in _DATES:
        try:
            return float(datetime.strptime(tidy, notation).toordinal())
        except ValueError:
            continue
    return None


@lru_cache(maxsize=65_536)
def parse_seconds(text: str) -> float | None:
    """Parse a duration to seconds: '01:26', 'PT1M26S', '1m 26sec', 86, 86000 ms or 1.433 minutes.

    >>> parse_seconds("01:26"), parse_seconds("PT1M26S"), parse_seconds("86000")
    (86.0, 86.0, 86.0)
    """
    text = text.strip()
    if found := _CLOCK.match(text):
        hours, minutes, seconds = (int(part or 0) for part in found.groups())
        return float(hours * 3600 + minutes * 60 + seconds)
    if (found := _ISO.match(text)) and any(found.groups()):
        return float(found[1] or 0) * 3600 + float(found[2] or 0) * 60 + float(found[3] or 0)
    if found := _WORDED.match(text):
        return float(found[1]) * 60 + float(found[2])
    try:
        number = float(text.replace(" ", ""))
    except ValueError:
        return None
    if "." in text and number < 60:
        return number * 60
    return number / 1000 if number >= 10_000 else number


def _letters(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalpha())


def _code(text: str) -> str:
    text = text.strip().casefold()
    text = re.sub(r"^https?://(?:www\.)?", "", text).rstrip("/")
    return text.lstrip("0") or text
