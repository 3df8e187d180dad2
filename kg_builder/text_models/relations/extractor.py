"""Joint extraction of entities and relations, trained from texts with their triples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kg_builder.progress import Progress, silent
from kg_builder.text_models.relations.alignment import Aligner, LabelledText, Words
from kg_builder.text_models.relations.annotation import AnnotatedText, Slot, Triple
from kg_builder.text_models.relations.classes import Classes
from kg_builder.text_models.relations.config import Classifier, LearnedConfig
from kg_builder.text_models.relations.decisions import Decision
from kg_builder.text_models.relations.forms import plain
from kg_builder.text_models.relations.held_out import DecisionKey
from kg_builder.text_models.relations.knowledge import Knowledge, WordLists
from kg_builder.text_models.relations.light import LightScorer
from kg_builder.text_models.relations.naming import Namer
from kg_builder.text_models.relations.proposals import propose
from kg_builder.text_models.relations.reading import Reading, read_texts, squash
from kg_builder.text_models.relations.tagger import (
    Candidate,
    MentionTagger,
)
from kg_builder.text_models.relations.tasks import (
    PairScorer,
    PairTask,
    possible_pairs,
)

_CONSIDERED: Final = -4.0
"""Logits below it are not worth naming."""


@dataclass(frozen=True)
class FoundTriple:
    """A triple that a text states, with its places in the text."""

    triple: Triple
    confidence: float
    subject: Words
    object: Words
    logit: float = 0.0


@dataclass(frozen=True)
class Signature:
    """What training told about relations: their columns, and the classes that they connect."""

    relations: tuple[str, ...]
    allowed: frozenset[tuple[str, str]]
    complete: bool = True
    """Whether the annotation of the training texts told all that they state"""

    @classmethod
    def of(cls, texts: Sequence[LabelledText], classes: Classes) -> Signature:
        """Relations and pairs of classes of the texts' triples."""
        triples = sorted({triple for text in texts for triple in text.source.triples})
        allowed = {
            pair
            for triple in triples
            for pair in (
                (
                    classes.of_slot[Slot(triple.relation, "subject")],
                    classes.of_slot[Slot(triple.relation, "object")],
                ),
                (classes.of(triple.subject), classes.of(triple.object)),
            )
        }
        return cls(
            tuple(sorted({triple.relation for triple in triples})),
            frozenset(allowed),
            all(text.source.complete for text in texts),
        )


class JointExtractor:
    """Mentions by a conditional random field, relations by classifiers of pairs of mentions.

    `fit` learns; `extract` reads texts; `save` and `load` (see `storage`) keep a trained one.
    """

    def __init__(self, config: LearnedConfig | None = None) -> None:
        self.config = config or LearnedConfig()
        self.aligner = Aligner()
        self.signature = Signature((), frozenset())
        self.knowledge = Knowledge()
        self.lists = WordLists()
        self.namer = Namer()
        self.tagger: MentionTagger | None = None
        self.scorers: dict[Classifier, PairScorer] = {}
        self.decisions: dict[DecisionKey, Decision] = {}
        """(classifiers, whether the mentions are given) → decision"""

    def fit(
        self,
        texts: Sequence[AnnotatedText],
        *,
        seed: int = 0,
        declared: Mapping[Slot, str] | None = None,
        readings: Sequence[Reading] | None = None,
        progress: Progress = silent,
    ) -> JointExtractor:
        """Learn from texts; the same texts and seed give the same model.

        Args:
            texts: texts with their triples.
            seed: of everything random.
            declared: classes of slots that an ontology declares.
            readings: the texts as read before, in their order, to save the time.
            progress: told after each of the steps.

        Raises:
            DataError: fewer groups than inner folds, or no triple whose names a text has.
        """
        from kg_builder.text_models.relations.fitting import fit

        fit(self, texts, seed=seed, declared=declared or {}, readings=readings, progress=progress)
        return self

    def extract(
        self,
        texts: Sequence[str],
        *,
        given: Sequence[Sequence[str]] | None = None,
        use: Sequence[Classifier] | None = None,
        least: float | None = None,
    ) -> list[list[FoundTriple]]:
        """Read the triples of texts, surest first.

        Args:
            texts: running texts, each read as a whole.
            given: names of the things in each text, where they are known beforehand.
            use: the classifiers to ask; all that were trained by default.
            least: least confidence of a triple; by default what training found best for F1.
        """
        return self.extract_readings(
            list(read_texts(texts, self.config.model)), given=given, use=use, least=least
        )

    def extract_readings(
        self,
        readings: Sequence[Reading],
        *,
        given: Sequence[Sequence[str]] | None = None,
        use: Sequence[Classifier] | None = None,
        least: float | None = None,
    ) -> list[list[FoundTriple]]:
        """As `extract`, for texts that were read before."""
        assert self.tagger is not None, "fit or load first"
        if given is None:
            candidates = [self.mentions(self.tagger, reading) for reading in readings]
        else:
            candidates = [
                self._given(reading, names) for reading, names in zip(readings, given, strict=True)
            ]
        tasks = [
            self.task(reading, tuple(found))
            for reading, found in zip(readings, candidates, strict=True)
        ]
        classifiers = self._chosen(use)
        decision = self.decisions[classifiers, given is not None]
        least = decision.threshold if least is None else least
        return [
            [found for found in self.triples(task, logits, decision) if found.confidence >= least]
            for task, logits in zip(tasks, self.score(tasks, classifiers), strict=True)
        ]

    def threshold(self, use: Sequence[Classifier] | None = None, *, given: bool = False) -> float:
        """The least confidence of a triple that `extract` returns."""
        return self.decisions[self._chosen(use), given].threshold

    def _chosen(self, use: Sequence[Classifier] | None) -> tuple[Classifier, ...]:
        """Classifiers in the order in which decisions are kept."""
        return tuple(sorted(set(use or self.config.classifiers), reverse=True))

    def task(
        self, reading: Reading, candidates: tuple[Candidate, ...], group: str = ""
    ) -> PairTask:
        """A text made ready for the classifiers."""
        pairs = possible_pairs(candidates, self.signature.allowed)
        return PairTask(reading, group, candidates, pairs)

    def score(
        self, tasks: Sequence[PairTask], classifiers: Sequence[Classifier]
    ) -> list[NDArray[np.float32]]:
        """Mean logits of classifiers, shape (pairs, relations) for each task."""
        each = [self.scorers[name].predict(tasks) for name in classifiers]
        return [np.mean(logits, axis=0) for logits in zip(*each, strict=True)]

    def mentions(self, tagger: MentionTagger, reading: Reading, group: str = "") -> list[Candidate]:
        """What the tagger finds, and what else looks like a mention.

        The tagger misses most of the names that it can tell from nothing but their capitals; which
        of the proposed ones are meant is left to the classifiers of pairs.
        """
        found = tagger.find(reading, group)
        taken = [item.place for item in found]
        places = propose(reading, self.knowledge, self.lists, group, taken)
        found += tagger.classify(reading, places, group)
        return sorted(found, key=lambda item: item.place)

    def _given(self, reading: Reading, names: Sequence[str]) -> list[Candidate]:
        assert self.tagger is not None
        text = self.aligner.align(
            AnnotatedText("", reading.text, tuple(Triple(name, "", name) for name in names)),
            reading,
        )
        named = [
            Candidate(place, "", 1.0, name)
            for name, places in sorted(text.places.items())
            for place in places
        ]
        return told(self.tagger, reading, named)

    def triples(
        self, task: PairTask, logits: NDArray[np.float32], decision: Decision
    ) -> list[FoundTriple]:
        """Named triples of a text; of several statements of one the surest."""
        best: dict[Triple, FoundTriple] = {}
        for row, column in np.argwhere(logits > _CONSIDERED):
            subject, object_ = (task.candidates[number] for number in task.pairs[row])
            relation = self.signature.relations[column]
            triple = Triple(
                self._name(task, subject, Slot(relation, "subject")),
                relation,
                self._name(task, object_, Slot(relation, "object")),
            )
            logit = float(logits[row, column])
            same = squash(triple.subject) == squash(triple.object)
            if not same and (triple not in best or best[triple].logit < logit):
                best[triple] = FoundTriple(
                    triple, decision.confidence(logit), subject.place, object_.place, logit
                )
        return sorted(best.values(), key=lambda found: (-found.logit, found.triple))

    def _name(self, task: PairTask, item: Candidate, slot: Slot) -> str:
        if item.name:
            return plain(item.name)
        return self.namer.name(task.reading.span_text(*item.place), slot, task.group)

    def save(self, folder: Path) -> None:
        """Write the trained extractor to a folder (see `storage`)."""
        from kg_builder.text_models.relations.storage import save

        save(self, folder)

    @staticmethod
    def load(folder: Path) -> JointExtractor:
        """Read a trained extractor from a folder.

        Raises:
            DataError: the folder does not hold one.
        """
        from kg_builder.text_models.relations.storage import load

        return load(folder)

    def scorer(self, classifier: Classifier) -> PairScorer:
        """A classifier that has learnt nothing yet."""
        if classifier == "light":
            return LightScorer(self.knowledge, self.lists)
        from kg_builder.text_models.relations.encoder import EncoderScorer

        return EncoderScorer(self.config.encoder_epochs)


def told(
    tagger: MentionTagger, reading: Reading, named: Sequence[Candidate], group: str = ""
) -> list[Candidate]:
    """Mentions whose places and names are given, each with the class that it seems to have."""
    names: dict[Words, str] = {}
    for item in named:
        names.setdefault(item.place, item.name)
    places = sorted(names)
    return [
        Candidate(item.place, item.class_, 1.0, names[item.place])
        for item in tagger.classify(reading, places, group)
    ]
