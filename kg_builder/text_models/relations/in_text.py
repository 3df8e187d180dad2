"""A trained extractor of relations as one of the models that read a build's texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Protocol

from kg_builder.extraction.text.mentions import sentences_of
from kg_builder.extraction.text.model_interface import CharSpan, ModelReading, ModelRelation
from kg_builder.text_models.relations.config import LearnedConfig
from kg_builder.text_models.relations.distant import stretches
from kg_builder.text_models.relations.extractor import FoundTriple
from kg_builder.text_models.relations.reading import Reading, read_texts


class Extractor(Protocol):
    """A fitted extractor of relations, whatever its method."""

    config: LearnedConfig

    def extract_readings(
        self, readings: Sequence[Reading], *, least: float | None = None
    ) -> list[list[FoundTriple]]:
        """The triples of each text."""


class TrainedRelations:
    """Reads texts a few sentences at a time.

    Args:
        extractor: a fitted extractor whose relations are the data model's predicates.
        least: least confidence of a relation; by default what training found best for F1.
    """

    name = "relations"

    def __init__(self, extractor: Extractor, *, least: float | None = None) -> None:
        self._extractor, self._least = extractor, least
        self.refused: Counter[str] = Counter()

    def read(self, texts: Sequence[str]) -> list[ModelReading]:
        """Relations of each text."""
        pieces = [
            (number, stretch)
            for number, text in enumerate(texts)
            for stretch in stretches(sentences_of(text))
        ]
        readings = list(
            read_texts(
                (texts[number][piece.start : piece.end] for number, piece in pieces),
                self._extractor.config.model,
            )
        )
        found = self._extractor.extract_readings(readings, least=self._least)
        relations: list[list[ModelRelation]] = [[] for _ in texts]
        for (number, stretch), reading, triples in zip(pieces, readings, found, strict=True):
            relations[number] += [_relation(item, reading, stretch.start) for item in triples]
        return [ModelReading(relations=tuple(items)) for items in relations]


def _relation(found: FoundTriple, reading: Reading, offset: int) -> ModelRelation:
    subject, object_ = (
        CharSpan(offset + reading.starts[place.start], offset + reading.end(place.end - 1))
        for place in (found.subject, found.object)
    )
    return ModelRelation(subject, found.triple.relation, object_, found.confidence)
