"""Which words of a text name what it is about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from kg_builder.text_models.relations.alignment import (
    LabelledText,
    Squashed,
    Words,
    closed,
)
from kg_builder.text_models.relations.forms import joined, plain
from kg_builder.text_models.relations.knowledge import Knowledge, WordLists
from kg_builder.text_models.relations.linear import LinearModel
from kg_builder.text_models.relations.reading import Reading, squash
from kg_builder.text_models.relations.subject_first.field import SubjectField
from kg_builder.text_models.relations.subject_first.spans import (
    SpanFeatures,
    candidate_spans,
)

_STRENGTH: Final = 0.3
_FIELD: Final = "subject.crf"
_LINEAR: Final = "subject"


class Subject(NamedTuple):
    """A text's subject: its name, where it is named, and how likely that is right."""

    name: str
    places: tuple[Words, ...]
    probability: float


@dataclass(frozen=True)
class RankedText:
    """A text to learn from: the features of its candidate runs, and which of them are right."""

    rows: Sequence[Sequence[str]]
    right: Sequence[bool]

    @classmethod
    def of(cls, text: LabelledText, subject: Sequence[Words], field: SubjectField) -> RankedText:
        """See a text with a field.

        Args:
            text: the text.
            subject: the places where it names its subject; none where it does not.
            field: one that has not learnt from the text.
        """
        group = text.source.group
        features = SpanFeatures(
            text.reading, field.read(text.reading, group), field.knowledge, group
        )
        places = candidate_spans(text.reading)
        wanted = squash(plain(text.source.triples[0].subject))
        return cls(
            [features.of(place) for place in places],
            [
                place in subject or squash(text.reading.span_text(*place)) == wanted
                for place in places
            ],
        )


class SubjectFinder:
    """Ranks the runs of words that may name the subject.

    A conditional random field tells where such names tend to begin and end; a logistic
    regression over whole runs decides, with the field's view among its features.
    """

    def __init__(self, field: SubjectField, ranker: LinearModel, knowledge: Knowledge) -> None:
        self.field, self._ranker, self._knowledge = field, ranker, knowledge

    @classmethod
    def fit(cls, field: SubjectField, seen: Sequence[RankedText]) -> SubjectFinder:
        """Learn to rank from texts as fields saw them that had not learnt from them."""
        rows = [row for text in seen for row in text.rows]
        right = np.array([wanted for text in seen for wanted in text.right], dtype=bool)
        ranker = LinearModel.fit(rows, right[:, None], strength=_STRENGTH)
        return cls(field, ranker, field.knowledge)

    def find(self, reading: Reading, group: str = "") -> Subject | None:
        """The likeliest subject of a text; none where nothing looks like a name."""
        places = candidate_spans(reading)
        if not places:
            return None
        features = SpanFeatures(reading, self.field.read(reading, group), self._knowledge, group)
        probabilities = self._ranker.probabilities([features.of(place) for place in places])
        best = int(np.argmax(probabilities[:, 0]))
        place = closed(reading, places[best])
        return Subject(
            plain(joined(reading.span_text(*place))),
            occurrences(reading, place),
            float(probabilities[best, 0]),
        )

    def save(self, folder: Path) -> None:
        """Write the field and the ranker."""
        (folder / _FIELD).write_bytes(self.field.model)
        self._ranker.save(folder, _LINEAR)

    @classmethod
    def load(cls, folder: Path, knowledge: Knowledge, lists: WordLists) -> SubjectFinder:
        """Read what `save` wrote.

        Raises:
            OSError, ValueError: a file is missing or damaged.
        """
        field = SubjectField(knowledge, lists, (folder / _FIELD).read_bytes())
        return cls(field, LinearModel.load(folder, _LINEAR), knowledge)


def occurrences(reading: Reading, place: Words) -> tuple[Words, ...]:
    """A run of words and the other places where the same words stand."""
    spelt = "".join(reading.folded[place.start : place.end])
    again = [
        closed(reading, other)
        for other in (Squashed(reading).find(spelt) if spelt else ())
        if not other.overlaps(place)
    ]
    return tuple(sorted({place, *again}))
