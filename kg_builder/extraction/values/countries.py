"""One English name for a country, however it is written."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Final

from babel import Locale
from babel.core import get_global

_LOCALES: Final = ("en", "de", "fr", "es", "it", "pt", "nl", "sv", "nb", "da", "fi", "pl", "ja")

_ALSO: Final = {
    "U.S.": "US",
    "U.S.A.": "US",
    "America": "US",
    "United States of America": "US",
    "U.K.": "GB",
    "Great Britain": "GB",
    "Britain": "GB",
    "England": "GB",
    "Scotland": "GB",
    "Wales": "GB",
    "Northern Ireland": "GB",
    "Republic of Ireland": "IE",
    "The Netherlands": "NL",
    "Holland": "NL",
    "Korea": "KR",
    "Republic of Korea": "KR",
    "Russian Federation": "RU",
    "Czech Republic": "CZ",
    "Ivory Coast": "CI",
    "Turkey": "TR",
    "Burma": "MM",
    "Macedonia": "MK",
    "Congo": "CG",
    "Hong Kong": "HK",
    "Macau": "MO",
    "Palestine": "PS",
    "The Bahamas": "BS",
    "The Gambia": "GM",
    "Vatican": "VA",
    "Cape Verde": "CV",
    "Swaziland": "SZ",
}
"""Everyday names that the locale data does not list."""

_PLAIN: Final = {"TR": "Turkey", "HK": "Hong Kong", "MO": "Macau", "PS": "Palestine"}
"""Names that people use where the locale data has an official one."""

_GONE: Final = {
    "USSR": "Soviet Union",
    "SU": "Soviet Union",
    "Soviet Union": "Soviet Union",
    "Yugoslavia": "Yugoslavia",
    "YU": "Yugoslavia",
    "Serbia and Montenegro": "Serbia and Montenegro",
    "CS": "Czechoslovakia",
    "Czechoslovakia": "Czechoslovakia",
    "East Germany": "East Germany",
    "German Democratic Republic (GDR)": "East Germany",
    "DDR": "East Germany",
    "West Germany": "Germany",
}
"""Countries that are no more keep their names: their music was not made in their successors."""


@lru_cache(maxsize=4096)
def country_name(text: str) -> str | None:
    """The usual English name for a code (GB, GBR) or a name in one of several languages.

    >>> country_name("GBR"), country_name("Deutschland"), country_name("Atlantis")
    ('United Kingdom', 'Germany', None)
    """
    return _names().get(_key(text))


def _key(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.strip().replace("’", "'").replace("&", "and"))
    return "".join(sign for sign in plain if not unicodedata.combining(sign)).casefold()


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    english = {
        code: _PLAIN.get(code, name.replace("’", "'"))
        for code, name in Locale("en").territories.items()
        if len(code) == 2 and code.isalpha() and code not in {"EU", "EZ", "UN", "XA", "XB", "ZZ"}
    }
    found: dict[str, str] = {}
    for code in reversed(_LOCALES):  # English last: its names win
        territories = Locale(code).territories
        found.update({_key(territories[c]): english[c] for c in english if c in territories})
    found.update({_key(code): name for code, name in english.items()})
    for alias, codes in get_global("territory_aliases").items():
        if alias.isalpha() and len(codes) == 1 and codes[0] in english:
            found[_key(alias)] = english[codes[0]]
    found.update({_key(name): english[code] for name, code in _ALSO.items()})
    found.update({_key(name): kept for name, kept in _GONE.items()})
    return found
