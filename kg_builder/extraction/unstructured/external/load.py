"""From a recipe's settings to the adapter."""

from __future__ import annotations

from kg_builder.extraction.unstructured.external.config import (
    ExternalModel,
    GlinerModel,
    LlmEndpoint,
)
from kg_builder.extraction.unstructured.external.gliner_model import Gliner
from kg_builder.extraction.unstructured.external.llm import LanguageModel
from kg_builder.extraction.unstructured.external.token_classifier import TokenClassifier
from kg_builder.extraction.unstructured.text_models import TextModel


def load_external(config: ExternalModel) -> TextModel:
    """The adapter of a model.

    Raises:
        DataError: a package or the model is missing; an environment variable is not set.
    """
    if isinstance(config, LlmEndpoint):
        return LanguageModel.open(config)
    if isinstance(config, GlinerModel):
        return Gliner.load(config)
    return TokenClassifier.load(config)
