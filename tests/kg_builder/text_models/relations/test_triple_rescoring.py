"""Rescoring the triples of a text by each other."""

from __future__ import annotations

import random

from kg_builder.text_models.corpora import Triple
from kg_builder.text_models.relations.parsed_text import FoundTriple, WordSpan
from kg_builder.text_models.relations.triple_rescoring import (
    TripleRescorer,
    rescored_out_of_fold,
)

_RELATIONS = ("genre", "performer", "producer")


def _found(relation: str, at: int, confidence: float) -> FoundTriple:
    triple = Triple("Cold Lantern", relation, f"name {at}")
    return FoundTriple(triple, confidence, WordSpan(0, 2), WordSpan(at, at + 1))


def _texts(count: int) -> tuple[list[list[FoundTriple]], list[list[bool]]]:
    """A performer is right unless the text names a producer by the same word."""
    draw = random.Random(3)
    found, right = [], []
    for _ in range(count):
        performer = _found("performer", 4, draw.uniform(0.4, 0.6))
        if draw.random() < 0.5:
            found.append([performer])
            right.append([True])
        else:
            found.append([_found("producer", 4, draw.uniform(0.4, 0.6)), performer])
            right.append([True, False])
    return found, right


def test_a_rival_with_the_same_words_lowers_the_confidence() -> None:
    found, right = _texts(300)
    rescorer = TripleRescorer.fit(found, right, _RELATIONS)
    performer, producer = _found("performer", 4, 0.5), _found("producer", 4, 0.5)
    (alone,) = rescorer.rescore([performer])
    best, rival = rescorer.rescore([performer, producer])
    assert (alone.triple, rival.triple) == (performer.triple, performer.triple)
    assert alone.confidence > 0.9 > 0.1 > rival.confidence
    assert best.triple == producer.triple
    assert rescorer.rescore([]) == []


def test_the_order_of_the_triples_does_not_matter() -> None:
    found, right = _texts(100)
    rescorer = TripleRescorer.fit(found, right, _RELATIONS)
    some = [_found("performer", 4, 0.5), _found("producer", 4, 0.5), _found("genre", 8, 0.3)]
    assert rescorer.rescore(some) == rescorer.rescore(some[::-1])


def test_out_of_fold_a_text_is_rescored_by_models_of_the_others() -> None:
    found, right = _texts(120)
    wrong = [[not ok for ok in each] for each in right[:60]] + right[60:]
    rescored = rescored_out_of_fold(found, wrong, [0] * 60 + [1] * 60, _RELATIONS)
    for before, after in zip(found[:60], rescored[:60], strict=True):
        performer = next(item for item in after if item.triple.relation == "performer")
        assert (performer.confidence > 0.5) == (len(before) == 1)  # as the other fold teaches
