"""Compare the numbers in titles of works: volumes, discs, parts, years ('Vol. 2', 'CD1', 'III')."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kg_builder.fusion.measures import MISSING, Feature
from kg_builder.fusion.title_words import Words
from kg_builder.fusion.word_overlap import LEFT_OVER, STRONG, TITLE, Wording

NUMBERS: Final = Feature(
    "numbers in the title",
    ("differ", "on one side", "agree"),
    match=(0.002, 0.05, 0.948),
    other=(0.45, 0.35, 0.20),
    strength=STRONG,
    anchored=True,
)
"""Whether the numbers of each title occur in the other record; missing if neither has any."""

DIFFERENT_TITLES: Final = {
    TITLE.name: TITLE.levels.index("traces"), LEFT_OVER.name: LEFT_OVER.levels.index("several")
}  # fmt: skip
"""Maximum levels of two titles whose numbers differ: 'Vol. 1' and 'Vol. 2' share most words."""

_NUMERALS: Final = "i ii iii iv v vi vii viii ix x xi xii xiii xiv xv xvi xvii xviii xix xx"
_NUMBER_WORDS: Final = "one two three four five six seven eight nine ten eleven twelve"
_MARK_WORDS: Final = (
    "vol volume disc disk cd dvd lp part pt parte teil partie no nr number chapter book series tome"
)
_ROMAN: Final = {numeral: str(value) for value, numeral in enumerate(_NUMERALS.split(), start=1)}
_WORDS: Final = {word: str(value) for value, word in enumerate(_NUMBER_WORDS.split(), start=1)}
_MARKS: Final = frozenset(_MARK_WORDS.split())
_JOINED: Final = re.compile(r"(?:vol|volume|disc|disk|cd|dvd|lp|part|pt|no|nr)(\d+)")


def numbers_in_title(words: Sequence[str]) -> list[str]:
    """The numbers that distinguish a title, and the letter at its end ('Side B'), in order.

    Number words and one-letter Roman numerals count only after a word such as 'volume' or at the
    end ('Singles I').

    >>> numbers_in_title(["best", "of", "vol", "ii"]), numbers_in_title(["one", "love"])
    (['2'], [])
    """
    return [number for place in range(len(words)) if (number := _number_at(words, place))]


def _number_at(words: Sequence[str], place: int) -> str:
    """The number that a word of a title states, or ''."""
    word, before = words[place], words[place - 1] if place else ""
    if word.isdigit():
        return _plain(word)
    if joined := _JOINED.fullmatch(word):
        return _plain(joined[1])
    marked = before in _MARKS
    # a letter after a letter belongs to an abbreviation: 'R E M'
    last = place == len(words) - 1 and (len(before) > 1 or before.isdigit())
    if word in _ROMAN and (len(word) > 1 or marked or last):
        return _ROMAN[word]
    if marked and word in _WORDS:
        return _WORDS[word]
    return word if last and len(word) == 1 else ""


def _plain(digits: str) -> str:
    """Omit leading zeros: '02' is '2', '00' is '0'."""
    return digits.lstrip("0") or "0"


class _Numbers:
    """The numbers of a record.

    Attributes:
        title: those that distinguish its title, in order.
        shape: the title's words, '#' for each of these.
        digits: all digits of the title.
    """

    def __init__(self, words: Words) -> None:
        found = [_number_at(words.title, place) for place in range(len(words.title))]
        self.title = [number for number in found if number]
        self.shape = ["#" if n else word for n, word in zip(found, words.title, strict=True)]
        self.digits = "".join(filter(str.isdigit, "".join(words.title)))
        self._elsewhere = set(words.all).difference(words.title)
        self._stated_by: dict[str, set[str]] = {}
        for word in words.all:
            runs = [_plain(run) for run in re.findall(r"\d+", word)]
            for number in (*runs, _ROMAN.get(word) or _WORDS.get(word) or word):
                self._stated_by.setdefault(number, set()).add(word)

    def lacking(self, other: _Numbers) -> set[str]:
        """The title's numbers that the other record does not have.

        A word that both have outside this title, such as their performer's name, does not count.
        """
        empty: set[str] = set()
        return {n for n in self.title if other._stated_by.get(n, empty) <= self._elsewhere}


def _level(one: _Numbers, other: _Numbers) -> int:
    """Level of `NUMBERS` of two records."""
    left, right = one.lacking(other), other.lacking(one)
    if one.shape == other.shape and one.title != other.title:
        return 0  # also 'Op. 2 No. 3' and 'Op. 3 No. 2'
    if not any(map(str.isdigit, left | right)):
        # a letter at the end of a title that differs otherwise is often a misspelling
        return MISSING if left or right else 2
    if left and right:
        spaced = one.digits == other.digits and all(n in one.digits for n in left | right)
        return 2 if spaced else 0
    return 1


def number_levels(
    wording: Wording, pairs: NDArray[np.int64], song: NDArray[np.bool_]
) -> NDArray[np.int8]:
    """Level of `NUMBERS` for each pair, shape (n,).

    The level is missing for a row that may be shifted, and for a title that is one number, which
    often is that of the track. Digits with different spacing ('Op. 2 5', 'Op. 25') are equal.
    `song` marks records of songs: their titles may include the album's name ('Rasta Army (Volume
    II)'), so a number that the other song lacks is no evidence.
    """
    levels = np.full(len(pairs), MISSING, dtype=np.int8)
    speaks = np.zeros(len(wording.words), dtype=bool)
    numbered = np.zeros(len(wording.words), dtype=bool)
    for index in np.unique(pairs).tolist():
        title = wording.words[index].title
        if title and not wording.displaced[index] and not (len(title) == 1 and title[0].isdigit()):
            speaks[index], numbered[index] = True, bool(numbers_in_title(title))
    rows = np.flatnonzero(numbered[pairs].any(axis=1) & speaks[pairs].all(axis=1))
    compared = {index: _Numbers(wording.words[index]) for index in np.unique(pairs[rows]).tolist()}
    for row, (i, j) in zip(rows.tolist(), pairs[rows].tolist(), strict=True):
        level = _level(compared[i], compared[j])
        if level != 1 or not song[[i, j]].any():
            levels[row] = level
    return levels
