"""Extract triples from a text on one entity: find its subject, classify each object's relation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kg_builder.text_models.classifiers import LinearModel
from kg_builder.text_models.config import LearnedConfig
from kg_builder.text_models.corpora import Slot, Triple
from kg_builder.text_models.relations.labelling import Aligner
from kg_builder.text_models.relations.mention_pairs import PairFeatures
from kg_builder.text_models.relations.mentions import Candidate, MentionTagger
from kg_builder.text_models.relations.parsed_text import (
    FoundTriple,
    ParsedText,
    WordSpan,
    parse_texts,
    squash,
)
from kg_builder.text_models.relations.proposed_spans import parts, propose
from kg_builder.text_models.relations.subject_finder import (
    SUBJECT,
    SubjectClassifier,
    SubjectFinder,
)
from kg_builder.text_models.relations.subject_spans import QUOTES
from kg_builder.text_models.relations.surface_forms import precision, whole_date
from kg_builder.text_models.relations.training_statistics import (
    Namer,
    TrainingStatistics,
    WordLists,
)
from kg_builder.text_models.relations.triple_rescoring import TripleRescorer

_MAX_CONFIDENCE: Final = 0.99
_MIN_CONFIDENCE: Final = 0.01
"""Triples with lower confidence are discarded."""

_LISTED: Final = frozenset({"genre", "instrument", "demonym"})
_BOUNDS: Final = frozenset({"", ",", ".", ";", "(", ")"}) | QUOTES
_OPENING: Final = 5


@dataclass(frozen=True)
class SubjectRelations:
    """Relation classifier of objects, given the subject's class.

    Attributes:
        names: the relations, in the order of the model's outputs.
        classes: the subject class of each relation.
        model: predicts which relations hold for an object, given a subject of the right class.
    """

    names: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    model: LinearModel = field(default_factory=LinearModel)

    def probabilities(self, rows: Sequence[Sequence[str]]) -> NDArray[np.float64]:
        """Probability of each relation for each object, shape (rows, relations)."""
        found: NDArray[np.float64] = np.minimum(self.model.probabilities(rows), _MAX_CONFIDENCE)
        return found


@dataclass(frozen=True)
class SubjectFirstModels:
    """The models of the subject-first extractor; a rescorer if there were enough triples."""

    tagger: MentionTagger
    finder: SubjectFinder
    classifier: SubjectClassifier
    relations: SubjectRelations
    rescorer: TripleRescorer | None = None


@dataclass(frozen=True)
class SubjectFirstExtractor:
    """Extractor that finds a text's subject and its class, then relates the other names to it.

    For collections in which all triples of a text have one subject, such as sentences of an article
    about one work. Three models, each trained on reliable labels:

    - the subject's span and name, from the texts that name it;
    - its class, which limits the relations: a class is a set of relations whose subjects are alike
      (an ontology's domain, or induced);
    - for each relation, the objects for which it holds, given a known subject of the class.
      If the annotation is incomplete, stated triples without annotation are estimated in training.

    A triple's confidence is the product of the three probabilities, rescored by the other triples
    of the text if the annotation is to be predicted as it is (`TripleRescorer`). Created by
    `subject_first_training.fit_subject_first_extractor`; `model_files` saves and loads it.
    """

    config: LearnedConfig
    aligner: Aligner
    statistics: TrainingStatistics
    word_lists: WordLists
    namer: Namer
    models: SubjectFirstModels
    threshold: float
    """Minimum confidence of a triple that `extract` returns by default"""

    def extract(
        self, texts: Sequence[str], *, min_confidence: float | None = None
    ) -> list[list[FoundTriple]]:
        """Extract the triples of texts, by falling confidence.

        Args:
            texts: running texts, each about one entity.
            min_confidence: minimum confidence of a triple; by default the threshold of training,
                which has the best F1.
        """
        parsed = list(parse_texts(texts, self.config.model))
        return self.extract_parsed(parsed, min_confidence=min_confidence)

    def extract_parsed(
        self, texts: Sequence[ParsedText], *, min_confidence: float | None = None
    ) -> list[list[FoundTriple]]:
        """As `extract`, for parsed texts."""
        lowest = self.threshold if min_confidence is None else min_confidence
        return [self.triples(text, min_confidence=lowest) for text in texts]

    def triples(
        self, parsed: ParsedText, *, min_confidence: float, group: str = ""
    ) -> list[FoundTriple]:
        """Triples of one text; of a relation's overlapping objects, the most confident.

        Args:
            parsed: the text.
            min_confidence: minimum confidence of a triple.
            group: the text's topic, whose own texts are left out of the statistics.
        """
        models = self.models
        if models.rescorer is not None:
            unscored = replace(self, models=replace(models, rescorer=None))
            found = unscored.triples(parsed, min_confidence=0.0, group=group)
            rescored = models.rescorer.rescore(found)
            return [item for item in rescored if item.confidence >= min_confidence]
        lowest = max(min_confidence, _MIN_CONFIDENCE)
        subject = models.finder.find(parsed, group)
        if subject is None or subject.probability < lowest:
            return []
        resources = self.statistics, self.word_lists, group
        objects = object_candidates(models.tagger, parsed, subject.spans, *resources)
        if not objects:
            return []
        rows = object_features(parsed, subject.spans, objects, *resources)
        relations = models.relations
        confidences = (
            subject.probability
            * models.classifier.of_classes(relations.classes, parsed, subject.spans, group)
            * relations.probabilities(rows)
            * [self._certainties(parsed, item.span) for item in objects]
        )
        triples: dict[Triple, FoundTriple] = {}
        kept: list[tuple[int, WordSpan]] = []
        cells = np.argwhere(confidences >= lowest).tolist()
        for row, column in sorted(cells, key=lambda cell: (-confidences[tuple(cell)], cell)):
            span, relation = objects[row].span, relations.names[column]
            if any(column == other and span.overlaps(taken) for other, taken in kept):
                continue
            kept.append((column, span))
            about = self.namer.name(subject.name, Slot(relation, "subject"), group)
            name = self.namer.name(parsed.span_text(*span), Slot(relation, "object"), group)
            triple = Triple(about, relation, name)
            if squash(name) != squash(subject.name) and triple not in triples:
                confidence = float(confidences[row, column])
                triples[triple] = FoundTriple(triple, confidence, subject.spans[0], span)
        return list(triples.values())

    def _certainties(self, parsed: ParsedText, span: WordSpan) -> list[float]:
        """For each relation, the probability that the object's name is correct."""
        surface = parsed.span_text(*span)
        names = self.models.relations.names
        return [self.namer.certainty(surface, Slot(name, "object")) for name in names]


def object_candidates(
    tagger: MentionTagger,
    parsed: ParsedText,
    subject: Sequence[WordSpan],
    statistics: TrainingStatistics,
    word_lists: WordLists,
    group: str = "",
) -> list[Candidate]:
    """Candidate spans of objects besides the subject, each with its predicted class.

    They may overlap ("Walden for Carey" and "Walden"): the choice is made with the relation.
    """

    def free(span: WordSpan) -> bool:
        return span.start < span.end and not any(span.overlaps(other) for other in subject)

    tagged = [item for item in tagger.find(parsed, group) if free(item.span)]
    taken = [*subject, *(item.span for item in tagged)]
    spans = {
        *propose(parsed, statistics, word_lists, group, taken),
        *parts(parsed),
        *(span for span, kind in word_lists.find(parsed) if kind in _LISTED),
    }
    spans -= {item.span for item in tagged}
    tagged += tagger.classify(parsed, sorted(filter(free, spans)), group)
    return sorted(tagged, key=lambda item: item.span)


def object_features(
    parsed: ParsedText,
    subject: Sequence[WordSpan],
    objects: Sequence[Candidate],
    statistics: TrainingStatistics,
    word_lists: WordLists,
    group: str = "",
) -> list[list[str]]:
    """Features of each object: paired with the subject's nearest mention, and single."""
    mentions = sorted(
        [*(Candidate(span, SUBJECT, 1.0) for span in subject), *objects],
        key=lambda item: item.span,
    )
    pairs = PairFeatures(parsed, mentions, statistics, word_lists, group)
    subjects = [number for number, item in enumerate(mentions) if item.class_ == SUBJECT]
    first = mentions[subjects[0]].span
    opening = pairs.masked[first.end : first.end + _OPENING]
    openings = [f"subject is {' '.join(opening[:n])}" for n in range(1, _OPENING + 1)]
    bag = sorted({word for word in pairs.masked if word.isalpha()})
    dates = sum(whole_date(parsed.span_text(*item.span)) is not None for item in objects)
    found = []
    for number, item in enumerate(mentions):
        if item.class_ == SUBJECT:
            continue
        nearest = min(subjects, key=lambda other: (abs(other - number), other))
        row = [f for f in pairs.of(nearest, number) if not f.startswith("s:fills")]
        row += openings
        row += [f"in {word}" for word in bag]
        row += [f"{item.class_} in {word}" for word in bag]
        for feature in _shape(parsed, item, mentions):
            row += [feature, f"{item.class_} {feature}"]
        row += _of_date(parsed, item.span, dates)
        found.append(row)
    return found


def _shape(parsed: ParsedText, item: Candidate, mentions: Sequence[Candidate]) -> Iterator[str]:
    """Features of a span's form: overlapping spans, entities, edges, and small words within."""
    start, end = item.span
    rivals = [
        other.span for other in mentions if other is not item and other.span.overlaps(item.span)
    ]
    longer = any(other.end - other.start > end - start for other in rivals)
    shorter = any(other.end - other.start < end - start for other in rivals)
    yield f"rivals {min(2, len(rivals))} longer {longer} shorter {shorter}"
    entities = parsed.entities
    cut_before = start > 0 and entities[start - 1] == entities[start] != ""
    cut_behind = end < len(entities) and entities[end] == entities[end - 1] != ""
    yield f"entities {'|'.join(sorted(set(entities[start:end])))} {cut_before} {cut_behind}"
    words = parsed.words
    capital_before = start > 0 and words[start - 1][0].isupper()
    yield f"capitals around {capital_before} {end < len(words) and words[end][0].isupper()}"
    opened = start > 0 and words[start - 1] in QUOTES
    yield f"quoted {opened} {end < len(words) and words[end] in QUOTES | {','}}"
    before, behind = words[start - 1] if start else "", words[end] if end < len(words) else ""
    yield f"bounded {before in _BOUNDS} {behind in _BOUNDS}"
    yield f"next {behind if not behind[:1].isalpha() else 'X' if behind[0].isupper() else 'x'}"
    joined = "and" in parsed.lowered[start:end]
    yield f"joined {joined} comma {',' in words[start:end]} length {min(6, end - start)}"
    small = sum(word[0].islower() for word in words[start:end])
    length = min(5, end - start)
    yield f"small {min(3, small)} of {length} last {words[end - 1][0].islower()}"


def _of_date(parsed: ParsedText, span: WordSpan, dates: int) -> Iterator[str]:
    """Feature of a date's precision: a mere year rarely is the full date of a database."""
    date = whole_date(parsed.span_text(*span))
    if date is not None:
        granularity = precision(date)
        yield f"date {granularity}"
        yield f"date {granularity} of {min(dates, 3)}"
        yield f"date {granularity} behind {parsed.lowered[span.start - 1] if span.start else '<'}"
