"""The first steps of every training: texts read, names placed, classes and knowledge gathered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from kg_builder.errors import DataError
from kg_builder.text_models.relations.alignment import LabelledText
from kg_builder.text_models.relations.annotation import AnnotatedText, Slot
from kg_builder.text_models.relations.classes import Classes, induce_classes
from kg_builder.text_models.relations.config import LearnedConfig
from kg_builder.text_models.relations.folds import grouped_folds
from kg_builder.text_models.relations.knowledge import Knowledge
from kg_builder.text_models.relations.known import Knowing
from kg_builder.text_models.relations.naming import Namer
from kg_builder.text_models.relations.reading import Reading, read_texts


class Learner(Knowing, Protocol):
    """An extractor that is about to learn."""

    config: LearnedConfig


@dataclass(frozen=True)
class Prepared:
    """Training texts in their order, with the places of their names.

    Attributes:
        texts: the texts.
        classes: of the slots of their relations, and of their names.
        part: the fold of each text; no subject is in two.
        folds: number of folds.
    """

    texts: list[LabelledText]
    classes: Classes
    part: Sequence[int]
    folds: int


def prepare(
    learner: Learner,
    texts: Sequence[AnnotatedText],
    readings: Sequence[Reading] | None,
    *,
    folds: int,
    seed: int,
    declared: Mapping[Slot, str],
) -> Prepared:
    """Read and align texts; the learner's aligner, knowledge and names are filled.

    Args:
        learner: what learns.
        texts: texts with their triples; without readings they are put in an order of their own.
        readings: the texts as read before, in their order.
        folds: parts to divide them into, where the learner's configuration does not say.
        seed: of the division.
        declared: classes of slots that an ontology declares.

    Raises:
        DataError: fewer subjects than folds.
    """
    if readings is None:
        texts = sorted(texts, key=lambda text: (text.text, text.id))
    groups = [text.group for text in texts]
    folds = learner.config.inner_folds or folds
    if len(set(groups)) < folds:
        raise DataError(
            f"{len(set(groups))} subjects among the training texts, needed are {folds}",
            where="training texts",
            remedy="give more texts, about different things",
        )
    readings = readings or list(read_texts([text.text for text in texts], learner.config.model))
    learner.aligner.learn(texts, readings)
    labels = [
        learner.aligner.align(text, reading) for text, reading in zip(texts, readings, strict=True)
    ]
    learner.knowledge, learner.namer = Knowledge.of(labels), Namer.of(labels)
    classes = induce_classes((t for text in texts for t in text.triples), declared)
    return Prepared(labels, classes, grouped_folds(groups, folds, seed=seed), folds)
