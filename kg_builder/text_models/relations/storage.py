"""A trained extractor in a folder: JSON for what was counted, arrays for what was fitted.

    settings.json    configuration, signature, decisions
    knowledge.json   surfaces, names and habits seen in training
    mentions.crf     the conditional random field
    light.*          vocabulary and weights of the light classifier
    encoder.pt       weights of the encoder and its heads

Nothing is unpickled that could run code.
"""

from __future__ import annotations

from pathlib import Path

from kg_builder.text_models.relations import known
from kg_builder.text_models.relations.config import LearnedConfig
from kg_builder.text_models.relations.decisions import Decision
from kg_builder.text_models.relations.extractor import JointExtractor, Signature
from kg_builder.text_models.relations.tagger import MentionTagger


def save(extractor: JointExtractor, folder: Path) -> None:
    """Write a trained extractor; the same extractor gives the same bytes."""
    assert extractor.tagger is not None, "fit first"
    folder.mkdir(parents=True, exist_ok=True)
    known.write_json(
        folder / known.SETTINGS,
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
    known.save(folder, extractor.aligner, extractor.knowledge, extractor.namer)
    (folder / known.MENTIONS).write_bytes(extractor.tagger.model)
    for scorer in extractor.scorers.values():
        scorer.save(folder)


def load(folder: Path) -> JointExtractor:
    """Read a trained extractor.

    Raises:
        DataError: a file is missing or not what `save` writes.
    """
    settings = known.read_json(folder / known.SETTINGS)
    with known.reading_from(folder):
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
        known.load(folder, extractor)
        model = (folder / known.MENTIONS).read_bytes()
        extractor.tagger = MentionTagger(extractor.knowledge, extractor.lists, model)
        for classifier in extractor.config.classifiers:
            scorer = extractor.scorer(classifier)
            scorer.load(folder)
            extractor.scorers[classifier] = scorer
    return extractor
