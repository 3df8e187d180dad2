"""Names by a token classifier of Hugging Face transformers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from kg_builder.errors import DataError
from kg_builder.extraction.unstructured.external.config import TransformersModel
from kg_builder.extraction.unstructured.text_models import ModelMention, ModelReading, Stretch


class TokenPipeline(Protocol):
    """What transformers' `pipeline("token-classification", aggregation_strategy=…)` returns."""

    def __call__(
        self, inputs: list[str], *, batch_size: int
    ) -> Sequence[Sequence[Mapping[str, Any]]]:
        """For each text its entities: `entity_group`, `score`, `start`, `end`."""


class TokenClassifier:
    """Finds names with a transformers pipeline.

    Args:
        pipeline: the pipeline, or a stand-in that answers as it does.
        config: how its labels are understood.
    """

    name = "transformers"

    def __init__(self, pipeline: TokenPipeline, config: TransformersModel) -> None:
        self._pipeline, self._config = pipeline, config
        self.refused: dict[str, int] = {}

    @classmethod
    def load(cls, config: TransformersModel) -> TokenClassifier:
        """Load the model.

        Raises:
            DataError: transformers is not installed, or has no such model.
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
        """Names of each text; see `TextModel`."""
        answers = self._pipeline(list(texts), batch_size=self._config.batch_size)
        return [ModelReading(tuple(self._mentions(answer))) for answer in answers]

    def _mentions(self, answer: Sequence[Mapping[str, Any]]) -> list[ModelMention]:
        return [
            ModelMention(
                Stretch(int(item["start"]), int(item["end"])),
                self._config.classes[item["entity_group"]],
                float(item["score"]),
            )
            for item in answer
            if item["entity_group"] in self._config.classes
            and float(item["score"]) >= self._config.least
        ]
