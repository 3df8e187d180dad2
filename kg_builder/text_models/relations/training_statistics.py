"""Learn from training texts the slots, relations and canonical names of mentions (`Namer`).

If every name were "known" in training, a model would learn to trust the list and fail on new names.
So lookups leave out the texts of the same group: in training a name is known only from other
groups, as at test time.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, TypeVar

from wordfreq import zipf_frequency

from kg_builder.extraction.text import lexicon
from kg_builder.extraction.values import country_name
from kg_builder.text_models.corpora import Slot, joined, slots_of
from kg_builder.text_models.relations.labelling import LabelledText
from kg_builder.text_models.relations.parsed_text import ParsedText, WordSpan, squash
from kg_builder.text_models.relations.surface_forms import (
    YEAR_OF,
    demonyms,
    is_full_name,
    notation_of,
    plain,
    precision,
    whole_date,
    write,
)

_MAX_WORDS: Final = 8
_MAX_LISTED_WORDS: Final = 4
_AS_IT_IS: Final = ""
_COUNTRY: Final = "=country"
_NO_ARTICLE: Final = "-article"
_NO_MIDDLE: Final = "-middle names"
_SINGULAR: Final = "-s"
_MIN_EXAMPLES: Final = 3
_COMMON_ZIPF: Final = 3.0
K = TypeVar("K")


@dataclass
class TrainingStatistics:
    """Counts of squashed surfaces by slot, and of surface pairs by relation, per group."""

    slots: dict[str, dict[Slot, Counter[str]]] = field(default_factory=dict)
    """Surface → slot → group → count"""

    pairs: dict[tuple[str, str], dict[str, Counter[str]]] = field(default_factory=dict)
    """Surfaces of subject and object → relation → group → count"""

    words: dict[str, set[str]] = field(default_factory=dict)
    """Word → groups of the texts with it"""

    @classmethod
    def of(cls, texts: Iterable[LabelledText]) -> TrainingStatistics:
        """Count the names in labelled texts."""
        slots: dict[str, dict[Slot, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
        pairs: dict[tuple[str, str], dict[str, Counter[str]]]
        pairs = defaultdict(lambda: defaultdict(Counter))
        words: dict[str, set[str]] = defaultdict(set)
        for text in texts:
            group = text.source.group
            for word in text.parsed.lowered:
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
            {surface: dict(counts) for surface, counts in slots.items()},
            {pair: dict(counts) for pair, counts in pairs.items()},
            dict(words),
        )

    def slots_of(self, surface: str, group: str) -> dict[Slot, int]:
        """Slots of a surface in texts of other groups, with counts."""
        return _elsewhere(self.slots.get(surface, {}), group)

    def relations_of(self, subject: str, object_: str, group: str) -> dict[str, int]:
        """Relations of a pair of surfaces in texts of other groups."""
        return _elsewhere(self.pairs.get((subject, object_), {}), group)

    def is_common(self, word: str, group: str) -> bool:
        """Whether a word occurs in at least two groups other than the given one."""
        groups = self.words.get(word, set())
        return len(groups) - (group in groups) >= 2

    def find(self, parsed: ParsedText, group: str) -> Iterator[tuple[WordSpan, str]]:
        """Yield the leftmost-longest spans that are known surfaces."""
        start = 0
        while start < len(parsed):
            for end in range(min(start + _MAX_WORDS, len(parsed)), start, -1):
                if not parsed.folded[start] or not parsed.folded[end - 1]:
                    continue
                surface = "".join(parsed.folded[start:end])
                if len(surface) > 2 and self.slots_of(surface, group):
                    yield WordSpan(start, end), surface
                    start = end - 1
                    break
            start += 1


def _surfaces(text: LabelledText, name: str) -> list[str]:
    folded = text.parsed.folded
    return sorted({"".join(folded[span.start : span.end]) for span in text.spans[name]})


def _elsewhere(by_group: dict[K, Counter[str]], group: str) -> dict[K, int]:
    found = {}
    for key, groups in by_group.items():
        times = groups.total() - groups.get(group, 0)
        if times:
            found[key] = times
    return found


class WordLists:
    """Word lists of genres, instruments, roles and demonyms."""

    def __init__(self) -> None:
        self._kinds: dict[str, str] = {}
        for kind, words in (
            ("role", lexicon.roles()),
            ("instrument", lexicon.instruments()),
            ("genre", lexicon.genres()),
            ("demonym", demonyms()),
        ):
            self._kinds.update((squash(word), kind) for word in words)

    def find(self, parsed: ParsedText) -> Iterator[tuple[WordSpan, str]]:
        """Yield the leftmost-longest spans in a list, with the list's kind."""
        start = 0
        while start < len(parsed):
            for end in range(min(start + _MAX_LISTED_WORDS, len(parsed)), start, -1):
                kind = self._kinds.get("".join(parsed.folded[start:end]))
                if kind and parsed.folded[start] and parsed.folded[end - 1]:
                    yield WordSpan(start, end), kind
                    start = end - 1
                    break
            start += 1


@dataclass
class Namer:
    """Converter of mentions to canonical names, by slot.

    A surface seen in training gets its most frequent name. For others the slot's most frequent
    change from surface to name is applied, which may differ for common words and demonyms: "Trance"
    is *Trance music* as a genre, but "Krautrock" stays; "French" is *France* as a birthplace and
    *French language* as a language. Dates come in the collection's notation.
    """

    names: dict[str, dict[Slot, dict[str, Counter[str]]]] = field(default_factory=dict)
    """Squashed surface → slot → name → group → count"""

    habits: dict[tuple[Slot, str], Counter[str]] = field(default_factory=dict)
    """Slot and kind of surface → change from surface to name → number of distinct names

    Of dates: slot and precision in the text → notation of the name → number of mentions, with ""
    for names that are more precise.
    """

    @classmethod
    def of(cls, texts: Iterable[LabelledText]) -> Namer:
        """Learn from labelled texts."""
        names: dict[str, dict[Slot, dict[str, Counter[str]]]]
        names = defaultdict(lambda: defaultdict(lambda: defaultdict(Counter)))
        changes: dict[tuple[Slot, str], set[tuple[str, str]]] = defaultdict(set)
        dated: dict[tuple[Slot, str], Counter[str]] = defaultdict(Counter)
        for text in texts:
            for triple in text.source.triples:
                for slot, name in slots_of(triple):
                    for span in text.spans[name]:
                        surface = text.parsed.span_text(*span)
                        date = whole_date(surface)
                        if date:
                            notation = notation_of(date, name)
                            dated[slot, precision(date)][notation or ""] += 1
                            continue
                        names[squash(surface)][slot][plain(name)][text.source.group] += 1
                        change = _change(surface, plain(name))
                        if change is not None:
                            changes[slot, _kind_of_surface(surface)].add((change, name))
        habits = {
            key: Counter(change for change, _ in sorted(found)) for key, found in changes.items()
        }
        habits.update(dated)
        return cls(
            {s: {slot: dict(n) for slot, n in by.items()} for s, by in names.items()}, habits
        )

    def name(self, surface: str, slot: Slot, group: str = "") -> str:
        """The canonical name of a mention in a slot.

        Args:
            surface: the mention's text.
            slot: the mention's slot.
            group: the text's topic, whose own texts are left out.
        """
        date = whole_date(surface)
        if date:
            notation = _most_frequent(self._notations(date, slot)) or (
                YEAR_OF if len(date) == 4 else ""
            )
            return write(date, notation) if notation else date
        slots = self.names.get(squash(surface), {})
        name = _most_frequent_elsewhere(slots.get(slot, {}), group) or _most_frequent_elsewhere(
            _over_all_slots(slots), group
        )
        if name:
            return name
        habits = self.habits.get((slot, _kind_of_surface(surface)), Counter())
        change = _most_frequent(habits) if habits.total() >= _MIN_EXAMPLES else _AS_IT_IS
        return _changed(joined(surface), change)

    def certainty(self, surface: str, slot: Slot) -> float:
        """The probability that the name of a mention that fills a slot is correct; 1 if no date.

        A text often gives a date less precisely than the collection: the year of a full date.
        """
        date = whole_date(surface)
        if not date:
            return 1.0
        notations = self._notations(date, slot)
        seen = self.habits.get((slot, precision(date)), Counter()).total()
        return (notations[_most_frequent(notations)] + 1) / (seen + 2)

    def _notations(self, date: str, slot: Slot) -> Counter[str]:
        """Notations of names in a slot whose texts had dates of this precision."""
        habits = self.habits.get((slot, precision(date)), Counter())
        return Counter({notation: times for notation, times in habits.items() if notation})


def _most_frequent(counts: Counter[str]) -> str:
    return max(counts, key=lambda key: (counts[key], key), default="")


def _most_frequent_elsewhere(names: dict[str, Counter[str]], group: str) -> str:
    times = {name: groups.total() - groups.get(group, 0) for name, groups in names.items()}
    best = max(times, key=lambda name: (times[name], name), default="")
    return best if best and times[best] > 0 else ""


def _over_all_slots(slots: dict[Slot, dict[str, Counter[str]]]) -> dict[str, Counter[str]]:
    merged: dict[str, Counter[str]] = defaultdict(Counter)
    for names in slots.values():
        for name, groups in names.items():
            merged[name].update(groups)
    return merged


def _kind_of_surface(surface: str) -> str:
    if squash(surface) in demonyms():
        return "demonym"
    if country_name(surface):
        return "country"
    if surface[:4].lower() == "the ":
        return "article"
    if is_full_name(surface):
        return "full name"
    form = "plural" if surface.islower() and surface.endswith("s") else "other"
    # an encyclopedia tells a common word from the genre: "Trance music", but "Krautrock"
    common = " " not in surface and zipf_frequency(surface, "en") >= _COMMON_ZIPF
    return f"{form}, a common word" if common else form


def _change(surface: str, name: str) -> str | None:
    """The change from surface to name, or None if it is specific to the name."""
    text, wanted = joined(surface).casefold(), name.casefold()
    if squash(text) == squash(wanted):
        return _AS_IT_IS
    if wanted.startswith(text + " ") and name[len(text) + 1 :].islower():
        return "+" + name[len(text) :]
    for change in (_COUNTRY, _NO_ARTICLE, _NO_MIDDLE, _SINGULAR):
        if squash(_changed(joined(surface), change)) == squash(wanted):
            return change
    return None


def _changed(surface: str, change: str) -> str:
    if change.startswith("+"):
        return surface + change[1:]
    if change == _COUNTRY:
        return demonyms().get(squash(surface)) or country_name(surface) or surface
    if change == _NO_ARTICLE and surface[:4].lower() == "the ":
        return surface[4:]
    if change == _NO_MIDDLE and is_full_name(surface):
        return " ".join(surface.split()[:: len(surface.split()) - 1])
    if change == _SINGULAR and surface.endswith("s"):
        return surface[:-1]
    return surface
