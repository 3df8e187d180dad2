"""Where a text speaks of the things that its triples name."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import log
from typing import Final, NamedTuple

from rapidfuzz import fuzz
from spacy.lang.en.stop_words import STOP_WORDS

from kg_builder.text_models.relations.annotation import AnnotatedText
from kg_builder.text_models.relations.dates import dates_in, iso_date
from kg_builder.text_models.relations.forms import forms, plain
from kg_builder.text_models.relations.reading import Reading, squash

_FUZZY: Final = 84.0
_SHORTEST_FUZZY: Final = 5
_LONGEST_ALIAS: Final = 3
_LEAST_TEXTS: Final = 3
_LEAST_SHARE: Final = 0.3


class Words(NamedTuple):
    """A run of words, `end` exclusive."""

    start: int
    end: int

    def overlaps(self, other: Words) -> bool:
        """Whether two runs share a word."""
        return self.start < other.end and other.start < self.end


@dataclass(frozen=True)
class LabelledText:
    """An annotated text with the places of its names; a name that was not found has none."""

    source: AnnotatedText
    reading: Reading
    places: Mapping[str, tuple[Words, ...]]


class Squashed:
    """A reading as one string without signs, so that spacing and diacritics do not matter."""

    def __init__(self, reading: Reading) -> None:
        self._starts: dict[int, int] = {}
        self._ends: dict[int, int] = {}
        offset = 0
        pieces = []
        for number, word in enumerate(reading.folded):
            if word:
                self._starts[offset] = number
                offset += len(word)
                self._ends[offset] = number + 1
                pieces.append(word)
        self.text = "".join(pieces)

    def find(self, form: str) -> list[Words]:
        """Runs of whole words that spell a squashed form."""
        found = []
        at = self.text.find(form)
        while at >= 0:
            start, end = self._starts.get(at), self._ends.get(at + len(form))
            if start is not None and end is not None:
                found.append(Words(start, end))
            at = self.text.find(form, at + 1)
        return found


@dataclass
class Aligner:
    """Finds names in texts: as written, in other forms, misspelt, or by an alias it has learnt.

    `learn` looks at names that no form explains and at words of the same texts that recur with
    them ("singer" with *Singing*, "non performing" with *non_performing_personnel*).
    """

    aliases: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Name, squashed → squashed words that stand for it"""

    def align(self, text: AnnotatedText, reading: Reading) -> LabelledText:
        """Place the names of a text's triples, where the text does not come with their places."""
        if text.places is not None:
            known: dict[str, list[Words]] = defaultdict(list)
            for name, start, end in text.places:
                words = reading.words_at(start, end)
                if words:
                    known[name].append(Words(*words))
            return LabelledText(text, reading, {n: tuple(known[n]) for n in _names(text)})
        squashed = Squashed(reading)
        places = {name: self.find(name, reading, squashed) for name in _names(text)}
        return LabelledText(text, reading, _untangle(places))

    def find(
        self, name: str, reading: Reading, squashed: Squashed | None = None
    ) -> tuple[Words, ...]:
        """All places of a name, by the first way of looking that finds one."""
        squashed = squashed or Squashed(reading)
        date = iso_date(name)
        if date is not None:
            return tuple(_dates(date, reading))
        for tier in (*forms(name), self.aliases.get(squash(name), ())):
            found = sorted({place for form in tier for place in squashed.find(form)})
            found = [closed(reading, place) for place in found]
            if found:
                return tuple(_longest(found))
        return tuple(_misspelt(name, reading))

    def learn(self, texts: Sequence[AnnotatedText], readings: Sequence[Reading]) -> None:
        """Learn aliases from texts whose triples are known."""
        absent: dict[str, list[int]] = defaultdict(list)
        grams: list[set[str]] = []
        frequency: Counter[str] = Counter()
        for number, (text, reading) in enumerate(zip(texts, readings, strict=True)):
            if text.places is not None:
                grams.append(set())
                continue
            squashed = Squashed(reading)
            taken: list[Words] = []
            for name in _names(text):
                found = self.find(name, reading, squashed)
                taken.extend(found)
                if not found:
                    absent[squash(name)].append(number)
            grams.append(set(_free_grams(reading, taken)))
            frequency.update(grams[-1])
        for name, numbers in sorted(absent.items()):
            if len(numbers) >= _LEAST_TEXTS:
                together = Counter(gram for number in numbers for gram in grams[number])
                self.aliases[name] = tuple(_speaking(together, frequency, len(numbers), len(texts)))


def closed(reading: Reading, place: Words) -> Words:
    """A run of words with the bracket behind it that closes one within it.

    "Echo (You and I" is "Echo (You and I)".
    """
    words = reading.words[place.start : place.end]
    opened = words.count("(") > words.count(")")
    behind = reading.words[place.end : place.end + 1]
    return Words(place.start, place.end + 1) if opened and behind == (")",) else place


def _names(text: AnnotatedText) -> list[str]:
    return sorted({name for triple in text.triples for name in (triple.subject, triple.object)})


def _speaking(
    together: Counter[str], frequency: Counter[str], times: int, texts: int
) -> Iterable[str]:
    """Words that come with a name far more often than by chance, best first, three at most."""
    scored = []
    for gram, both in together.items():
        share = both / frequency[gram]
        if both >= _LEAST_TEXTS and share >= _LEAST_SHARE:
            lift = log(share * texts / times)
            scored.append((-both * lift, gram))
    return [gram for score, gram in sorted(scored)[:3] if score < 0]


def _free_grams(reading: Reading, taken: list[Words]) -> Iterable[str]:
    covered = {word for place in taken for word in range(place.start, place.end)}
    for start in range(len(reading)):
        for end in range(start + 1, min(start + _LONGEST_ALIAS, len(reading)) + 1):
            if not covered.isdisjoint(range(start, end)) or not all(reading.folded[start:end]):
                break
            if not STOP_WORDS.isdisjoint(reading.folded[start:end]):
                break
            gram = "".join(reading.folded[start:end])
            if len(gram) > 3:
                yield gram


def _dates(date: str, reading: Reading) -> Iterable[Words]:
    """Dates of the text that are the date, as far as both are known."""
    found = []
    for start, end, value in dates_in(reading.text):
        if date.startswith(value) or value.startswith(date):
            words = reading.words_at(start, end)
            if words:
                found.append((value != date, Words(*words)))
    found.sort()
    return [words for inexact, words in found if inexact == found[0][0]]


def _misspelt(name: str, reading: Reading) -> Iterable[Words]:
    """The run of words that is most like a name, if it is nearly the name."""
    wanted = squash(forms(name)[1][0] if "(" in name and len(forms(name)) > 1 else plain(name))
    if len(wanted) < _SHORTEST_FUZZY:
        return []
    length = max(1, len(plain(name).split()))
    best, place = _FUZZY, None
    for start in range(len(reading)):
        if not reading.folded[start]:
            continue
        for end in range(start + max(1, length - 1), min(start + length + 2, len(reading)) + 1):
            if not reading.folded[end - 1]:
                continue
            score = fuzz.ratio("".join(reading.folded[start:end]), wanted, score_cutoff=best)
            if score > best:
                best, place = score, Words(start, end)
    return [place] if place else []


def _longest(places: list[Words]) -> list[Words]:
    return [
        place
        for place in places
        if not any(
            other != place and other.start <= place.start and place.end <= other.end
            for other in places
        )
    ]


def _untangle(places: Mapping[str, tuple[Words, ...]]) -> dict[str, tuple[Words, ...]]:
    """Leave out places of a name that lie within a longer name's place ("punk" in "ska punk").

    A name all of whose places lie within others keeps them: "London" in "London, England".
    """
    every = sorted({place for found in places.values() for place in found})
    kept = {}
    for name, found in places.items():
        free = tuple(
            place
            for place in found
            if not any(
                other.start <= place.start
                and place.end <= other.end
                and other.end - other.start > place.end - place.start
                for other in every
            )
        )
        kept[name] = free or found
    return kept
