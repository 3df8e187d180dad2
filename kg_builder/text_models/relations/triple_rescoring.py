"""Rescore the triples of a text jointly: each by what else the text states.

An extractor scores each triple alone. But relations depend on each other: a name that is surely the
producer is less likely the performer, a list of ten genres differs from a single one, and of
several stated triples an incomplete annotation has some. So boosted trees rescore each triple from
its own probability and those of its rivals (stacking: Wolpert 1992).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import log
from typing import Final, Self

from kg_builder.text_models.classifiers import BoostedTrees
from kg_builder.text_models.relations.parsed_text import FoundTriple
from kg_builder.text_models.relations.surface_forms import whole_date

_TREES: Final = 60
_LIKELY: Final = 0.02
_TINY: Final = 1e-9
MIN_RIGHT: Final = 200
"""Correct triples needed to train on"""


@dataclass(frozen=True)
class TripleRescorer:
    """Probabilities of a text's triples, given all of them.

    Attributes:
        relations: the relations, in the order of their numbers.
        trees: the model.
    """

    relations: tuple[str, ...]
    trees: BoostedTrees

    @classmethod
    def fit(
        cls,
        found: Sequence[Sequence[FoundTriple]],
        right: Sequence[Sequence[bool]],
        relations: Sequence[str],
    ) -> Self:
        """Fit on out-of-fold triples.

        Args:
            found: the triples of each text, each with its probability.
            right: whether each is correct.
            relations: all relations.
        """
        rows = [row for triples in found for row in features(triples, relations)]
        return cls(
            tuple(relations),
            BoostedTrees.fit(rows, [ok for each in right for ok in each], trees=_TREES),
        )

    def rescore(self, found: Sequence[FoundTriple]) -> list[FoundTriple]:
        """The triples of a text with their new probabilities, by falling probability."""
        confidences = self.trees.probabilities(features(found, self.relations)).tolist()
        rescored = [
            replace(item, confidence=confidence)
            for item, confidence in zip(found, confidences, strict=True)
        ]
        return sorted(rescored, key=lambda item: (-item.confidence, item.triple))


def rescored_out_of_fold(
    found: Sequence[Sequence[FoundTriple]],
    right: Sequence[Sequence[bool]],
    fold_of: Sequence[int],
    relations: Sequence[str],
) -> list[list[FoundTriple]]:
    """The triples of each text rescored by a model of the other folds."""
    result: list[list[FoundTriple]] = [[] for _ in found]
    for fold in sorted(set(fold_of)):
        others = [number for number, of in enumerate(fold_of) if of != fold]
        rescorer = TripleRescorer.fit(
            [found[number] for number in others], [right[number] for number in others], relations
        )
        for number, of in enumerate(fold_of):
            if of == fold:
                result[number] = rescorer.rescore(found[number])
    return result


def features(found: Sequence[FoundTriple], relations: Sequence[str]) -> list[list[float]]:
    """Features of each triple of a text: its own probability, its rivals', its rank, its form."""
    order = sorted(range(len(found)), key=lambda n: (-found[n].confidence, found[n].triple))
    rank = {number: place for place, number in enumerate(order)}
    best = [found[number].confidence for number in order]
    by_relation: dict[str, float] = defaultdict(float)
    for item in found:
        by_relation[item.triple.relation] += item.confidence
    total = sum(best)
    rows = []
    for number, item in enumerate(found):
        relation = item.triple.relation
        alike = [n for n in order if found[n].triple.relation == relation]
        rivals = [
            other for other in found if other is not item and other.object.overlaps(item.object)
        ]
        rows.append(
            [
                log(item.confidence + _TINY),
                relations.index(relation),
                rank[number],
                len(found),
                total,
                best[0] if rank[number] else best[1] if len(best) > 1 else 0.0,
                item.confidence / (total + _TINY),
                by_relation[relation] - item.confidence,
                item.confidence / (by_relation[relation] + _TINY),
                alike.index(number),
                sum(found[n].confidence > _LIKELY for n in alike),
                _highest(rivals),
                _highest(other for other in rivals if other.triple.relation != relation),
                item.object.start - item.subject.start,
                item.object.end - item.object.start,
                len(whole_date(item.triple.object) or ""),
            ]
        )
    return rows


def _highest(found: Iterable[FoundTriple]) -> float:
    return max((item.confidence for item in found), default=0.0)
