"""The ways in which a trained extractor reads, and the choice between them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from kg_builder.text_models.relations import known, storage
from kg_builder.text_models.relations.annotation import AnnotatedText
from kg_builder.text_models.relations.config import LearnedConfig
from kg_builder.text_models.relations.extractor import JointExtractor
from kg_builder.text_models.relations.subject_first import (
    SubjectFirstExtractor,
    about_one_thing,
)

Method = Literal["auto", "pairs", "subject-first"]
"""Any two mentions of a text; or its subject, and what is said of it; or what suits the texts."""

Extractor = JointExtractor | SubjectFirstExtractor


def suited(method: Method, texts: Sequence[AnnotatedText]) -> Method:
    """The method itself, or what suits the texts where it is `auto`.

    Subject-first suits texts that are about one thing each and annotated in part: then what is
    certain about subjects is worth most.
    """
    if method != "auto":
        return method
    incomplete = not all(text.complete for text in texts)
    return "subject-first" if incomplete and about_one_thing(texts) else "pairs"


def new_extractor(
    config: LearnedConfig, method: Method, texts: Sequence[AnnotatedText]
) -> Extractor:
    """An extractor to be fitted on texts."""
    if suited(method, texts) == "subject-first":
        return SubjectFirstExtractor(config)
    return JointExtractor(config)


def load_extractor(folder: Path) -> Extractor:
    """Read a trained extractor of either kind.

    Raises:
        DataError: the folder does not hold one.
    """
    settings = known.read_json(folder / known.SETTINGS)
    if settings.get("method") == SubjectFirstExtractor.name:
        return SubjectFirstExtractor.load(folder)
    return storage.load(folder)
