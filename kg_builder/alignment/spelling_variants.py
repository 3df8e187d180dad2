"""Generate spelling variants of a name (numbers, transcription, umlauts) to look up in a dump.

Only our names are varied: their keys are added to those looked up, so reading a dump costs no more.
A variant is weaker evidence than an equal name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, Literal

from kg_builder.fusion.normalize import name_key, squeeze

VariantKind = Literal["respelled", "near"]
"""'respelled': numbers in words, another transcription, 'oe' for 'ö'; 'near': a letter or a word
differs."""

_UNITS: Final = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
    "nineteen",
)  # fmt: skip
_TENS: Final = {20: "twenty", 30: "thirty", 40: "forty", 50: "fifty", 60: "sixty", 70: "seventy",
                80: "eighty", 90: "ninety", 100: "hundred"}  # fmt: skip
_WORD_OF: Final = {str(n): word for n, word in (*enumerate(_UNITS), *_TENS.items())}
_NUMBER_OF: Final = {word: number for number, word in _WORD_OF.items()}
_CYRILLIC = re.compile(r"[\u0400-\u04ff]")
_UMLAUT = re.compile(r"[äöüÄÖÜ]")
_TRANSCRIPTIONS: Final = (
    (re.compile(r"i(?=[aeou])"), "y"),
    (re.compile(r"(?<=[aeiouy])i\b|i(?=i\b)"), "y"),
    (re.compile(r"\be"), "ye"),
    (re.compile(r"kh"), "h"),
    (re.compile(r"iia\b"), "ia"),
)
_SHORTEST: Final = 9
"""Minimum letters of a name for a variant with a letter removed."""


@lru_cache(maxsize=1 << 15)
def variant_keys(name: str) -> tuple[tuple[str, VariantKind], ...]:
    """Keys of likely spelling variants of a name, without its own key; likelier kinds first.

    >>> sorted(key for key, kind in variant_keys("30 Seconds to Mars") if kind == "respelled")
    ['thirtysecondstomars']
    """
    key = name_key(name)
    words = key.split()
    seen = {squeeze(key)}
    found: list[tuple[str, VariantKind]] = []
    for kind, variant in (
        *(("respelled", text) for text in _respelled(name, words)),
        *(("near", text) for text in _shortened(words)),
    ):
        tight = squeeze(variant)
        if len(tight) >= 4 and tight not in seen:
            seen.add(tight)
            found.append((tight, "respelled" if kind == "respelled" else "near"))
    return tuple(found)


def umlauts_written_out(name: str) -> str:
    """The key of a name with umlauts written out ('oe' for 'ö').

    >>> umlauts_written_out("Böhse Onkelz")
    'boehseonkelz'
    """
    return squeeze(name_key(_UMLAUT.sub(lambda found: f"{found[0]}e", name)))


def _respelled(name: str, words: list[str]) -> Iterator[str]:
    if len(words) > 1:
        for index, word in enumerate(words):
            if other := _WORD_OF.get(word) or _NUMBER_OF.get(word):
                yield " ".join([*words[:index], other, *words[index + 1 :]])
    if _UMLAUT.search(name):
        yield umlauts_written_out(name)
    if _CYRILLIC.search(name):
        latin = [squeeze(word) for word in words]
        yield from _transcribed(" ".join(latin))


def _transcribed(text: str) -> Iterator[str]:
    """Common alternative transcriptions of Russian, each and combined."""
    together = text
    for pattern, value in _TRANSCRIPTIONS:
        yield pattern.sub(value, text)
        together = pattern.sub(value, together)
        yield together


def _shortened(words: list[str]) -> Iterator[str]:
    initials = [word for word in words[1:-1] if len(word) == 1]
    if len(words) == 3 and initials and words[1].isalpha():
        yield f"{words[0]} {words[2]}"
    if len(words) > 2 and words[-1] == "band":
        yield " ".join(words[:-1])
    tight = "".join(words)
    if len(tight) >= _SHORTEST and len(words) > 1 and tight.isascii():
        for index in range(len(tight)):
            if not tight[index].isdigit():
                yield tight[:index] + tight[index + 1 :]
