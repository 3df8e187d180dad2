"""Skip dump lines that hold no name of an entity, by a cheap byte test before parsing."""

from __future__ import annotations

import re
import string
from collections.abc import Collection, Sequence
from typing import Final

import numpy as np

from kg_builder.fusion.normalize import ABBREVIATIONS, ENDINGS

_KEPT: Final = (string.ascii_letters + string.digits).encode()
_LOWER: Final = bytes(range(256)).lower()
_DROPPED: Final = bytes(code for code in range(256) if code not in _KEPT)
_BUT_LINES: Final = _DROPPED.replace(b"\n", b"")
# signs read as words, as separators or as letters; other scripts; escapes
_SIGNS: Final = bytes(code for code in range(256) if code in b"&+,([$!\\" or code > 126)
_BUT_SIGNS: Final = bytes(code for code in range(256) if code not in _SIGNS and code != 10)
# words that are normalised to others (except as the first word); escapes other than quotes
_ODD: Final = re.compile(
    rb"[^a-z0-9\n](?:(?:n|et|und|feat[a-z]*|ft|prod|aka|a\.k\.a|also)(?![a-z0-9])|(?<=\\)[^\"])"
)
_BRACKET: Final = re.compile(rb"[(\[]")


class Spellings:
    """Our names reduced to letters and digits.

    Args:
        keys: keys of `keys_of`, terms of vocabularies marked with '~'.
    """

    def __init__(self, keys: Collection[str]) -> None:
        terms = {key[1:] for key in keys if key.startswith("~")}
        plain = {key for key in keys if not key.startswith("~")} | terms
        endings = {word.replace(" ", "") for words in ENDINGS.values() for word in words}
        short = {word for word, meant in ABBREVIATIONS.items() if meant in terms}
        plain |= short | {term + ending for term in terms | short for ending in endings}
        self._spellings = frozenset(
            shape.encode() for key in plain for shape in (key, f"the{key}", "", "the")
        )

    def perhaps_ours(self, names: Sequence[bytes]) -> list[int]:
        """Test which UTF-8 names may have one of our keys; names must not contain line ends."""
        if not names:
            return []
        text = b"\n".join(names).lower()
        squeezed = text.translate(None, _BUT_LINES).split(b"\n")
        found = {index for index, name in enumerate(squeezed) if name in self._spellings}
        signs = text.translate(None, _BUT_SIGNS).split(b"\n")
        special = {index for index, some in enumerate(signs) if some}
        if words := [match.start() for match in _ODD.finditer(text)]:
            ends = np.cumsum([len(name) + 1 for name in names])
            special.update(np.searchsorted(ends, words, side="right").tolist())
        found.update(index for index in special - found if self.may_be_ours(names[index]))
        return sorted(found)

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
        return name.translate(_LOWER, _DROPPED) in self._spellings
