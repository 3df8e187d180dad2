"""Load the text models that a recipe names: from a trained folder, or external."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from kg_builder.errors import DataError
from kg_builder.extraction.text.config import (
    ExternalModel,
    GlinerModel,
    LlmEndpoint,
    UnstructuredSource,
)

if TYPE_CHECKING:
    from kg_builder.extraction.text.model_interface import TextModel

NAMES: Final = "names"
"""Subfolder of a trained extractor with its NER model."""

RELATIONS: Final = "relations"
"""Subfolder of a trained extractor with its relation extractor."""


def load_models(source: UnstructuredSource, root: Path) -> list[TextModel]:
    """Load the models used beside the rules for a source (the `load_models` of `extract`).

    Args:
        source: the source, which names the models.
        root: folder of the raw files; a trained extractor's folder may be relative to it.

    Raises:
        DataError: a model cannot be loaded.
    """
    models: list[TextModel] = []
    if source.trained is not None:
        folder = root / source.trained.path
        if not folder.is_dir():
            raise DataError(
                "no such folder",
                where=str(folder),
                remedy="python -m pipeline train-extractor --out FOLDER makes one",
            )
        if source.trained.names and (folder / NAMES).is_dir():
            models.append(_load_names(folder / NAMES, source.trained.least))
        if source.trained.relations and (folder / RELATIONS).is_dir():
            models.append(_load_relations(folder / RELATIONS, source.trained.least_relation))
    return models + [load_external(config) for config in source.external]


# Lazy imports: the dependencies take seconds to import, and most sources have no models.


def load_external(config: ExternalModel) -> TextModel:
    """Load the adapter of an external model.

    Raises:
        DataError: a package or the model is missing; an environment variable is not set.
    """
    if isinstance(config, LlmEndpoint):
        from kg_builder.text_models.llm import LanguageModel

        return LanguageModel.open(config)
    from kg_builder.text_models.adapters import Gliner, TokenClassifier

    if isinstance(config, GlinerModel):
        return Gliner.load(config)
    return TokenClassifier.load(config)


def _load_names(folder: Path, min_confidence: float) -> TextModel:
    from kg_builder.text_models.adapters import TrainedNames
    from kg_builder.text_models.ner.model import NerModel

    return TrainedNames(NerModel.load(folder), min_confidence=min_confidence)


def _load_relations(folder: Path, min_confidence: float) -> TextModel:
    from kg_builder.text_models.adapters import TrainedRelations
    from kg_builder.text_models.relations.model_files import load_extractor

    return TrainedRelations(load_extractor(folder), min_confidence=min_confidence)
