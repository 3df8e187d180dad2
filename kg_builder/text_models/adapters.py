"""Wrap trained NER and relation models in the interface that the extraction stage calls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final, Protocol

from kg_builder.extraction.text.mentions import sentences_of
from kg_builder.extraction.text.model_interface import (
    CharSpan,
    ModelMention,
    ModelReading,
    ModelRelation,
)
from kg_builder.text_models.config import LearnedConfig
from kg_builder.text_models.ner.bio_tags import tokenise
from kg_builder.text_models.ner.model import NerModel
from kg_builder.text_models.relations.parsed_text import (
    FoundTriple,
    ParsedText,
    parse_texts,
    sentence_windows,
)

_MIN_CONFIDENCE: Final = 0.5


class TrainedNames:
    """Adapter of an NER model trained by `train-extractor`.

    Args:
        model: the NER model; its classes are the data model's.
        min_confidence: minimum confidence of a name; others are left to the rules.
    """

    name = "names"

    def __init__(self, model: NerModel, *, min_confidence: float = _MIN_CONFIDENCE) -> None:
        self._model, self._min_confidence = model, min_confidence
        self.refused: dict[str, int] = {}

    def read(self, texts: Sequence[str]) -> list[ModelReading]:
        """Find the names of each text with their confidences; see `TextModel`."""
        sentences = [
            (number, words)
            for number, text in enumerate(texts)
            for sentence in sentences_of(text)
            if (words := tokenise(text, CharSpan(sentence.start, sentence.end)))
        ]
        found: list[list[ModelMention]] = [[] for _ in texts]
        predicted = self._model.predict(
            [[texts[number][start:end] for start, end in words] for number, words in sentences]
        )
        for (number, words), names in zip(sentences, predicted, strict=True):
            for tokens, confidence in names:
                if confidence >= self._min_confidence:
                    span = CharSpan(words[tokens.start].start, words[tokens.end - 1].end)
                    found[number].append(ModelMention(span, tokens.label, confidence))
        return [ModelReading(tuple(mentions)) for mentions in found]


class RelationExtractor(Protocol):
    """Interface of a trained relation extractor."""

    @property
    def config(self) -> LearnedConfig:
        """Its settings."""

    def extract_parsed(
        self, texts: Sequence[ParsedText], *, min_confidence: float | None = None
    ) -> list[list[FoundTriple]]:
        """Extract the triples of each text."""


class TrainedRelations:
    """Adapter of a trained relation extractor, applied to windows of a few sentences.

    Args:
        extractor: a trained extractor whose relations are the data model's predicates.
        min_confidence: minimum confidence of a relation; by default the threshold of training.
    """

    name = "relations"

    def __init__(
        self, extractor: RelationExtractor, *, min_confidence: float | None = None
    ) -> None:
        self._extractor, self._min_confidence = extractor, min_confidence
        self.refused: Counter[str] = Counter()

    def read(self, texts: Sequence[str]) -> list[ModelReading]:
        """Extract the relations of each text; see `TextModel`."""
        windows = [
            (number, window)
            for number, text in enumerate(texts)
            for window in sentence_windows(sentences_of(text))
        ]
        parsed = list(
            parse_texts(
                (texts[number][window.start : window.end] for number, window in windows),
                self._extractor.config.model,
            )
        )
        found = self._extractor.extract_parsed(parsed, min_confidence=self._min_confidence)
        relations: list[list[ModelRelation]] = [[] for _ in texts]
        for (number, window), text, triples in zip(windows, parsed, found, strict=True):
            relations[number] += [_relation(item, text, window.start) for item in triples]
        return [ModelReading(relations=tuple(items)) for items in relations]


def _relation(found: FoundTriple, text: ParsedText, offset: int) -> ModelRelation:
    subject, object_ = (
        CharSpan(offset + text.starts[span.start], offset + text.end(span.end - 1))
        for span in (found.subject, found.object)
    )
    return ModelRelation(subject, found.triple.relation, object_, found.confidence)
