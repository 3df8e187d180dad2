"""Judge which of an entity's spellings is the right one, by the other names of the collection."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from kg_builder.fusion.fuse import Record

_WORD: Final = re.compile(r"[^\W_]+")


class Spellings:
    """Preferences among spellings that equally many statements of equally trusted sources use.

    A misspelt word hardly occurs in the names of other entities. Where no word decides ("Umbrella",
    "Umbrlla"), the source counts that more often has the better spelling where one does.

    Args:
        clusters: the records of each entity.
    """

    def __init__(self, clusters: Iterable[Sequence[Record]]) -> None:
        self._entities: Counter[str] = Counter()
        varied = []
        for records in clusters:
            names = {record.name for record in records}
            self._entities.update({word for name in names for word in _words(name)})
            if len(names) > 1:
                varied.append(records)
        better: Counter[str] = Counter()
        decided: Counter[str] = Counter()
        for records in varied:
            rare = [self._rare_words(record.name) for record in records]
            if min(rare) < max(rare):
                sources = [record.source for record in records]
                decided.update(sources)
                better.update(s for s, n in zip(sources, rare, strict=True) if n == min(rare))
        # of few decisions, less is believed
        self._better = {name: (better[name] + 1) / (decided[name] + 2) for name in decided}

    def preference(self, record: Record) -> tuple[int, bool, float, int]:
        """Sort key, the best spelling first.

        Words of no other entity's name; several words in capitals or small letters only; how often
        the source is right; letters with accents, which may have been lost.
        """
        name = record.name
        caseless = " " in name and (name.isupper() or name.islower())
        accents = sum(not letter.isascii() for letter in name)
        return self._rare_words(name), caseless, -self._better.get(record.source, 0.5), -accents

    def _rare_words(self, name: str) -> int:
        return sum(self._entities[word] < 2 for word in _words(name))


def _words(name: str) -> set[str]:
    return set(_WORD.findall(name.casefold()))
