"""Build pairs of mentions for relation classification: candidates, labels, features."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from kg_builder.text_models.relations.labelling import LabelledText
from kg_builder.text_models.relations.mentions import Candidate, shape
from kg_builder.text_models.relations.parsed_text import ParsedText, WordSpan
from kg_builder.text_models.relations.training_statistics import TrainingStatistics, WordLists

_PRONOUNS: Final = frozenset(
    {"he", "she", "his", "her", "they", "their", "it", "its", "who", "whose"}
)
_NEAR: Final = 4
_MAX_BETWEEN: Final = 14
_MAX_PATH: Final = 7
_MAX_ANCESTORS: Final = 30


@dataclass(frozen=True)
class Labels:
    """Training labels of pairs, one row per pair.

    Attributes:
        positive: 1 where the relation holds, shape (n, relations).
        weight: weight of the cell; 0 ignores it.
    """

    positive: NDArray[np.float32]
    weight: NDArray[np.float32]


@dataclass(frozen=True)
class PairTask:
    """A text with its mentions and the ordered pairs that may be related.

    Attributes:
        parsed: the text.
        group: its topic, or "" for a text outside training.
        candidates: the mentions, in order.
        pairs: indices of subject and object, shape (n, 2).
        labels: labels of the pairs, for training.
    """

    parsed: ParsedText
    group: str
    candidates: tuple[Candidate, ...]
    pairs: NDArray[np.int64]
    labels: Labels | None = None


class PairClassifier(Protocol):
    """Interface of a pair classifier. Logits have shape (pairs, relations), one array per task."""

    def fit(self, tasks: Sequence[PairTask], *, seed: int) -> None:
        """Train on tasks with labels."""

    def predict(self, tasks: Sequence[PairTask]) -> list[NDArray[np.float32]]:
        """Logits of every pair of every task."""

    def save(self, folder: Path) -> None:
        """Write the trained parameters."""

    def load(self, folder: Path) -> None:
        """Read what `save` wrote.

        Raises:
            OSError, ValueError, RuntimeError: a file is missing or damaged.
        """


def possible_pairs(
    candidates: Sequence[Candidate], allowed: frozenset[tuple[str, str]]
) -> NDArray[np.int64]:
    """Ordered pairs of mentions whose classes are connected by a relation."""
    found = [
        (a, b)
        for a, first in enumerate(candidates)
        for b, second in enumerate(candidates)
        if a != b and (first.class_, second.class_) in allowed
    ]
    return np.array(found, dtype=np.int64).reshape(-1, 2)


def mix_mentions(truth: Sequence[Candidate], found: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """True mentions with the tagger's probabilities, and its other mentions."""
    tagged = {item.span: item.probability for item in found}
    kept = [replace(item, probability=tagged.get(item.span, 0.0)) for item in truth]
    kept += [item for item in found if not any(item.span.overlaps(other.span) for other in truth)]
    return tuple(sorted(kept, key=lambda item: item.span))


def label_pairs(
    text: LabelledText,
    candidates: tuple[Candidate, ...],
    allowed: frozenset[tuple[str, str]],
    relations: Mapping[str, int],
    *,
    unstated: float,
) -> PairTask:
    """Build a training task.

    Of several mention pairs of the same two entities, the nearest is the positive example; the
    others are ambiguous and ignored.

    Args:
        text: the text with the spans of its names.
        candidates: its mentions.
        allowed: class pairs connected by a relation.
        relations: relation → column.
        unstated: weight of negatives in texts with incomplete annotation.
    """
    pairs = possible_pairs(candidates, allowed)
    names: dict[WordSpan, set[str]] = defaultdict(set)
    for name, spans in text.spans.items():
        for span in spans:
            names[span].add(name)
    row = {(int(a), int(b)): number for number, (a, b) in enumerate(pairs)}
    positive = np.zeros((len(pairs), len(relations)), dtype=np.float32)
    weight = np.full_like(positive, 1.0 if text.source.complete else unstated)
    numbers = defaultdict(list)
    for number, item in enumerate(candidates):
        for name in names.get(item.span, ()):
            numbers[name].append(number)
    for triple in text.source.triples:
        if triple.relation not in relations:
            continue
        column = relations[triple.relation]
        stating = sorted(
            (abs(a - b), a > b, row[a, b])
            for a in numbers[triple.subject]
            for b in numbers[triple.object]
            if (a, b) in row
        )
        for rank, (_, _, number) in enumerate(stating):
            if rank == 0:
                positive[number, column] = 1
                weight[number, column] = 1
            elif not positive[number, column]:
                weight[number, column] = 0
    return PairTask(text.parsed, text.source.group, candidates, pairs, Labels(positive, weight))


class PairFeatures:
    """Feature extractor for ordered pairs of a text's mentions.

    Mentions are represented by class, not by words, so that unseen names look like seen ones.
    Knowledge about words comes from `TrainingStatistics`.
    """

    def __init__(
        self,
        parsed: ParsedText,
        candidates: Sequence[Candidate],
        statistics: TrainingStatistics,
        word_lists: WordLists,
        group: str,
    ) -> None:
        self._parsed, self._candidates = parsed, candidates
        self._statistics, self._group = statistics, group
        self._surfaces = [
            "".join(parsed.folded[item.span.start : item.span.end]) for item in candidates
        ]
        self._owner = [-1] * len(parsed)
        for number, item in enumerate(candidates):
            for word in range(*item.span):
                self._owner[word] = number
        self._listed = dict(word_lists.find(parsed))
        self._heads = [self._head(item) for item in candidates]

    def of(self, subject: int, object_: int) -> list[str]:
        """Features of the pair of mentions with these indices."""
        a, b = self._candidates[subject], self._candidates[object_]
        types = f"{a.class_}>{b.class_}"
        found = [types, f"s:{a.class_}", f"o:{b.class_}"]
        found += [f"s:{feature}" for feature in self.own[subject]]
        found += [f"o:{feature}" for feature in self.own[object_]]
        found += self._layout(subject, object_)
        found += self._words(subject, object_)
        found += self._path(subject, object_)
        known = self._statistics.relations_of(
            self._surfaces[subject], self._surfaces[object_], self._group
        )
        found += [f"known:{relation}" for relation in known]
        reverse = self._statistics.relations_of(
            self._surfaces[object_], self._surfaces[subject], self._group
        )
        found += [f"known reversed:{relation}" for relation in reverse]
        return found

    @cached_property
    def masked(self) -> list[str]:
        """The words, with mentions replaced by their classes."""
        masked = []
        for at, word in enumerate(self._parsed.lowered):
            owner = self._owner[at]
            if owner >= 0:
                masked.append(f"<{self._candidates[owner].class_}>")
            elif self._statistics.is_common(word, self._group):
                masked.append(word)
            else:
                masked.append(shape(self._parsed.words[at]))
        return masked

    @cached_property
    def own(self) -> list[list[str]]:
        """Features of each single mention."""
        counts = Counter(self._surfaces)
        found = []
        for number, item in enumerate(self._candidates):
            surface = self._surfaces[number]
            slots = self._statistics.slots_of(surface, self._group)
            start, end = item.span
            own = [f"fills {slot.relation}.{slot.side}" for slot in slots]
            if not slots:
                own.append(f"new {item.class_}")
            own.append(f"list {self._listed.get(item.span, '')}")
            own.append(f"entity {self._parsed.entities[end - 1]}")
            own.append(f"shape {shape(self._parsed.span_text(start, end))[:12]}")
            own.append(f"last {self._parsed.folded[end - 1][-4:]}")
            if slots and not self._parsed.words[start][:1].isupper():
                own.append(f"surface {surface}")
            own.append(f"sure {int(item.probability * 4)}")
            own.append("first" if number == 0 else "later")
            own.append(f"times {min(counts[surface], 3)}")
            before = self.masked[max(0, start - 2) : start]
            behind = self.masked[end : end + 2]
            own += [f"before {' '.join(before[-n:])}" for n in (1, 2)]
            own += [f"behind {' '.join(behind[:n])}" for n in (1, 2)]
            head = self._heads[number]
            own.append(f"dep {self._parsed.dependencies[head]}")
            own.append(f"governor {self.masked[self._parsed.heads[head]]}")
            found.append(own)
        return found

    def _layout(self, subject: int, object_: int) -> Iterator[str]:
        a, b = self._candidates[subject], self._candidates[object_]
        parsed = self._parsed
        forward = subject < object_
        low, high = min(subject, object_), max(subject, object_)
        between = self._candidates[low + 1 : high]
        yield f"order {forward}"
        sentences = parsed.sentences[b.span.start] - parsed.sentences[a.span.start]
        yield f"sentences {max(-2, min(2, sentences))}"
        gap = self._candidates[high].span.start - self._candidates[low].span.end
        yield f"gap {forward} {gap if gap < 4 else 4 + gap.bit_length()}"
        yield f"mentions between {forward} {min(len(between), 5)}"
        for item in between:
            yield f"between {forward} <{item.class_}>"
        rivals = sum(item.class_ == a.class_ for item in between)
        yield f"rivals {forward} {a.class_}>{b.class_} {min(rivals, 2)}"
        alike = sum(item.class_ == b.class_ for item in between)
        yield f"alike {forward} {min(alike, 3)}"
        nearest = min(
            (
                abs(other - object_)
                for other, item in enumerate(self._candidates)
                if item.class_ == a.class_ and other != object_
            ),
            default=0,
        )
        yield f"nearest of its class {abs(subject - object_) == nearest} {a.class_}"
        yield f"first of its class {self._is_first(subject)} {a.class_}"
        yield f"same words {self._surfaces[subject] == self._surfaces[object_]}"
        sentence = parsed.sentences[b.span.start]
        if sentences:
            pronouns = {
                word
                for word, number in zip(parsed.lowered, parsed.sentences, strict=True)
                if number == sentence and word in _PRONOUNS
            }
            yield f"pronoun {bool(pronouns)} {sentences > 0}"
            first = next(
                number
                for number, item in enumerate(self._candidates)
                if parsed.sentences[item.span.start] == sentence
            )
            yield f"its sentence begins with {self._candidates[first].class_} {first == object_}"

    def _is_first(self, number: int) -> bool:
        class_ = self._candidates[number].class_
        return all(item.class_ != class_ for item in self._candidates[:number])

    def _words(self, subject: int, object_: int) -> Iterator[str]:
        a, b = self._candidates[subject].span, self._candidates[object_].span
        side = ">" if a < b else "<"
        first, last = (a, b) if a < b else (b, a)
        between = self.masked[first.end : last.start]
        between = [
            word
            for at, word in enumerate(between)
            if not (word.startswith("<") and at and between[at - 1] == word)
        ]
        if len(between) <= _MAX_BETWEEN:
            if len(between) <= 6:
                yield f"{side}all {' '.join(between)}"
            for word in between:
                yield f"{side}w {word}"
            for n in range(len(between) - 1):
                yield f"{side}ww {between[n]} {between[n + 1]}"
        yield f"{side}after first {' '.join(between[:2])}"
        yield f"{side}before last {' '.join(between[-2:])}"
        yield f"{side}before last3 {' '.join(between[-3:])}"
        for word in between[:_NEAR]:
            yield f"{side}near first {word}"
        for word in between[-_NEAR:]:
            yield f"{side}near last {word}"
        ahead = self.masked[max(0, first.start - _NEAR) : first.start]
        behind = self.masked[last.end : last.end + _NEAR]
        for word in ahead:
            yield f"{side}ahead {word}"
        for word in behind:
            yield f"{side}behind {word}"

    def _head(self, item: Candidate) -> int:
        """The mention's syntactic head: the word whose governor is outside."""
        start, end = item.span
        for word in range(start, end):
            if not start <= self._parsed.heads[word] < end:
                return word
        return end - 1

    def _path(self, subject: int, object_: int) -> Iterator[str]:
        """The dependency path from one mention's head to the other's."""
        up, down = self._ancestors(self._heads[subject]), self._ancestors(self._heads[object_])
        meeting = next((word for word in up if word in down), None)
        if meeting is None:
            yield "path none"
            return
        rise = up[: up.index(meeting)]
        fall = down[: down.index(meeting)][::-1]
        dependencies = self._parsed.dependencies
        steps = [f"^{dependencies[word]}" for word in rise]
        steps += [f"v{dependencies[word]}" for word in fall]
        if len(steps) > _MAX_PATH:
            yield f"path {'long'} {self.masked[meeting]}"
        else:
            yield f"path {' '.join(steps)}"
            yield f"path {' '.join(steps)} {self.masked[meeting]}"
        yield f"meet {self.masked[meeting]}"
        for word in [*rise[1:], *fall[:-1], meeting]:
            yield f"on path {self.masked[word]}"
        if fall:
            governor = self.masked[self._parsed.heads[fall[-1]]]
            yield f"last step {governor} {dependencies[fall[-1]]}"

    def _ancestors(self, word: int) -> list[int]:
        found = [word]
        while self._parsed.heads[word] != word and len(found) < _MAX_ANCESTORS:
            word = self._parsed.heads[word]
            found.append(word)
        return found
