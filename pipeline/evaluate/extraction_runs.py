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
    """One model's triples of the test texts."""

    model: str
    texts: Sequence[AnnotatedText]
    considered: Sequence[Sequence[FoundTriple]]
    """Triples of any confidence worth naming"""

    threshold: float

    @property
    def stated(self) -> list[list[Triple]]:
        """The triples above the model's threshold."""
        return [
            [item.triple for item in found if item.confidence >= self.threshold]
            for found in self.considered
        ]

    def score(self, *, fold: Fold = "as written") -> TripleScore:
        """Score against the texts' triples."""
        return score(self.stated, [text.triples for text in self.texts], fold=fold)

    def judged(self) -> Iterator[tuple[str, float, bool]]:
        """Yield the relation, confidence and correctness of each candidate triple."""
        for text, found in zip(self.texts, self.considered, strict=True):
            gold = {normal_triple(triple, fold="diacritics") for triple in text.triples}
            for item in found:
                right = normal_triple(item.triple, fold="diacritics") in gold
                yield item.triple.relation, item.confidence, right

    @property
    def calibration_error(self) -> float:
        """Expected calibration error of the extracted triples."""
        judged = list(self.judged())
        return expected_calibration_error([row[1] for row in judged], [row[2] for row in judged])


@dataclass(frozen=True)
class Experiment:
    """Settings of training and testing models.

    Attributes:
        config: settings of the extractor.
        method: extraction method; with gold spans always pairs.
        seed: of training and sampling.
        gold_spans: whether the names of each text's entities are given.
        declared: classes of slots that an ontology declares.
        tokenised: whether the texts may be tokenised. Such texts are detokenised for training and
            extraction; triples are scored with names in the texts' original spelling.
    """

    config: LearnedConfig = field(default_factory=LearnedConfig)
    method: Method = "pairs"
    seed: int = 0
    gold_spans: bool = False
    declared: Mapping[Slot, str] | None = None
    tokenised: bool = False

    def models(self) -> dict[str, tuple[Classifier, ...]]:
        """Names of the compared models: each classifier, and the ensemble of several."""
        each: dict[str, tuple[Classifier, ...]] = {
            name: (name,) for name in self.config.classifiers
        }
        if len(each) > 1:
            each[" + ".join(each)] = self.config.classifiers
        return each


class ParsedTexts:
    """Cache of texts parsed by spaCy."""

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
    """Baseline: extracts each training triple whose two names occur in a text.

    Its score shows how far a collection's test triples occur among its training triples.
    """

    def __init__(self, train: Iterable[AnnotatedText]) -> None:
        triples = sorted({triple for text in train for triple in text.triples})
        self._by_subject: dict[str, list[tuple[str, Triple]]] = {}
        for triple in triples:
            subject, object_ = normal(triple.subject), normal(triple.object)
            self._by_subject.setdefault(subject, []).append((object_, triple))

    def extract(self, text: str) -> list[Triple]:
        """Training triples whose subject and object occur in the text."""
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
    """The look-up and an extractor, trained on the same texts."""

    experiment: Experiment
    parsed: ParsedTexts
    lookup: LookUp
    extractor: Extractor
    rules: RulesOfRelations

    def read(self, texts: Sequence[AnnotatedText]) -> list[Outcome]:
        """The look-up's outcome, then each model's.

        The texts' triples are not used, except for the names of entities if the experiment gives
        them.
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
        """Add relations by patterns that training could not cover."""
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
    """Convert names found in detokenised texts back to the texts' spelling."""
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
    """Train the look-up and the extractor; independent of the order of the texts."""
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
    """Cross-validate: outcomes of each fold by models trained on the others.

    Args:
        texts: all texts.
        folds: number of parts.
        experiment: settings of training.
        parsed: cache of parsed texts.
        by_subject: whether to keep all texts about one subject in one fold; otherwise those with
            the same triples.
        share: share of each fold's training texts to use.
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
    """Sample whole entries up to a share of the texts; smaller samples are subsets of larger.

    An entry is all texts with the same triples, as paraphrases are less informative.
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
