"""Compare the numbers in titles of works: volumes, discs, parts, years ('Vol. 2', 'CD1', 'III')."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kg_builder.fusion.agreement_levels import MISSING, Feature
from kg_builder.fusion.title_words import STRONG, Wording

NUMBERS: Final = Feature(
    "numbers in the title",
    ("differ", "on one side", "agree"),
    match=(0.01, 0.07, 0.92),
    other=(0.45, 0.35, 0.20),
    strength=STRONG,
    anchored=True,
)
"""Whether the numbers of each title stand in the other record; nothing where neither has one."""

_ROMAN: Final = {
    numeral: str(value)
    for value, numeral in enumerate(
        "i ii iii iv v vi vii viii ix x xi xii xiii xiv xv xvi xvii xviii xix xx".split(), start=1
    )
}
_WORDS: Final = {
    word: str(value)
    for value, word in enumerate(
        "one two three four five six seven eight nine ten eleven twelve".split(), start=1
    )
}
_MARKS: Final = frozenset(
    "vol volume disc disk cd dvd lp part pt parte teil partie no nr number chapter book series"
    " tome".split()
)
_JOINED: Final = re.compile(r"(?:vol|volume|disc|disk|cd|dvd|lp|part|pt|no|nr)(\d+)")


def numbers_in_title(words: Sequence[str]) -> frozenset[str]:
    """The numbers that a title means as such.

    A word for a number and a Roman numeral of one letter count behind a word such as 'volume'
    alone; 'I' also at the end ('Singles I').

    >>> sorted(numbers_in_title("best of vol ii".split())), sorted(numbers_in_title(["one", "love"]))
    (['2'], [])
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
    """Everything in a record that may be read as a number, also run together with other words."""
    found = {run.lstrip("0") for word in words for run in re.findall(r"\d+", word)}
    found |= {_ROMAN.get(word) or _WORDS.get(word, "") for word in words}
    return frozenset(found)


def number_levels(wording: Wording, pairs: NDArray[np.int64]) -> NDArray[np.int8]:
    """Level of `NUMBERS` per pair, shape (n,); a row that may be shifted says nothing."""
    titles = [numbers_in_title(item.title) for item in wording.words]
    levels = np.full(len(pairs), MISSING, dtype=np.int8)
    numbered = np.array([bool(numbers) for numbers in titles], dtype=bool)
    shifted = wording.displaced[pairs].any(axis=1)
    anywhere: dict[int, frozenset[str]] = {}

    def of(index: int) -> frozenset[str]:
        if index not in anywhere:
            anywhere[index] = numbers_anywhere(wording.words[index].all)
        return anywhere[index]

    rows = np.flatnonzero(numbered[pairs].any(axis=1) & ~shifted)
    for row, (i, j) in zip(rows.tolist(), pairs[rows].tolist(), strict=True):
        one, other = titles[i] - of(j), titles[j] - of(i)
        levels[row] = 2 if not one and not other else 1 if not one or not other else 0
    return levels
