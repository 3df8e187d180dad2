"""Joint entity and relation extractor: CRF mentions, then classifiers of mention pairs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kg_builder.text_models.calibration import Decision
from kg_builder.text_models.config import Classifier, LearnedConfig
from kg_builder.text_models.corpora import AnnotatedText, Slot, Triple
from kg_builder.text_models.relations.labelling import Aligner, Classes, LabelledText
from kg_builder.text_models.relations.mention_pairs import (
    PairClassifier,
    PairTask,
    possible_pairs,
)
from kg_builder.text_models.relations.mentions import Candidate, MentionTagger, find_mentions
from kg_builder.text_models.relations.parsed_text import (
    FoundTriple,
    ParsedText,
    WordSpan,
    parse_texts,
    squash,
)
from kg_builder.text_models.relations.surface_forms import plain, whole_date
from kg_builder.text_models.relations.training_statistics import (
    Namer,
    TrainingStatistics,
    WordLists,
)

_MIN_LOGIT: Final = -4.0
"""Triples with lower logits are discarded."""

DecisionKey = tuple[tuple[Classifier, ...], bool]
"""Averaged classifiers, and whether the mentions are given."""


@dataclass(frozen=True)
class Signature:
    """Relations of the training texts: their columns, and the class pairs they connect."""

    relations: tuple[str, ...]
    allowed: frozenset[tuple[str, str]]
    complete: bool = True
    """Whether the annotation of the training texts is complete"""

    @classmethod
    def of(cls, texts: Sequence[LabelledText], classes: Classes) -> Signature:
        """Collect relations and class pairs of the texts' triples."""
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


@dataclass(frozen=True)
class JointExtractor:
    """Joint extractor: mentions by a CRF, relations by classifiers of mention pairs.

    Created by `joint_training.fit_joint_extractor`; `model_files` saves and loads it.
    """

    config: LearnedConfig
    signature: Signature
    aligner: Aligner
    statistics: TrainingStatistics
    word_lists: WordLists
    namer: Namer
    tagger: MentionTagger
    classifiers: Mapping[Classifier, PairClassifier]
    decisions: Mapping[DecisionKey, Decision]

    def extract(
        self,
        texts: Sequence[str],
        *,
        given: Sequence[Sequence[str]] | None = None,
        use: Sequence[Classifier] | None = None,
        min_confidence: float | None = None,
    ) -> list[list[FoundTriple]]:
        """Extract the triples of texts, by falling confidence.

        Args:
            texts: running texts, each processed as a whole.
            given: names of the entities in each text, if known beforehand.
            use: the classifiers to use; by default all trained ones.
            min_confidence: minimum confidence of a triple; by default the threshold of training,
                which has the best F1.
        """
        parsed = list(parse_texts(texts, self.config.model))
        return self.extract_parsed(parsed, given=given, use=use, min_confidence=min_confidence)

    def extract_parsed(
        self,
        texts: Sequence[ParsedText],
        *,
        given: Sequence[Sequence[str]] | None = None,
        use: Sequence[Classifier] | None = None,
        min_confidence: float | None = None,
    ) -> list[list[FoundTriple]]:
        """As `extract`, for parsed texts."""
        if given is None:
            candidates = [
                find_mentions(self.tagger, text, self.statistics, self.word_lists) for text in texts
            ]
        else:
            candidates = [
                self._given(text, names) for text, names in zip(texts, given, strict=True)
            ]
        tasks = [
            pair_task(text, tuple(found), self.signature)
            for text, found in zip(texts, candidates, strict=True)
        ]
        classifiers = self._order(use)
        decision = self.decisions[classifiers, given is not None]
        if min_confidence is None:
            min_confidence = decision.threshold
        each = [self.classifiers[name].predict(tasks) for name in classifiers]
        found = [
            triples_of(task, np.mean(logits, axis=0), self.signature, self.namer, decision)
            for task, *logits in zip(tasks, *each, strict=True)
        ]
        return [
            [item for item in triples if item.confidence >= min_confidence] for triples in found
        ]

    def threshold(self, use: Sequence[Classifier] | None = None, *, given: bool = False) -> float:
        """The lowest confidence of a triple that `extract` returns by default."""
        return self.decisions[self._order(use), given].threshold

    def _order(self, use: Sequence[Classifier] | None) -> tuple[Classifier, ...]:
        """Classifiers in the canonical order of decisions."""
        return tuple(sorted(set(use or self.config.classifiers), reverse=True))

    def _given(self, parsed: ParsedText, names: Sequence[str]) -> list[Candidate]:
        text = self.aligner.align(
            AnnotatedText("", parsed.text, tuple(Triple(name, "", name) for name in names)),
            parsed,
        )
        named = [
            Candidate(span, "", 1.0, name)
            for name, spans in sorted(text.spans.items())
            for span in spans
        ]
        return self.tagger.classify_named(parsed, named)


def new_classifier(
    name: Classifier, config: LearnedConfig, statistics: TrainingStatistics, word_lists: WordLists
) -> PairClassifier:
    """Create an untrained pair classifier."""
    if name == "light":
        from kg_builder.text_models.relations.sparse_classifier import SparseClassifier

        return SparseClassifier(statistics, word_lists)
    from kg_builder.text_models.relations.encoder_classifier import EncoderClassifier

    return EncoderClassifier(config.encoder_epochs)


def pair_task(
    parsed: ParsedText, candidates: tuple[Candidate, ...], signature: Signature, group: str = ""
) -> PairTask:
    """Prepare a text for the pair classifiers."""
    return PairTask(parsed, group, candidates, possible_pairs(candidates, signature.allowed))


def triples_of(
    task: PairTask,
    logits: NDArray[np.float32],
    signature: Signature,
    namer: Namer,
    decision: Decision,
) -> list[FoundTriple]:
    """Distinct triples of a text, each with its highest confidence.

    Args:
        task: the text with its pairs of mentions.
        logits: shape (pairs, relations).
        signature: the relations, in the order of the columns.
        namer: converts mentions to names.
        decision: turns logits into confidences.
    """
    best: dict[Triple, FoundTriple] = {}
    for row, column in np.argwhere(logits > _MIN_LOGIT):
        subject, object_ = (task.candidates[number] for number in task.pairs[row])
        relation = signature.relations[column]
        triple = Triple(
            _name(task, subject, Slot(relation, "subject"), namer),
            relation,
            _name(task, object_, Slot(relation, "object"), namer),
        )
        logit = float(logits[row, column])
        same = squash(triple.subject) == squash(triple.object)
        if not same and (triple not in best or best[triple].logit < logit):
            best[triple] = FoundTriple(
                triple, decision.confidence(logit), subject.span, object_.span, logit
            )
    found = _one_reading_of_dates(best.values(), task.parsed)
    return sorted(found, key=lambda found: (-found.logit, found.triple))


def _one_reading_of_dates(found: Iterable[FoundTriple], parsed: ParsedText) -> list[FoundTriple]:
    """Keep the most confident of several relations of a subject to the same date.

    "Born in 1982" states a birth year or, less exactly, a birth date; not both.
    """
    best: dict[tuple[str, WordSpan], FoundTriple] = {}
    others = []
    for item in found:
        if whole_date(parsed.span_text(*item.object)) is None:
            others.append(item)
            continue
        key = item.triple.subject, item.object
        if key not in best or best[key].logit < item.logit:
            best[key] = item
    return [*others, *best.values()]


def _name(task: PairTask, item: Candidate, slot: Slot, namer: Namer) -> str:
    if item.name:
        return plain(item.name)
    return namer.name(task.parsed.span_text(*item.span), slot, task.group)
