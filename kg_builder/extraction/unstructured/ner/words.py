"""What is known of words without training: how common they are, in English and elsewhere."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from wordfreq import zipf_frequency

from kg_builder.extraction.unstructured import lexicon
from kg_builder.extraction.unstructured.ner.names import KnownSpan, NameList

_OTHERS: Final = ("es", "fr", "de", "pt", "it", "nl", "sv", "tr", "fi", "pl")
_SHAPES: Final = (
    (re.compile(r"[^\W\d_]"), lambda found: "X" if found[0].isupper() else "x"),
    (re.compile(r"\d"), lambda found: "9"),
    (re.compile(r"(.)\1{2,}"), lambda found: found[1] * 2),
)


@lru_cache(maxsize=1 << 16)
def commonness(word: str) -> float:
    """Frequency in English on the Zipf scale: about 7 for "the", 0 for a word never met."""
    return zipf_frequency(word, "en")


@lru_cache(maxsize=1 << 16)
def commonness_elsewhere(word: str) -> float:
    """The highest Zipf frequency in ten other European languages."""
    return max(zipf_frequency(word, language) for language in _OTHERS)


@lru_cache(maxsize=1 << 16)
def shape(word: str) -> str:
    """`McCartney` → `XxXxx`: kinds of characters, with long runs cut to two."""
    for pattern, put in _SHAPES:
        word = pattern.sub(put, word)
    return word


@lru_cache(maxsize=1)
def music_words() -> NameList:
    """Genres, instruments and roles of the word lists that the project ships."""
    listed = [(word, "genre") for word in lexicon.genres()]
    listed += [(word, "instrument") for word in lexicon.instruments()]
    listed += [(word, "role") for word in lexicon.roles()]
    return NameList.of_names(listed)


def by_word(spans: Sequence[KnownSpan], length: int) -> list[KnownSpan | None]:
    """The span that each word lies in."""
    found: list[KnownSpan | None] = [None] * length
    for span in spans:
        found[span.start : span.end] = [span] * (span.end - span.start)
    return found
