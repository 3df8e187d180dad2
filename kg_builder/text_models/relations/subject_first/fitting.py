"""How a subject-first extractor learns: the steps, in their order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kg_builder.errors import DataError
from kg_builder.progress import Progress
from kg_builder.text_models.relations.alignment import LabelledText, Words
from kg_builder.text_models.relations.annotation import AnnotatedText, Slot, Triple
from kg_builder.text_models.relations.classes import Classes
from kg_builder.text_models.relations.extractor import FoundTriple
from kg_builder.text_models.relations.forms import plain
from kg_builder.text_models.relations.linear import LinearModel
from kg_builder.text_models.relations.preparing import prepare
from kg_builder.text_models.relations.reading import Reading, squash
from kg_builder.text_models.relations.subject_first.extractor import (
    Parts,
    Relations,
    SubjectFirstExtractor,
)
from kg_builder.text_models.relations.subject_first.field import SubjectField
from kg_builder.text_models.relations.subject_first.finder import (
    RankedText,
    SubjectFinder,
)
from kg_builder.text_models.relations.subject_first.kinds import SubjectKinds
from kg_builder.text_models.relations.subject_first.objects import (
    object_candidates,
    object_features,
)
from kg_builder.text_models.relations.tagger import Candidate, MentionTagger

_FOLDS: Final = 3
_STRENGTH: Final = 0.1
_PRIOR: Final = 5
"""Imagined examples with the mean share, for relations with few"""

_LEAST_SHARE: Final = 0.05
_ONE_SUBJECT: Final = 0.95
_ENOUGH: Final = 10


def about_one_thing(texts: Sequence[AnnotatedText]) -> bool:
    """Whether the triples of (nearly) every text with several have one subject."""
    several = [text for text in texts if len(text.triples) > 1]
    alike = sum(len({triple.subject for triple in text.triples}) == 1 for text in several)
    return len(several) >= _ENOUGH and alike >= _ONE_SUBJECT * len(several)


def fit(
    extractor: SubjectFirstExtractor,
    texts: Sequence[AnnotatedText],
    *,
    seed: int,
    declared: Mapping[Slot, str],
    readings: Sequence[Reading] | None,
    progress: Progress,
) -> None:
    """Fit an extractor in place; see `SubjectFirstExtractor.fit`."""
    if readings is not None:
        readings = [r for text, r in zip(texts, readings, strict=True) if text.triples]
    texts = [_of_one(text) for text in texts if text.triples]
    prepared = prepare(extractor, texts, readings, folds=_FOLDS, seed=seed, declared=declared)
    labels, folds = prepared.texts, prepared.folds
    steps = folds + 3
    progress(1, steps)
    material = _Material(extractor, prepared.classes, labels, prepared.part)
    for fold in range(folds):
        material.see(fold)
        progress(2 + fold, steps)
    if not any(text.labels.any() for text in material.objects if text is not None):
        raise DataError(
            "no text has both names of one of its triples",
            where="training texts",
            remedy="check that texts and triples belong together",
        )
    shares = material.shares() if not all(text.complete for text in texts) else None
    held_out = [material.parts(shares, without=fold) for fold in range(folds)]
    extractor.parts = material.parts(shares)
    progress(2 + folds, steps)
    extractor.least = _threshold(
        [
            extractor.triples(text.reading, held_out[fold], least=0.0, group=text.source.group)
            for text, fold in zip(labels, material.part, strict=True)
        ],
        [text.source for text in labels],
    )
    progress(steps, steps)


def _of_one(text: AnnotatedText) -> AnnotatedText:
    """A text with the triples of its chief subject alone."""
    subjects = [triple.subject for triple in text.triples]
    chief = max(dict.fromkeys(subjects), key=subjects.count)
    return replace(text, triples=tuple(t for t in text.triples if t.subject == chief))


@dataclass(frozen=True)
class _Objects:
    """The objects of a text beside its true subject: features, and the relations that hold."""

    rows: list[list[str]]
    labels: NDArray[np.bool_]
    kind: str


class _Material:
    """The training texts as the models of each fold's other folds see them."""

    def __init__(
        self,
        extractor: SubjectFirstExtractor,
        classes: Classes,
        texts: Sequence[LabelledText],
        part: Sequence[int],
    ) -> None:
        self._extractor, self._classes, self._texts = extractor, classes, texts
        self.part = part
        self._names = tuple(sorted({t.relation for text in texts for t in text.source.triples}))
        self._kinds = tuple(classes.of_slot[Slot(name, "subject")] for name in self._names)
        self._subjects = [text.places[text.source.triples[0].subject] for text in texts]
        self._taggers: dict[int | None, MentionTagger] = {}
        self._fields: dict[int | None, SubjectField] = {}
        self._ranked: list[RankedText | None] = [None] * len(texts)
        self.objects: list[_Objects | None] = [None] * len(texts)

    def see(self, fold: int) -> None:
        """Let models of the other folds see the texts of a fold."""
        others = self._without(fold)
        known = self._extractor.knowledge, self._extractor.lists
        tagger = MentionTagger.fit([self._texts[n] for n in others], self._classes, *known)
        field = SubjectField.fit(
            [self._texts[n] for n in others], [self._subjects[n] for n in others], *known
        )
        self._taggers[fold], self._fields[fold] = tagger, field
        for number, text in enumerate(self._texts):
            if self.part[number] == fold:
                subject = self._subjects[number]
                self._ranked[number] = RankedText.of(text, subject, field)
                if subject:
                    self.objects[number] = self._objects(text, subject, tagger)

    def shares(self) -> tuple[float, ...]:
        """For each relation the mean probability, held out, of the objects that are annotated.

        Were annotation complete and the classifier sure, it would be 1; it is the share of what
        is stated that the annotation tells, where that share was drawn at random.
        """
        sums, counts = np.zeros(len(self._names)), np.zeros(len(self._names))
        for fold in sorted(set(self.part)):
            model = self._relations(self._without(fold))
            for number, where in enumerate(self.part):
                objects = self.objects[number]
                if where == fold and objects is not None and objects.labels.any():
                    told = model.probabilities(objects.rows)
                    sums += (told * objects.labels).sum(axis=0)
                    counts += objects.labels.sum(axis=0)
        mean = sums.sum() / max(counts.sum(), 1)
        each = (sums + _PRIOR * mean) / (counts + _PRIOR)
        return tuple(np.clip(each, _LEAST_SHARE, 1.0).tolist())

    def parts(self, shares: Sequence[float] | None, *, without: int | None = None) -> Parts:
        """Models of all texts, or of those outside a fold."""
        numbers = self._without(without)
        extractor = self._extractor
        known = extractor.knowledge, extractor.lists
        if without is None:
            tagger = MentionTagger.fit(self._texts, self._classes, *known)
            field = SubjectField.fit(self._texts, self._subjects, *known)
        else:
            tagger, field = self._taggers[without], self._fields[without]
        ranked = [seen for n in numbers if (seen := self._ranked[n]) is not None]
        named = [n for n in numbers if self._subjects[n]]
        kinds = SubjectKinds.fit(
            [
                (text.reading, sorted(set(self._subjects[n])), text.source.group)
                for n in named
                for text in [self._texts[n]]
            ],
            [self._kind(self._texts[n]) for n in named],
            *known,
        )
        relations = Relations(
            self._names,
            self._kinds,
            tuple(shares or [1.0] * len(self._names)),
            self._relations(numbers),
        )
        return Parts(tagger, SubjectFinder.fit(field, ranked), kinds, relations)

    def _without(self, fold: int | None) -> list[int]:
        return [number for number, where in enumerate(self.part) if where != fold]

    def _kind(self, text: LabelledText) -> str:
        return self._classes.of_slot[Slot(text.source.triples[0].relation, "subject")]

    def _relations(self, numbers: Sequence[int]) -> LinearModel:
        """The model of relations; each learns from the subjects of its own class."""
        chosen = [seen for n in numbers if (seen := self.objects[n]) is not None and seen.rows]
        rows = [row for seen in chosen for row in seen.rows]
        labels = np.concatenate([seen.labels for seen in chosen])
        used = np.concatenate(
            [
                np.tile([kind == seen.kind for kind in self._kinds], (len(seen.rows), 1))
                for seen in chosen
            ]
        )
        return LinearModel.fit(rows, labels, strength=_STRENGTH, used=used)

    def _objects(
        self, text: LabelledText, subject: Sequence[Words], tagger: MentionTagger
    ) -> _Objects:
        extractor, group = self._extractor, text.source.group
        places = sorted(set(subject))
        known = extractor.knowledge, extractor.lists, group
        holds = self._holding(text, places)
        found = object_candidates(tagger, text.reading, places, *known)
        missing = sorted(set(holds) - {item.place for item in found})
        found = _in_order([*found, *tagger.classify(text.reading, missing, group)])
        labels = np.zeros((len(found), len(self._names)), dtype=bool)
        for row, item in enumerate(found):
            for relation in holds.get(item.place, ()):
                labels[row, self._names.index(relation)] = True
        rows = object_features(text.reading, places, found, *known) if found else []
        return _Objects(rows, labels, self._kind(text))

    def _holding(self, text: LabelledText, subject: Sequence[Words]) -> dict[Words, set[str]]:
        """Which relations hold for which places.

        Only where the name that the place would be given is the triple's: a year that stands for
        a date which is known to the day would make a wrong triple.
        """
        holds: dict[Words, set[str]] = defaultdict(set)
        for triple in text.source.triples:
            slot = Slot(triple.relation, "object")
            for place in text.places[triple.object]:
                surface = text.reading.span_text(*place)
                name = self._extractor.namer.name(surface, slot, text.source.group)
                dated = any(sign.isdigit() for sign in surface)
                if dated and squash(name) != squash(plain(triple.object)):
                    continue
                if not any(place.overlaps(other) for other in subject):
                    holds[place].add(triple.relation)
        return holds


def _in_order(items: Sequence[Candidate]) -> list[Candidate]:
    return sorted(items, key=lambda item: item.place)


def _threshold(found: Sequence[Sequence[FoundTriple]], texts: Sequence[AnnotatedText]) -> float:
    """The least confidence for the best expected F1, on texts not learnt from.

    The number of right triples among the stated is the sum of their confidences. The number that
    the texts state is that sum over all triples worth naming, enlarged by the share of the
    annotated triples that are not among them.
    """
    confidences = np.sort([item.confidence for items in found for item in items])[::-1]
    wanted = reached = 0
    for items, text in zip(found, texts, strict=True):
        named = {_key(item.triple) for item in items}
        wanted += len(text.triples)
        reached += sum(_key(triple) in named for triple in text.triples)
    if not len(confidences) or not reached:
        return 0.5
    stated = confidences.sum() * wanted / reached
    f1 = 2 * np.cumsum(confidences) / (np.arange(1, len(confidences) + 1) + stated)
    return float(confidences[int(np.argmax(f1))])


def _key(triple: Triple) -> Triple:
    return Triple(squash(triple.subject), triple.relation, squash(triple.object))
