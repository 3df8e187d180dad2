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
    """A statement that a model reads: two spans and a predicate of the data model."""

    subject: CharSpan
    predicate: str
    object: CharSpan
    confidence: float


@dataclass(frozen=True)
class ModelReading:
    """What a model finds in one text."""

    mentions: tuple[ModelMention, ...] = ()
    relations: tuple[ModelRelation, ...] = ()


class TextModel(Protocol):
    """Whatever reads texts: a class with a name and this one method."""

    @property
    def name(self) -> str:
        """Names the method of the statements that come of it."""

    @property
    def refused(self) -> Mapping[str, int]:
        """How much of its output so far could not be used, by reason."""

    def read(self, texts: Sequence[str]) -> Sequence[ModelReading]:
        """Read texts; one reading for each, in order."""


LoadModels = Callable[[UnstructuredSource, Path], Sequence[TextModel]]
"""Loads the models that a source names; paths are relative to the folder of the raw files."""


def mentions_of_model(reading: ModelReading, text: str, schema: Schema) -> Iterator[Mention]:
    """A reading's mentions as mentions of the text; what lies outside it is left out."""
    for item in reading.mentions:
        start, end = item.span
        if 0 <= start < end <= len(text) and item.type in schema.classes:
            yield Mention(start, end, text[start:end], item.type, ORIGIN)


def relations_of_model(
    model: str, reading: ModelReading, text: ReadText, schema: Schema
) -> Iterator[Relation]:
    """A reading's relations, between the entities that are mentioned in their spans.

    A pronoun or description that a model names as a side stands for what it was resolved to.
    Relations one of whose sides is no mention, or whose predicate is not of the data model, are
    left out.
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
    """The most confident of several readings of one statement in one sentence; keeps the order."""
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
    """The mention that shares most characters with a span."""
    shared = [
        (min(item.end, span.end) - max(item.start, span.start), -number)
        for number, item in enumerate(mentions)
    ]
    most, number = max(shared, default=(0, 0))
    return mentions[-number] if most > 0 else None


def _sentence(sentences: Sequence[Sentence], span: CharSpan) -> Sentence | None:
    return next((item for item in sentences if item.start <= span.start < item.end), None)
