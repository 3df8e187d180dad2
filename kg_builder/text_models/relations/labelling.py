"""Label training texts: align the names of gold triples with word spans, induce classes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import log
from typing import Final

import numpy as np
from rapidfuzz import fuzz
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform
from spacy.lang.en.stop_words import STOP_WORDS

from kg_builder.text_models.corpora import AnnotatedText, Slot, Triple, slots_of
from kg_builder.text_models.relations.parsed_text import ParsedText, WordSpan, squash
from kg_builder.text_models.relations.surface_forms import (
    dates_in,
    forms,
    is_full_name,
    iso_date,
    plain,
)

_MIN_SIMILARITY: Final = 84.0
_MIN_FUZZY_LETTERS: Final = 5
_MAX_MIDDLE_NAMES: Final = 3
_MAX_ALIAS_WORDS: Final = 3
_MIN_ALIAS_TEXTS: Final = 3
_MIN_ALIAS_SHARE: Final = 0.3
_MAX_CLASS_DISTANCE: Final = 0.93
_MIN_CLASS_SHARE: Final = 0.0015
DATE: Final = "date"
OTHER: Final = "other"


@dataclass(frozen=True)
class LabelledText:
    """An annotated text with the spans of its names; a name not found has none."""

    source: AnnotatedText
    parsed: ParsedText
    spans: Mapping[str, tuple[WordSpan, ...]]


class Squashed:
    """A parsed text as one string without punctuation, spaces and diacritics."""

    def __init__(self, parsed: ParsedText) -> None:
        self._starts: dict[int, int] = {}
        self._ends: dict[int, int] = {}
        offset = 0
        pieces = []
        for number, word in enumerate(parsed.folded):
            if word:
                self._starts[offset] = number
                offset += len(word)
                self._ends[offset] = number + 1
                pieces.append(word)
        self.text = "".join(pieces)

    def find(self, form: str) -> list[WordSpan]:
        """Find word spans that spell a squashed form."""
        found = []
        at = self.text.find(form)
        while at >= 0:
            start, end = self._starts.get(at), self._ends.get(at + len(form))
            if start is not None and end is not None:
                found.append(WordSpan(start, end))
            at = self.text.find(form, at + 1)
        return found


@dataclass
class Aligner:
    """Align names with texts: exact, in other forms, misspelt, or by learnt aliases.

    `learn_aliases` pairs unaligned names with words that recur in the same texts ("singer" with
    *Singing*, "non performing" with *non_performing_personnel*).
    """

    aliases: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Squashed name → its squashed aliases"""

    def align(self, text: AnnotatedText, parsed: ParsedText) -> LabelledText:
        """Align the names of a text's triples, unless their mentions are annotated."""
        if text.mentions is not None:
            by_name: dict[str, list[WordSpan]] = defaultdict(list)
            for name, start, end in text.mentions:
                words = parsed.words_at(start, end)
                if words:
                    by_name[name].append(WordSpan(*words))
            return LabelledText(text, parsed, {n: tuple(by_name[n]) for n in _names(text)})
        squashed = Squashed(parsed)
        spans = {name: self.find(name, parsed, squashed) for name in _names(text)}
        return LabelledText(text, parsed, _untangle(spans))

    def find(
        self, name: str, parsed: ParsedText, squashed: Squashed | None = None
    ) -> tuple[WordSpan, ...]:
        """All spans of a name, by the first kind of form that occurs."""
        squashed = squashed or Squashed(parsed)
        date = iso_date(name)
        if date is not None:
            return tuple(_dates(date, parsed))
        for tier in (*forms(name), self.aliases.get(squash(name), ())):
            found = sorted({span for form in tier for span in squashed.find(form)})
            found = [closed(parsed, span) for span in found]
            if found:
                return tuple(_longest(found))
        return tuple(_with_middle_names(name, parsed) or _misspelt(name, parsed))

    def learn_aliases(
        self, texts: Sequence[AnnotatedText], parsed_texts: Sequence[ParsedText]
    ) -> None:
        """Learn aliases from texts with triples."""
        absent: dict[str, list[int]] = defaultdict(list)
        grams: list[set[str]] = []
        frequency: Counter[str] = Counter()
        for number, (text, parsed) in enumerate(zip(texts, parsed_texts, strict=True)):
            if text.mentions is not None:
                grams.append(set())
                continue
            squashed = Squashed(parsed)
            taken: list[WordSpan] = []
            for name in _names(text):
                found = self.find(name, parsed, squashed)
                taken.extend(found)
                if not found:
                    absent[squash(name)].append(number)
            grams.append(set(_free_grams(parsed, taken)))
            frequency.update(grams[-1])
        for name, numbers in sorted(absent.items()):
            if len(numbers) >= _MIN_ALIAS_TEXTS:
                together = Counter(gram for number in numbers for gram in grams[number])
                self.aliases[name] = tuple(_speaking(together, frequency, len(numbers), len(texts)))


def closed(parsed: ParsedText, span: WordSpan) -> WordSpan:
    """Extend a span by the closing bracket of an open one within it.

    "Echo (You and I" is "Echo (You and I)".
    """
    words = parsed.words[span.start : span.end]
    opened = words.count("(") > words.count(")")
    behind = parsed.words[span.end : span.end + 1]
    return WordSpan(span.start, span.end + 1) if opened and behind == (")",) else span


def _names(text: AnnotatedText) -> list[str]:
    return sorted({name for triple in text.triples for name in (triple.subject, triple.object)})


def _speaking(
    together: Counter[str], frequency: Counter[str], times: int, texts: int
) -> Iterable[str]:
    """Words that co-occur with a name far more often than by chance, at most three, best first."""
    scored = []
    for gram, both in together.items():
        share = both / frequency[gram]
        if both >= _MIN_ALIAS_TEXTS and share >= _MIN_ALIAS_SHARE:
            lift = log(share * texts / times)
            scored.append((-both * lift, gram))
    return [gram for score, gram in sorted(scored)[:3] if score < 0]


def _free_grams(parsed: ParsedText, taken: list[WordSpan]) -> Iterable[str]:
    covered = {word for span in taken for word in range(span.start, span.end)}
    for start in range(len(parsed)):
        for end in range(start + 1, min(start + _MAX_ALIAS_WORDS, len(parsed)) + 1):
            if not covered.isdisjoint(range(start, end)) or not all(parsed.folded[start:end]):
                break
            if not STOP_WORDS.isdisjoint(parsed.folded[start:end]):
                break
            gram = "".join(parsed.folded[start:end])
            if len(gram) > 3:
                yield gram


def _dates(date: str, parsed: ParsedText) -> Iterable[WordSpan]:
    """Dates of the text that equal the date at their common precision."""
    found = []
    for start, end, value in dates_in(parsed.text):
        if date.startswith(value) or value.startswith(date):
            words = parsed.words_at(start, end)
            if words:
                found.append((value != date, WordSpan(*words)))
    found.sort()
    return [words for inexact, words in found if inexact == found[0][0]]


def _with_middle_names(name: str, parsed: ParsedText) -> list[WordSpan]:
    """Spans of a name of two words with further capitalised words between these."""
    ends = [squash(word) for word in plain(name).split()]
    if len(ends) != 2 or not all(ends):
        return []
    return [
        span
        for start, word in enumerate(parsed.folded)
        for end in range(start + 3, min(start + 3 + _MAX_MIDDLE_NAMES, len(parsed) + 1))
        if word == ends[0] and parsed.folded[end - 1] == ends[1]
        for span in [WordSpan(start, end)]
        if is_full_name(parsed.span_text(*span))
    ]


def _misspelt(name: str, parsed: ParsedText) -> Iterable[WordSpan]:
    """The word span most similar to a name, if nearly equal."""
    wanted = squash(forms(name)[1][0] if "(" in name and len(forms(name)) > 1 else plain(name))
    if len(wanted) < _MIN_FUZZY_LETTERS:
        return []
    length = max(1, len(plain(name).split()))
    best, span = _MIN_SIMILARITY, None
    for start in range(len(parsed)):
        if not parsed.folded[start]:
            continue
        for end in range(start + max(1, length - 1), min(start + length + 2, len(parsed)) + 1):
            if not parsed.folded[end - 1]:
                continue
            score = fuzz.ratio("".join(parsed.folded[start:end]), wanted, score_cutoff=best)
            if score > best:
                best, span = score, WordSpan(start, end)
    return [span] if span else []


def _longest(spans: list[WordSpan]) -> list[WordSpan]:
    return [
        span
        for span in spans
        if not any(
            other != span and other.start <= span.start and span.end <= other.end for other in spans
        )
    ]


def _untangle(spans: Mapping[str, tuple[WordSpan, ...]]) -> dict[str, tuple[WordSpan, ...]]:
    """Drop spans of a name within a longer name's span ("punk" in "ska punk").

    A name with no other spans keeps them: "London" in "London, England".
    """
    every = sorted({span for found in spans.values() for span in found})
    kept = {}
    for name, found in spans.items():
        free = tuple(
            span
            for span in found
            if not any(
                other.start <= span.start
                and span.end <= other.end
                and other.end - other.start > span.end - span.start
                for other in every
            )
        )
        kept[name] = free or found
    return kept


@dataclass(frozen=True)
class Classes:
    """Classes of slots, and of names by the slots that they fill."""

    of_slot: Mapping[Slot, str]
    of_name: Mapping[str, str]

    @property
    def names(self) -> tuple[str, ...]:
        """All classes, sorted."""
        return tuple(sorted({DATE, *self.of_slot.values()}))

    def of(self, name: str) -> str:
        """The class of a name; dates are recognised by form."""
        return DATE if iso_date(name) else self.of_name.get(name, "")


def induce_classes(
    triples: Iterable[Triple], declared: Mapping[Slot, str] | None = None
) -> Classes:
    """Cluster slots by shared names (average linkage over cosine distances).

    A class is named after its most frequent slot. Slots of dates form one class, as do slots with
    the same class declared in an ontology, and all rare classes together.
    """
    fillers: dict[Slot, Counter[str]] = defaultdict(Counter)
    triples = sorted(triples)
    for triple in triples:
        for slot, name in slots_of(triple):
            fillers[slot][DATE if iso_date(name) else name] += 1
    of_slot = {slot: DATE for slot, names in fillers.items() if names.most_common(1)[0][0] == DATE}
    slots = sorted(slot for slot in fillers if slot not in of_slot)
    sizes = {slot: fillers[slot].total() for slot in slots}
    for members in _clusters(slots, fillers, declared or {}):
        chief = max(members, key=lambda slot: (sizes[slot], slot))
        rare = sum(sizes[slot] for slot in members) < _MIN_CLASS_SHARE * 2 * len(triples)
        of_slot.update(dict.fromkeys(members, OTHER if rare else f"{chief.relation}.{chief.side}"))
    votes: dict[str, Counter[str]] = defaultdict(Counter)
    for slot, names in fillers.items():
        for name, times in names.items():
            votes[name][of_slot[slot]] += times
    of_name = {
        name: max(counts, key=lambda class_: (counts[class_], class_))
        for name, counts in votes.items()
    }
    return Classes(of_slot, of_name)


def _clusters(
    slots: list[Slot], fillers: Mapping[Slot, Counter[str]], declared: Mapping[Slot, str]
) -> list[list[Slot]]:
    if len(slots) < 2:
        return [slots] if slots else []
    names = sorted({name for slot in slots for name in fillers[slot]})
    column = {name: number for number, name in enumerate(names)}
    matrix = np.zeros((len(slots), len(names)))
    for row, slot in enumerate(slots):
        for name, times in fillers[slot].items():
            matrix[row, column[name]] = np.log1p(times)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    distances = np.clip(1 - matrix @ matrix.T, 0, None)
    for row, slot in enumerate(slots):
        for column_, other in enumerate(slots):
            if slot in declared and other in declared:
                distances[row, column_] = float(declared[slot] != declared[other])
    np.fill_diagonal(distances, 0)
    labels = fcluster(
        linkage(squareform(distances, checks=False), "average"), _MAX_CLASS_DISTANCE, "distance"
    )
    found: dict[int, list[Slot]] = defaultdict(list)
    for slot, label in zip(slots, labels.tolist(), strict=True):
        found[label].append(slot)
    return list(found.values())
