"""Resolve a country name or ISO 3166 code to a condition on the items' country."""

from __future__ import annotations

from functools import cache

from babel import Locale
from babel.core import get_global

from recommender.data.names import fold_name
from recommender.errors import ConfigError
from recommender.lists.conditions import GraphVocabulary, Statement

__all__ = ["country_names", "country_statement"]

_RELATIONS = ("country", "nationality", "country of origin")
#: Names used by encyclopaedias but not in CLDR's English; by ISO code.
_USED_TOO = {
    "CD": ("Democratic Republic of the Congo",),
    "CG": ("Republic of the Congo",),
    "CI": ("Ivory Coast",),
    "CZ": ("Czech Republic",),
    "GB": ("Great Britain",),
    "HK": ("Hong Kong",),
    "KR": ("Korea", "Republic of Korea"),
    "MM": ("Burma",),
    "NL": ("The Netherlands", "Holland"),
    "RU": ("Russian Federation",),
    "TR": ("Turkey",),
    "US": ("United States of America",),
}

#: Codes reserved by ISO 3166 because they are in use, but not listed by CLDR.
_RESERVED = {"EL": "GR", "UK": "GB"}


def country_statement(vocabulary: GraphVocabulary, text: str) -> Statement:
    """The condition that an item is from a country: `IS`, `ISL` or `Iceland`.

    Raises:
        ConfigError: the graph has no relation to countries, or nothing from this one.
    """
    if not text.strip():
        raise ConfigError("--country names nothing; give a name or an ISO code, such as FR")
    relation = _relation(vocabulary)
    first_error: ConfigError | None = None
    for name in country_names(text) or (text,):
        try:
            return vocabulary.statement(f"{relation}={name}")
        except ConfigError as error:
            first_error = first_error or error
    raise first_error or ConfigError(f"no country {text!r} in the graph")


def country_names(text: str) -> tuple[str, ...]:
    """English names of a country by code or name; none if unknown."""
    code = text.strip().upper()
    code = _RESERVED.get(code, code)
    if len(code) == 3:  # CLDR lists the three-letter codes as aliases of the two-letter ones
        code = next(iter(get_global("territory_aliases").get(code, ())), code)
    territories = Locale("en").territories
    if not (len(code) == 2 and code.isalpha() and code in territories):
        code = _codes().get(fold_name(text), "")
    if not code:
        return ()
    return tuple(dict.fromkeys((*_USED_TOO.get(code, ()), str(territories[code]))))


@cache
def _codes() -> dict[str, str]:
    """ISO codes by folded name."""
    named = {
        fold_name(name): code
        for code, name in Locale("en").territories.items()
        if len(code) == 2 and code.isalpha()
    }
    return named | {fold_name(n): code for code, names in _USED_TOO.items() for n in names}


def _relation(vocabulary: GraphVocabulary) -> str:
    for name in _RELATIONS:
        if name in vocabulary.relation_names:
            return name
    raise ConfigError("the graph has no countries of items (no relation `country`)")
