"""Mentions of things in a text: a conditional random field over its words."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pycrfsuite

from kg_builder.text_models.relations.alignment import LabelledText, Words
from kg_builder.text_models.relations.classes import DATE, Classes
from kg_builder.text_models.relations.dates import dates_in
from kg_builder.text_models.relations.knowledge import Knowledge, WordLists
from kg_builder.text_models.relations.reading import Reading

_OUTSIDE: Final = "O"
_NUMBER: Final = re.compile(r"\d")
_SHAPES: Final = (
    (re.compile(r"[^\W\d_a-zß-öø-ÿ]"), "X"),
    (re.compile(r"[^\W\d_X]"), "x"),
    (re.compile(r"\d"), "0"),
    (re.compile(r"(.)\1{2,}"), r"\1\1"),
)
_ITERATIONS: Final = 45
_NEIGHBOURS: Final = (-2, -1, 0, 1, 2)


@dataclass(frozen=True)
class Candidate:
    """A run of words that may be a mention."""

    place: Words
    class_: str
    probability: float
    name: str = ""
    """The thing's name where it is given; otherwise it must be told from the text."""


def true_candidates(text: LabelledText, classes: Classes) -> list[Candidate]:
    """The mentions that a labelled text is known to have; of two that overlap the longer."""
    found = [
        Candidate(place, classes.of(name), 1.0, name)
        for name, places in text.places.items()
        for place in places
    ]
    found.sort(key=lambda item: (item.place.start - item.place.end, item.place, item.name))
    kept: list[Candidate] = []
    for item in found:
        if not any(item.place.overlaps(other.place) for other in kept):
            kept.append(item)
    return sorted(kept, key=lambda item: item.place)


class MentionTagger:
    """Labels each word as outside, or as beginning or continuing a mention of a class.

    Words are shown to it as themselves only where texts about several subjects use them: a name
    is a shape in a context. See `Knowledge` for how names known from training are shown.
    """

    def __init__(self, knowledge: Knowledge, lists: WordLists, model: bytes) -> None:
        self._knowledge, self._lists, self._model = knowledge, lists, model
        self._tagger = pycrfsuite.Tagger()
        self._tagger.open_inmemory(model)
        self._labels = frozenset(self._tagger.labels())

    @property
    def model(self) -> bytes:
        """The trained field, as CRFsuite writes it."""
        return self._model

    @classmethod
    def fit(
        cls,
        texts: Sequence[LabelledText],
        classes: Classes,
        knowledge: Knowledge,
        lists: WordLists,
    ) -> MentionTagger:
        """Train by L-BFGS, which has no randomness."""
        trainer = pycrfsuite.Trainer(verbose=False)
        for text in texts:
            labels = [_OUTSIDE] * len(text.reading)
            for item in true_candidates(text, classes):
                start, end = item.place
                labels[start:end] = [f"I-{item.class_}"] * (end - start)
                labels[start] = f"B-{item.class_}"
            trainer.append(features(text.reading, knowledge, lists, text.source.group), labels)
        trainer.set_params({"c1": 0.05, "c2": 0.05, "max_iterations": _ITERATIONS})
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model"
            trainer.train(str(path))
            return cls(knowledge, lists, path.read_bytes())

    def find(self, reading: Reading, group: str = "") -> list[Candidate]:
        """The mentions of the likeliest labelling, with the probability of their least sure word.

        Args:
            reading: the text.
            group: what the text is about, so that nothing is known from its own group.
        """
        if not len(reading):
            return []
        self._tagger.set(features(reading, self._knowledge, self._lists, group))
        labels = self._tagger.tag()
        found = []
        start = 0
        while start < len(labels):
            if labels[start] == _OUTSIDE:
                start += 1
                continue
            end = start + 1
            while end < len(labels) and labels[end].startswith("I-"):
                end += 1
            surest = min(self._tagger.marginal(labels[at], at) for at in range(start, end))
            found.append(Candidate(Words(start, end), labels[start][2:], surest))
            start = end
        return found

    def classify(
        self, reading: Reading, places: Sequence[Words], group: str = ""
    ) -> list[Candidate]:
        """The likeliest class of mentions whose places are known, and how likely it is."""
        if not places:
            return []
        self._tagger.set(features(reading, self._knowledge, self._lists, group))
        classes = [label[2:] for label in sorted(self._tagger.labels()) if label[:2] == "B-"]
        found = []
        for place in places:
            scores = {class_: self._marginal(class_, place) for class_ in classes}
            best = max(scores, key=lambda class_: (scores[class_], class_))
            found.append(Candidate(place, best, scores[best]))
        return found

    def _marginal(self, class_: str, place: Words) -> float:
        product = self._tagger.marginal(f"B-{class_}", place.start)
        for at in range(place.start + 1, place.end):
            product *= max(self._marginal_of(f"I-{class_}", at), 1e-6)
        return float(product)

    def _marginal_of(self, label: str, at: int) -> float:
        return self._tagger.marginal(label, at) if label in self._labels else 0.0


def features(
    reading: Reading, knowledge: Knowledge, lists: WordLists, group: str
) -> list[list[str]]:
    """What the field sees of each word."""
    known = [""] * len(reading)
    for (start, end), surface in knowledge.find(reading, group):
        slots = knowledge.slots_of(surface, group)
        chief = max(slots, key=lambda slot: (slots[slot], slot))
        for at in range(start, end):
            known[at] = f"{'B' if at == start else 'I'}-{chief.relation}.{chief.side}"
    listed = [""] * len(reading)
    for (start, end), kind in lists.find(reading):
        for at in range(start, end):
            listed[at] = f"{'B' if at == start else 'I'}-{kind}"
    for first, last, _ in dates_in(reading.text):
        words = reading.words_at(first, last)
        for at in range(*words) if words else ():
            listed[at] = f"{'B' if words and at == words[0] else 'I'}-{DATE}"
    shown = [word if knowledge.is_common(word, group) else "*" for word in reading.lowered]
    own = [_of_word(reading, at, shown[at], known[at], listed[at]) for at in range(len(reading))]
    return [list(_around(at, own, shown)) for at in range(len(own))]


def _of_word(reading: Reading, at: int, shown: str, known: str, listed: str) -> list[str]:
    word = reading.words[at]
    found = [
        f"w={shown}",
        f"shape={shape(word)}",
        f"end={word[-3:].lower()}",
        f"dep={reading.dependencies[at]}",
        f"ent={reading.entities[at]}",
    ]
    if known:
        found.append(f"known={known}")
    if listed:
        found.append(f"list={listed}")
    if word[:1].isupper():
        found.append("capital")
    return found


def _around(at: int, own: list[list[str]], shown: list[str]) -> Iterable[str]:
    for step in _NEIGHBOURS:
        place = at + step
        if 0 <= place < len(own):
            for feature in own[place]:
                if abs(step) < 2 or not feature.startswith(("end", "dep")):
                    yield f"{step}:{feature}"
        else:
            yield f"{step}:edge"
    before = shown[at - 1] if at else "<"
    behind = shown[at + 1] if at + 1 < len(shown) else ">"
    yield f"-1,0={before} {shown[at]}"
    yield f"0,1={shown[at]} {behind}"
    if at > 1:
        yield f"-2,-1={shown[at - 2]} {before}"


def shown_words(reading: Reading, knowledge: Knowledge, group: str) -> list[str]:
    """Words that texts about several things use, and the shapes of all others."""
    return [
        lowered if knowledge.is_common(lowered, group) else shape(word)
        for word, lowered in zip(reading.words, reading.lowered, strict=True)
    ]


def shape(word: str) -> str:
    """Capitals, small letters and digits of a word, runs cut to two.

    >>> shape("McCartney"), shape("1982"), shape("R&B")
    ('XxXxx', '00', 'X&X')
    """
    for pattern, sign in _SHAPES:
        word = pattern.sub(sign, word)
    return word
