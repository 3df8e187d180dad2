"""Convert names and dates between their forms in texts and in annotated triples (WebNLG)."""

from __future__ import annotations

import re
from calendar import month_abbr, month_name
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from kg_builder.extraction.text import lexicon
from kg_builder.extraction.values import country_name, parse_date
from kg_builder.text_models.relations.parsed_text import squash

_PARENTHESES: Final = re.compile(r"\s*\([^)]*\)\s*$")
_COMPANY: Final = re.compile(
    r"\s+(?:Records?|Recordings|Music Group|Music|Entertainment|Productions?|Label|Band)$"
)
_ARTICLE: Final = re.compile(r"^(?:the|a|an)\s+", re.IGNORECASE)
_FULL_NAME: Final = re.compile(r"[^\W\d_a-zß-öø-ÿ][\w'’.-]*(?: [^\W\d_a-zß-öø-ÿ][\w'’.-]*){2,}")
_SPACE: Final = re.compile(r"\s+")
_MIN_LETTERS: Final = 2
_MONTHS: Final = "|".join(
    sorted({*month_name[1:], *month_abbr[1:], "Sept"}, key=lambda name: (-len(name), name))
)
_DAY: Final = r"\d{1,2}(?:st|nd|rd|th)?"
_IN_TEXT: Final = re.compile(
    rf"\b(?P<d1>{_DAY})(?: of)? (?P<m1>{_MONTHS})\.?,? (?P<y1>\d{{4}})\b"
    rf"|\b(?P<m2>{_MONTHS})\.? (?:the )?(?P<d2>{_DAY}) ?,? ?(?P<y2>\d{{4}})\b"
    rf"|\b(?P<m3>{_MONTHS})\.?,? (?P<y3>\d{{4}})\b"
    r"|(?<![\w,.-])(?P<iso>\d{4}-\d{2}-\d{2})(?![\w-])"
    r"|(?<![\w,.])(?P<y4>1[4-9]\d\d|20\d\d)(?!\w|[,.]\d)",
    re.IGNORECASE,
)
_DECIMAL_MINUTES: Final = re.compile(r"(\d+\.\d+)(?: ?(?:minutes?|mins?))?")
_MAX_PART: Final = 600
"""Maximum minutes or seconds accepted as a duration"""

_NOTATIONS: Final = {
    "date": ("{y}-{m:02d}-{d:02d}", "{d:02d} {name} {y}", "{d} {name} {y}", "{name} {d}, {y}"),
    "gYearMonth": ("{y}-{m:02d}", "{name} {y}", "01 {name} {y}", "{y}"),
    "gYear": ("{y}", "01 January {y}", "{y}-01-01"),
}
YEAR_OF: Final = "{y}"


def plain(name: str) -> str:
    """Convert a collection's name to natural spelling.

    >>> plain('"Chișinău,_Moldova"')
    'Chișinău, Moldova'
    """
    return _SPACE.sub(" ", name.replace("_", " ").replace('"', " ")).strip()


def is_full_name(surface: str) -> bool:
    """Whether a name has at least three capitalised words and no others.

    >>> is_full_name("Mira Anna Holt"), is_full_name("Mira Holt"), is_full_name("Mira van Holt")
    (True, False, False)
    """
    return _FULL_NAME.fullmatch(surface) is not None


@lru_cache(maxsize=1)
def demonyms() -> dict[str, str]:
    """Squashed demonym → country."""
    return {squash(word): country for word, country in lexicon.demonyms().items()}


@lru_cache(maxsize=1)
def _demonyms_of() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for word, country in demonyms().items():
        found.setdefault(country, []).append(word)
    return {country: tuple(words) for country, words in found.items()}


@lru_cache(maxsize=1 << 15)
def forms(name: str) -> tuple[tuple[str, ...], ...]:
    """Squashed forms of a name, in tiers to be tried in order."""
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
        kept = sorted(form for form in fresh if len(form) >= _MIN_LETTERS)
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
    """Strip a trailing class noun: "Pop music" → pop, "French language" → French."""
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


def dates_in(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield the dates of a text: offsets, and the date in its XML Schema form.

    >>> list(dates_in("Born on July 23rd, 1982."))
    [(8, 23, '1982-07-23')]
    """
    for found in _IN_TEXT.finditer(text):
        parts = {name[0]: value for name, value in found.groupdict().items() if value}
        if "i" in parts:
            written = parts["i"]
        else:
            day = re.sub(r"\D", "", parts.get("d", ""))
            written = f"{day} {parts.get('m', '')} {parts['y']}".strip()
        value = parse_date(written)
        if value is not None:
            yield found.start(), found.end(), value.text


def duration_in_minutes(surface: str) -> str:
    """Parse a duration to minutes, the unit of DBpedia's `Work/runtime`; '' if it is not one.

    >>> [duration_in_minutes(text) for text in ("35.1 minutes", "3:30", "2 minutes and 15 seconds")]
    ['35.1', '3.5', '2.25']
    """
    if decimal := _DECIMAL_MINUTES.fullmatch(surface):
        return decimal[1]
    parts = [int(number) for number in re.findall(r"\d+", surface)]
    if not 1 <= len(parts) <= 3 or max(parts) > _MAX_PART:
        return ""
    if len(parts) == 1 and surface.rstrip().endswith(("second", "seconds")):
        parts.insert(0, 0)
    elif len(parts) == 1:
        parts.append(0)
    seconds = sum(part * 60**power for power, part in enumerate(reversed(parts)))
    return f"{seconds / 60:.2f}".rstrip("0").rstrip(".")


def whole_date(surface: str) -> str | None:
    """The XML Schema form of a text that is entirely a date, or None."""
    return next(
        (value for start, end, value in dates_in(surface) if (start, end) == (0, len(surface))),
        None,
    )


def iso_date(name: str) -> str | None:
    """The XML Schema form of a name that is a date, or None."""
    value = parse_date(name.strip("\"' "))
    return value.text if value else None


def precision(date: str) -> str:
    """Precision of a date in XML Schema form: date, gYearMonth or gYear."""
    return {10: "date", 7: "gYearMonth"}.get(len(date), "gYear")


def write(date: str, notation: str) -> str:
    """Format a date in a notation.

    >>> write("1982-07-23", "{d:02d} {name} {y}")
    '23 July 1982'
    """
    year, month, day = (int(part) for part in (date + "-01-01").split("-")[:3])
    return notation.format(y=year, m=month, d=day, name=month_name[month])


def notation_of(date: str, name: str) -> str | None:
    """The notation by which a date of the text became this name, or None."""
    wanted = name.strip("\"' ").casefold()
    for notation in (*_NOTATIONS[precision(date)], YEAR_OF):
        if write(date, notation).casefold() == wanted:
            return notation
    return None
