"""Prepare training texts: parse, align names, induce classes, gather statistics, make folds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kg_builder.errors import DataError
from kg_builder.text_models.config import LearnedConfig
from kg_builder.text_models.corpora import AnnotatedText, Slot
from kg_builder.text_models.relations.labelling import (
    Aligner,
    Classes,
    LabelledText,
    induce_classes,
)
from kg_builder.text_models.relations.parsed_text import ParsedText, parse_texts
from kg_builder.text_models.relations.training_statistics import Namer, TrainingStatistics


@dataclass(frozen=True)
class PreparedTexts:
    """Prepared training texts: labelled spans, classes, folds and statistics.

    Attributes:
        texts: the texts.
        classes: classes of slots and names.
        fold_of: the fold of each text; a group is in one fold only.
        folds: number of folds.
        aligner: with the learnt aliases.
        statistics: counts of slots and relations of names, by group.
        namer: converts mentions to the collection's names.
    """

    texts: list[LabelledText]
    classes: Classes
    fold_of: Sequence[int]
    folds: int
    aligner: Aligner
    statistics: TrainingStatistics
    namer: Namer


def prepare(
    texts: Sequence[AnnotatedText],
    config: LearnedConfig,
    parsed_texts: Sequence[ParsedText] | None,
    *,
    folds: int,
    seed: int,
    declared: Mapping[Slot, str] | None,
) -> PreparedTexts:
    """Parse and label texts.

    Args:
        texts: texts with their triples; without `parsed_texts` they are sorted.
        config: spaCy pipeline, number of folds.
        parsed_texts: the already parsed texts, in order.
        folds: number of folds, if not configured.
        seed: of the split into folds.
        declared: classes of slots that an ontology declares.

    Raises:
        DataError: fewer groups than folds.
    """
    if parsed_texts is None:
        texts = sorted(texts, key=lambda text: (text.text, text.id))
    groups = [text.group for text in texts]
    folds = config.inner_folds or folds
    if len(set(groups)) < folds:
        raise DataError(
            f"{len(set(groups))} subjects among the training texts, needed are {folds}",
            where="training texts",
            remedy="give more texts, about different topics",
        )
    parsed_texts = parsed_texts or list(parse_texts([text.text for text in texts], config.model))
    aligner = Aligner()
    aligner.learn_aliases(texts, parsed_texts)
    labels = [aligner.align(text, parsed) for text, parsed in zip(texts, parsed_texts, strict=True)]
    return PreparedTexts(
        texts=labels,
        classes=induce_classes((t for text in texts for t in text.triples), declared),
        fold_of=grouped_folds(groups, folds, seed=seed),
        folds=folds,
        aligner=aligner,
        statistics=TrainingStatistics.of(labels),
        namer=Namer.of(labels),
    )


def grouped_folds(groups: Sequence[str], folds: int, *, seed: int) -> list[int]:
    """Assign each item to a fold by its group.

    Groups are shuffled and assigned to the smallest fold, largest first, so that folds have about
    the same number of items.
    """
    names = sorted(set(groups))
    sizes = dict.fromkeys(names, 0)
    for group in groups:
        sizes[group] += 1
    random = np.random.default_rng(seed)
    order = [names[i] for i in random.permutation(len(names))]
    order.sort(key=lambda name: -sizes[name])
    filled = [0] * folds
    part: dict[str, int] = {}
    for name in order:
        smallest = min(range(folds), key=lambda fold: (filled[fold], fold))
        part[name] = smallest
        filled[smallest] += sizes[name]
    return [part[group] for group in groups]
