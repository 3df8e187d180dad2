"""Clean text of broken characters; normalise names of entities, countries and languages."""

from __future__ import annotations

import html
import re
import tomllib
import unicodedata
from bisect import bisect_right
from functools import lru_cache
from importlib import resources
from typing import Final, NamedTuple
from urllib.parse import unquote_to_bytes

import ftfy
from babel import Locale
from babel.core import get_global
from ftfy.badness import BADNESS_RE

from kg_builder.extraction.values.locale_words import (
    COUNTRIES_ALSO,
    COUNTRIES_ELSEWHERE,
    COUNTRIES_GONE,
    COUNTRIES_PLAIN,
)

_ENTITY: Final = re.compile(r"&(#\d+|#x[0-9a-f]+|[a-z][a-z0-9]*);", re.IGNORECASE)
_SPACE: Final = re.compile(r"\s+")
_BACKSLASHED: Final = re.compile(r"(?:\\u[0-9a-fA-F]{4})+|(?:\\x[0-9a-fA-F]{2})+")
_PERCENT: Final = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_UNRESERVED: Final = re.compile(rb"[A-Za-z0-9._~-]")
"""Characters that are never percent-encoded, so that "50%50" is not an escape."""

_HALF: Final = re.compile(r"[\ud800-\udfff]")
"""Lone surrogates, which JSON may contain and UTF-8 cannot encode."""

_FOREIGN: Final = re.compile(r"[^\x00-\x7f](?:[\x00-\x7f]{0,8}[^\x00-\x7f])*")
"""Runs of non-ASCII letters."""

_NEAR: Final = 6
"""Characters of context by which such letters are judged."""

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufeff\ufffe\uffff]")


def clean_text(text: str, *, repair: bool = True) -> str:
    """Clean a text: one line, NFC, no control characters, surrogates or repeated spaces.

    With `repair`, escapes are decoded (`decoded`) and mojibake is repaired (ftfy); valid text is
    unchanged.
    """
    if repair:
        text = decoded(text)
    if not text.isascii():
        text = without_halves(text)
        if repair and _is_bad(text):
            text = ftfy.fix_encoding(text)
        text = unicodedata.normalize("NFC", text)
    if text.isprintable() and "  " not in text:
        return text.strip()
    return _SPACE.sub(" ", _CONTROL.sub("", text)).strip()


def without_halves(text: str) -> str:
    """Replace each lone surrogate by U+FFFD, which keeps offsets."""
    return _HALF.sub("\ufffd", text)


class Repair(NamedTuple):
    """A span of a text that replaces another one of the file; ends are exclusive."""

    start: int
    end: int
    start_in_file: int
    end_in_file: int


_WORD_OF_FILE: Final = re.compile(r"(?:[^ \t\r\n]|(?<=Ã) )+")
"""A word with its marks; of mojibake, "Ã " is one letter."""

_PLAIN: Final = re.compile(r"[ -$'-\[\]-~]+")
"""Words of ASCII characters in which nothing can be repaired: without &, % and backslashes."""


def repaired(text: str) -> tuple[str, tuple[Repair, ...]]:
    """Repair a text word by word as cells are (`clean_text`), and where it was repaired.

    >>> text, repairs = repaired("BjÃ¶rk &amp; the Tides")
    >>> text, repairs[1]
    ('Björk & the Tides', Repair(start=6, end=7, start_in_file=7, end_in_file=12))
    """
    parts: list[str] = []
    repairs: list[Repair] = []
    position = length = 0
    for word in _WORD_OF_FILE.finditer(text):
        if _PLAIN.fullmatch(word[0]) or (clean := clean_text(word[0])) == word[0]:
            continue
        kept = text[position : word.start()]
        length += len(kept)
        parts += [kept, clean]
        repairs.append(Repair(length, length + len(clean), word.start(), word.end()))
        length += len(clean)
        position = word.end()
    return "".join((*parts, text[position:])) if parts else text, tuple(repairs)


@lru_cache(maxsize=65536)
def bracket_turns(text: str) -> list[int]:
    """The begins and ends, in turn, of outermost pairs of round brackets.

    A place is within a pair if the number of turns up to it is odd.

    >>> bracket_turns("Ann (guitar, vocals), Bo (drums")
    [4, 20]
    """
    spans: list[tuple[int, int]] = []
    opened: list[int] = []
    for found in _ROUND.finditer(text):
        if found[0] == "(":
            opened.append(found.start())
        elif opened:
            start = opened.pop()
            while spans and spans[-1][0] > start:
                spans.pop()
            spans.append((start, found.end()))
    return [turn for span in spans for turn in span]


def split_outside_brackets(pattern: re.Pattern[str], text: str) -> list[str]:
    """Split a text at the matches of a pattern that are in no pair of round brackets."""
    turns = bracket_turns(text) if "(" in text else []
    if not turns:
        return pattern.split(text)
    parts, at = [], 0
    for found in pattern.finditer(text):
        if bisect_right(turns, found.start()) % 2 == 0:
            parts.append(text[at : found.start()])
            at = found.end()
    return [*parts, text[at:]]


_ROUND: Final = re.compile(r"[()]")


def fold(name: str) -> str:
    """Folded name under which mentions within one source are the same entity.

    Only case and white space are folded; whether 'Beyonce' is 'Beyoncé' is left to fusion.
    """
    return _SPACE.sub(" ", unicodedata.normalize("NFC", name)).strip().casefold()


def _is_bad(text: str) -> bool:
    """`ftfy.badness.is_bad`, limited to the parts of the text where it can match.

    Mojibake consists of non-ASCII letters and is recognised by a few characters of context;
    searching all of a long text takes longer than reading it.
    """
    return any(
        BADNESS_RE.search(text, max(found.start() - _NEAR, 0), found.end() + _NEAR)
        for found in _FOREIGN.finditer(text)
    )


def decoded(text: str) -> str:
    """Decode HTML entities (even escaped twice), percent-encoding and `\\u00e9` escapes.

    Call before splitting a cell: the semicolon of `R&amp;B` is not a separator. Addresses keep
    their percent signs, as do texts in which one is not an escape ("100% pure").
    """
    if "&" in text:
        for _ in range(2):
            if not _ENTITY.search(text):
                break
            text = html.unescape(text)
    if "\\" in text:
        text = _BACKSLASHED.sub(_unslashed, text)
    if "%" in text and "://" not in text:
        text = _without_percent(text)
    return text


def _unslashed(found: re.Match[str]) -> str:
    digits = found[0][2:].split(found[0][:2])
    if found[0][1] == "u":
        units = b"".join(int(unit, 16).to_bytes(2, "big") for unit in digits)
        return units.decode("utf-16-be", "replace")
    content = bytes.fromhex("".join(digits))
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _without_percent(text: str) -> str:
    while "%" in text:
        runs = _PERCENT.findall(text)
        if text.count("%") != sum(map(len, runs)) // 3:
            return text
        contents = [unquote_to_bytes(run) for run in runs]
        if any(_UNRESERVED.search(content) for content in contents):
            return text
        try:
            letters = iter([content.decode("utf-8") for content in contents])
        except UnicodeDecodeError:
            return text
        text = _PERCENT.sub(lambda _: next(letters), text)  # noqa: B023 (used at once)
    return text


LONGEST_NAME: Final = 1000
"""Most characters of a name; longer ones are texts in the wrong column."""


def is_no_name(name: str, type_: str) -> bool:
    """Whether a cleaned name is a placeholder, or too long."""
    return len(name) > LONGEST_NAME or is_placeholder(name, type_)


def is_placeholder(name: str, type_: str) -> bool:
    """Whether a name is a placeholder: "None", for an artist "Various", for a label "[no label]".

    Args:
        name: a cleaned name.
        type_: class of the entity; a "Song" may be called "Unknown", a "Band" may not.

    >>> is_placeholder("Various", "Artist"), is_placeholder("Various", "Song")
    (True, False)
    """
    words, exact = _placeholders(type_)
    folded = name.casefold()
    if folded in words or name in exact:
        return True
    return type_ == "RecordLabel" and folded.startswith("not on label (")


@lru_cache(maxsize=64)
def _placeholders(type_: str) -> tuple[frozenset[str], frozenset[str]]:
    file = resources.files("kg_builder.extraction.values") / "placeholders.toml"
    lists = tomllib.loads(file.read_text(encoding="utf-8"))
    kinds = lists["classes"].get(type_, [])
    if "works" not in kinds and "tags" not in kinds:
        kinds = [*kinds, "not_works"]
    words = frozenset(word for kind in ("anything", *kinds) for word in lists[kind])
    return words, frozenset(lists["exact"])


_KINDS: Final = (
    "album albums animator actor actress artist band bassist cellist comedian company composer "
    "conductor country disambiguation dj drummer duo electronic entertainer ep film flautist "
    "genre group guitarist instrument label magazine mixtape movie music musical musician "
    "novel organist percussionist pianist producer rapper record saxophonist single singer "
    "singer-songwriter song songwriter soundtrack style trio trumpeter violinist vocalist writer"
)
_DISAMBIGUATOR: Final = re.compile(
    rf"\s+\((?:[^()]*\b)?(?:{'|'.join(_KINDS.split())})\)$", re.IGNORECASE
)


_ARTICLE: Final = re.compile(r"^([^,]+), (The|A|An|Die|Der|Das|Los|Las|Les|La|Le|El|Il|I|Os|De)$")
_BEFORE: Final = re.compile(
    r"^(?:(?:sir|dame|professor|prof\.?|reverend|rev\.?|the right honourable|maestro|pandit|pt\.|"
    r"ustad)\s+)+(?=\S+\s+\S)",
    re.IGNORECASE,
)
_AFTER: Final = re.compile(r"(?:,?\s+(?:[OMCK]BE|DBE|CH|FRSA|PhD|Ph\.D\.|Esq\.?))+$")


def article_in_front(name: str) -> str:
    """Move an article that a catalogue put at the end back to the front.

    >>> article_in_front("Beatles, The"), article_in_front("Hello, Goodbye")
    ('The Beatles', 'Hello, Goodbye')
    """
    found = _ARTICLE.match(name) if ", " in name else None
    return f"{found[2]} {found[1]}" if found else name


def without_honorific(name: str) -> str:
    """Strip honorifics before and post-nominal letters after a person's name.

    Titles that are part of a stage name are kept: those before a single word ("Sir Mix-a-Lot"), and
    "Dr.", "Lady" or "MC".

    >>> without_honorific("Sir Elton John CBE"), without_honorific("Dr. Dre")
    ('Elton John', 'Dr. Dre')
    """
    return _BEFORE.sub("", _AFTER.sub("", name)) or name


def without_disambiguator(name: str) -> str:
    """Strip a final parenthesis that disambiguates the name.

    >>> without_disambiguator("Subhumans (British band)"), without_disambiguator("Help! (song)")
    ('Subhumans', 'Help!')
    >>> without_disambiguator("(I Can't Get No) Satisfaction (Live)")
    "(I Can't Get No) Satisfaction (Live)"
    """
    return (_DISAMBIGUATOR.sub("", name) or name) if name.endswith(")") else name


_LOCALES: Final = ("en", "de", "fr", "es", "it", "pt", "nl", "sv", "nb", "da", "fi", "pl", "ja")


def without_accents(text: str) -> str:
    """A text in lower case and without accents.

    >>> without_accents("Début"), without_accents("Großbritannien")
    ('debut', 'grossbritannien')
    """
    plain = unicodedata.normalize("NFKD", text)
    plain = "".join(sign for sign in plain if not unicodedata.combining(sign))
    return unicodedata.normalize("NFC", plain).casefold()


@lru_cache(maxsize=4096)
def country_name(text: str) -> str | None:
    """The usual English name of a country by code (GB, GBR) or name in several languages.

    >>> country_name("GBR"), country_name("Deutschland"), country_name("Atlantis")
    ('United Kingdom', 'Germany', None)
    """
    return _country_names().get(_key(text))


def _key(text: str) -> str:
    return without_accents(text.strip().replace("’", "'").replace("&", "and"))


@lru_cache(maxsize=1)
def _country_names() -> dict[str, str]:
    english = {
        code: COUNTRIES_PLAIN.get(code, name.replace("’", "'"))
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
    for code, names in COUNTRIES_ELSEWHERE.items():
        found.update({_key(name): english[code] for name in names.split("|")})
    found.update({_key(name): english[code] for name, code in COUNTRIES_ALSO.items()})
    found.update({_key(name): kept for name, kept in COUNTRIES_GONE.items()})
    return found


_OWN_NAMES: Final = (
    *("ar", "ca", "cs", "da", "de", "el", "es", "eu", "fa", "fi", "fr", "he", "hi", "hu", "id"),
    *("is", "it", "ja", "ko", "nb", "nl", "pl", "pt", "ro", "ru", "sv", "th", "tr", "uk", "zh"),
)
"""Languages for which the native name is also recognised."""


@lru_cache(maxsize=4096)
def language_name(text: str) -> str | None:
    """The English name of a language by code (en, eng, en-GB) or name ("Deutsch").

    >>> language_name("eng"), language_name("French language"), language_name("Vulcanian")
    ('English', 'French', None)
    """
    key = text.strip().casefold().removesuffix(" language")
    found = _language_names().get(key)
    if found is None and "-" in key and len(key.partition("-")[0]) in {2, 3}:
        found = _language_names().get(key.partition("-")[0])
    return found


@lru_cache(maxsize=1)
def _language_names() -> dict[str, str]:
    english = dict(Locale("en").languages)
    found: dict[str, str] = {}
    for code in _OWN_NAMES:
        own = Locale(code).get_language_name(code)
        if own:
            found[own.casefold()] = english[code]
    found.update({name.casefold(): name for name in english.values()})
    found.update({code.casefold(): name for code, name in english.items()})
    for alias, code in get_global("language_aliases").items():
        if code in english and len(alias) == 3:
            found.setdefault(alias.casefold(), english[code])
    return found
