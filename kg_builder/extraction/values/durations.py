"""Lengths of time, written as XML Schema durations."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_CLOCK: Final = re.compile(r"^(?:(\d+):)?(\d{1,3}):(\d{2})(?:\.\d+)?$")
_ISO: Final = re.compile(
    r"^P(?:0+Y)?(?:0+M)?(?:0+W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$",
    re.IGNORECASE,
)
_WORDS: Final = re.compile(
    r"^(?:(\d+)\s*(?:h|hrs?|hours?)\.?\s*)?(?:(\d+)\s*(?:m|min|mins|minutes?|′|')\.?,?\s*)?"
    r"(?:(\d+)\s*(?:s|secs?|seconds?|″|\")\.?)?$",
    re.IGNORECASE,
)
_NUMBER: Final = re.compile(r"^\d+(?:\.\d+)?$")
_LONGEST: Final = 40
_SECONDS: Final = {"milliseconds": 0.001, "seconds": 1.0, "minutes": 60.0}


@lru_cache(maxsize=65536)
def parse_duration(text: str, unit: str | None = None) -> str | None:
    """Read "4:33", "1:02:03", "PT4M33S", "4 min 33 s", or a bare number of the given unit.

    Returns the duration in whole seconds as `PT#H#M#S`, `None` where the text is none or is zero.

    >>> parse_duration("4:33"), parse_duration("273000", "milliseconds"), parse_duration("4")
    ('PT4M33S', 'PT4M33S', None)
    """
    text = text.strip()
    if len(text) > _LONGEST:
        return None
    if _NUMBER.match(text):
        return _write(float(text) * _SECONDS[unit]) if unit else None
    if found := _CLOCK.match(text):
        return _write(_sum(0, found[1], found[2], found[3]))
    if text and (found := _ISO.match(text)):
        return _write(_sum(found[1], found[2], found[3], found[4]))
    if text and (found := _WORDS.match(text)):
        return _write(_sum(0, found[1], found[2], found[3]))
    return None


def _sum(
    days: str | int | None, hours: str | None, minutes: str | None, seconds: str | None
) -> float:
    return (
        int(days or 0) * 86400
        + int(hours or 0) * 3600
        + int(minutes or 0) * 60
        + float(seconds or 0)
    )


def _write(seconds: float) -> str | None:
    whole = round(seconds)
    if whole <= 0:
        return None
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return (
        "PT"
        + (f"{hours}H" if hours else "")
        + (f"{minutes}M" if minutes else "")
        + (f"{left}S" if left else "")
    )
