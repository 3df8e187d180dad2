"""Save relation extractors to a folder (JSON and numpy arrays), and load them.

Both kinds have

    settings.json    configuration, relations, thresholds; of subject-first the method as well
    knowledge.json    aliases, surfaces, names and habits seen in training
    mentions.crf     the conditional random field that tags mentions

the joint extractor besides

    light.*          vocabulary and weights of the sparse classifier
    encoder.pt       weights of the encoder and its heads

and the subject-first extractor

    subject.*        the conditional random field and the ranker that find the subject
    kinds.*          weights of the subject's classes
    relations.*      weights of the relations

No pickles are loaded, which could run code.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from kg_builder.errors import DataError
from kg_builder.text_models.calibration import Decision
from kg_builder.text_models.classifiers import BoostedTrees, LinearModel
from kg_builder.text_models.config import LearnedConfig
from kg_builder.text_models.corpora import Slot
from kg_builder.text_models.crf import Crf
from kg_builder.text_models.relations.joint_extractor import (
    JointExtractor,
    Signature,
    new_classifier,
)
from kg_builder.text_models.relations.labelling import Aligner
from kg_builder.text_models.relations.mentions import MentionTagger
from kg_builder.text_models.relations.subject_finder import SubjectClassifier, SubjectFinder
from kg_builder.text_models.relations.subject_first_extractor import (
    SubjectFirstExtractor,
    SubjectFirstModels,
    SubjectRelations,
)
from kg_builder.text_models.relations.training_statistics import (
    Namer,
    TrainingStatistics,
    WordLists,
)
from kg_builder.text_models.relations.triple_rescoring import TripleRescorer

Extractor = JointExtractor | SubjectFirstExtractor
"""A fitted extractor of relations of either kind."""

_SETTINGS: Final = "settings.json"
_MENTIONS: Final = "mentions.crf"
_KNOWLEDGE: Final = "knowledge.json"
_RELATIONS: Final = "relations"
_TREES: Final = "triples.npy"
_SUBJECT_FIRST: Final = "subject-first"


def save_extractor(extractor: Extractor, folder: Path) -> None:
    """Write an extractor; the same extractor gives the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    if isinstance(extractor, JointExtractor):
        _save_joint(extractor, folder)
    else:
        _save_subject_first(extractor, folder)
    _save_statistics(folder, extractor.aligner, extractor.statistics, extractor.namer)


def load_extractor(folder: Path) -> Extractor:
    """Read an extractor of either kind.

    Raises:
        DataError: a file is missing or not what `save_extractor` writes.
    """
    settings = _read_json(folder / _SETTINGS)
    try:
        if settings.get("method") == _SUBJECT_FIRST:
            return _load_subject_first(folder, settings)
        return _load_joint(folder, settings)
    except (KeyError, TypeError, ValueError, ValidationError, OSError, RuntimeError) as fault:
        raise DataError(
            f"not a trained relation extractor: {fault}",
            where=str(folder),
            remedy="train it again with python -m pipeline train-extractor",
        ) from None


def _save_joint(extractor: JointExtractor, folder: Path) -> None:
    _write_json(
        folder / _SETTINGS,
        {
            "config": extractor.config.model_dump(mode="json"),
            "relations": list(extractor.signature.relations),
            "allowed": sorted(extractor.signature.allowed),
            "complete": extractor.signature.complete,
            "decisions": [
                {
                    "classifiers": list(classifiers),
                    "given": given,
                    "logits": list(decision.logits),
                    "probabilities": list(decision.probabilities),
                    "threshold": decision.threshold,
                }
                for (classifiers, given), decision in sorted(extractor.decisions.items())
            ],
        },
    )
    (folder / _MENTIONS).write_bytes(extractor.tagger.crf.model)
    for classifier in extractor.classifiers.values():
        classifier.save(folder)


def _load_joint(folder: Path, settings: dict[str, Any]) -> JointExtractor:
    config = LearnedConfig.model_validate(settings["config"])
    aligner, statistics, namer = _load_statistics(folder)
    word_lists = WordLists()
    classifiers = {
        name: new_classifier(name, config, statistics, word_lists) for name in config.classifiers
    }
    for classifier in classifiers.values():
        classifier.load(folder)
    return JointExtractor(
        config=config,
        signature=Signature(
            tuple(settings["relations"]),
            frozenset((a, b) for a, b in settings["allowed"]),
            settings["complete"],
        ),
        aligner=aligner,
        statistics=statistics,
        word_lists=word_lists,
        namer=namer,
        tagger=MentionTagger(statistics, word_lists, Crf((folder / _MENTIONS).read_bytes())),
        classifiers=classifiers,
        decisions={
            (tuple(item["classifiers"]), item["given"]): Decision(
                tuple(item["logits"]), tuple(item["probabilities"]), item["threshold"]
            )
            for item in settings["decisions"]
        },
    )


def _save_subject_first(extractor: SubjectFirstExtractor, folder: Path) -> None:
    models = extractor.models
    _write_json(
        folder / _SETTINGS,
        {
            "method": _SUBJECT_FIRST,
            "config": extractor.config.model_dump(mode="json"),
            "relations": list(models.relations.names),
            "kinds": list(models.relations.classes),
            "classes": list(models.classifier.classes),
            "threshold": extractor.threshold,
            "rescored": models.rescorer is not None,
        },
    )
    (folder / _MENTIONS).write_bytes(models.tagger.crf.model)
    if models.rescorer is not None:
        models.rescorer.trees.save(folder / _TREES)
    models.finder.save(folder)
    models.classifier.save(folder)
    models.relations.model.save(folder, _RELATIONS)


def _load_subject_first(folder: Path, settings: dict[str, Any]) -> SubjectFirstExtractor:
    aligner, statistics, namer = _load_statistics(folder)
    resources = statistics, WordLists()
    return SubjectFirstExtractor(
        config=LearnedConfig.model_validate(settings["config"]),
        aligner=aligner,
        statistics=statistics,
        word_lists=resources[1],
        namer=namer,
        models=SubjectFirstModels(
            MentionTagger(*resources, Crf((folder / _MENTIONS).read_bytes())),
            SubjectFinder.load(folder, *resources),
            SubjectClassifier.load(folder, settings["classes"], *resources),
            SubjectRelations(
                tuple(settings["relations"]),
                tuple(settings["kinds"]),
                LinearModel.load(folder, _RELATIONS),
            ),
            TripleRescorer(tuple(settings["relations"]), BoostedTrees.load(folder / _TREES))
            if settings["rescored"]
            else None,
        ),
        threshold=float(settings["threshold"]),
    )


def _save_statistics(
    folder: Path, aligner: Aligner, statistics: TrainingStatistics, namer: Namer
) -> None:
    """Write aliases, surfaces, names and habits."""
    _write_json(
        folder / _KNOWLEDGE,
        {
            "aliases": {name: list(forms) for name, forms in aligner.aliases.items()},
            "slots": [
                [surface, *slot, groups]
                for surface, slots in statistics.slots.items()
                for slot, groups in slots.items()
            ],
            "pairs": [
                [*pair, relation, groups]
                for pair, relations in statistics.pairs.items()
                for relation, groups in relations.items()
            ],
            "words": {word: sorted(groups) for word, groups in statistics.words.items()},
            "names": [
                [surface, *slot, name, groups]
                for surface, slots in namer.names.items()
                for slot, names in slots.items()
                for name, groups in names.items()
            ],
            "habits": [[*slot, kind, changes] for (slot, kind), changes in namer.habits.items()],
        },
    )


def _load_statistics(folder: Path) -> tuple[Aligner, TrainingStatistics, Namer]:
    content = _read_json(folder / _KNOWLEDGE)
    aligner = Aligner({name: tuple(forms) for name, forms in content["aliases"].items()})
    return aligner, _statistics(content), _namer(content)


def _statistics(content: dict[str, Any]) -> TrainingStatistics:
    statistics = TrainingStatistics()
    for surface, relation, side, groups in content["slots"]:
        statistics.slots.setdefault(surface, {})[Slot(relation, side)] = Counter(groups)
    for subject, object_, relation, groups in content["pairs"]:
        statistics.pairs.setdefault((subject, object_), {})[relation] = Counter(groups)
    statistics.words = {word: set(groups) for word, groups in content["words"].items()}
    return statistics


def _namer(content: dict[str, Any]) -> Namer:
    namer = Namer()
    for surface, relation, side, name, groups in content["names"]:
        slots = namer.names.setdefault(surface, {})
        slots.setdefault(Slot(relation, side), {})[name] = Counter(groups)
    for relation, side, kind, changes in content["habits"]:
        namer.habits[Slot(relation, side), kind] = Counter(changes)
    return namer


def _write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a JSON object; the same content gives the same bytes."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    path.write_text(text + "\n", encoding="utf-8")


def _read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        DataError: no such file, or not a JSON object.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError("no such file", where=str(path)) from None
    except ValueError as fault:
        raise DataError(f"damaged: {fault}", where=str(path)) from None
    if not isinstance(content, dict):
        raise DataError("damaged: not a JSON object", where=str(path))
    return content
