"""Parse moments, dates with a time of day, in the notations of exports and web services."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from kg_builder.extraction.values.dates import TIME_OF_DAY, parse_date

_CLOCK: Final = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?\D*?(?:\s?([ap])\.?m)?", re.IGNORECASE)
_OFFSET: Final = re.compile(r"([+-])(\d{2}):?(\d{2})$")
_NAMED: Final = re.compile(r"\b(CEST|CET|EDT|EST|PDT|PST)\b", re.IGNORECASE)
_HOURS: Final = {"CEST": 2, "CET": 1, "EDT": -4, "EST": -5, "PDT": -7, "PST": -8}
"""Zones by their hours from UTC."""

_BETWEEN: Final = re.compile(r"\b(?:at|um|uhr|à|às|a las|alle|om|kl|klo)\b\.?", re.IGNORECASE)
"""Words between a day and a time."""

_LONGEST: Final = 60
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@lru_cache(maxsize=65536)
def parse_moment(text: str, day_first: bool | None = None) -> int | None:
    """Seconds since 1970-01-01 (UTC) of a day, with or without a time; `None` if it is no day.

    A time without a zone counts as UTC. A day whose order of day and month is ambiguous
    (03/04/1999) needs `day_first`.

    >>> parse_moment("05 Nov 2023, 13:37"), parse_moment("Nov 5, 2023, 1:37:12 PM CET")
    (1699191420, 1699187832)
    """
    day = parse_date(text, day_first)
    if day is None and len(text) <= _LONGEST:
        day = parse_date(_BETWEEN.sub(" ", TIME_OF_DAY.sub(" ", text, count=1)), day_first)
    if day is None or day.kind != "date" or day.approximate:
        return None
    moment = datetime.fromisoformat(day.text).replace(tzinfo=UTC)
    found = TIME_OF_DAY.search(text)
    clock = _CLOCK.search(found[0]) if found else None
    if found is not None and clock is not None:
        hour, minute, second = (int(part or 0) for part in clock.groups()[:3])
        if half := clock[4]:
            hour = hour % 12 + (12 if half.casefold() == "p" else 0)
        if hour > 24 or minute > 59 or second > 60:
            return None
        moment += timedelta(hours=hour, minutes=minute, seconds=second) - _offset(found[0])
    return int((moment - _EPOCH).total_seconds())


def _offset(time: str) -> timedelta:
    """Difference of the zone at the end of a time of day from UTC."""
    if sign := _OFFSET.search(time.strip()):
        minutes = int(sign[2]) * 60 + int(sign[3])
        return timedelta(minutes=-minutes if sign[1] == "-" else minutes)
    if named := _NAMED.search(time):
        return timedelta(hours=_HOURS[named[1].upper()])
    return timedelta()
