"""What the training texts tell about names and pairs of names, never from one's own text's group.

A model that sees, while it trains, that each name is "known" learns to trust the list and fails on
names that are new. So what is known of a name is asked with the asking text's group left out: in
training it is known only through other groups, just as it will be later.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, TypeVar

from kg_builder.extraction.text import lexicon
from kg_builder.text_models.relations.alignment import LabelledText, Words
from kg_builder.text_models.relations.annotation import Slot
from kg_builder.text_models.relations.forms import demonyms
from kg_builder.text_models.relations.reading import Reading, squash

_LONGEST: Final = 8
K = TypeVar("K")


@dataclass
class Knowledge:
    """Which squashed surfaces fill which slots, and which pairs hold which relations, by group."""

    slots: dict[str, dict[Slot, Counter[str]]] = field(default_factory=dict)
    """Surface → slot → group → times"""

    pairs: dict[tuple[str, str], dict[str, Counter[str]]] = field(default_factory=dict)
    """Surfaces of subject and object → relation → group → times"""

    words: dict[str, set[str]] = field(default_factory=dict)
    """Word → groups whose texts use it"""

    @classmethod
    def of(cls, texts: Iterable[LabelledText]) -> Knowledge:
        """What labelled texts tell."""
        slots: dict[str, dict[Slot, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
        pairs: dict[tuple[str, str], dict[str, Counter[str]]]
        pairs = defaultdict(lambda: defaultdict(Counter))
        words: dict[str, set[str]] = defaultdict(set)
        for text in texts:
            group = text.source.group
            for word in text.reading.lowered:
                words[word].add(group)
            for triple in text.source.triples:
                subjects = _surfaces(text, triple.subject)
                objects = _surfaces(text, triple.object)
                for surface in subjects:
                    slots[surface][Slot(triple.relation, "subject")][group] += 1
                for surface in objects:
                    slots[surface][Slot(triple.relation, "object")][group] += 1
                for subject in subjects:
                    for object_ in objects:
                        pairs[subject, object_][triple.relation][group] += 1
        return cls(
            {surface: dict(known) for surface, known in slots.items()},
            {pair: dict(known) for pair, known in pairs.items()},
            dict(words),
        )

    def slots_of(self, surface: str, group: str) -> dict[Slot, int]:
        """Slots that a surface fills in texts of other groups, with the number of times."""
        return _elsewhere(self.slots.get(surface, {}), group)

    def relations_of(self, subject: str, object_: str, group: str) -> dict[str, int]:
        """Relations of a pair of surfaces in texts of other groups."""
        return _elsewhere(self.pairs.get((subject, object_), {}), group)

    def is_common(self, word: str, group: str) -> bool:
        """Whether texts of at least two groups, the asking one apart, use a word."""
        groups = self.words.get(word, set())
        return len(groups) - (group in groups) >= 2

    def find(self, reading: Reading, group: str) -> Iterator[tuple[Words, str]]:
        """Yield the longest runs of words that are known surfaces, from the left."""
        start = 0
        while start < len(reading):
            for end in range(min(start + _LONGEST, len(reading)), start, -1):
                if not reading.folded[start] or not reading.folded[end - 1]:
                    continue
                surface = "".join(reading.folded[start:end])
                if len(surface) > 2 and self.slots_of(surface, group):
                    yield Words(start, end), surface
                    start = end - 1
                    break
            start += 1


def _surfaces(text: LabelledText, name: str) -> set[str]:
    folded = text.reading.folded
    return {"".join(folded[place.start : place.end]) for place in text.places[name]}


def _elsewhere(known: dict[K, Counter[str]], group: str) -> dict[K, int]:
    found = {}
    for key, groups in known.items():
        times = groups.total() - groups.get(group, 0)
        if times:
            found[key] = times
    return found


class WordLists:
    """Genres, instruments, roles and demonyms that are known without any training."""

    def __init__(self) -> None:
        self._kinds: dict[str, str] = {}
        for kind, words in (
            ("role", lexicon.roles()),
            ("instrument", lexicon.instruments()),
            ("genre", lexicon.genres()),
            ("demonym", demonyms()),
        ):
            self._kinds.update((squash(word), kind) for word in words)

    def find(self, reading: Reading) -> Iterator[tuple[Words, str]]:
        """Yield the longest runs of words in a list, from the left, with the list's kind."""
        start = 0
        while start < len(reading):
            for end in range(min(start + 4, len(reading)), start, -1):
                kind = self._kinds.get("".join(reading.folded[start:end]))
                if kind and reading.folded[start] and reading.folded[end - 1]:
                    yield Words(start, end), kind
                    start = end - 1
                    break
            start += 1
