"""Wrap models in the interface that the extraction stage calls.

Those trained here, and external NER models: GLiNER (Zaratiana et al. 2024), Hugging Face token
classifiers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, Final, Protocol

from kg_builder.errors import DataError
from kg_builder.extraction.text.config import GlinerModel, TransformersModel
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


class EntityPredictor(Protocol):
    """The interface of `gliner.GLiNER` used here."""

    def predict_entities(
        self, text: str, labels: list[str], *, threshold: float
    ) -> Sequence[Mapping[str, Any]]:
        """Entities of a text: `start`, `end`, `label`, `score`."""


class Gliner:
    """Find names with GLiNER, sentence by sentence, as its input is limited to a few hundred words.

    Args:
        model: the model, or a test double.
        config: the labels to find, and their classes.
    """

    name = "gliner"

    def __init__(self, model: EntityPredictor, config: GlinerModel) -> None:
        self._model, self._config = model, config
        self.refused: dict[str, int] = {}

    @classmethod
    def load(cls, config: GlinerModel) -> Gliner:
        """Load the model.

        Raises:
            DataError: gliner is not installed, or the model is missing.
        """
        try:
            gliner = import_module("gliner")
        except ImportError:
            raise DataError("gliner is not installed", remedy="pip install gliner") from None
        try:
            return cls(gliner.GLiNER.from_pretrained(config.model), config)
        except (OSError, ValueError) as fault:
            raise DataError(
                f"no GLiNER model {config.model!r}", remedy=str(fault).splitlines()[0]
            ) from None

    def read(self, texts: Sequence[str]) -> list[ModelReading]:
        """Find the names of each text; see `TextModel`."""
        return [ModelReading(tuple(self._mentions(text))) for text in texts]

    def _mentions(self, text: str) -> list[ModelMention]:
        found = []
        labels = list(self._config.classes)
        for sentence in sentences_of(text):
            for item in self._model.predict_entities(
                text[sentence.start : sentence.end], labels, threshold=self._config.least
            ):
                span = CharSpan(sentence.start + item["start"], sentence.start + item["end"])
                type_ = self._config.classes.get(item["label"])
                if type_ is not None and float(item["score"]) >= self._config.least:
                    found.append(ModelMention(span, type_, float(item["score"])))
        return found


class TokenPipeline(Protocol):
    """Interface of transformers' `pipeline("token-classification", aggregation_strategy=…)`."""

    def __call__(
        self, inputs: list[str], *, batch_size: int
    ) -> Sequence[Sequence[Mapping[str, Any]]]:
        """The entities of each text: `entity_group`, `score`, `start`, `end`."""


class TokenClassifier:
    """Find names with a transformers pipeline.

    Args:
        pipeline: the pipeline, or a test double.
        config: the mapping of its labels.
    """

    name = "transformers"

    def __init__(self, pipeline: TokenPipeline, config: TransformersModel) -> None:
        self._pipeline, self._config = pipeline, config
        self.refused: dict[str, int] = {}

    @classmethod
    def load(cls, config: TransformersModel) -> TokenClassifier:
        """Load the model.

        Raises:
            DataError: transformers is not installed, or the model is missing.
        """
        try:
            from transformers import pipeline
        except ImportError:
            raise DataError(
                "transformers is not installed", remedy="pip install '.[encoder]'"
            ) from None
        try:
            loaded: Any = pipeline(
                "token-classification", model=config.model, aggregation_strategy="simple"
            )
        except (OSError, ValueError) as fault:
            raise DataError(
                f"no token classifier {config.model!r}", remedy=str(fault).splitlines()[0]
            ) from None
        return cls(loaded, config)

    def read(self, texts: Sequence[str]) -> list[ModelReading]:
        """Find the names of each text; see `TextModel`."""
        answers = self._pipeline(list(texts), batch_size=self._config.batch_size)
        return [ModelReading(tuple(self._mentions(answer))) for answer in answers]

    def _mentions(self, answer: Sequence[Mapping[str, Any]]) -> list[ModelMention]:
        return [
            ModelMention(
                CharSpan(int(item["start"]), int(item["end"])),
                self._config.classes[item["entity_group"]],
                float(item["score"]),
            )
            for item in answer
            if item["entity_group"] in self._config.classes
            and float(item["score"]) >= self._config.least
        ]
