"""Training texts read by models that did not learn from them: where thresholds come from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from kg_builder.text_models.relations.alignment import LabelledText
from kg_builder.text_models.relations.annotation import Triple
from kg_builder.text_models.relations.config import Classifier
from kg_builder.text_models.relations.decisions import Decision, decide
from kg_builder.text_models.relations.reading import squash
from kg_builder.text_models.relations.tasks import PairScorer, PairTask

DecisionKey = tuple[tuple[Classifier, ...], bool]
NameTriples = Callable[[PairTask, NDArray[np.float32]], list[tuple[Triple, float]]]


class HeldOut:
    """Logits of texts not learnt from, by classifier, and the decisions that they lead to.

    Args:
        texts: the training texts.
        found: each text with the mentions that were found in it.
        given: each text with its true mentions.
        part: the fold of each text.
        stated_share: share of what the texts state that their triples tell.
        name: names the triples of a task.
    """

    def __init__(
        self,
        texts: Sequence[LabelledText],
        found: Sequence[PairTask],
        given: Sequence[PairTask],
        part: Sequence[int],
        stated_share: float,
        name: NameTriples,
    ) -> None:
        self._texts, self._part, self._name = texts, part, name
        self._share = stated_share
        self._tasks = {False: found, True: given}
        self._logits: dict[tuple[Classifier, bool], dict[int, NDArray[np.float32]]] = {}

    def read(
        self,
        classifier: Classifier,
        fresh: Callable[[], PairScorer],
        training: Sequence[PairTask],
        folds: Sequence[int],
        *,
        seed: int,
    ) -> None:
        """Fit a classifier without each of the folds, and let it score that fold."""
        for fold in folds:
            scorer = fresh()
            kept = [t for t, where in zip(training, self._part, strict=True) if where != fold]
            scorer.fit(kept, seed=seed)
            numbers = [number for number, where in enumerate(self._part) if where == fold]
            for given, tasks in self._tasks.items():
                logits = scorer.predict([tasks[number] for number in numbers])
                self._logits.setdefault((classifier, given), {}).update(
                    zip(numbers, logits, strict=True)
                )

    def decisions(self) -> dict[DecisionKey, Decision]:
        """A decision for each set of classifiers, and for mentions found or given."""
        names = sorted({name for name, _ in self._logits}, reverse=True)
        chosen: dict[DecisionKey, Decision] = {}
        for size in range(1, len(names) + 1):
            for classifiers in combinations(names, size):
                for given in (False, True):
                    chosen[classifiers, given] = self._decide(classifiers, given)
        return chosen

    def _decide(self, classifiers: tuple[Classifier, ...], given: bool) -> Decision:
        each = [self._logits[name, given] for name in classifiers]
        numbers = sorted(set.intersection(*(set(logits) for logits in each)))
        scores: list[float] = []
        right: list[bool] = []
        gold = 0
        for number in numbers:
            wanted = {_key(triple) for triple in self._texts[number].source.triples}
            gold += len(wanted)
            logits = np.mean([logits[number] for logits in each], axis=0)
            for triple, score in self._name(self._tasks[given][number], logits):
                scores.append(score)
                right.append(_key(triple) in wanted)
        return decide(scores, right, gold, stated_share=self._share)


def _key(triple: Triple) -> Triple:
    return Triple(squash(triple.subject), triple.relation, squash(triple.object))
