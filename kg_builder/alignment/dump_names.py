"""Names in a dump: a cheap byte test for those that may be ours; the best described namesakes."""

from __future__ import annotations

import heapq
import re
import string
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Final, Generic, TypeVar

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

_T = TypeVar("_T", str, bytes)


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


class Namesakes(Generic[_T]):
    """Bounded sets of entries per name; of equally described entries the first is kept.

    Args:
        most: entries kept per name.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._best: dict[str, list[tuple[int, int, _T]]] = defaultdict(list)
        self._holds: dict[_T, int] = {}
        self._seen = 0

    def __contains__(self, thing: _T) -> bool:
        return thing in self._holds

    def keep(self, thing: _T) -> None:
        """Keep an entry regardless of its namesakes."""
        self._holds[thing] = self._holds.get(thing, 0) + 1

    def enter(self, thing: _T, facts: int, keys: Iterable[str]) -> list[tuple[_T, str]]:
        """Add an entry with its number of facts under its names.

        Returns:
            The entries no longer kept under any name, with the last name that dropped them.
        """
        losers: list[tuple[_T, str]] = []
        for key in sorted(keys):
            best = self._best[key]
            if any(other == thing for _, _, other in best):
                continue
            self._seen += 1
            self.keep(thing)
            heapq.heappush(best, (facts, -self._seen, thing))
            if len(best) > self._most:
                losers.append((heapq.heappop(best)[2], key))
        gone = []
        for loser, key in losers:
            self._holds[loser] -= 1
            if not self._holds[loser]:
                del self._holds[loser]
                gone.append((loser, key))
        return gone
