"""Extract the words of works from titles (without numbers and guests) and other values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from unidecode import unidecode

from kg_builder.fusion.measures import readable
from kg_builder.fusion.normalize import (
    EDITIONS,
    VERSION_NOISE,
    is_latin,
    is_placeholder,
    name_key,
    without_edition,
)
from kg_builder.ontology import Schema

IN_TITLES: Final = ("performer", "creditedTo", "onAlbum")
"""Predicates whose values sources also write into titles."""

_NUMBERED: Final = re.compile(
    r"^\s*(?:0\w{1,3}\s*[-.)]+|\d{3}\s*-|\d{1,2}(?:\.|\)|\s-)(?=\s))\s*", re.ASCII
)
_BRACKETED: Final = re.compile(r"\s*[(\[]([^()\[\]]*)[)\]]\s*$")
_YEAR: Final = re.compile(r"(?:19|20)\d\d")
_BRACKETS: Final = re.compile(r"[(\[{]([^()\[\]{}]*)[)\]}]")
_GUESTS: Final = re.compile(r"\b(?:feat|ft|featuring)\b.*$", re.I)
_WORD: Final = re.compile(r"[a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one work.

    Attributes:
        title: words of the title without a track number in front.
        all: distinct words of title, performer, album and text in the wrong cell.
        displaced: whether a cell for numbers or dates holds text, which suggests that the row's
            cells are shifted.
        foreign: the title as written if it has non-Latin letters.
    """

    title: tuple[str, ...]
    all: tuple[str, ...]
    displaced: bool
    foreign: str = ""


def read_words(name: str, stated: Mapping[str, Sequence[str]], schema: Schema) -> Words:
    """Gather the words of a work from its title and its values."""
    title = title_words(name)
    found = [*title, *latin_words(_NUMBERED.sub("", name))] if not is_placeholder(name) else []
    displaced = False
    for predicate in IN_TITLES:
        for value in stated.get(predicate, ()):
            if not is_placeholder(value):
                found += latin_words(bare_album(value))
    for predicate, values in sorted(stated.items()):
        declared = schema.predicates.get(predicate)
        if declared is None or declared.datatype is None:
            continue
        for value in values:
            if not readable(value, declared.datatype) and not is_placeholder(value):
                found += latin_words(value)
                displaced = True
    foreign = "" if is_latin(name) else name
    return Words(tuple(title), tuple(dict.fromkeys(found)), displaced, foreign)


def title_words(name: str) -> list[str]:
    """The words of a title without track number, guests, and remarks such as [Explicit].

    >>> title_words("004-Closer [feat. Mike Posner] [Clean]"), title_words("99 Luftballons (live)")
    (['closer'], ['99', 'luftballons', 'live'])
    >>> title_words("So What - 2009 Remaster"), title_words("Red (30th Anniversary Edition)")
    (['so', 'what'], ['red'])
    >>> title_words("÷"), title_words("006-")
    (['÷'], [])
    """
    unnumbered = _NUMBERED.sub("", name)
    bare = without_edition(unnumbered)
    if is_placeholder(bare):
        return []
    words = latin_words(_GUESTS.sub(" ", _BRACKETS.sub(" ", bare)))
    if not words:
        sign = name_key(bare) if unnumbered == name else ""  # beside a number, letters are lost
        return latin_words(bare) or ([sign] if sign else [])
    for inside in _BRACKETS.findall(bare):
        more = latin_words(_GUESTS.sub(" ", inside))
        of_edition = not EDITIONS.isdisjoint(more)
        words += [
            word
            for word in more
            if word not in VERSION_NOISE and not (of_edition and word[0].isdigit())
        ]
    return words


def latin_words(text: str) -> list[str]:
    """The words of a text in lower-case Latin letters and digits, without 'the'."""
    key = name_key(text)
    words = _WORD.findall(key if key.isascii() else unidecode(key).casefold())
    return [word for word in words if word != "the"] or words


def bare_album(text: str) -> str:
    """An album's name without a year or '(unknown)' at the end.

    >>> bare_album("Sorcerer (2011)"), bare_album("1984")
    ('Sorcerer', '1984')
    """
    found = _BRACKETED.search(text)
    if found and (_YEAR.fullmatch(found[1].strip()) or is_placeholder(found[1])):
        return text[: found.start()]
    return text


def album_year(text: str) -> str:
    """The year in brackets at the end of an album's name, or ''."""
    found = _BRACKETED.search(text)
    return found[1].strip() if found and _YEAR.fullmatch(found[1].strip()) else ""
