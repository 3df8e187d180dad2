"""What a pair of mentions looks like: features from which its relations are told.

Mentions enter by their class, never by their words, so that a name that training never saw looks
like one that it did. What is known of the words themselves comes through `Knowledge`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property

from kg_builder.text_models.relations.knowledge import Knowledge, WordLists
from kg_builder.text_models.relations.reading import Reading
from kg_builder.text_models.relations.tagger import Candidate, shape

_PRONOUNS = frozenset({"he", "she", "his", "her", "they", "their", "it", "its", "who", "whose"})
_NEAR = 4
_LONGEST_BETWEEN = 14
_LONGEST_PATH = 7


class PairFeatures:
    """Features of every ordered pair of a text's mentions."""

    def __init__(
        self,
        reading: Reading,
        candidates: Sequence[Candidate],
        knowledge: Knowledge,
        lists: WordLists,
        group: str,
    ) -> None:
        self._reading, self._candidates = reading, candidates
        self._knowledge, self._group = knowledge, group
        self._surfaces = [
            "".join(reading.folded[item.place.start : item.place.end]) for item in candidates
        ]
        self._owner = [-1] * len(reading)
        for number, item in enumerate(candidates):
            for word in range(*item.place):
                self._owner[word] = number
        self._listed = dict(lists.find(reading))
        self._heads = [self._head(item) for item in candidates]

    def of(self, subject: int, object_: int) -> list[str]:
        """Features of the pair of mentions with these numbers."""
        a, b = self._candidates[subject], self._candidates[object_]
        types = f"{a.class_}>{b.class_}"
        found = [types, f"s:{a.class_}", f"o:{b.class_}"]
        found += [f"s:{feature}" for feature in self.own[subject]]
        found += [f"o:{feature}" for feature in self.own[object_]]
        found += self._layout(subject, object_)
        found += self._words(subject, object_)
        found += self._path(subject, object_)
        known = self._knowledge.relations_of(
            self._surfaces[subject], self._surfaces[object_], self._group
        )
        found += [f"known:{relation}" for relation in known]
        reverse = self._knowledge.relations_of(
            self._surfaces[object_], self._surfaces[subject], self._group
        )
        found += [f"known reversed:{relation}" for relation in reverse]
        return found

    @cached_property
    def masked(self) -> list[str]:
        """Words, mentions replaced by their classes."""
        masked = []
        for at, word in enumerate(self._reading.lowered):
            owner = self._owner[at]
            if owner >= 0:
                masked.append(f"<{self._candidates[owner].class_}>")
            elif self._knowledge.is_common(word, self._group):
                masked.append(word)
            else:
                masked.append(shape(self._reading.words[at]))
        return masked

    @cached_property
    def own(self) -> list[list[str]]:
        """Features of each mention alone."""
        counts = Counter(self._surfaces)
        found = []
        for number, item in enumerate(self._candidates):
            surface = self._surfaces[number]
            slots = self._knowledge.slots_of(surface, self._group)
            start, end = item.place
            own = [f"fills {slot.relation}.{slot.side}" for slot in slots]
            if not slots:
                own.append(f"new {item.class_}")
            own.append(f"list {self._listed.get(item.place, '')}")
            own.append(f"entity {self._reading.entities[end - 1]}")
            own.append(f"shape {shape(self._reading.span_text(start, end))[:12]}")
            own.append(f"last {self._reading.folded[end - 1][-4:]}")
            if slots and not self._reading.words[start][:1].isupper():
                own.append(f"surface {surface}")
            own.append(f"sure {int(item.probability * 4)}")
            own.append("first" if number == 0 else "later")
            own.append(f"times {min(counts[surface], 3)}")
            before = self.masked[max(0, start - 2) : start]
            behind = self.masked[end : end + 2]
            own += [f"before {' '.join(before[-n:])}" for n in (1, 2)]
            own += [f"behind {' '.join(behind[:n])}" for n in (1, 2)]
            head = self._heads[number]
            own.append(f"dep {self._reading.dependencies[head]}")
            own.append(f"governor {self.masked[self._reading.heads[head]]}")
            found.append(own)
        return found

    def _layout(self, subject: int, object_: int) -> Iterator[str]:
        a, b = self._candidates[subject], self._candidates[object_]
        reading = self._reading
        forward = subject < object_
        low, high = min(subject, object_), max(subject, object_)
        between = self._candidates[low + 1 : high]
        yield f"order {forward}"
        sentences = reading.sentences[b.place.start] - reading.sentences[a.place.start]
        yield f"sentences {max(-2, min(2, sentences))}"
        gap = self._candidates[high].place.start - self._candidates[low].place.end
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
        sentence = reading.sentences[b.place.start]
        if sentences:
            pronouns = {
                word
                for word, number in zip(reading.lowered, reading.sentences, strict=True)
                if number == sentence and word in _PRONOUNS
            }
            yield f"pronoun {bool(pronouns)} {sentences > 0}"
            first = next(
                number
                for number, item in enumerate(self._candidates)
                if reading.sentences[item.place.start] == sentence
            )
            yield f"its sentence begins with {self._candidates[first].class_} {first == object_}"

    def _is_first(self, number: int) -> bool:
        class_ = self._candidates[number].class_
        return all(item.class_ != class_ for item in self._candidates[:number])

    def _words(self, subject: int, object_: int) -> Iterator[str]:
        a, b = self._candidates[subject].place, self._candidates[object_].place
        side = ">" if a < b else "<"
        first, last = (a, b) if a < b else (b, a)
        between = self.masked[first.end : last.start]
        between = [
            word
            for at, word in enumerate(between)
            if not (word.startswith("<") and at and between[at - 1] == word)
        ]
        if len(between) <= _LONGEST_BETWEEN:
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
        """The mention's word whose governor lies outside."""
        start, end = item.place
        for word in range(start, end):
            if not start <= self._reading.heads[word] < end:
                return word
        return end - 1

    def _path(self, subject: int, object_: int) -> Iterator[str]:
        """The way through the dependency tree from one mention's head to the other's."""
        up, down = self._ancestors(self._heads[subject]), self._ancestors(self._heads[object_])
        meeting = next((word for word in up if word in down), None)
        if meeting is None:
            yield "path none"
            return
        rise = up[: up.index(meeting)]
        fall = down[: down.index(meeting)][::-1]
        dependencies = self._reading.dependencies
        steps = [f"^{dependencies[word]}" for word in rise]
        steps += [f"v{dependencies[word]}" for word in fall]
        if len(steps) > _LONGEST_PATH:
            yield f"path {'long'} {self.masked[meeting]}"
        else:
            yield f"path {' '.join(steps)}"
            yield f"path {' '.join(steps)} {self.masked[meeting]}"
        yield f"meet {self.masked[meeting]}"
        for word in [*rise[1:], *fall[:-1], meeting]:
            yield f"on path {self.masked[word]}"
        if fall:
            governor = self.masked[self._reading.heads[fall[-1]]]
            yield f"last step {governor} {dependencies[fall[-1]]}"

    def _ancestors(self, word: int) -> list[int]:
        found = [word]
        while self._reading.heads[word] != word and len(found) < 30:
            word = self._reading.heads[word]
            found.append(word)
        return found
