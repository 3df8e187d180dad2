"""Find mentions for relation extraction: a CRF tagger, completed by proposed spans."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from kg_builder.text_models.crf import Crf, CrfConfig, WordFeatures
from kg_builder.text_models.relations.labelling import DATE, Classes, LabelledText
from kg_builder.text_models.relations.parsed_text import ParsedText, WordSpan
from kg_builder.text_models.relations.proposed_spans import propose
from kg_builder.text_models.relations.surface_forms import dates_in
from kg_builder.text_models.relations.training_statistics import TrainingStatistics, WordLists

_OUTSIDE: Final = "O"
_NUMBER: Final = re.compile(r"\d")
_SHAPES: Final = (
    (re.compile(r"[^\W\d_a-zß-öø-ÿ]"), "X"),
    (re.compile(r"[^\W\d_X]"), "x"),
    (re.compile(r"\d"), "0"),
    (re.compile(r"(.)\1{2,}"), r"\1\1"),
)
_CRF: Final = CrfConfig(l1=0.05, l2=0.05, iterations=45)
_MIN_PROBABILITY: Final = 1e-6
_NEIGHBOURS: Final = (-2, -1, 0, 1, 2)


@dataclass(frozen=True)
class Candidate:
    """A word span that may be a mention."""

    span: WordSpan
    class_: str
    probability: float
    name: str = ""
    """The entity's name if given; otherwise derived from the text."""


def true_candidates(text: LabelledText, classes: Classes) -> list[Candidate]:
    """The mentions of a labelled text; of overlapping ones the longer."""
    found = [
        Candidate(span, classes.of(name), 1.0, name)
        for name, spans in text.spans.items()
        for span in spans
    ]
    found.sort(key=lambda item: (item.span.start - item.span.end, item.span, item.name))
    kept: list[Candidate] = []
    for item in found:
        if not any(item.span.overlaps(other.span) for other in kept):
            kept.append(item)
    return sorted(kept, key=lambda item: item.span)


class MentionTagger:
    """BIO tagger of mentions (CRF).

    A word is a feature only if texts about several subjects use it, otherwise its shape is. See
    `TrainingStatistics` for features of names known from training.
    """

    def __init__(self, statistics: TrainingStatistics, word_lists: WordLists, crf: Crf) -> None:
        self._statistics, self._word_lists, self.crf = statistics, word_lists, crf
        columns = {tag: column for column, tag in enumerate(crf.tags)}
        self._classes = [tag[2:] for tag in sorted(columns) if tag.startswith("B-")]
        self._begins = [columns[f"B-{class_}"] for class_ in self._classes]
        # a class whose training mentions all had one word has no "I-" tag: a column of zeros
        self._continues = [columns.get(f"I-{class_}", len(columns)) for class_ in self._classes]
        self._columns = columns

    @classmethod
    def fit(
        cls,
        texts: Sequence[LabelledText],
        classes: Classes,
        statistics: TrainingStatistics,
        word_lists: WordLists,
    ) -> MentionTagger:
        """Train on labelled texts."""
        features = (
            word_features(text.parsed, statistics, word_lists, text.source.group) for text in texts
        )
        tags = (_tags(text, classes) for text in texts)
        return cls(statistics, word_lists, Crf.fit(features, tags, config=_CRF))

    def find(self, parsed: ParsedText, group: str = "") -> list[Candidate]:
        """The mentions of the best tag sequence, with the minimum probability of their tags.

        Args:
            parsed: the text.
            group: the text's topic, whose own texts are left out of the statistics.
        """
        tags, marginals = self.crf.predict(self._features(parsed, group))
        found = []
        start = 0
        while start < len(tags):
            if tags[start] == _OUTSIDE:
                start += 1
                continue
            end = start + 1
            while end < len(tags) and tags[end].startswith("I-"):
                end += 1
            lowest = min(marginals[at, self._columns[tags[at]]] for at in range(start, end))
            found.append(Candidate(WordSpan(start, end), tags[start][2:], float(lowest)))
            start = end
        return found

    def classify(
        self, parsed: ParsedText, spans: Sequence[WordSpan], group: str = ""
    ) -> list[Candidate]:
        """The most probable class of each given span, and its probability."""
        if not spans:
            return []
        marginals = self.crf.predict(self._features(parsed, group)).marginals
        marginals = np.hstack([marginals, np.zeros((len(marginals), 1))])
        found = []
        for span in spans:
            scores = marginals[span.start, self._begins]
            for at in range(span.start + 1, span.end):
                scores = scores * np.maximum(marginals[at, self._continues], _MIN_PROBABILITY)
            best = len(scores) - 1 - int(np.argmax(scores[::-1]))  # the last of equal ones
            found.append(Candidate(span, self._classes[best], float(scores[best])))
        return found

    def classify_named(
        self, parsed: ParsedText, named: Sequence[Candidate], group: str = ""
    ) -> list[Candidate]:
        """Mentions with given spans and names, each with its most probable class."""
        names: dict[WordSpan, str] = {}
        for item in named:
            names.setdefault(item.span, item.name)
        return [
            Candidate(item.span, item.class_, 1.0, names[item.span])
            for item in self.classify(parsed, sorted(names), group)
        ]

    def _features(self, parsed: ParsedText, group: str) -> WordFeatures:
        return word_features(parsed, self._statistics, self._word_lists, group)


def _tags(text: LabelledText, classes: Classes) -> list[str]:
    tags = [_OUTSIDE] * len(text.parsed)
    for item in true_candidates(text, classes):
        start, end = item.span
        tags[start:end] = [f"I-{item.class_}"] * (end - start)
        tags[start] = f"B-{item.class_}"
    return tags


def word_features(
    parsed: ParsedText, statistics: TrainingStatistics, word_lists: WordLists, group: str
) -> list[list[str]]:
    """Features of each word."""
    known = [""] * len(parsed)
    for (start, end), surface in statistics.find(parsed, group):
        slots = statistics.slots_of(surface, group)
        chief = max(slots, key=lambda slot: (slots[slot], slot))
        for at in range(start, end):
            known[at] = f"{'B' if at == start else 'I'}-{chief.relation}.{chief.side}"
    listed = [""] * len(parsed)
    for (start, end), kind in word_lists.find(parsed):
        for at in range(start, end):
            listed[at] = f"{'B' if at == start else 'I'}-{kind}"
    for first, last, _ in dates_in(parsed.text):
        words = parsed.words_at(first, last)
        for at in range(*words) if words else ():
            listed[at] = f"{'B' if words and at == words[0] else 'I'}-{DATE}"
    shown = [word if statistics.is_common(word, group) else "*" for word in parsed.lowered]
    own = [_own_features(parsed, at, shown[at], known[at], listed[at]) for at in range(len(parsed))]
    return [list(_with_neighbours(at, own, shown)) for at in range(len(own))]


def _own_features(parsed: ParsedText, at: int, shown: str, known: str, listed: str) -> list[str]:
    word = parsed.words[at]
    found = [
        f"w={shown}",
        f"shape={shape(word)}",
        f"end={word[-3:].lower()}",
        f"dep={parsed.dependencies[at]}",
        f"ent={parsed.entities[at]}",
    ]
    if known:
        found.append(f"known={known}")
    if listed:
        found.append(f"list={listed}")
    if word[:1].isupper():
        found.append("capital")
    return found


def _with_neighbours(at: int, own: list[list[str]], shown: list[str]) -> Iterable[str]:
    for step in _NEIGHBOURS:
        index = at + step
        if 0 <= index < len(own):
            for feature in own[index]:
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


def shown_words(parsed: ParsedText, statistics: TrainingStatistics, group: str) -> list[str]:
    """Replace words not used in texts about several topics by their shapes."""
    return [
        lowered if statistics.is_common(lowered, group) else shape(word)
        for word, lowered in zip(parsed.words, parsed.lowered, strict=True)
    ]


def shape(word: str) -> str:
    """Shape of a word: upper case, lower case and digits, runs cut to two.

    >>> shape("McCartney"), shape("1982"), shape("R&B")
    ('XxXxx', '00', 'X&X')
    """
    for pattern, sign in _SHAPES:
        word = pattern.sub(sign, word)
    return word


def find_mentions(
    tagger: MentionTagger,
    parsed: ParsedText,
    statistics: TrainingStatistics,
    word_lists: WordLists,
    group: str = "",
) -> list[Candidate]:
    """Find mentions: those of the tagger, and proposed spans.

    The tagger misses most names that differ from other words only by capitals; the pair classifiers
    decide which of the proposed spans are mentions.
    """
    found = tagger.find(parsed, group)
    taken = [item.span for item in found]
    spans = propose(parsed, statistics, word_lists, group, taken)
    found += tagger.classify(parsed, spans, group)
    return sorted(found, key=lambda item: item.span)
