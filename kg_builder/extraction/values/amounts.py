"""Parse amounts as people write them: 12k, 1,2 Mio., ratings such as 4.5/5, 80% and ★★★★☆."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from typing import Final, NamedTuple

from babel import Locale

from kg_builder.extraction.values.locale_words import LANGUAGES
from kg_builder.extraction.values.numbers import DecimalSign, parse_number

_LONGEST: Final = 60
_LARGEST_SCALE: Final = 100
_OF_SCALE: Final = re.compile(
    r"(?P<number>\S+)\s*(?:/|(?:out\s+)?of|von|sur|de|su|av|van|из|z)\s*(?P<scale>[0-9]{1,3})"
    r"(?:\s*(?:stars?|★))?",
    re.IGNORECASE,
)
_PERCENT: Final = re.compile(r"(?P<number>\S+)\s*%")
_WORDED_STARS: Final = re.compile(r"(?P<number>\S+)\s*(?:stars?|★)", re.IGNORECASE)
_STARS: Final = re.compile(r"(?:[★⭐]\ufe0f?)+(?P<half>½)?(?P<empty>☆+)?")
_COMPACT: Final = re.compile(r"(?P<number>[^\W_][\d.,'’\s]*?)\s*(?P<word>[^\W\d_]+)\.?")
_PLAYS: Final = re.compile(
    r"(?P<number>.*[0-9]\S*)\s*(?:plays?|listens?|listeners|scrobbles?|streams?|views?|times|x|×|"
    r"wiedergaben|aufrufe|mal|écoutes|lectures|fois|reproducciones|oyentes|veces|ascolti|volte)",
    re.IGNORECASE,
)
_PATTERN: Final = re.compile(r"0+\s*([^\W\d_]+)\.?")


class Amount(NamedTuple):
    """A number as digits with a point, and the end of its scale if the text tells one."""

    number: str
    scale: int | None = None


@lru_cache(maxsize=65536)
def parse_amount(text: str, decimal: DecimalSign | None = None) -> Amount | None:
    """Parse a number in any notation, a rating, or an abbreviated number.

    "12k" and "1,2 Mio." are multiplied out; the words of some twenty languages are known, except
    those with different meanings ("B", "billion"). Of a rating such as "4.5/5", "4 out of 5",
    "80%" or "★★★★☆" the number is as stated, 4.5, 4, 80 and 4, with its scale. Of "1,234 plays" and
    "~1200" it is the number.

    >>> tuple(parse_amount("1.2M")), tuple(parse_amount("4,5/5")), tuple(parse_amount("★★★½"))
    (('1200000', None), ('4.5', 5), ('3.5', None))
    """
    text = text.strip()
    if len(text) > _LONGEST:
        return None
    if text[:1] in {"~", "≈"} and text[1:2] not in {"~", "≈"}:
        return parse_amount(text[1:], decimal)
    if number := parse_number(text, decimal):
        return Amount(number)
    if found := _STARS.fullmatch(text):
        full = text.count("★") + text.count("⭐")
        half, empty = bool(found["half"]), len(found["empty"] or "")
        return Amount(f"{full}.5" if half else str(full), full + half + empty if empty else None)
    if found := _OF_SCALE.fullmatch(text):
        return _of(found["number"], int(found["scale"]), decimal)
    if found := _PERCENT.fullmatch(text):
        return _of(found["number"], 100, decimal)
    if found := _WORDED_STARS.fullmatch(text):
        stars = parse_number(found["number"], decimal)
        return None if stars is None else Amount(stars)
    if (found := _PLAYS.fullmatch(text)) and (plays := parse_amount(found["number"], decimal)):
        return plays if plays.scale is None else None
    return _multiplied(text, decimal)


def as_number(text: str, decimal: DecimalSign | None) -> float | None:
    """Parse a number in machine (4.5, 1e3, nan) or human notation; None if it is not one."""
    if decimal is None:
        try:
            return float(text)
        except ValueError:
            pass
    found = parse_amount(text, decimal)
    return None if found is None else float(found.number)


def _of(text: str, scale: int, decimal: DecimalSign | None) -> Amount | None:
    number = parse_number(text, decimal)
    if number is None or not 1 < scale <= _LARGEST_SCALE or not 0 <= float(number) <= scale:
        return None
    return Amount(number, scale)


def _multiplied(text: str, decimal: DecimalSign | None) -> Amount | None:
    found = _COMPACT.fullmatch(text)
    size = _sizes().get(found["word"]) if found else None
    number = parse_number(found["number"], decimal) if found else None
    if size is None or number is None:
        return None
    product = format((Decimal(number) * size).normalize(), "f")
    return Amount(product)


@lru_cache(maxsize=1)
def _sizes() -> dict[str, int]:
    """Abbreviation → thousand, million or milliard, for those that mean the same everywhere."""
    meanings: dict[str, set[int]] = {}
    for language in LANGUAGES:
        for patterns in Locale(language).compact_decimal_formats.values():
            for by_size in patterns.values():
                for size, pattern in by_size.items():
                    written = pattern.pattern.replace("'", "")
                    if word := _PATTERN.fullmatch(written):
                        zeros = len(written) - len(written.lstrip("0"))
                        meanings.setdefault(word[1], set()).add(int(size) // 10 ** (zeros - 1))
    found = {
        word: min(sizes)
        for word, sizes in meanings.items()
        if len(word) > 1 and len(sizes) == 1 and max(sizes) < 10**12
    }
    return found | {"k": 1_000, "K": 1_000, "Tsd": 1_000, "M": 1_000_000}
