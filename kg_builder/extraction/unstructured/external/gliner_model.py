"""Names by GLiNER (Zaratiana et al. 2024), which finds things of the labels it is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, Protocol

from kg_builder.errors import DataError
from kg_builder.extraction.unstructured.external.config import GlinerModel
from kg_builder.extraction.unstructured.sentences import sentences_of
from kg_builder.extraction.unstructured.text_models import ModelMention, ModelReading, Stretch


class EntityPredictor(Protocol):
    """What `gliner.GLiNER` does for us."""

    def predict_entities(
        self, text: str, labels: list[str], *, threshold: float
    ) -> Sequence[Mapping[str, Any]]:
        """Entities of a text: `start`, `end`, `label`, `score`."""


class Gliner:
    """Finds names with GLiNER, sentence by sentence: it reads a few hundred words at most.

    Args:
        model: the model, or a stand-in that answers as it does.
        config: the labels to ask for, and what they mean.
    """

    name = "gliner"

    def __init__(self, model: EntityPredictor, config: GlinerModel) -> None:
        self._model, self._config = model, config
        self.refused: dict[str, int] = {}

    @classmethod
    def load(cls, config: GlinerModel) -> Gliner:
        """Load the model.

        Raises:
            DataError: gliner is not installed, or has no such model.
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
        """Names of each text; see `TextModel`."""
        return [ModelReading(tuple(self._mentions(text))) for text in texts]

    def _mentions(self, text: str) -> list[ModelMention]:
        found = []
        labels = list(self._config.classes)
        for sentence in sentences_of(text):
            for item in self._model.predict_entities(
                text[sentence.start : sentence.end], labels, threshold=self._config.least
            ):
                place = Stretch(sentence.start + item["start"], sentence.start + item["end"])
                type_ = self._config.classes.get(item["label"])
                if type_ is not None and float(item["score"]) >= self._config.least:
                    found.append(ModelMention(place, type_, float(item["score"])))
        return found
