"""A trained subject-first extractor in a folder.

    settings.json      method, configuration, relations, classes, threshold
    knowledge.json     surfaces, names and habits seen in training
    mentions.crf       the field that marks names
    subject.*          the field and the ranker that find the subject
    kinds.*            weights of the subject's classes
    relations.*        weights of the relations

Nothing is unpickled that could run code.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from kg_builder.text_models.relations import known
from kg_builder.text_models.relations.config import LearnedConfig
from kg_builder.text_models.relations.linear import LinearModel
from kg_builder.text_models.relations.subject_first.extractor import (
    Parts,
    Relations,
    SubjectFirstExtractor,
)
from kg_builder.text_models.relations.subject_first.finder import SubjectFinder
from kg_builder.text_models.relations.subject_first.kinds import SubjectKinds
from kg_builder.text_models.relations.tagger import MentionTagger

_RELATIONS: Final = "relations"


def save(extractor: SubjectFirstExtractor, folder: Path) -> None:
    """Write a trained extractor; the same extractor gives the same bytes."""
    assert extractor.parts is not None, "fit first"
    parts = extractor.parts
    folder.mkdir(parents=True, exist_ok=True)
    known.write_json(
        folder / known.SETTINGS,
        {
            "method": extractor.name,
            "config": extractor.config.model_dump(mode="json"),
            "relations": list(parts.relations.names),
            "kinds": list(parts.relations.kinds),
            "shares": list(parts.relations.shares),
            "classes": list(parts.kinds.classes),
            "threshold": extractor.least,
        },
    )
    known.save(folder, extractor.aligner, extractor.knowledge, extractor.namer)
    (folder / known.MENTIONS).write_bytes(parts.tagger.model)
    parts.finder.save(folder)
    parts.kinds.save(folder)
    parts.relations.model.save(folder, _RELATIONS)


def load(folder: Path) -> SubjectFirstExtractor:
    """Read a trained extractor.

    Raises:
        DataError: a file is missing or not what `save` writes.
    """
    settings = known.read_json(folder / known.SETTINGS)
    with known.reading_from(folder):
        extractor = SubjectFirstExtractor(LearnedConfig.model_validate(settings["config"]))
        known.load(folder, extractor)
        about = extractor.knowledge, extractor.lists
        relations = LinearModel.load(folder, _RELATIONS)
        extractor.least = float(settings["threshold"])
        extractor.parts = Parts(
            MentionTagger(*about, (folder / known.MENTIONS).read_bytes()),
            SubjectFinder.load(folder, *about),
            SubjectKinds.load(folder, settings["classes"], *about),
            Relations(
                tuple(settings["relations"]),
                tuple(settings["kinds"]),
                tuple(settings["shares"]),
                relations,
            ),
        )
    return extractor
