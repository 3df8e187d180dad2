"""Text as its author meant it: entities unescaped, mojibake undone, white space made plain."""

from __future__ import annotations

import html
import re
import unicodedata
from functools import lru_cache
from typing import Final

import ftfy
from ftfy.badness import BADNESS_RE

_ENTITY: Final = re.compile(r"&(#\d+|#x[0-9a-f]+|[a-z][a-z0-9]*);", re.IGNORECASE)
_SPACE: Final = re.compile(r"\s+")
_HALF: Final = re.compile(r"[\ud800-\udfff]")
"""Halves of surrogate pairs, which JSON can smuggle in and which no file can hold."""

_FOREIGN: Final = re.compile(r"[^\x00-\x7f](?:[\x00-\x7f]{0,8}[^\x00-\x7f])*")
"""Letters outside ASCII that stand together."""

_NEAR: Final = 6
"""Characters around such letters that tell whether they are meant."""

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufeff\ufffe\uffff]")


def clean_text(text: str, *, repair: bool = True) -> str:
    """One line of text, NFC, without control characters, surrogates or doubled spaces.

    With `repair`, HTML entities are unescaped (also those that were escaped twice) and letters
    that went through the wrong encoding are put right (ftfy); text that is sound stays as it is.
    """
    if repair and "&" in text:
        text = _unescape(text)
    if not text.isascii():
        text = without_halves(text)
        if repair and _is_bad(text):
            text = ftfy.fix_encoding(text)
        text = unicodedata.normalize("NFC", text)
    if text.isprintable() and "  " not in text:
        return text.strip()
    return _SPACE.sub(" ", _CONTROL.sub("", text)).strip()


def without_halves(text: str) -> str:
    """A text with U+FFFD for each half of a surrogate pair, so that no offset moves."""
    return _HALF.sub("\ufffd", text)


@lru_cache(maxsize=65536)
def fold(name: str) -> str:
    """The form under which a source's own mentions of a name are the same thing.

    Only case and white space are folded: whether 'Beyonce' is 'Beyoncé' is for fusion to judge.
    """
    return _SPACE.sub(" ", unicodedata.normalize("NFC", name)).strip().casefold()


def _is_bad(text: str) -> bool:
    """What `ftfy.badness.is_bad` says, with a look only where it can find something.

    Letters that went through the wrong encoding are outside ASCII, and what tells them is a few
    characters long; to search all of a long text for it takes longer than to read the text.
    """
    return any(
        BADNESS_RE.search(text, max(found.start() - _NEAR, 0), found.end() + _NEAR)
        for found in _FOREIGN.finditer(text)
    )


def _unescape(text: str) -> str:
    for _ in range(2):
        if not _ENTITY.search(text):
            break
        text = html.unescape(text)
    return text
