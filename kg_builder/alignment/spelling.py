"""Telling at a glance that a name is none of ours, before it is taken apart.

A dump holds many million names. `keys_of` reads one exactly, in some twenty microseconds; this
test takes one, and is wrong only in one direction: it may let a name pass, never hold one back.
"""

from __future__ import annotations

import re
import string
from collections.abc import Collection
from typing import Final

from kg_builder.fusion.normalize import ABBREVIATIONS, ENDINGS

_KEPT: Final = (string.ascii_letters + string.digits).encode()
_LOWER: Final = bytes(range(256)).lower()
_DROPPED: Final = bytes(code for code in range(256) if code not in _KEPT)
# words that are read as others, never the first; an escape that is no quotation mark
_ODD: Final = re.compile(
    rb"[^a-z0-9](?:(?:n|et|und|feat[a-z]*|ft|prod|aka|a\.k\.a|also)(?![a-z0-9])|(?<=\\)[^\"])"
)
_BRACKET: Final = re.compile(rb"[(\[]")


class Spellings:
    """Our names as letters and digits alone.

    Args:
        keys: keys of `keys_of`, terms of vocabularies marked with '~'.
    """

    def __init__(self, keys: Collection[str]) -> None:
        terms = {key[1:] for key in keys if key.startswith("~")}
        plain = {key for key in keys if not key.startswith("~")} | terms
        endings = {word.replace(" ", "") for words in ENDINGS.values() for word in words}
        short = {word for word, meant in ABBREVIATIONS.items() if meant in terms}
        plain |= short | {term + ending for term in terms | short for ending in endings}
        self._known = frozenset(key.encode() for key in plain)

    def may_be_ours(self, name: bytes) -> bool:
        """Whether a name in UTF-8 may have one of our keys."""
        if not name.isascii() or _ODD.search(name.lower()) or b"$" in name or b"!" in name[:-1]:
            return True
        if b"&" in name or b"+" in name:
            name = name.replace(b"&", b" and ").replace(b"+", b" and ")
        if self._has(name):
            return True
        if b"," in name:
            last, _, first = name.rpartition(b",")
            if self._has(first + last):
                return True
        if b"(" in name or b"[" in name:
            parts = _BRACKET.split(name)
            core, inside = b" ".join(parts[:-1]), parts[-1]
            return self.may_be_ours(core) or self._has(inside)
        return False

    def _has(self, name: bytes) -> bool:
        squeezed = name.translate(_LOWER, _DROPPED)
        known = self._known
        return (
            squeezed in known
            or not squeezed
            or (squeezed.startswith(b"the") and squeezed[3:] in known)
        )
