"""Interface of text models used beside the rules; convert their spans to mentions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from kg_builder.extraction.text.config import UnstructuredSource
from kg_builder.extraction.text.mentions import Entity, Mention, Sentence
from kg_builder.extraction.text.relations import ReadText, Relation
from kg_builder.ontology import Schema

ORIGIN: Final = "model"
"""Origin of the mentions that models find."""


class CharSpan(NamedTuple):
    """Characters `start` to `end` (exclusive) of a text; offsets count code points."""

    start: int
    end: int


@dataclass(frozen=True)
class ModelMention:
    """A span that a model recognises as the name of an entity of some class."""

    span: CharSpan
    type: str
    confidence: float


@dataclass(frozen=True)
class ModelRelation:
    """A relation found by a model: two spans and a predicate of the data model."""

    subject: CharSpan
    predicate: str
    object: CharSpan
    confidence: float


@dataclass(frozen=True)
class ModelReading:
    """A model's output for one text."""

    mentions: tuple[ModelMention, ...] = ()
    relations: tuple[ModelRelation, ...] = ()


class TextModel(Protocol):
    """Interface of a text model."""

    @property
    def name(self) -> str:
        """Method name of the model's statements."""

    @property
    def refused(self) -> Mapping[str, int]:
        """Number of unusable outputs so far, by reason."""

    def read(self, texts: Sequence[str]) -> Sequence[ModelReading]:
        """Process texts; returns one reading per text, in order."""


LoadModels = Callable[[UnstructuredSource, Path], Sequence[TextModel]]
"""Loads the models named by a source; paths are relative to the raw folder."""


def mentions_of_model(reading: ModelReading, text: str, schema: Schema) -> Iterator[Mention]:
    """Convert a reading's mentions to mentions of the text; those out of range are dropped."""
    for item in reading.mentions:
        start, end = item.span
        if 0 <= start < end <= len(text) and item.type in schema.classes:
            yield Mention(start, end, text[start:end], item.type, ORIGIN)


def relations_of_model(
    model: str, reading: ModelReading, text: ReadText, schema: Schema
) -> Iterator[Relation]:
    """Convert a reading's relations to relations between the entities mentioned in their spans.

    Pronouns and nominal mentions are resolved. Relations with a span that is not a mention or with
    a predicate outside the data model are dropped.
    """
    for item in reading.relations:
        subject, object_ = (_mention(text.mentions, side) for side in (item.subject, item.object))
        sentence = _sentence(text.sentences, item.object)
        if subject is None or object_ is None or sentence is None or subject.entity is None:
            continue
        predicate = schema.predicates.get(item.predicate)
        if predicate is None or (not predicate.is_attribute and object_.entity is None):
            continue
        if subject.entity is object_.entity:
            continue
        yield Relation(
            subject.entity,
            item.predicate,
            object_,
            sentence,
            f"model:{model}",
            min(1.0, max(0.0, item.confidence)),
        )


def most_confident(relations: Iterable[Relation]) -> list[Relation]:
    """Keep the most confident of equal statements in a sentence; preserves the order."""
    best: dict[tuple[Entity, str, Entity | str, int], Relation] = {}
    for relation in relations:
        key = (
            relation.subject,
            relation.predicate,
            relation.object.entity or relation.object.name,
            relation.sentence.start,
        )
        if key not in best or best[key].confidence < relation.confidence:
            best[key] = relation
    return list(best.values())


def _mention(mentions: Sequence[Mention], span: CharSpan) -> Mention | None:
    """The mention with the largest overlap with a span."""
    shared = [
        (min(item.end, span.end) - max(item.start, span.start), -number)
        for number, item in enumerate(mentions)
    ]
    most, number = max(shared, default=(0, 0))
    return mentions[-number] if most > 0 else None


def _sentence(sentences: Sequence[Sentence], span: CharSpan) -> Sentence | None:
    return next((item for item in sentences if item.start <= span.start < item.end), None)
