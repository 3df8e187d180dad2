"""Train and test triple extractors on annotated texts: split, cross-validation, learning curve."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from kg_builder.errors import DataError
from kg_builder.evaluation.extraction import Fold, TripleScore, normal, normal_triple, score
from kg_builder.ontology import load_schema
from kg_builder.progress import Progress, silent
from kg_builder.text_models.calibration import expected_calibration_error
from kg_builder.text_models.config import Classifier, LearnedConfig
from kg_builder.text_models.corpora import AnnotatedText, Slot, Triple, apart, readable
from kg_builder.text_models.relations.dbpedia_patterns import RulesOfRelations
from kg_builder.text_models.relations.fallback_for_works import (
    PatternsOfWorks,
    lacks_works,
    with_unseen_relations,
)
from kg_builder.text_models.relations.joint_extractor import JointExtractor
from kg_builder.text_models.relations.model_files import Extractor
from kg_builder.text_models.relations.parsed_text import (
    FoundTriple,
    ParsedText,
    WordSpan,
    parse_texts,
)
from kg_builder.text_models.relations.preparation import grouped_folds
from kg_builder.text_models.relations.subject_first_extractor import SubjectFirstExtractor
from kg_builder.text_models.training.fit import Method, fit_extractor

LOOK_UP: Final = "look-up"
SUBJECT_FIRST: Final = "subject-first"
SHARES: Final = (0.1, 0.25, 0.5, 1.0)
_MIN_CONFIDENCE: Final = 0.05


@dataclass(frozen=True)
class Outcome:
    """What one model stated of test texts."""

    model: str
    texts: Sequence[AnnotatedText]
    considered: Sequence[Sequence[FoundTriple]]
    """Triples of any confidence worth naming"""

    threshold: float

    @property
    def stated(self) -> list[list[Triple]]:
        """The triples that the model stands by."""
        return [
            [item.triple for item in found if item.confidence >= self.threshold]
            for found in self.considered
        ]

    def score(self, *, fold: Fold = "as written") -> TripleScore:
        """Quality against the texts' triples."""
        return score(self.stated, [text.triples for text in self.texts], fold=fold)

    def judged(self) -> Iterator[tuple[str, float, bool]]:
        """Yield the relation of each triple considered, its confidence, and whether it is right."""
        for text, found in zip(self.texts, self.considered, strict=True):
            gold = {normal_triple(triple, fold="diacritics") for triple in text.triples}
            for item in found:
                right = normal_triple(item.triple, fold="diacritics") in gold
                yield item.triple.relation, item.confidence, right

    @property
    def calibration_error(self) -> float:
        """Mean distance of the stated confidences from the share that is right."""
        judged = list(self.judged())
        return expected_calibration_error([row[1] for row in judged], [row[2] for row in judged])


@dataclass(frozen=True)
class Experiment:
    """How models are trained and asked.

    Attributes:
        config: settings of the extractor.
        method: how it reads; with gold spans it is pairs.
        seed: of training and of drawing parts.
        gold_spans: whether the names of each text's things are given.
        declared: classes of slots that an ontology declares.
        tokenised: whether a tokeniser may have left words of the texts apart. Such texts are
            trained on and read with their words joined; what is stated of them is scored with the
            names as the texts write them.
    """

    config: LearnedConfig = field(default_factory=LearnedConfig)
    method: Method = "pairs"
    seed: int = 0
    gold_spans: bool = False
    declared: Mapping[Slot, str] | None = None
    tokenised: bool = False

    def models(self) -> dict[str, tuple[Classifier, ...]]:
        """Names of what is compared: each classifier, and all together where there are several."""
        each: dict[str, tuple[Classifier, ...]] = {
            name: (name,) for name in self.config.classifiers
        }
        if len(each) > 1:
            each[" + ".join(each)] = self.config.classifiers
        return each


class ParsedTexts:
    """Texts as spaCy parses them, each parsed once."""

    def __init__(self, model: str | None) -> None:
        self._model = model
        self._parsed: dict[str, ParsedText] = {}

    def of(self, texts: Iterable[AnnotatedText]) -> list[ParsedText]:
        """Parsed texts in the order of the texts."""
        texts = list(texts)
        fresh = list(dict.fromkeys(t.text for t in texts if t.text not in self._parsed))
        self._parsed.update(zip(fresh, parse_texts(fresh, self._model), strict=True))
        return [self._parsed[text.text] for text in texts]


class LookUp:
    """The baseline: states each triple of the training texts whose two names a text has.

    It reads nothing. What it scores is how far a collection's test triples are known from its
    training triples.
    """

    def __init__(self, train: Iterable[AnnotatedText]) -> None:
        triples = sorted({triple for text in train for triple in text.triples})
        self._by_subject: dict[str, list[tuple[str, Triple]]] = {}
        for triple in triples:
            subject, object_ = normal(triple.subject), normal(triple.object)
            self._by_subject.setdefault(subject, []).append((object_, triple))

    def extract(self, text: str) -> list[Triple]:
        """Triples whose subject and object stand in the text."""
        words = f" {_words(text)} "
        return [
            triple
            for subject, objects in self._by_subject.items()
            if f" {_words(subject)} " in words
            for object_, triple in objects
            if f" {_words(object_)} " in words
        ]


@dataclass(frozen=True)
class TrainedModels:
    """The look-up and an extractor, fitted on the same texts, ready to read others."""

    experiment: Experiment
    parsed: ParsedTexts
    lookup: LookUp
    extractor: Extractor
    rules: RulesOfRelations

    def read(self, texts: Sequence[AnnotatedText]) -> list[Outcome]:
        """The look-up's outcome, then each model's.

        The texts' triples are not looked at, except for the names of their things where the
        experiment gives them.
        """
        if not self.experiment.tokenised:
            return self._read(texts)
        outcomes = self._read([readable(text) for text in texts])
        return [as_written(outcome, texts) for outcome in outcomes]

    def _read(self, texts: Sequence[AnnotatedText]) -> list[Outcome]:
        found = [_sure(self.lookup.extract(text.text)) for text in texts]
        outcomes = [Outcome(LOOK_UP, texts, found, 0.5)]
        parsed = self.parsed.of(texts)
        if isinstance(self.extractor, SubjectFirstExtractor):
            triples = self.extractor.extract_parsed(parsed, min_confidence=_MIN_CONFIDENCE)
            outcomes.append(Outcome(SUBJECT_FIRST, texts, triples, self.extractor.threshold))
            return outcomes
        given = None
        if self.experiment.gold_spans:
            given = [
                sorted({name for triple in text.triples for name in (triple[0], triple[2])})
                for text in texts
            ]
        for name, use in self.experiment.models().items():
            triples = self.extractor.extract_parsed(
                parsed, given=given, use=use, min_confidence=_MIN_CONFIDENCE
            )
            threshold = self.extractor.threshold(use, given=self.experiment.gold_spans)
            outcomes.append(Outcome(name, texts, triples, threshold))
        return outcomes + self._with_patterns(outcomes[1:])

    def _with_patterns(self, outcomes: Sequence[Outcome]) -> list[Outcome]:
        """The same with relations by patterns, where training cannot have taught them."""
        extractor, schema = self.extractor, load_schema()
        if self.experiment.gold_spans or not isinstance(extractor, JointExtractor):
            return []
        if not lacks_works(extractor.signature.relations, schema):
            return []
        namer, rules = extractor.namer, self.rules
        patterns = PatternsOfWorks(schema, self.experiment.config.model, namer, rules)
        found = []
        for outcome in outcomes:
            texts = [text.text for text in outcome.texts]
            considered = with_unseen_relations(texts, outcome.considered, rules, namer)
            considered = patterns.join(texts, considered)
            found.append(
                replace(outcome, model=f"{outcome.model} + patterns", considered=considered)
            )
        return found


def as_written(outcome: Outcome, texts: Sequence[AnnotatedText]) -> Outcome:
    """What was read in texts with their words joined, with names as the texts write them."""
    considered = [
        [
            replace(
                item,
                triple=item.triple._replace(
                    subject=apart(item.triple.subject, text.text),
                    object=apart(item.triple.object, text.text),
                ),
            )
            for item in found
        ]
        for text, found in zip(texts, outcome.considered, strict=True)
    ]
    return replace(outcome, texts=texts, considered=considered)


def train_models(
    train: Sequence[AnnotatedText],
    experiment: Experiment,
    parsed: ParsedTexts,
    progress: Progress = silent,
) -> TrainedModels:
    """Fit the look-up and the extractor; the order of the texts does not matter."""
    if experiment.tokenised:
        train = [readable(text) for text in train]
    train = sorted(train, key=lambda text: (text.text, text.id))
    method = "pairs" if experiment.gold_spans else experiment.method
    extractor = fit_extractor(
        train,
        experiment.config,
        method=method,
        seed=experiment.seed,
        declared=experiment.declared,
        parsed=parsed.of(train),
        progress=progress,
    )
    rules = RulesOfRelations.fit(train)
    return TrainedModels(experiment, parsed, LookUp(train), extractor, rules)


def cross_validate(
    texts: Sequence[AnnotatedText],
    folds: int,
    experiment: Experiment,
    parsed: ParsedTexts,
    *,
    by_subject: bool = True,
    share: float = 1.0,
    progress: Progress = silent,
) -> list[list[Outcome]]:
    """Outcomes of each fold, read by a model of the others.

    Args:
        texts: all texts.
        folds: number of parts.
        experiment: how each model is trained.
        parsed: cache of parsed texts.
        by_subject: whether all texts about one subject stay together; otherwise texts with the
            same triples do.
        share: of each fold's training texts that is used.
        progress: called after each step of each fold.

    Raises:
        DataError: fewer groups than folds.
    """
    groups = [text.group if by_subject else str(sorted(text.triples)) for text in texts]
    if len(set(groups)) < folds:
        raise DataError(f"{len(set(groups))} groups of texts cannot make {folds} folds")
    part = grouped_folds(groups, folds, seed=experiment.seed)
    outcomes = []
    for fold in range(folds):
        train = [text for text, where in zip(texts, part, strict=True) if where != fold]
        test = [text for text, where in zip(texts, part, strict=True) if where == fold]

        def tell(done: int, total: int | None = None, before: int = fold) -> None:
            if total is not None:
                progress(before * total + done, folds * total)

        fitted = sample(train, share, seed=experiment.seed)
        outcomes.append(train_models(fitted, experiment, parsed, tell).read(test))
    return outcomes


def sample(texts: Sequence[AnnotatedText], share: float, *, seed: int) -> Sequence[AnnotatedText]:
    """Whole entries in random order up to a share of the texts; smaller shares lie in larger.

    An entry is all texts with the same triples: different wordings of the same facts teach less.
    """
    if share >= 1:
        return texts
    entries = sorted({tuple(sorted(text.triples)) for text in texts})
    order = [entries[i] for i in np.random.default_rng(seed).permutation(len(entries))]
    size = Counter(tuple(sorted(text.triples)) for text in texts)
    kept: set[tuple[Triple, ...]] = set()
    number = 0
    for entry in order:
        if number >= share * len(texts):
            break
        kept.add(entry)
        number += size[entry]
    return [text for text in texts if tuple(sorted(text.triples)) in kept]


def _sure(triples: Sequence[Triple]) -> list[FoundTriple]:
    return [FoundTriple(triple, 1.0, WordSpan(0, 0), WordSpan(0, 0)) for triple in triples]


def _words(text: str) -> str:
    return " ".join(re.findall(r"\w+", normal(text)))
