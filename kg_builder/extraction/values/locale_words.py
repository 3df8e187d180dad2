"""Dates and durations in words of some twenty languages (locale data, CLDR); names of countries."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

from babel import Locale
from babel.units import format_unit

from kg_builder.extraction.values.numbers import parse_number

COUNTRIES_ALSO: Final = {
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
"""Common English names that are not in the locale data."""

COUNTRIES_ELSEWHERE: Final = {
    "GB": "Großbritannien|Grande-Bretagne|Gran Bretaña|Gran Bretagna|Grã-Bretanha|"
    "Groot-Brittannië|Angleterre|Inglaterra|Inghilterra|Engeland|Englanti|Anglia|イングランド|"
    "Schottland|Écosse|Escocia|Scozia|Escócia|Schotland|Skottland|Skotland|Skotlanti|Szkocja|"
    "スコットランド|Pays de Galles|Gales|Galles|País de Gales|Walia|ウェールズ|Nordirland|"
    "Irlande du Nord|Irlanda del Norte|Irlanda del Nord|Irlanda do Norte|Noord-Ierland|"
    "Pohjois-Irlanti|Irlandia Północna",
    "US": "EE.UU.|EE. UU.|EE UU|EEUU|EUA|E.U.A.|Vereinigte Staaten von Amerika|"
    "États-Unis d'Amérique|Estados Unidos de América|Stati Uniti d'America|"
    "Estados Unidos da América|Verenigde Staten van Amerika",
    "NL": "Hollande|Holanda|Olanda",
}
"""The same in other languages, by code."""

COUNTRIES_PLAIN: Final = {"TR": "Turkey", "HK": "Hong Kong", "MO": "Macau", "PS": "Palestine"}
"""Common names used instead of official ones in the locale data."""

COUNTRIES_GONE: Final = {
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
"""Former countries, which keep their names, as music is not attributed to successors."""

LANGUAGES: Final = (
    *("en", "de", "fr", "es", "it", "pt", "nl", "sv", "nb", "da", "fi", "pl", "cs", "hu", "ro"),
    *("tr", "ru", "uk", "el", "ca", "id"),
)
_CHARACTERS: Final = ("ja", "ko", "zh")
"""Languages that write the unit directly after the number."""

_SHORT: Final = {"sept": 9, "mrz": 3, "märz": 3, "maerz": 3, "mrt": 3, "janv": 1, "févr": 2}
_FILLERS: Final = frozenset(
    (
        *("a", "al", "at", "d", "da", "de", "del", "den", "der", "di", "do", "e", "el", "er", "kl"),
        *("la", "le", "nd", "o", "of", "rd", "re", "st", "tahun", "th", "the", "um", "año", "ère"),
        *("г", "год", "года", "р", "року"),
    )
)
"""Words between the parts of a date."""

_TOKEN: Final = re.compile(r"[0-9]+|[^\W\d_]+")
_BETWEEN: Final = re.compile(r"[\s.,'’/ºª°-]*")
_CHARACTER_DATE: Final = re.compile(
    r"([0-9]{4})\s*[年년](?:\s*([0-9]{1,2})\s*[月월](?:\s*([0-9]{1,2})\s*[日号號일])?)?"
)
_DIGITS: Final = re.compile(r"[0-9]+")

Parts = tuple[int, int, int]
"""(year, month, day), zero for a missing part; two-digit years are kept"""


def date_in_words(text: str) -> Parts | None:
    """Parse "5. Mai 1997", "1 de enero de 1997", "May 05 1997", "12-Mar-82", "1997年5月12日".

    >>> date_in_words("Mon, 05 May 1997"), date_in_words("1997年5月")
    ((1997, 5, 5), (1997, 5, 0))
    """
    if found := _CHARACTER_DATE.fullmatch(text):
        return int(found[1]), int(found[2] or 0), int(found[3] or 0)
    folded = _folded(text)
    if _BETWEEN.fullmatch(_TOKEN.sub("", folded)) is None:
        return None
    tokens = [token for token in _TOKEN.findall(folded) if token not in _FILLERS]
    words = sum(not token.isdigit() for token in tokens)
    if words > 1 and tokens[0] in _weekdays():
        tokens = tokens[1:]
    elif words > 1 and tokens[-1] in _weekdays():
        tokens = tokens[:-1]
    shape = "".join("n" if token.isascii() and token.isdigit() else "w" for token in tokens)
    if shape not in {"nwn", "wnn", "wn", "nw"}:
        return None
    month = _months().get(tokens[shape.index("w")], 0)
    numbers = [token for token in tokens if token.isascii() and token.isdigit()]
    return _arranged(shape, month, numbers) if month else None


def _arranged(shape: str, month: int, numbers: list[str]) -> Parts | None:
    if shape in {"wn", "nw"}:
        year = int(numbers[0])
        return (year, month, 0) if len(numbers[0]) == 4 or 31 < year < 100 else None  # no day
    one, other = numbers
    if shape == "nwn" and len(one) == 4 and len(other) <= 2:
        return int(one), month, int(other)  # 1997 May 5
    if len(one) > 2 or len(other) not in {2, 4} or (shape == "wnn" and len(other) == 2):
        return None
    return int(other), month, int(one)


def seconds_in_words(text: str) -> float | None:
    """Parse "3 Minuten 35 Sekunden", "3,5 min", "1 ч 2 мин", "3分35秒".

    >>> seconds_in_words("3 minutos e 35 segundos")
    215.0
    """
    folded = _folded(text)
    pieces = re.split(r"([0-9]+(?:[.,][0-9]+)?)", folded)
    if len(pieces) < 3 or pieces[0].strip():
        return None
    total, last = 0.0, 1e9
    for number, words in zip(pieces[1::2], pieces[2::2], strict=True):
        unit = re.split(r"[\s.,]+", words.strip())
        size = _units().get(unit[0])
        amount = parse_number(number)
        if size is None or amount is None or size >= last:
            return None
        if any(word and word not in _AND for word in unit[1:]):
            return None
        total, last = total + float(amount) * size, size
    return total


_AND: Final = frozenset(
    ("and", "und", "et", "y", "e", "en", "och", "og", "ja", "i", "a", "és", "ve", "и", "і", "και")
)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text.casefold())


@lru_cache(maxsize=1)
def _months() -> dict[str, int]:
    found = dict(_SHORT)
    for language in LANGUAGES:
        for context in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                for number, name in Locale(language).months[context][width].items():
                    found.setdefault(_last_word(name), int(number))
    return found


def _last_word(name: str) -> str:
    """The month's name in "de gener" and "d’abril"."""
    return re.split(r"[\s’']", _folded(name).rstrip("."))[-1]


@lru_cache(maxsize=1)
def _weekdays() -> frozenset[str]:
    return frozenset(
        word
        for language in LANGUAGES
        for width in ("wide", "abbreviated")
        for name in Locale(language).days["format"][width].values()
        for word in _TOKEN.findall(_folded(name))
    )


@lru_cache(maxsize=1)
def _units() -> dict[str, int]:
    """Word → seconds of its unit, for words that denote the same unit in all languages."""
    found: dict[str, set[int]] = {}
    for name, size in (("hour", 3600), ("minute", 60), ("second", 1)):
        for language in (*LANGUAGES, *_CHARACTERS):
            for length in ("long", "short"):
                for count in (1, 2, 5):
                    shown = format_unit(count, f"duration-{name}", locale=language, length=length)
                    word = _folded(_DIGITS.sub("", shown)).strip().rstrip(".")
                    found.setdefault(word, set()).add(size)
    plain = {word: min(sizes) for word, sizes in found.items() if len(sizes) == 1}
    return plain | {"h": 3600, "hrs": 3600, "m": 60, "mins": 60, "s": 1, "secs": 1, "小时": 3600}
