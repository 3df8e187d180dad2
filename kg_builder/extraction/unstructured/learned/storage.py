"""A trained extractor in a folder: JSON for what was counted, arrays for what was fitted.

    settings.json    configuration, signature, decisions
    knowledge.json   surfaces, names and habits seen in training
    mentions.crf     the conditional random field
    light.*          vocabulary and weights of the light classifier
    encoder.pt       weights of the encoder and its heads

Nothing is unpickled that could run code.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from kg_builder.errors import DataError
from kg_builder.extraction.unstructured.learned.annotation import Slot
from kg_builder.extraction.unstructured.learned.config import LearnedConfig
from kg_builder.extraction.unstructured.learned.decisions import Decision
from kg_builder.extraction.unstructured.learned.extractor import JointExtractor, Signature
from kg_builder.extraction.unstructured.learned.knowledge import Knowledge
from kg_builder.extraction.unstructured.learned.naming import Namer
from kg_builder.extraction.unstructured.learned.tagger import MentionTagger

_SETTINGS: Final = "settings.json"
_KNOWLEDGE: Final = "knowledge.json"
_MENTIONS: Final = "mentions.crf"


def save(extractor: JointExtractor, folder: Path) -> None:
    """Write a trained extractor; the same extractor gives the same bytes."""
    assert extractor.tagger is not None, "fit first"
    folder.mkdir(parents=True, exist_ok=True)
    _write(
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
    _write(
        folder / _KNOWLEDGE,
        {
            "aliases": {name: list(forms) for name, forms in extractor.aligner.aliases.items()},
            "slots": [
                [surface, *slot, groups]
                for surface, slots in extractor.knowledge.slots.items()
                for slot, groups in slots.items()
            ],
            "pairs": [
                [*pair, relation, groups]
                for pair, relations in extractor.knowledge.pairs.items()
                for relation, groups in relations.items()
            ],
            "words": {word: sorted(groups) for word, groups in extractor.knowledge.words.items()},
            "names": [
                [surface, *slot, name, groups]
                for surface, slots in extractor.namer.names.items()
                for slot, names in slots.items()
                for name, groups in names.items()
            ],
            "habits": [
                [*slot, kind, changes] for (slot, kind), changes in extractor.namer.habits.items()
            ],
        },
    )
    (folder / _MENTIONS).write_bytes(extractor.tagger.model)
    for scorer in extractor.scorers.values():
        scorer.save(folder)


def load(folder: Path) -> JointExtractor:
    """Read a trained extractor.

    Raises:
        DataError: a file is missing or not what `save` writes.
    """
    settings, known = _read(folder / _SETTINGS), _read(folder / _KNOWLEDGE)
    try:
        extractor = JointExtractor(LearnedConfig.model_validate(settings["config"]))
        extractor.signature = Signature(
            tuple(settings["relations"]),
            frozenset((a, b) for a, b in settings["allowed"]),
            settings["complete"],
        )
        extractor.decisions = {
            (tuple(item["classifiers"]), item["given"]): Decision(
                tuple(item["logits"]), tuple(item["probabilities"]), item["threshold"]
            )
            for item in settings["decisions"]
        }
        extractor.aligner.aliases = {n: tuple(forms) for n, forms in known["aliases"].items()}
        extractor.knowledge, extractor.namer = _knowledge(known), _namer(known)
        model = (folder / _MENTIONS).read_bytes()
        extractor.tagger = MentionTagger(extractor.knowledge, extractor.lists, model)
        for classifier in extractor.config.classifiers:
            scorer = extractor.scorer(classifier)
            scorer.load(folder)
            extractor.scorers[classifier] = scorer
    except (KeyError, TypeError, ValueError, ValidationError, OSError, RuntimeError) as fault:
        raise DataError(
            f"not a trained relation extractor: {fault}",
            where=str(folder),
            remedy="train it again with python -m pipeline train-extractor",
        ) from None
    return extractor


def _knowledge(known: dict[str, Any]) -> Knowledge:
    knowledge = Knowledge()
    for surface, relation, side, groups in known["slots"]:
        knowledge.slots.setdefault(surface, {})[Slot(relation, side)] = Counter(groups)
    for subject, object_, relation, groups in known["pairs"]:
        knowledge.pairs.setdefault((subject, object_), {})[relation] = Counter(groups)
    knowledge.words = {word: set(groups) for word, groups in known["words"].items()}
    return knowledge


def _namer(known: dict[str, Any]) -> Namer:
    namer = Namer()
    for surface, relation, side, name, groups in known["names"]:
        slots = namer.names.setdefault(surface, {})
        slots.setdefault(Slot(relation, side), {})[name] = Counter(groups)
    for relation, side, kind, changes in known["habits"]:
        namer.habits[Slot(relation, side), kind] = Counter(changes)
    return namer


def _write(path: Path, content: dict[str, Any]) -> None:
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    path.write_text(text + "\n", encoding="utf-8")


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError("no such file", where=str(path)) from None
    except ValueError as fault:
        raise DataError(f"damaged: {fault}", where=str(path)) from None
    if not isinstance(content, dict):
        raise DataError("damaged: not a JSON object", where=str(path))
    return content
