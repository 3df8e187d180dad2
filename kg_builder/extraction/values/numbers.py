"""Parse numbers with points, commas, spaces or apostrophes between the digits."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from functools import lru_cache
from typing import Final, Literal

DecimalSign = Literal[".", ","]
"""The decimal separator."""

_LONGEST: Final = 60
_SPACES: Final = re.compile(r"(?<=\d)[ \u00a0\u2009\u202f'’](?=\d{3}(?!\d))", re.ASCII)
_SHAPE: Final = re.compile(r"([+-]?)([0-9]+(?:[.,][0-9]+)*)(?:[eE]([+-]?[0-9]{1,2}))?")


@lru_cache(maxsize=65536)
def parse_number(text: str, decimal: DecimalSign | None = None) -> str | None:
    """Parse "4.5", "4,5", "1.234,5", "1 234,5", "1'234.5" or "1e3"; returns digits and a point.

    The last separator is the decimal one if there are two kinds or if it is not followed by three
    digits. Without `decimal`, the point in "1.234" is decimal, and the ambiguous "1,234" is `None`.

    Args:
        text: the number.
        decimal: the decimal separator, if known; the other one then groups thousands.

    >>> parse_number("4,5"), parse_number("1.234,5"), parse_number("1,234", ".")
    ('4.5', '1234.5', '1234')
    """
    text = text.strip().replace("\u2212", "-")
    if len(text) > _LONGEST:
        return None
    found = _SHAPE.fullmatch(_SPACES.sub("", text))
    if not found:
        return None
    if found[3]:
        number = parse_number(found[1] + found[2], decimal)
        return None if number is None else format(Decimal(f"{number}e{found[3]}"), "f")
    sign, digits = found[1].removeprefix("+"), found[2]
    points, commas = digits.count("."), digits.count(",")
    decimal = decimal or _sign(digits, points, commas)
    if decimal is None:
        return sign + digits if not points and not commas else None
    other = "," if decimal == "." else "."
    whole, mark, fraction = digits.rpartition(decimal) if decimal in digits else (digits, "", "")
    if decimal in whole or other in fraction or not _is_grouped(whole, other):
        return None
    whole = whole.replace(other, "")
    return f"{sign}{whole}.{fraction}" if mark else sign + whole


_DIGITS: Final = re.compile(r"[0-9]+(?:[.,'’ \u00a0\u2009\u202f]?[0-9]+)*")
_UNDECIDED: Final = re.compile(r"[0-9]{1,3}[.,][0-9]{3}")


def decimal_sign(texts: Iterable[str]) -> DecimalSign | None:
    """The decimal separator of a column, if some numbers tell it and none contradicts.

    Undecided are whole numbers and those such as "1.234" and "1,234", which it decides.

    >>> decimal_sign(["1.234", "12", "1.234,5"]), decimal_sign(["4.5", "4,5"])
    (',', None)
    """
    found: set[DecimalSign] = set()
    for text in texts:
        number = _DIGITS.search(text) if len(text) <= _LONGEST else None
        digits = _SPACES.sub("", number[0]) if number else ""
        if not is_undecided(digits) and (sign := _told(digits)):
            found.add(sign)
    return found.pop() if len(found) == 1 else None


def is_undecided(digits: str) -> bool:
    """Whether a number's only separator may be decimal or group thousands: "1.234"."""
    return _UNDECIDED.fullmatch(digits) is not None and not digits.startswith("0")


def _told(digits: str) -> DecimalSign | None:
    points, commas = digits.count("."), digits.count(",")
    if not _SHAPE.fullmatch(digits) or not (points or commas):
        return None
    return _sign(digits, points, commas)


def _sign(digits: str, points: int, commas: int) -> DecimalSign | None:
    """The decimal separator implied by the digits."""
    if points and commas:
        return "." if digits.rindex(".") > digits.rindex(",") else ","
    if points > 1 or commas > 1:
        return "," if points else "."
    if points:
        return "."
    if commas and len(digits) - digits.index(",") != 4:
        return ","
    return "," if digits.startswith("0,") else None


def _is_grouped(whole: str, sign: str) -> bool:
    """Whether thousands separators are in valid positions: 1,234,567 and, in India, 12,34,567."""
    first, *groups = whole.split(sign)
    if not groups:
        return True
    sizes = [len(group) for group in groups]
    return 1 <= len(first) <= 3 and sizes[-1] == 3 and set(sizes[:-1]) in ({3}, {2}, set())
