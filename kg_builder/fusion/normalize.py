"""Normalise names into matching keys from strict to loose: case-folded, squeezed, phonetic.

A name has several keys, from strict to loose. The *key* folds case, accents, punctuation, articles
and '&'; the *squeezed* form also drops spaces and transliterates to Latin letters; the *sound* is
phonetic. They are added to the name and do not replace it.
"""

from __future__ import annotations

import re
import shlex
import tomllib
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from itertools import pairwise
from typing import Any, Final

from unidecode import unidecode

from kg_builder.credits import FEATURING, split_credits, swapped


def _table(name: str) -> dict[str, Any]:
    """Load a word table from this module's folder."""
    return tomllib.loads(
        resources.files("kg_builder.fusion").joinpath(name).read_text(encoding="utf-8")
    )


_WORDS: Final = _table("words.toml")
ARTICLES: Final = frozenset(_WORDS["articles"].split())
"""Articles that catalogues move to the end: 'Beatles, The'."""
QUALIFYING: Final = frozenset(" ".join(_WORDS["qualifiers"].values()).split())
"""Words that act as qualifiers when a name ends with them in brackets."""
PLACEHOLDERS: Final = frozenset(shlex.split(_WORDS["placeholders"]))
"""Placeholders for unknown values."""
VERSION_NOISE: Final = frozenset(_WORDS["version_noise"].split())
"""Words in a title's brackets that do not denote a different recording."""
EDITIONS: Final = frozenset(_WORDS["editions"].split())
"""Words in a title's brackets beside which a number is that of an edition."""
PERFORMANCES: Final = frozenset(_WORDS["performances"].split())
"""Words of a title that denote a different performance or mix."""
ABBREVIATIONS: Final[dict[str, str]] = _WORDS["abbreviations"]
"""Synonyms of vocabulary terms (without spaces) → the canonical term."""
ENDINGS: Final[dict[str, list[str]]] = _WORDS["endings"]
"""Class → trailing words that are redundant in a term."""

NICKNAMES: Final[dict[str, frozenset[str]]] = {
    nickname: frozenset(names.split()) for nickname, names in _table("nicknames.toml").items()
}
"""Nickname → given names."""

_NATIONS: Final[dict[str, str]] = {
    word: nation
    for nation, words in _table("nations.toml").items()
    for word in (*words, nation.replace("_", " "))
}

_INVERTED = re.compile(rf"^(?P<core>.+?),\s+(?P<article>{'|'.join(sorted(ARTICLES))})$", re.I)
_BRACKETED = re.compile(r"^(?P<core>.*\S)\s*[(\[（](?P<inside>[^()\[\]（）]+)[)\]）]\s*$")
_REMASTERED: Final = re.compile(
    r"\s[-–]\s(?:digital(?:ly)?\s)?(?:\d{4}\s)?(?:digital(?:ly)?\s)?remaster(?:ed)?(?:\s\d{4})?"
    r"(?:\s(?:version|edition))?\s*$",
    re.I,
)
_ALSO = re.compile(r"^(?:aka|a\.k\.a\.?|also known as)\s+(.+)$", re.I)
_NUMBERED = re.compile(r"^(?:\d{1,3}|\d{4})$")
_INITIALS = re.compile(r"(?<![^\W_])([^\W\d_])\.(?=[^\W\d_](?:\.|\b)|\s|$)")
_AND = re.compile(r" (?:n|et|und) ")
_SHORT_AND = re.compile(r"(?<=\w)\s?['’`´ʼ‘]n['’`´ʼ‘]\s?(?=\w)|(?<=\w) n['’`´ʼ‘](?=\w)")
_SAINT = re.compile(r"\bsaint(?= \w)")
_APOSTROPHES = re.compile(r"['’`´ʼ‘]")
_SYMBOLS = re.compile(r"[\W_]+", re.UNICODE)
_LETTERLIKE: Final = str.maketrans(
    {
        "ø": "o", "ł": "l", "đ": "d", "ð": "d", "æ": "ae", "œ": "oe", "þ": "th", "ı": "i",
        "ħ": "h", "ŧ": "t", "ŋ": "n", "ƒ": "f",
    }
)  # fmt: skip
_LOGOGRAMS: Final = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff々]")
_VOWELS = re.compile(r"[aeiouy]+")
_SOUNDS: Final = (
    (re.compile(r"^(?:kn|gn)"), "n"),
    (re.compile(r"^wr"), "r"),
    (re.compile(r"^x"), "s"),
    (re.compile(r"ph"), "f"),
    (re.compile(r"s?c(?=[eiy])"), "s"),
    (re.compile(r"sch|sh|tch|ch"), "x"),
    (re.compile(r"ck|[cq]"), "k"),
    (re.compile(r"x(?=$)"), "x"),
    (re.compile(r"gh"), ""),
    (re.compile(r"[zß]"), "s"),
    (re.compile(r"[vw]"), "f"),
    (re.compile(r"d"), "t"),
    (re.compile(r"b"), "p"),
    (re.compile(r"g|j"), "k"),
    (re.compile(r"h"), ""),
)
_DOUBLED = re.compile(r"(.)\1+")


@dataclass(frozen=True, slots=True)
class Name:
    """A parsed name.

    Attributes:
        display: natural order, spaces tidied, qualifier removed ('The Beatles').
        key: comparison form ('beatles'); not empty unless the name is.
        squeezed: the key in Latin letters without spaces.
        qualifier: disambiguating text in closing brackets ('UK band'), or ''.
        guests: names after 'feat.'.
        alternatives: keys of alternative readings: '샤이니 (SHINee)', 'X (aka Y)', 'Bowie, David'.
    """

    display: str
    key: str
    squeezed: str
    qualifier: str
    guests: tuple[str, ...]
    alternatives: tuple[str, ...]


@lru_cache(maxsize=262_144)
def parse_name(text: str, *, qualified: bool = True) -> Name:
    """Parse a name into display form, key, qualifier, guests and alternatives.

    Args:
        text: the name as a source writes it.
        qualified: whether closing brackets may hold a qualifier ('Nirvana (UK)', for agents) or
            always belong to the name ('Everlong (acoustic)', for works).
    """
    tidy = natural_order(" ".join(unicodedata.normalize("NFC", text).split()))
    if (found := FEATURING.search(tidy)) and (lead := tidy[: found.start()].strip()):
        guests = tuple(split_credits(found["guests"].strip()))
        key = name_key(f"{lead} feat {' '.join(guests)}")
        return Name(tidy, key, squeeze(key), "", guests, ())
    display, qualifier = tidy, ""
    others: list[str] = []
    if qualified and (found := _BRACKETED.match(tidy)) and name_key(found["core"]):
        core, inside = natural_order(found["core"]), found["inside"].strip()
        if is_qualifier(inside):
            display, qualifier = core, inside
        elif also := _ALSO.match(inside):
            others += [name_key(core), name_key(also[1])]
        elif core.isascii() != inside.isascii():  # the same name in two scripts
            others += [name_key(core), name_key(inside)]
    if qualified and (turned := swapped(display)):
        others.append(name_key(turned))
    key = name_key(display if qualified else without_edition(display))
    alternatives = tuple(other for other in dict.fromkeys(others) if other and other != key)
    return Name(display, key, squeeze(key), qualifier, (), alternatives)


@lru_cache(maxsize=65_536)
def is_placeholder(text: str) -> bool:
    """Whether a text is a placeholder for an unknown value.

    >>> is_placeholder("[unknown]"), is_placeholder("unk."), is_placeholder("Unknown Pleasures")
    (True, True, False)
    """
    bare = " ".join(text.strip(" \t\n[](){}<>-.?*'\"_").casefold().split())
    return not bare or bare in PLACEHOLDERS


@lru_cache(maxsize=65_536)
def nation_of(text: str) -> str:
    """The country that a word names ('British', 'UK', 'GB'), '' for any other word.

    >>> nation_of("Swedish"), nation_of("United States"), nation_of("rock")
    ('sweden', 'usa', '')
    """
    key = name_key(text)
    return _NATIONS.get(text.casefold().strip()) or _NATIONS.get(key, "")


def nations_in(text: str) -> frozenset[str]:
    """The countries named in a text, by single words and word pairs."""
    words = text.casefold().split()
    pairs = [" ".join(pair) for pair in pairwise(words)]
    return frozenset(nation for word in (*words, *pairs) if (nation := nation_of(word)))


def is_qualifier(text: str) -> bool:
    """Whether bracketed text is a qualifier: a kind, a country, a number, a year.

    >>> is_qualifier("UK band"), is_qualifier("2"), is_qualifier("We Are")
    (True, True, False)
    """
    if _NUMBERED.match(text):
        return True
    words = [word.strip(".,'") for word in text.casefold().replace("-", " ").split()]
    return bool(words) and all(word in QUALIFYING or _NUMBERED.match(word) for word in words)


def without_edition(title: str) -> str:
    """A title without a remark about its edition at the end.

    >>> without_edition("So What - 2009 Remaster"), without_edition("Blur (Deluxe Edition)")
    ('So What', 'Blur')
    >>> without_edition("Edition"), without_edition("Hurt (live version)")
    ('Edition', 'Hurt (live version)')
    """
    title = _REMASTERED.sub("", title)
    if found := _BRACKETED.match(title):
        words = set(_SYMBOLS.sub(" ", found["inside"].casefold()).split())
        noise = all(word in VERSION_NOISE or word[0].isdigit() for word in words)
        if noise and not EDITIONS.isdisjoint(words):
            return found["core"]
    return title


def natural_order(name: str) -> str:
    """Put a moved article back: 'Beatles, The' is 'The Beatles'.

    >>> natural_order("Toten Hosen, Die"), natural_order("Earth, Wind & Fire")
    ('Die Toten Hosen', 'Earth, Wind & Fire')
    """
    if "," not in name or not (found := _INVERTED.match(name)):
        return name
    article = found["article"]
    joiner = "" if article.endswith("'") else " "
    return f"{article[0].upper()}{article[1:]}{joiner}{found['core']}"


@lru_cache(maxsize=524_288)
def name_key(text: str) -> str:
    """Fold case, accents, punctuation, a leading 'the', and spellings of 'and' and 'Saint'.

    A name of symbols only keeps them ('!!!'); 'The The' keeps one 'the'.

    >>> name_key("Beatles, The"), name_key("Guns'n'Roses"), name_key("R.E.M."), name_key("P!nk")
    ('beatles', 'guns and roses', 'rem', 'pink')
    >>> name_key("Saint Etienne"), name_key("St. Etienne"), name_key("'N Sync")
    ('st etienne', 'st etienne', 'n sync')
    """
    plain = folded = fold(natural_order(text.strip()))
    if not any(map(str.isalnum, folded)):
        return "".join(folded.split()) or text.strip()
    if not plain.isalnum():
        plain = re.sub(r"(?<=[^\W\d_])\$|\$(?=[^\W\d_])", "s", plain)
        plain = re.sub(r"(?<=[^\W\d_])!(?=[^\W\d_])", "i", plain)
        plain = plain.replace("&", " and ").replace("+", " and ")
        plain = _SHORT_AND.sub(" and ", plain)
        plain = _APOSTROPHES.sub("", plain)
        plain = _INITIALS.sub(r"\1", plain)
        plain = " ".join(_SYMBOLS.sub(" ", plain).split())
        plain = _SAINT.sub("st", _AND.sub(" and ", plain))
    if plain.startswith("the ") and len(plain) > 4:
        plain = plain[4:]
    return plain or "".join(folded.split())


def fold(text: str) -> str:
    """Fold case and compatibility forms; drop accents from Latin letters only.

    Diacritics of other scripts carry meaning (が is not か) and are kept.
    """
    if text.isascii():
        return text.casefold()
    text = unicodedata.normalize("NFKC", text).casefold().translate(_LETTERLIKE)
    out: list[str] = []
    latin = False
    for char in unicodedata.normalize("NFKD", text):
        if unicodedata.combining(char):
            if not latin:
                out.append(char)
            continue
        latin = char < "ɐ"  # up to the end of Latin Extended-B
        out.append(char)
    return unicodedata.normalize("NFC", "".join(out))


@lru_cache(maxsize=524_288)
def squeeze(key: str) -> str:
    """Transliterate a key to Latin letters without spaces; keep a key of symbols only.

    >>> squeeze("hip hop"), squeeze("сплин")
    ('hiphop', 'splin')
    """
    joined = key.replace(" ", "")
    if joined.isascii():
        return joined
    latin = "".join(char for char in unidecode(joined).casefold() if char.isalnum())
    return latin or joined


@lru_cache(maxsize=262_144)
def is_latin(text: str) -> bool:
    """Whether all letters of a text are Latin.

    >>> is_latin("Sigur Rós"), is_latin("Кино"), is_latin("1999")
    (True, False, True)
    """
    return text.isascii() or all(map(_is_latin_letter, filter(str.isalpha, text)))


@lru_cache(maxsize=65_536)
def spelled_out(text: str) -> tuple[str, int]:
    """Romanise the phonetic letters of a text, and count its logograms.

    Chinese characters have one reading in Mandarin and several in Japanese, so no table romanises
    them; kana and Hangul have one reading each.

    >>> spelled_out("東京カメラ"), spelled_out("Кино")
    (('kamera', 2), ('kino', 0))
    """
    logograms = _LOGOGRAMS.findall(text)
    return squeeze(name_key(_LOGOGRAMS.sub(" ", text))), len(logograms)


def _is_latin_letter(char: str) -> bool:
    return char < "ɐ" or "Ḁ" <= char <= "ỿ" or "Ａ" <= char <= "ｚ"


@lru_cache(maxsize=262_144)
def sound(key: str) -> str:
    """Phonetic key of a name for blocking (a consonant skeleton), or '' if it is too short.

    >>> sound("korn") == sound("corn"), sound("sigur ros") == sound("sigur roz")
    (True, True)
    """
    text = squeeze(key)
    if not text.isascii() or not any(char.isalpha() for char in text):
        return ""
    for pattern, value in _SOUNDS:
        text = pattern.sub(value, text)
    head = "a" if text[:1] in tuple("aeiouy") else ""
    skeleton = _DOUBLED.sub(r"\1", head + _VOWELS.sub("", text))
    return skeleton if len(skeleton) >= 3 else ""
