"""How a joint extractor learns: the steps, in their order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final

from kg_builder.errors import DataError
from kg_builder.progress import Progress
from kg_builder.text_models.relations.alignment import LabelledText
from kg_builder.text_models.relations.annotation import AnnotatedText, Slot
from kg_builder.text_models.relations.classes import Classes
from kg_builder.text_models.relations.decisions import Decision
from kg_builder.text_models.relations.extractor import JointExtractor, Signature, told
from kg_builder.text_models.relations.held_out import HeldOut
from kg_builder.text_models.relations.preparing import prepare
from kg_builder.text_models.relations.reading import Reading
from kg_builder.text_models.relations.tagger import (
    Candidate,
    MentionTagger,
    true_candidates,
)
from kg_builder.text_models.relations.tasks import PairTask, labelled, mixed

_MANY: Final = 2000


def fit(
    extractor: JointExtractor,
    texts: Sequence[AnnotatedText],
    *,
    seed: int,
    declared: Mapping[Slot, str],
    readings: Sequence[Reading] | None,
    progress: Progress,
) -> None:
    """Fit an extractor in place; see `JointExtractor.fit`."""
    prepared = prepare(
        extractor,
        texts,
        readings,
        folds=2 if len(texts) > _MANY else 3,
        seed=seed,
        declared=declared,
    )
    labels, classes, part = prepared.texts, prepared.classes, prepared.part
    folds = prepared.folds
    extractor.signature = Signature.of(labels, classes)
    steps, done = 2 + folds + 2 * len(extractor.config.classifiers), iter(range(1, 1000))
    progress(next(done), steps)
    truth = [true_candidates(text, classes) for text in labels]
    found: list[list[Candidate]] = [[] for _ in labels]
    given: list[list[Candidate]] = [[] for _ in labels]
    for fold in range(folds):
        tagger = _fit_tagger(
            extractor,
            [text for text, where in zip(labels, part, strict=True) if where != fold],
            classes,
        )
        for number, text in enumerate(labels):
            if part[number] == fold:
                group = text.source.group
                found[number] = extractor.mentions(tagger, text.reading, group)
                given[number] = told(tagger, text.reading, truth[number], group)
        progress(next(done), steps)
    extractor.tagger = _fit_tagger(extractor, labels, classes)
    progress(next(done), steps)
    tasks = [
        _labelled(extractor, text, mixed(true, seen))
        for text, true, seen in zip(labels, truth, found, strict=True)
    ]
    if not any(task.labels is not None and task.labels.positive.any() for task in tasks):
        raise DataError(
            "no text has both names of one of its triples",
            where="training texts",
            remedy="check that texts and triples belong together",
        )
    held_out = HeldOut(
        labels,
        [
            extractor.task(t.reading, tuple(seen), t.source.group)
            for t, seen in zip(labels, found, strict=True)
        ],
        [
            extractor.task(t.reading, tuple(places), t.source.group)
            for t, places in zip(labels, given, strict=True)
        ],
        part,
        extractor.config.stated_share if not extractor.signature.complete else 1.0,
        lambda task, logits: [
            (item.triple, item.logit) for item in extractor.triples(task, logits, Decision())
        ],
    )
    for classifier in extractor.config.classifiers:
        parts = range(folds) if classifier == "light" else range(1)
        held_out.read(classifier, partial(extractor.scorer, classifier), tasks, parts, seed=seed)
        progress(next(done), steps)
        scorer = extractor.scorer(classifier)
        scorer.fit(tasks, seed=seed)
        extractor.scorers[classifier] = scorer
        progress(next(done), steps)
    extractor.decisions = held_out.decisions()
    progress(steps, steps)


def _fit_tagger(
    extractor: JointExtractor, texts: Sequence[LabelledText], classes: Classes
) -> MentionTagger:
    return MentionTagger.fit(texts, classes, extractor.knowledge, extractor.lists)


def _labelled(
    extractor: JointExtractor, text: LabelledText, candidates: tuple[Candidate, ...]
) -> PairTask:
    signature = extractor.signature
    columns = {relation: number for number, relation in enumerate(signature.relations)}
    return labelled(
        text, candidates, signature.allowed, columns, unstated=extractor.config.unstated
    )
