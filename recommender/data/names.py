"""Index of names and aliases that ignores case, accents and punctuation."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike
from rapidfuzz import fuzz, process
from unidecode import unidecode

__all__ = ["Match", "NameIndex", "fold_name", "loosen_name"]

_IN_BRACKETS = re.compile(r"\s*[(\[][^()\[\]]*[)\]]\s*$")
_ARTICLE_IN_FRONT = re.compile(r"^(?:the|a|an)\s+(?=\S)", re.IGNORECASE)
_ARTICLE_AT_THE_END = re.compile(r",\s*(?:the|a|an)$", re.IGNORECASE)
_NEAR = 70.0  # of 100: suggestions below are not helpful
_FURTHER = 15.0  # a suggestion may be so much less similar than the best one
_SHORTEST_PART = 4  # letters of a part of a name; most names contain any three


def fold_name(text: str) -> str:
    """Reduce a name to its letters and digits, in lower case and without accents.

    `Guns N' Roses` becomes `gunsnroses`; a name of other signs (`!!!`) is unchanged.
    """
    plain = unidecode(text.replace("&", " and ")).casefold()
    kept = "".join(character for character in plain if character.isalnum())
    return kept or text.strip().casefold()


def loosen_name(text: str) -> str:
    """`fold_name` without an article and a final parenthesis.

    `The Cure`, `Matrix, The (1999)`.
    """
    bare = _IN_BRACKETS.sub("", text) or text
    bare = _ARTICLE_AT_THE_END.sub("", bare.strip()) or bare
    return fold_name(_ARTICLE_IN_FRONT.sub("", bare) or bare)


@dataclass(frozen=True)
class Match:
    """The ids that match a text.

    Attributes:
        ids: all ids with the name, by falling weight (popularity).
        name: the name of the first.
    """

    ids: tuple[int, ...]
    name: str

    @property
    def id(self) -> int:
        """The id of highest weight."""
        return self.ids[0]


class NameIndex:
    """Name index with exact, case-insensitive and punctuation-insensitive lookup, in this order.

    At each step names come before aliases.

    Args:
        names: `(id, name)` pairs.
        aliases: `(id, alias)` pairs, for ids that have a name.
        weight: ``[largest id + 1]``, order of ids with the same name, ties by lower id. All equal
            by default.
    """

    def __init__(
        self,
        names: Iterable[tuple[int, str]],
        aliases: Iterable[tuple[int, str]] = (),
        weight: ArrayLike | None = None,
    ) -> None:
        self._names = [(number, name) for number, name in names if name.strip()]
        self._name_of = dict(self._names)
        self._aliases = [(n, alias) for n, alias in aliases if alias.strip() and n in self._name_of]
        self._weight = None if weight is None else np.asarray(weight)

    def __len__(self) -> int:
        return len(self._names)

    def name(self, number: int) -> str:
        """The name of an id."""
        return self._name_of[number]

    def best_known(self, most: int) -> list[str]:
        """The names of highest weight."""
        ranked = sorted(self._name_of, key=lambda n: (-self._weight_of(n), n))
        return [self._name_of[n] for n in ranked[:most]]

    def find(self, text: str) -> Match | None:
        """Look up a text; None if no name matches."""
        for key_of, table in self._tables:
            ids = table.get(key_of(text))
            if ids:
                return Match(tuple(ids), self._name_of[ids[0]])
        return None

    def suggest(self, text: str, most: int = 3) -> list[str]:
        """Names similar to the text, the most similar first; at most `most`."""
        keys, numbers = self._spellings
        wanted = loosen_name(text)
        best: dict[int, float] = {}
        # Typing errors hardly change the length; a part of a name ("Bowie") is shorter.
        for scorer, is_part in ((fuzz.ratio, False), (fuzz.WRatio, True)):
            found = process.extract(
                wanted, keys, scorer=scorer, limit=10 * most, score_cutoff=_NEAR
            )
            for key, score, index in found:
                if not is_part or (len(key) > len(wanted) >= _SHORTEST_PART):
                    number = numbers[index]
                    best[number] = max(best.get(number, 0.0), score - 5.0 * is_part)
        least = max(best.values(), default=0.0) - _FURTHER
        near = [number for number, score in best.items() if score >= least]
        ranked = sorted(near, key=lambda n: (-round(best[n]), -self._weight_of(n), n))
        return list(dict.fromkeys(self._name_of[n] for n in ranked))[:most]

    @cached_property
    def _tables(self) -> list[tuple[Callable[[str], str], dict[str, list[int]]]]:
        """Lookup tables in the order in which they are tried."""
        return [
            (str.strip, self._table(str.strip, self._names)),
            (_any_case, self._table(_any_case, self._names)),
            (fold_name, self._table(fold_name, self._names)),
            (fold_name, self._table(fold_name, self._aliases)),
            (loosen_name, self._table(loosen_name, self._names)),
            (loosen_name, self._table(loosen_name, self._aliases)),
        ]

    @cached_property
    def _spellings(self) -> tuple[list[str], list[int]]:
        pairs = [*self._names, *self._aliases]
        return [loosen_name(name) for _, name in pairs], [number for number, _ in pairs]

    def _table(
        self, key_of: Callable[[str], str], pairs: Sequence[tuple[int, str]]
    ) -> dict[str, list[int]]:
        table: dict[str, set[int]] = {}
        for number, name in pairs:
            table.setdefault(key_of(name), set()).add(number)
        return {
            key: sorted(ids, key=lambda n: (-self._weight_of(n), n)) for key, ids in table.items()
        }

    def _weight_of(self, number: int) -> float:
        if self._weight is None or number >= len(self._weight):
            return 0.0
        return float(self._weight[number])


def _any_case(text: str) -> str:
    return text.strip().casefold()
