"""The forms in which a text may write a thing's name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from kg_builder.extraction.text import lexicon
from kg_builder.extraction.values import country_name
from kg_builder.text_models.relations.reading import squash

_PARENTHESES: Final = re.compile(r"\s*\([^)]*\)\s*$")
_COMPANY: Final = re.compile(
    r"\s+(?:Records?|Recordings|Music Group|Music|Entertainment|Productions?|Label|Band)$"
)
_ARTICLE: Final = re.compile(r"^(?:the|a|an)\s+", re.IGNORECASE)
_SPACE: Final = re.compile(r"\s+")
_LOOSE_BEFORE: Final = re.compile(
    r" (?=[,.;:!?)\]]|n?['’](?:s|t|re|ve|ll|d|m)\b|['’](?: |$))|(?<=[(\[]) "
)
_KEPT: Final = 2


def plain(name: str) -> str:
    """A collection's name as people write it.

    >>> plain('"Chișinău,_Moldova"')
    'Chișinău, Moldova'
    """
    return _SPACE.sub(" ", name.replace("_", " ").replace('"', " ")).strip()


def joined(text: str) -> str:
    """A text whose words a tokeniser left apart, as people write it.

    >>> joined("Have You Ever ?"), joined("A Woman 's Worth"), joined("Do n't Run ( Girls )")
    ('Have You Ever?', "A Woman's Worth", "Don't Run (Girls)")
    >>> joined("Rock 'n' Roll")
    "Rock 'n' Roll"
    """
    return _LOOSE_BEFORE.sub("", text)


@lru_cache(maxsize=1)
def demonyms() -> dict[str, str]:
    """Demonym, squashed → country."""
    return {squash(word): country for word, country in lexicon.demonyms().items()}


@lru_cache(maxsize=1)
def _demonyms_of() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for word, country in demonyms().items():
        found.setdefault(country, []).append(word)
    return {country: tuple(words) for country, words in found.items()}


@lru_cache(maxsize=1 << 15)
def forms(name: str) -> tuple[tuple[str, ...], ...]:
    """Squashed forms of a name in tiers: those of a tier are tried before those of the next."""
    whole = plain(name)
    bare = _PARENTHESES.sub("", whole)
    tiers = [
        (whole,),
        (bare,),
        (_ARTICLE.sub("", bare), *_singular(bare)),
        (bare.partition(",")[0], _COMPANY.sub("", bare)),
        tuple(_without_class(bare)),
    ]
    found: list[tuple[str, ...]] = []
    seen: set[str] = set()
    for tier in tiers:
        fresh = {squash(form) for form in tier} - seen
        seen |= fresh
        kept = sorted(form for form in fresh if len(form) >= _KEPT)
        if kept:
            found.append(tuple(kept))
    if found_country := _of_country(bare):
        found.append(found_country)
    return tuple(found)


def _singular(name: str) -> Iterator[str]:
    yield name + "s"
    if name.endswith("s") and len(name) > 4:
        yield name[:-1]


def _without_class(name: str) -> Iterator[str]:
    """ "Pop music" is called pop, the "French language" French."""
    first, _, last = name.rpartition(" ")
    if first and last.islower() and len(first) > 1:
        yield first


def _of_country(name: str) -> tuple[str, ...]:
    country = country_name(name)
    if country is None:
        return ()
    spellings = {
        "United States": ("us", "usa", "america", "theus", "unitedstatesofamerica"),
        "United Kingdom": ("uk", "britain", "greatbritain", "theuk"),
    }
    own = name if name in _demonyms_of() else country
    return tuple(sorted({*spellings.get(country, ()), *_demonyms_of().get(own, ())}))
