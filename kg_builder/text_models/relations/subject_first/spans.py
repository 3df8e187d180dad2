"""Runs of words that may name what a text is about, and what they look like."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kg_builder.text_models.relations.alignment import Words
from kg_builder.text_models.relations.knowledge import Knowledge
from kg_builder.text_models.relations.reading import Reading
from kg_builder.text_models.relations.subject_first.field import Beliefs
from kg_builder.text_models.relations.tagger import shown_words

QUOTES: Final = frozenset('"“”«»')
_LONGEST: Final = 13
_LONGEST_QUOTE: Final = 14
_SMALL_IN_A_ROW: Final = 6
_NO_EDGE: Final = frozenset({",", ".", ";", ":", "(", "[", "-", "–", "—", "'s", "’s"}) | QUOTES
_OPENERS: Final = ("'", "’", ".", "…", "#")
_IN_NAMES: Final = frozenset(
    {"of", "the", "in", "a", "an", "to", "for", "on", "at", "from", "with", "&", "and", "or", "by"}
    | {"de", "del", "la", "le", "les", "el", "los", "du", "un", "une", "et", "en", "dans", "y", "e"}
    | {"von", "van", "der", "und", "die", "das", "den", "il", "di", "da", "my", "your", "me", "i"}
    | {"is", "it", "be", "that", "no", "not", "like", "as", "n"}
)
"""Small words that names have inside"""


def quoted(reading: Reading) -> list[Words]:
    """What stands in quotation marks."""
    found, opened = [], None
    for at, word in enumerate(reading.words):
        if word in QUOTES:
            if opened is None:
                opened = at
            else:
                if 1 < at - opened <= _LONGEST_QUOTE + 1:
                    found.append(Words(opened + 1, at))
                opened = None
    return found


def candidate_spans(reading: Reading) -> list[Words]:
    """Runs that begin like a name and hold few small words in a row; they overlap freely."""
    return sorted({*quoted(reading), *_like_names(reading)})


def _like_names(reading: Reading) -> Iterator[Words]:
    words = reading.words
    for start, first in enumerate(words):
        begins = (
            start == 0
            or first[0].isupper()
            or first[0].isdigit()
            or words[start - 1] in QUOTES
            or first.startswith(_OPENERS)
        )
        if not begins or first in _NO_EDGE:
            continue
        small = 0
        for end in range(start + 1, min(len(words), start + _LONGEST) + 1):
            last = words[end - 1]
            if last in QUOTES:
                break
            small = small + 1 if end - 1 > start and last[0].isalpha() and last[0].islower() else 0
            if small > _SMALL_IN_A_ROW:
                break
            if last not in _NO_EDGE:
                yield Words(start, end)


class SpanFeatures:
    """Features of the runs of one text.

    Args:
        reading: the text.
        beliefs: what the field thinks of each of its words.
        knowledge: which words texts about several things use.
        group: what the text is about, where training knows it.
    """

    def __init__(
        self, reading: Reading, beliefs: Beliefs, knowledge: Knowledge, group: str
    ) -> None:
        self._reading, self._beliefs = reading, beliefs
        self._shown = shown_words(reading, knowledge, group)
        self._common = [knowledge.is_common(word, group) for word in reading.lowered]
        self._quoted = frozenset(quoted(reading))
        self._folded = f" {' '.join(filter(None, reading.folded))} "

    def of(self, place: Words) -> list[str]:
        """Features of a run: its edges, its inside, its grammar, the field's view."""
        return [
            *self._edges(place),
            *self._inside(place),
            *self._grammar(place),
            *self._view(place),
        ]

    def _edges(self, place: Words) -> Iterator[str]:
        start, end = place
        words = self._reading.words
        before = ["<", "<", *self._shown[max(0, start - 2) : start]][-2:]
        behind = [*self._shown[end : end + 3], ">", ">", ">"][:3]
        is_quoted = place in self._quoted
        yield f"before {before[1]}"
        yield f"before {' '.join(before)}"
        for length in (1, 2, 3):
            yield f"behind {' '.join(behind[:length])}"
        for length in (1, 2):
            yield f"quoted {is_quoted} behind {' '.join(behind[:length])}"
        yield f"quoted {is_quoted} first {start == 0}"
        within = any(q.start <= start and end <= q.end and q != place for q in self._quoted)
        yield f"within quotes {within}"
        yield f"capital before {start > 0 and words[start - 1][0].isupper()} {start == 1}"
        yield f"capital behind {end < len(words) and words[end][0].isupper()}"

    def _inside(self, place: Words) -> Iterator[str]:
        start, end = place
        words, lowered = self._reading.words[start:end], self._reading.lowered[start:end]
        is_quoted = place in self._quoted
        yield f"length {min(end - start, 7)}"
        yield f"begins {self._shown[start]}"
        yield f"begins {lowered[0] if lowered[0] in _IN_NAMES else ''} {start == 0}"
        yield f"ends {self._shown[end - 1]} {words[-1][0].isupper()}"
        small = [low for word, low in zip(words, lowered, strict=True) if word[0].islower()]
        odd = [word for word in small if word not in _IN_NAMES]
        yield f"small {min(4, len(small))} {is_quoted}"
        yield f"odd {min(3, len(odd))} {is_quoted}"
        for at in range(start, end):
            if self._reading.lowered[at] in odd and self._common[at]:
                yield f"has {self._reading.lowered[at]}"
        behind = self._reading.words[end : end + 1]
        opened, shut = words.count("("), words.count(")")
        yield f"brackets {opened} {shut} {behind == (')',)} {behind == ('(',)}"
        yield f"commas {min(3, words.count(','))} {is_quoted}"
        yield f"and {'and' in lowered} {is_quoted}"
        yield f"genitive {not {'’s', chr(39) + 's'}.isdisjoint(words)}"
        spelt = " ".join(filter(None, self._reading.folded[start:end]))
        times = self._folded.count(f" {spelt} ") if spelt else 0
        yield f"times {min(times, 3)} {end - start > 1}"

    def _grammar(self, place: Words) -> Iterator[str]:
        start, end = place
        reading = self._reading
        heads = [at for at in range(start, end) if not start <= reading.heads[at] < end]
        head = heads[0] if heads else end - 1
        yield f"dep {reading.dependencies[head]}"
        yield f"governor {self._shown[reading.heads[head]]}"
        yield f"heads {min(3, len(heads))}"
        yield f"entities {'|'.join(sorted(set(reading.entities[start:end])))}"
        before = reading.entities[start - 1] if start else ""
        behind = reading.entities[end] if end < len(reading) else ""
        first, last = reading.entities[start], reading.entities[end - 1]
        yield f"entity edges {before}={first} {last}={behind}"

    def _view(self, place: Words) -> Iterator[str]:
        start, end = place
        outside = self._beliefs.outside
        within = int(5 * (1 - max(outside[start:end])))
        around = [outside[at] for at in (start - 1, end) if 0 <= at < len(outside)]
        beyond = int(5 * (1 - min(around, default=1.0)))
        tagged = place in self._beliefs.spans
        yield f"within {within}"
        yield f"beyond {beyond}"
        yield f"within {within} beyond {beyond}"
        yield f"tagged {tagged} {bool(self._beliefs.spans)}"
