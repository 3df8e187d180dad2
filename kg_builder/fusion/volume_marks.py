"""Compare the numbers in titles of works: volumes, discs, parts, years ('Vol. 2', 'CD1', 'III')."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kg_builder.fusion.agreement_levels import MISSING, Feature
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


def numbers_in_title(words: Sequence[str]) -> frozenset[str]:
    """The numbers that distinguish a title.

    Number words and one-letter Roman numerals count only after a word such as 'volume'; 'I' also at
    the end ('Singles I').

    >>> numbers_in_title(["best", "of", "vol", "ii"]), numbers_in_title(["one", "love"])
    (frozenset({'2'}), frozenset())
    """
    found = set()
    for place, word in enumerate(words):
        marked = place > 0 and words[place - 1] in _MARKS
        last = place > 0 and place == len(words) - 1
        if word.isdigit():
            found.add(word.lstrip("0"))
        elif joined := _JOINED.fullmatch(word):
            found.add(joined[1].lstrip("0"))
        elif word in _ROMAN and (len(word) > 1 or marked or (last and word == "i")):
            found.add(_ROMAN[word])
        elif marked and word in _WORDS:
            found.add(_WORDS[word])
    return frozenset(found - {""})


def numbers_anywhere(words: Sequence[str]) -> frozenset[str]:
    """All possible numbers in a record, also within other words."""
    found = {run.lstrip("0") for word in words for run in re.findall(r"\d+", word)}
    found |= {_ROMAN.get(word) or _WORDS.get(word, "") for word in words}
    return frozenset(found)


def number_levels(
    wording: Wording, pairs: NDArray[np.int64], song: NDArray[np.bool_]
) -> NDArray[np.int8]:
    """Level of `NUMBERS` for each pair, shape (n,).

    The level is missing for a row that may be shifted, and for a title of digits only, which often
    is a track number. Digits with different spacing ('Op. 2 5', 'Op. 25') are equal. `song` marks
    records of songs: their titles may include the album's name ('Rasta Army (Volume II)'), so a
    number that the other song lacks is no evidence.
    """
    levels = np.full(len(pairs), MISSING, dtype=np.int8)
    titles: dict[int, frozenset[str]] = {}
    speaks = np.zeros(len(wording.words), dtype=bool)
    numbered = np.zeros(len(wording.words), dtype=bool)
    for index in np.unique(pairs).tolist():
        title = wording.words[index].title
        if title and not wording.displaced[index] and not all(map(str.isdigit, title)):
            titles[index] = numbers_in_title(title)
            speaks[index], numbered[index] = True, bool(titles[index])
    rows = np.flatnonzero(numbered[pairs].any(axis=1) & speaks[pairs].all(axis=1))
    compared = np.unique(pairs[rows]).tolist()
    anywhere = {index: numbers_anywhere(wording.words[index].all) for index in compared}
    digits = {index: "".join(filter(str.isdigit, wording.text[index])) for index in compared}
    for row, (i, j) in zip(rows.tolist(), pairs[rows].tolist(), strict=True):
        one, other = titles[i] - anywhere[j], titles[j] - anywhere[i]
        if not one and not other:
            levels[row] = 2
        elif one and other:
            levels[row] = 2 if digits[i] and digits[i] == digits[j] else 0
        elif not song[[i, j]].any():
            levels[row] = 1
    return levels
