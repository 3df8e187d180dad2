"""Parse dates, periods and durations from free notation, keeping the stated precision."""

from __future__ import annotations

import re
from calendar import month_name, monthrange
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from kg_builder.extraction.values.locale_words import date_in_words, seconds_in_words
from kg_builder.extraction.values.numbers import DecimalSign, parse_number

_MONTHS: Final = [name.casefold() for name in month_name if name]
_MONTH: Final = {
    **{name: number for number, name in enumerate(_MONTHS, 1)},
    **{name[:3]: number for number, name in enumerate(_MONTHS, 1)},
    "sept": 9,
}
_MONTH_WORD: Final = "|".join(sorted(_MONTH, key=len, reverse=True))

_APPROXIMATE: Final = re.compile(
    r"^(?:c(?:irca|a)?\.?\s*(?=\d)|(?:about|around|approximately|approx\.?|early|mid|"
    r"late|q[1-4]|spring|summer|autumn|fall|winter|frühling|frühjahr|sommer|herbst|printemps|été|automne|"
    r"hiver|primavera|verano|otoño|invierno|estate|autunno|inverno)[\s-]+"
    r"(?:(?:of|de|del|dell|di)\s+)?(?=\S*\d)|"
    r"[?~%]\s*(?=\d))|\s*[?~%]+$",
    re.IGNORECASE,
)
_REMARK: Final = re.compile(
    r"^(?:released|recorded|published|issued|out|erschienen|veröffentlicht|sortie?|publicado)"
    r"(?:\s+(?:on|in|am|le|el))?:?\s+(?=\S)|(?<=\w)\s*\([^()\d]{1,40}\)$"
    r"|^(?-i:[A-Z]{2,3}):\s+(?=\S)"
    r"|(?<=\d)\s*\((?:\d{4}\s+)?(?:re-?issued?|re-?master(?:ed)?|re-?release[d]?|reprint|re-?edition|"
    r"reedición|réédition|ristampa|wiederveröffentlichung)(?:\s+\d{4})?\)$",
    re.IGNORECASE,
)
"""What is said of a date beside it: that it is of the release, or of which country."""

_POINTS: Final = re.compile(r"(?<=\d)\.\s+(?=\d)|(?<=\d)\.$")
"""Points after the parts of a date: 1997. 5. 12."""

_ROMAN: Final = re.compile(r"^(\d{1,2})[.\s]+(I{1,3}|I?V|VI{1,3}|I?X|XI{1,2})[.\s]+(\d{4})$")
_ROMAN_MONTHS: Final = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")
_UNTOLD: Final = re.compile(r"(?:-(?:XX|xx|uu))+$")
"""Unspecified month or day in EDTF."""

_YEAR: Final = re.compile(r"(?:19|20)\d\d")
_YEARS: Final = rf"{_YEAR.pattern}(?:\s*(?:[,;/&]|\band\b)\s*{_YEAR.pattern})*"
_AWARD: Final = re.compile(
    rf"(?:(?P<first>{_YEARS})(?:\s*:\s*|\s+[–—-]\s+|\s+))?(?P<name>.+?)"
    rf"(?:[,:]?\s*[(\[](?P<in>{_YEARS})[)\]]|(?<!\bof)(?<!\bin)(?<!\bfor)(?<!\bthe)(?<!\btop)"
    rf"(?:\s*[,:;]\s*|\s+[–—-]\s+|\s+)(?P<last>{_YEARS}))?",
    re.IGNORECASE,
)
_SEASONS: Final = range(21, 42)
"""EDTF's codes for seasons, quarters and halves of a year, in place of a month."""

_ISO: Final = re.compile(r"^(\d{4})(?:[-/.](\d{1,2})(?:[-/.](\d{1,2}))?)?(?:[T ][\d:.,Z+\-]*)?$")
_COMPACT: Final = re.compile(r"^(\d{4})(\d{2})(\d{2})(?:T\d{4,6}(?:Z|[+-]\d{2}:?\d{2})?)?$")
_NUMERIC: Final = re.compile(r"^(\d{1,2})([-/.])\s?(\d{1,2})[-/.]\s?(\d{4}|\d{2})$")
_MONTH_YEAR_NUMERIC: Final = re.compile(r"^(\d{1,2})[-/.](\d{4})$")
_DAY_FIRST: Final = re.compile(
    rf"^(?:(\d{{1,2}})(?:st|nd|rd|th)?\.?\s+(?:of\s+)?)?({_MONTH_WORD})\.?,?\s+(\d{{4}})$",
    re.IGNORECASE,
)
_MONTH_FIRST: Final = re.compile(
    rf"^({_MONTH_WORD})\.?\s+(\d{{1,2}})(?:st|nd|rd|th)?,?\s+(\d{{4}})$", re.IGNORECASE
)
_YEAR_FIRST: Final = re.compile(
    rf"^(\d{{4}})[\s-]+({_MONTH_WORD})\.?(?:[\s-]+(\d{{1,2}}))?$", re.IGNORECASE
)
_SIGN: Final = re.compile(r"^(?:[℗©+&\s]|\(?[pc]\))+(?=\d)", re.IGNORECASE)
"""Prefix of the year in a copyright notice or in Wikidata's JSON."""

TIME_OF_DAY: Final = re.compile(
    r"(?:(?<=\d)T|(?<![\d:]))\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?(?:\s?[ap]\.?m\b\.?)?"
    r"(?:\s*(?:Z\b|\(?(?:UTC|GMT|CES?T|E[SD]T|P[SD]T)\b\)?)?(?:\s?[+-]\d{2}:?\d{2}\b)?)",
    re.IGNORECASE,
)
"""A time of day, with its zone."""

_ZONE: Final = re.compile(r"\(?(?:UTC|GMT)\)?$", re.IGNORECASE)
_SHORT_YEAR: Final = re.compile(r"(?<!\d)['’‘ʼ](\d{2})(?![\w'’])")
"""A year without its century: '97, but not the decade '90s."""

_EMPTY_YEAR: Final = re.compile(r"(?<![\d+])(?<!\s-)00\d\d(?:\d{4})?(?!\d)")
"""Years 0 to 99 in four digits: 0000-00-00 and .NET's 0001-01-01 mean "no date"."""

_TWO_YEARS: Final = re.compile(r"^(\d{4})\s*[/–—-]\s*(\d{2})$")
"""A season that begins in one year and ends in the next, or a longer period: 1985/86, 1965–70."""

_PIVOT: Final = 30
"""Two-digit years below this are in this century, others in the last."""

_WRITTEN_LONGEST: Final = 60
_PERIOD: Final = re.compile(
    r"\s*(?:[–—]|\s-\s|(?:(?<=\d{4})|(?<=['’]\d\d))-(?=\d{4}|['’]\d\d|(?!X)[^\W\d_]{2})|\bto\b|/)\s*"
)
_SINCE: Final = re.compile(
    r"(?:since|from|seit|ab|depuis|dès|desde|a partir de|dal|sinds|vanaf|od|sedan|från|с|"
    r"siden|fra|des de|din|από|з|із|від|sejak|từ|منذ|מאז)\s+"
    r"(?=\d{4}\b)",
    re.IGNORECASE,
)
_YEAR_SIGN: Final = re.compile(r"(\d{4})\s*年(?!\s*\d)")
_SEASON: Final = re.compile(r"^(\d{4})\s*/\s*(\d{2})$")
_OPEN: Final = frozenset(
    (
        *("", "..", "...", "…", "?", "-", "–", "—", "∞", "open", "now", "present", "to present"),
        *("the present", "today", "to date", "current", "currently", "ongoing", "active", "still"),
        *("still active", "heute", "bis heute", "jetzt", "aktuell", "présent", "aujourd'hui"),
        *("à ce jour", "en cours", "actualidad", "presente", "hoy", "actual", "oggi", "attuale"),
        *("in corso", "hoje", "atualmente", "atualidade", "heden", "nu", "idag", "i dag", "nutid"),
        *("nykyään", "obecnie", "dosud", "ma", "prezent", "günümüz", "сейчас", "настоящее время"),
        *("нині", "σήμερα", "avui", "sekarang", "現在", "现在", "현재"),
    )
)
"""What stands for the end of a period that has not ended, or whose end is not told."""


@dataclass(frozen=True)
class DateValue:
    """A date in its XML Schema form; the datatype gives its precision."""

    text: str
    kind: str
    approximate: bool = False

    @property
    def year(self) -> str:
        """The four digits of the year."""
        return self.text[:4]


@lru_cache(maxsize=65536)
def parse_date(text: str, day_first: bool | None = None) -> DateValue | None:
    """Parse a date; `None` if there is none, or only a decade.

    Months and days of the week may be in some twenty languages, and a time of day is ignored.

    EDTF notations (ISO 8601-2) are read if they name one year: "1985~", "1985-04?", "1985-XX",
    "1985-21" (a season). Decades ("198X") and choices do not.

    Years are 1000 to 2999. Between points the day is first (03.04.1999). If the order of day and
    month is ambiguous (03/04/1999) and `day_first` is not given, both are dropped rather than
    guessed (see `order_is_unknown`), as are zero parts (1999-00-00). Two-digit
    years (12-Mar-82, May '97) are 1930 to 2029; they and seasons (1985/86) are approximate. A bound
    ("before 1990") is no date.

    >>> parse_date("1999-05-00").text, parse_date("12 May 1965").text, parse_date("c. 1940").kind
    ('1999-05', '1965-05-12', 'gYear')
    """
    text = _REMARK.sub("", text.strip()).strip("()[]").strip()
    plain = _APPROXIMATE.sub("", _SHORT_YEAR.sub(_with_century, text)).strip()
    approximate = plain != text
    plain = _UNTOLD.sub("", plain)
    found = _parts(plain, day_first)
    if found is None and len(plain) <= _WRITTEN_LONGEST:
        found = _written(plain, day_first)
    if found is None:
        return None
    year, month, day = found
    if 0 <= year < 100 and not _EMPTY_YEAR.search(plain):
        year, approximate = _full_year(year), True
    if _TWO_YEARS.match(plain) and month == 0:
        approximate = True
    if not 1000 <= year <= 2999:
        return None
    if month in _SEASONS and day == 0:
        month = 0
    if not 1 <= month <= 12:
        return DateValue(f"{year:04d}", "gYear", approximate) if month == 0 else None
    if day == 0:
        return DateValue(f"{year:04d}-{month:02d}", "gYearMonth", approximate)
    if day > monthrange(year, month)[1]:
        return None
    return DateValue(f"{year:04d}-{month:02d}-{day:02d}", "date", approximate)


def order_is_unknown(text: str) -> bool:
    """Whether a date can be read with the day or the month first, to different days.

    >>> order_is_unknown("03/04/1999"), order_is_unknown("03.04.1999"), order_is_unknown("3/3/1999")
    (True, False, False)
    """
    return parse_date(text, True) != parse_date(text, False)


def is_open_end(text: str) -> bool:
    """Whether a text stands for the end of something that goes on: "present", "heute", "–"."""
    return text.strip().strip("()[]").strip().casefold() in _OPEN


def parse_period(text: str) -> tuple[DateValue | None, DateValue | None]:
    """Parse "1965–1970", "1991 to present", "since 1991" or one date, as (begin, end)."""
    text = _YEAR_SIGN.sub(r"\1", _SINCE.sub("", text.strip(), count=1))
    if (years := _TWO_YEARS.match(text.strip())) and int(years[2]) > max(12, int(years[1][2:])):
        return parse_date(years[1]), parse_date(years[1][:2] + years[2])
    whole = parse_date(text)
    if whole is not None:
        return whole, None
    parts = _PERIOD.split(text.strip().strip("()"))
    if len(parts) < 2:
        return None, None
    last = parts[-1].strip()
    return parse_date(parts[0]), None if is_open_end(last) else parse_date(last)


def dated_award(text: str) -> tuple[str, list[str]]:
    """An award and the years in which it was given, as they stand before or after its name.

    >>> dated_award("Mercury Prize (1992, 1993)"), dated_award("2013 Relentless Award")
    (('Mercury Prize', ['1992', '1993']), ('Relentless Award', ['2013']))
    >>> dated_award("Choice Music Prize 2012"), dated_award("Best Album of 2012")
    (('Choice Music Prize', ['2012']), ('Best Album of 2012', []))
    """
    found = _AWARD.fullmatch(text.strip())
    if found is None:
        return text, []
    return found["name"], _YEAR.findall(found["in"] or found["last"] or found["first"] or "")


def _full_year(year: int) -> int:
    return year + (2000 if year < _PIVOT else 1900)


def _with_century(found: re.Match[str]) -> str:
    return f" {_full_year(int(found[1]))}"


def _written(text: str, day_first: bool | None) -> tuple[int, int, int] | None:
    """Parse (year, month, day) with a time of day, a sign, or in other languages."""
    plain = _SIGN.sub("", text)
    if ":" in plain:
        plain = _ZONE.sub("", TIME_OF_DAY.sub(" ", plain, count=1)).strip(" ,;()")
    plain = _POINTS.sub(lambda found: "." if found.end() < len(found.string) else "", plain)
    if found := _ROMAN.match(plain):
        return int(found[3]), _ROMAN_MONTHS.index(found[2]) + 1, int(found[1])
    if found := _TWO_YEARS.match(plain):
        first, last = int(found[1]), int(found[2])
        return (first, 0, 0) if last == (first + 1) % 100 else None
    return (_parts(plain, day_first) if plain != text else None) or date_in_words(plain)


def _parts(text: str, day_first: bool | None = None) -> tuple[int, int, int] | None:
    """Parse (year, month, day); missing parts are zero."""
    if (season := _SEASON.match(text)) and int(season[2]) == (int(season[1]) + 1) % 100:
        return int(season[1]), 0, 0  # 2001/02 may be of two years: the month is not sure
    if (found := _ISO.match(text)) and not (
        found[3] is None and int(found[2] or 0) >= _SEASONS.stop
    ):
        return int(found[1]), int(found[2] or 0), int(found[3] or 0)
    if found := _COMPACT.match(text):
        return int(found[1]), int(found[2]), int(found[3])
    if found := _DAY_FIRST.match(text):
        return int(found[3]), _MONTH[found[2].casefold()], int(found[1] or 0)
    if found := _MONTH_FIRST.match(text):
        return int(found[3]), _MONTH[found[1].casefold()], int(found[2])
    if found := _YEAR_FIRST.match(text):
        return int(found[1]), _MONTH[found[2].casefold()], int(found[3] or 0)
    if found := _MONTH_YEAR_NUMERIC.match(text):
        return int(found[2]), int(found[1]), 0
    if found := _NUMERIC.match(text):
        one, other, year = int(found[1]), int(found[3]), int(found[4])
        if len(found[4]) == 2 and one > 31:
            return one, other, year  # 97-05-12
        return _ordered(one, other, year, True if found[2] == "." else day_first)
    return None


def _ordered(
    one: int, other: int, year: int, day_first: bool | None
) -> tuple[int, int, int] | None:
    if one > 12 >= other or one == other:
        return year, other, one
    if other > 12 >= one:
        return year, one, other
    if one > 12:
        return None
    if day_first is None:
        return year, 0, 0
    return (year, other, one) if day_first else (year, one, other)


_CLOCK: Final = re.compile(
    r"^(?:(\d+):)?(\d{1,3}):(\d{2})(?:[.,]\d+)?(?:\s*(?:h|hrs?|m|min|mins|minutes?)\.?)?$", re.I
)
_MILLISECONDS: Final = re.compile(r"^(\d+(?:[.,]\d+)?)\s*(?:ms|msecs?|milliseconds?)$", re.I)
_ISO_DURATION: Final = re.compile(
    r"^P(?:0+Y)?(?:0+M)?(?:0+W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$",
    re.IGNORECASE,
)
_LOOSE_DURATION: Final = re.compile(
    r"^P(?=.*[HS])(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?$", re.IGNORECASE
)
"""Variant of PT00H03M35S used by some shops."""

_WORDS: Final = re.compile(
    r"^(?:(\d+)\s*(?:h|hrs?|hours?)\.?\s*)?(?:(\d+)\s*(?:m|min|mins|minutes?|[′'’])\.?,?\s*)?"
    r"(?:(\d+)\s*(?:s|secs?|seconds?|″|\"|”|''|’’)\.?)?$",
    re.IGNORECASE,
)
_SHORT_END: Final = re.compile(
    r"^(?:(\d+)\s?h\s?(\d{2})|(\d+)\s?m(?:in)?\s?(\d{2}))$", re.IGNORECASE
)
"""The last unit left out: 1h02, 3m35."""

_LONGEST: Final = 40
_SECONDS: Final = {"milliseconds": 0.001, "seconds": 1.0, "minutes": 60.0}


@lru_cache(maxsize=65536)
def parse_duration(
    text: str, unit: str | None = None, decimal: DecimalSign | None = None
) -> str | None:
    """Parse "4:33", "1:02:03", "PT4M33S", "4 min 33 s", or a bare number of the given unit.

    The words for hours, minutes and seconds may be in some twenty languages.

    Returns the duration in whole seconds as `PT#H#M#S`, `None` if there is none or it is zero.

    >>> parse_duration("4:33"), parse_duration("273000", "milliseconds"), parse_duration("4")
    ('PT4M33S', 'PT4M33S', None)
    """
    text = text.strip().strip("()[]").strip().lstrip("~≈").lstrip()
    if len(text) > _LONGEST:
        return None
    if found := _SHORT_END.match(text):
        return _write(_sum(0, found[1], found[2] or found[3], found[4]))
    if found := _MILLISECONDS.match(text):
        text, unit = found[1], "milliseconds"
    number = parse_number(text, decimal)
    if number is not None:
        return _write(float(number) * _SECONDS[unit]) if unit else None
    if found := _CLOCK.match(text):
        return _write(_sum(0, found[1], found[2], found[3]))
    if text and (found := _ISO_DURATION.match(text)):
        return _write(_sum(found[1], found[2], found[3], found[4]))
    if found := _LOOSE_DURATION.match(text):
        return _write(_sum(0, found[1], found[2], found[3]))
    if text and (found := _WORDS.match(text)):
        return _write(_sum(0, found[1], found[2], found[3]))
    seconds = seconds_in_words(text)
    return None if seconds is None else _write(seconds)


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
    hours, remainder = divmod(whole, 3600)
    minutes, left = divmod(remainder, 60)
    return (
        "PT"
        + (f"{hours}H" if hours else "")
        + (f"{minutes}M" if minutes else "")
        + (f"{left}S" if left else "")
    )
