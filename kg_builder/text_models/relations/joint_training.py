"""Train `JointExtractor`: mention tagger, pair classifiers, and thresholds fitted out of fold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kg_builder.errors import DataError
from kg_builder.progress import Progress, silent
from kg_builder.text_models.calibration import Decision, fit_decision
from kg_builder.text_models.config import Classifier, LearnedConfig
from kg_builder.text_models.corpora import AnnotatedText, Slot, Triple
from kg_builder.text_models.relations.joint_extractor import (
    DecisionKey,
    JointExtractor,
    Signature,
    new_classifier,
    pair_task,
    triples_of,
)
from kg_builder.text_models.relations.mention_pairs import (
    PairClassifier,
    PairTask,
    label_pairs,
    mix_mentions,
)
from kg_builder.text_models.relations.mentions import (
    Candidate,
    MentionTagger,
    find_mentions,
    true_candidates,
)
from kg_builder.text_models.relations.parsed_text import ParsedText, squash
from kg_builder.text_models.relations.preparation import PreparedTexts, prepare
from kg_builder.text_models.relations.training_statistics import WordLists

_MANY_TEXTS: Final = 2000


def fit_joint_extractor(
    texts: Sequence[AnnotatedText],
    config: LearnedConfig | None = None,
    *,
    seed: int = 0,
    declared: Mapping[Slot, str] | None = None,
    parsed: Sequence[ParsedText] | None = None,
    progress: Progress = silent,
) -> JointExtractor:
    """Train the extractor; the same texts and seed give the same model.

    Args:
        texts: texts with their triples.
        config: settings.
        seed: random seed.
        declared: classes of slots that an ontology declares.
        parsed: the already parsed texts, in order, to save time.
        progress: called after each step.

    Raises:
        DataError: fewer groups than inner folds, or no text with both names of a triple.
    """
    config = config or LearnedConfig()
    prepared = prepare(
        texts,
        config,
        parsed,
        folds=2 if len(texts) > _MANY_TEXTS else 3,
        seed=seed,
        declared=declared,
    )
    labels, classes, word_lists = prepared.texts, prepared.classes, WordLists()
    statistics = prepared.statistics
    signature = Signature.of(labels, classes)
    folds_of = {name: prepared.folds if name == "light" else 1 for name in config.classifiers}
    steps = 2 + prepared.folds + sum(folds_of.values()) + len(folds_of)
    done = iter(range(1, 1000))
    progress(next(done), steps)
    truth = [true_candidates(text, classes) for text in labels]
    found: list[list[Candidate]] = [[] for _ in labels]
    given: list[list[Candidate]] = [[] for _ in labels]
    for fold in range(prepared.folds):
        outside = [t for t, of in zip(labels, prepared.fold_of, strict=True) if of != fold]
        tagger = MentionTagger.fit(outside, classes, statistics, word_lists)
        for number, text in enumerate(labels):
            if prepared.fold_of[number] == fold:
                group = text.source.group
                found[number] = find_mentions(tagger, text.parsed, statistics, word_lists, group)
                given[number] = tagger.classify_named(text.parsed, truth[number], group)
        progress(next(done), steps)
    tagger = MentionTagger.fit(labels, classes, statistics, word_lists)
    progress(next(done), steps)
    columns = {relation: number for number, relation in enumerate(signature.relations)}
    tasks = [
        label_pairs(
            text, mix_mentions(true, of_tagger), signature.allowed, columns,
            unstated=config.unstated,
        )
        for text, true, of_tagger in zip(labels, truth, found, strict=True)
    ]  # fmt: skip
    if not any(task.labels is not None and task.labels.positive.any() for task in tasks):
        raise DataError(
            "no text has both names of one of its triples",
            where="training texts",
            remedy="check that texts and triples belong together",
        )
    out_of_fold = _OutOfFoldLogits(
        prepared,
        signature,
        1.0 if signature.complete or config.target == "annotated" else config.stated_share,
        {
            is_given: [
                pair_task(text.parsed, tuple(mentions), signature, text.source.group)
                for text, mentions in zip(labels, candidates, strict=True)
            ]
            for is_given, candidates in ((False, found), (True, given))
        },
    )
    classifiers: dict[Classifier, PairClassifier] = {}
    for name in config.classifiers:
        # fine-tuning is slow: one fold is enough for the encoder's decisions
        for fold in range(folds_of[name]):
            classifier = new_classifier(name, config, statistics, word_lists)
            classifier.fit(
                [t for t, of in zip(tasks, prepared.fold_of, strict=True) if of != fold], seed=seed
            )
            out_of_fold.add(name, classifier, fold)
            progress(next(done), steps)
        classifiers[name] = new_classifier(name, config, statistics, word_lists)
        classifiers[name].fit(tasks, seed=seed)
        progress(next(done), steps)
    decisions = out_of_fold.decisions()
    progress(steps, steps)
    return JointExtractor(
        config=config,
        signature=signature,
        aligner=prepared.aligner,
        statistics=statistics,
        word_lists=word_lists,
        namer=prepared.namer,
        tagger=tagger,
        classifiers=classifiers,
        decisions=decisions,
    )


class _OutOfFoldLogits:
    """Out-of-fold logits of the training texts, and the decisions fitted to them.

    Args:
        prepared: the training texts.
        signature: their relations.
        stated_share: of the triples that the texts state, the share that is annotated.
        tasks: the texts with found (False) and with true mentions (True).
    """

    def __init__(
        self,
        prepared: PreparedTexts,
        signature: Signature,
        stated_share: float,
        tasks: Mapping[bool, Sequence[PairTask]],
    ) -> None:
        self._prepared, self._signature = prepared, signature
        self._stated_share, self._tasks = stated_share, tasks
        self._logits: dict[tuple[Classifier, bool], dict[int, NDArray[np.float32]]] = {}

    def add(self, name: Classifier, classifier: PairClassifier, fold: int) -> None:
        """Add the logits of a fold by a classifier trained without it."""
        numbers = [number for number, of in enumerate(self._prepared.fold_of) if of == fold]
        for given, tasks in self._tasks.items():
            logits = classifier.predict([tasks[number] for number in numbers])
            self._logits.setdefault((name, given), {}).update(zip(numbers, logits, strict=True))

    def decisions(self) -> dict[DecisionKey, Decision]:
        """Fit a decision for each set of classifiers, for found and for given mentions."""
        names = sorted({name for name, _ in self._logits}, reverse=True)
        return {
            (classifiers, given): self._decide(classifiers, given)
            for size in range(1, len(names) + 1)
            for classifiers in combinations(names, size)
            for given in (False, True)
        }

    def _decide(self, classifiers: tuple[Classifier, ...], given: bool) -> Decision:
        each = [self._logits[name, given] for name in classifiers]
        numbers = sorted(set.intersection(*(set(logits) for logits in each)))
        scores: list[float] = []
        right: list[bool] = []
        count = 0
        for number in numbers:
            gold = {_key(triple) for triple in self._prepared.texts[number].source.triples}
            count += len(gold)
            logits = np.mean([logits[number] for logits in each], axis=0)
            task = self._tasks[given][number]
            for item in triples_of(task, logits, self._signature, self._prepared.namer, Decision()):
                scores.append(item.logit)
                right.append(_key(item.triple) in gold)
        return fit_decision(scores, right, count, stated_share=self._stated_share)


def _key(triple: Triple) -> Triple:
    return Triple(squash(triple.subject), triple.relation, squash(triple.object))
