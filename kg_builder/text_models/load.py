"""The models that a source of texts asks for: trained here, or other people's."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from kg_builder.errors import DataError
from kg_builder.extraction.text.config import (
    ExternalModel,
    GlinerModel,
    LlmEndpoint,
    UnstructuredSource,
)
from kg_builder.extraction.text.external.llm import LanguageModel
from kg_builder.extraction.text.external.token_models import Gliner, TokenClassifier
from kg_builder.extraction.text.models import TextModel


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


NAMES: Final = "names"
"""Folder, within a trained extractor's, of its recogniser of names."""

RELATIONS: Final = "relations"
"""Folder, within a trained extractor's, of its extractor of relations."""


def load_models(source: UnstructuredSource, root: Path) -> list[TextModel]:
    """The models that read a source's texts beside the rules.

    Args:
        source: which.
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
            models.append(_names(folder / NAMES, source.trained.least))
        if source.trained.relations and (folder / RELATIONS).is_dir():
            models.append(_relations(folder / RELATIONS, source.trained.least_relation))
    if source.external:
        from kg_builder.text_models.load import load_external

        models += [load_external(config) for config in source.external]
    return models


# What the models need takes seconds to import; most sources have none.


def _names(folder: Path, least: float) -> TextModel:
    from kg_builder.text_models.ner.in_text import TrainedNames
    from kg_builder.text_models.ner.model import NerModel

    return TrainedNames(NerModel.load(folder), least=least)


def _relations(folder: Path, least: float) -> TextModel:
    from kg_builder.text_models.relations.in_text import TrainedRelations
    from kg_builder.text_models.relations.methods import load_extractor

    return TrainedRelations(load_extractor(folder), least=least)
