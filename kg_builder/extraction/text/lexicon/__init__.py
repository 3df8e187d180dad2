"""Load the word lists of text extraction: genres, instruments and players, roles, demonyms."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final

_FOLDER: Final = Path(__file__).parent


@lru_cache(maxsize=1)
def genres() -> frozenset[str]:
    """Genre names in lower case."""
    return frozenset(line.partition("\t")[0] for line in _lines("genres.tsv"))


@lru_cache(maxsize=1)
def plain_words() -> frozenset[str]:
    """Genre names that are also common words: "house", "world"."""
    return frozenset(
        line.partition("\t")[0] for line in _lines("genres.tsv") if line.endswith("\tplain")
    )


@lru_cache(maxsize=1)
def instruments() -> dict[str, str]:
    """Instrument (singular or plural) or player → the instrument: "guitarist" → "guitar"."""
    return _table("instruments.tsv")


@lru_cache(maxsize=1)
def roles() -> dict[str, str]:
    """Word for a person's role → its canonical form."""
    return _table("roles.tsv")


@lru_cache(maxsize=1)
def demonyms() -> dict[str, str]:
    """Demonym, singular or plural, in lower case → country."""
    found = {}
    for line in _lines("demonyms.tsv"):
        country, _, words = line.partition("\t")
        for word in words.split("|"):
            found[word.casefold()] = found[word.casefold() + "s"] = country
    return found


def is_player(word: str) -> bool:
    """Whether a word of the instrument table denotes the player rather than the instrument."""
    return word.casefold().endswith(("ist", "ists", "er", "ers", "player", "guero"))


def _table(name: str) -> dict[str, str]:
    found = {}
    for line in _lines(name):
        word, _, others = line.partition("\t")
        found[word.casefold()] = word
        found.update({other.casefold(): word for other in others.split("|") if other})
    return found


def _lines(name: str) -> list[str]:
    text = (_FOLDER / name).read_text(encoding="utf-8")
    return [line.rstrip("\n") for line in text.splitlines() if line and not line.startswith("#")]
