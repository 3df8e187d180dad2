"""Train the subject-first extractor; out-of-fold models choose its thresholds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kg_builder.errors import DataError
from kg_builder.progress import Progress, silent
from kg_builder.text_models.classifiers import LinearModel
from kg_builder.text_models.config import LearnedConfig
from kg_builder.text_models.corpora import AnnotatedText, Slot, Triple
from kg_builder.text_models.relations.labelling import LabelledText
from kg_builder.text_models.relations.mentions import MentionTagger
from kg_builder.text_models.relations.parsed_text import FoundTriple, ParsedText, WordSpan, squash
from kg_builder.text_models.relations.preparation import PreparedTexts, prepare
from kg_builder.text_models.relations.subject_finder import (
    RankedText,
    SubjectClassifier,
    SubjectFinder,
)
from kg_builder.text_models.relations.subject_first_extractor import (
    SubjectFirstExtractor,
    SubjectFirstModels,
    SubjectRelations,
    object_candidates,
    object_features,
)
from kg_builder.text_models.relations.subject_spans import SubjectCrf
from kg_builder.text_models.relations.surface_forms import plain, whole_date
from kg_builder.text_models.relations.training_statistics import WordLists
from kg_builder.text_models.relations.triple_rescoring import (
    MIN_RIGHT,
    TripleRescorer,
    rescored_out_of_fold,
)

_FOLDS: Final = 3
_STRENGTH: Final = 15.0
_PRIOR: Final = 5
"""Pseudo-count of examples with the mean share, for relations with few"""

_MIN_SHARE: Final = 0.05
_MAX_STATED: Final = 0.5
"""Maximum probability that a triple without annotation is stated"""

_ONE_SUBJECT: Final = 0.95
_MIN_TEXTS: Final = 10


def about_one_thing(texts: Sequence[AnnotatedText]) -> bool:
    """Whether (nearly) every text with several triples has one subject."""
    several = [text for text in texts if len(text.triples) > 1]
    alike = sum(len({triple.subject for triple in text.triples}) == 1 for text in several)
    return len(several) >= _MIN_TEXTS and alike >= _ONE_SUBJECT * len(several)


def fit_subject_first_extractor(
    texts: Sequence[AnnotatedText],
    config: LearnedConfig | None = None,
    *,
    seed: int = 0,
    declared: Mapping[Slot, str] | None = None,
    parsed: Sequence[ParsedText] | None = None,
    progress: Progress = silent,
) -> SubjectFirstExtractor:
    """Train the extractor; the same texts and seed give the same model.

    Args:
        texts: texts with their triples; only those of the main subject count.
        config: settings.
        seed: of the split into folds.
        declared: classes of slots that an ontology declares.
        parsed: the already parsed texts, in order, to save time.
        progress: called after each step.

    Raises:
        DataError: too few subjects, or no triple whose names a text has.
    """
    config = config or LearnedConfig()
    if parsed is not None:
        parsed = [p for text, p in zip(texts, parsed, strict=True) if text.triples]
    texts = [_of_chief_subject(text) for text in texts if text.triples]
    prepared = prepare(texts, config, parsed, folds=_FOLDS, seed=seed, declared=declared)
    labels, folds = prepared.texts, prepared.folds
    steps = folds + 3
    progress(1, steps)
    training = _Training(prepared)
    for fold in range(folds):
        training.read_out_of_fold(fold)
        progress(2 + fold, steps)
    if not any(text.labels.any() for text in training.objects if text is not None):
        raise DataError(
            "no text has both names of one of its triples",
            where="training texts",
            remedy="check that texts and triples belong together",
        )
    incomplete = not all(text.complete for text in texts)
    is_completed = incomplete and config.target == "stated"
    if is_completed:
        training.complete()

    def extractor(models: SubjectFirstModels, threshold: float) -> SubjectFirstExtractor:
        return SubjectFirstExtractor(
            config=config,
            aligner=prepared.aligner,
            statistics=prepared.statistics,
            word_lists=training.word_lists,
            namer=prepared.namer,
            models=models,
            threshold=threshold,
        )

    out_of_fold = [extractor(training.models(without=fold), 0.0) for fold in range(folds)]
    models = training.models()
    progress(2 + folds, steps)
    found = [
        out_of_fold[fold].triples(text.parsed, min_confidence=0.0, group=text.source.group)
        for text, fold in zip(labels, prepared.fold_of, strict=True)
    ]
    right = [
        [_key(item.triple) in {_key(triple) for triple in text.source.triples} for item in triples]
        for text, triples in zip(labels, found, strict=True)
    ]
    # with probabilities of being stated, an annotated triple is no better than another
    if not is_completed and sum(map(sum, right)) >= MIN_RIGHT:
        names = models.relations.names
        models = replace(models, rescorer=TripleRescorer.fit(found, right, names))
        found = rescored_out_of_fold(found, right, prepared.fold_of, names)
    threshold = _threshold(found, [text.source for text in labels])
    progress(steps, steps)
    return extractor(models, threshold)


def _of_chief_subject(text: AnnotatedText) -> AnnotatedText:
    """Restrict a text to the triples of its main subject."""
    subjects = [triple.subject for triple in text.triples]
    chief = max(dict.fromkeys(subjects), key=subjects.count)
    return replace(text, triples=tuple(t for t in text.triples if t.subject == chief))


@dataclass(frozen=True)
class _Objects:
    """The objects of a text given its true subject: features and relations."""

    rows: list[list[str]]
    labels: NDArray[np.float64]
    subject_class: str


class _Training:
    """Training data with out-of-fold predictions of the earlier models."""

    def __init__(self, prepared: PreparedTexts) -> None:
        self._prepared, self._classes, self._texts = prepared, prepared.classes, prepared.texts
        self.word_lists = WordLists()
        self._resources = prepared.statistics, self.word_lists
        self._names = tuple(sorted({t.relation for x in self._texts for t in x.source.triples}))
        self._subject_classes = tuple(
            self._classes.of_slot[Slot(name, "subject")] for name in self._names
        )
        self._subjects = [text.spans[text.source.triples[0].subject] for text in self._texts]
        self._taggers: dict[int, MentionTagger] = {}
        self._crfs: dict[int, SubjectCrf] = {}
        self._ranked: list[RankedText | None] = [None] * len(self._texts)
        self.objects: list[_Objects | None] = [None] * len(self._texts)

    def read_out_of_fold(self, fold: int) -> None:
        """Add predictions on a fold by models of the other folds."""
        others = self._without(fold)
        texts = [self._texts[n] for n in others]
        tagger = MentionTagger.fit(texts, self._classes, *self._resources)
        crf = SubjectCrf.fit(texts, [self._subjects[n] for n in others], *self._resources)
        self._taggers[fold], self._crfs[fold] = tagger, crf
        for number, text in enumerate(self._texts):
            if self._prepared.fold_of[number] == fold:
                subject = self._subjects[number]
                self._ranked[number] = RankedText.of(text, subject, crf)
                if subject:
                    self.objects[number] = self._objects(text, subject, tagger)

    def complete(self) -> None:
        """Replace the labels of objects without a relation by the probability that it is stated.

        An incomplete annotation has a share of the stated triples, which is estimated as the mean
        out-of-fold probability of the annotated ones. An object without annotation whose
        probability of being annotated is p then has the relation with the probability
        p / (1 - p) * (1 - share) / share (Elkan & Noto 2008).
        """
        predicted: list[NDArray[np.float64] | None] = [None] * len(self._texts)
        sums, counts = np.zeros(len(self._names)), np.zeros(len(self._names))
        for fold in sorted(set(self._prepared.fold_of)):
            model = self._fit_relations(self._without(fold))
            for number, of in enumerate(self._prepared.fold_of):
                objects = self.objects[number]
                if of == fold and objects is not None and objects.rows:
                    predicted[number] = each = model.probabilities(objects.rows)
                    sums += (each * objects.labels).sum(axis=0)
                    counts += objects.labels.sum(axis=0)
        mean = sums.sum() / max(counts.sum(), 1)
        shares = np.clip((sums + _PRIOR * mean) / (counts + _PRIOR), _MIN_SHARE, 1.0)
        for number, known in enumerate(predicted):
            objects, text = self.objects[number], self._texts[number]
            if objects is not None and known is not None and not text.source.complete:
                odds = known / np.maximum(1 - known, _MIN_SHARE) * (1 - shares) / shares
                labels = np.maximum(objects.labels, np.minimum(odds, _MAX_STATED))
                self.objects[number] = replace(objects, labels=labels)

    def models(self, *, without: int | None = None) -> SubjectFirstModels:
        """Train the models on all texts, or on those outside a fold."""
        numbers = self._without(without)
        if without is None:
            tagger = MentionTagger.fit(self._texts, self._classes, *self._resources)
            crf = SubjectCrf.fit(self._texts, self._subjects, *self._resources)
        else:
            tagger, crf = self._taggers[without], self._crfs[without]
        ranked = [text for n in numbers if (text := self._ranked[n]) is not None]
        named = [n for n in numbers if self._subjects[n]]
        classifier = SubjectClassifier.fit(
            [
                (text.parsed, sorted(set(self._subjects[n])), text.source.group)
                for n in named
                for text in [self._texts[n]]
            ],
            [self._subject_class(self._texts[n]) for n in named],
            *self._resources,
        )
        relations = SubjectRelations(
            self._names,
            self._subject_classes,
            self._fit_relations(numbers),
        )
        return SubjectFirstModels(tagger, SubjectFinder.fit(crf, ranked), classifier, relations)

    def _without(self, fold: int | None) -> list[int]:
        return [number for number, of in enumerate(self._prepared.fold_of) if of != fold]

    def _subject_class(self, text: LabelledText) -> str:
        return self._classes.of_slot[Slot(text.source.triples[0].relation, "subject")]

    def _fit_relations(self, numbers: Sequence[int]) -> LinearModel:
        """Train the relation model; each relation on subjects of its class."""
        chosen = [text for n in numbers if (text := self.objects[n]) is not None and text.rows]
        rows = [row for text in chosen for row in text.rows]
        labels = np.concatenate([text.labels for text in chosen])
        used = np.concatenate(
            [
                np.tile(
                    [class_ == text.subject_class for class_ in self._subject_classes],
                    (len(text.rows), 1),
                )
                for text in chosen
            ]
        )
        return LinearModel.fit(rows, labels, strength=_STRENGTH, used=used, by_rarity=True)

    def _objects(
        self, text: LabelledText, subject: Sequence[WordSpan], tagger: MentionTagger
    ) -> _Objects:
        group = text.source.group
        spans = sorted(set(subject))
        resources = *self._resources, group
        holds = self._relations_by_span(text, spans)
        found = object_candidates(tagger, text.parsed, spans, *resources)
        missing = sorted(set(holds) - {item.span for item in found})
        found += tagger.classify(text.parsed, missing, group)
        found.sort(key=lambda item: item.span)
        labels = np.zeros((len(found), len(self._names)))
        for row, item in enumerate(found):
            for relation in holds.get(item.span, ()):
                labels[row, self._names.index(relation)] = 1
        rows = object_features(text.parsed, spans, found, *resources) if found else []
        return _Objects(rows, labels, self._subject_class(text))

    def _relations_by_span(
        self, text: LabelledText, subject: Sequence[WordSpan]
    ) -> dict[WordSpan, set[str]]:
        """The relations that hold for each span.

        A date may be less precise than the triple's (`Namer.certainty`); other names with digits
        have to be the triple's.
        """
        holds: dict[WordSpan, set[str]] = defaultdict(set)
        for triple in text.source.triples:
            slot = Slot(triple.relation, "object")
            for span in text.spans[triple.object]:
                surface = text.parsed.span_text(*span)
                name = self._prepared.namer.name(surface, slot, text.source.group)
                numbered = any(map(str.isdigit, surface)) and not whole_date(surface)
                if numbered and squash(name) != squash(plain(triple.object)):
                    continue
                if not any(span.overlaps(other) for other in subject):
                    holds[span].add(triple.relation)
        return holds


def _threshold(found: Sequence[Sequence[FoundTriple]], texts: Sequence[AnnotatedText]) -> float:
    """The minimum confidence for the best expected F1 on out-of-fold texts.

    The expected number of correct extracted triples is the sum of their confidences. The total is
    estimated by that sum over all candidate triples, scaled up by the share of annotated triples
    that are not among the candidates.
    """
    confidences = np.sort([item.confidence for items in found for item in items])[::-1]
    wanted = reached = 0
    for items, text in zip(found, texts, strict=True):
        named = {_key(item.triple) for item in items}
        wanted += len(text.triples)
        reached += sum(_key(triple) in named for triple in text.triples)
    if not len(confidences) or not reached:
        return 0.5
    expected_gold = confidences.sum() * wanted / reached
    f1 = 2 * np.cumsum(confidences) / (np.arange(1, len(confidences) + 1) + expected_gold)
    return float(confidences[int(np.argmax(f1))])


def _key(triple: Triple) -> Triple:
    return Triple(squash(triple.subject), triple.relation, squash(triple.object))
