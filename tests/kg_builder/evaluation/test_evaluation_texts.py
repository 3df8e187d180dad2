"""Scores of extracted texts, checked by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kg_builder.errors import DataError
from kg_builder.evaluation.texts import (
    Confidence,
    GoldText,
    by_confidence,
    confidence_error,
    count_coreference,
    count_relations,
    judged_relations,
    read_annotated_texts,
)
from kg_builder.extraction.text.documents import TextDocument
from kg_builder.extraction.text.mentions import Entity, Mention, Sentence
from kg_builder.extraction.text.relations import Reading, Relation
from kg_builder.ontology import load_schema

TEXT = "The Cure are from Crawley. They play post-punk."
SENTENCE = Sentence(0, len(TEXT))


def _reading() -> tuple[GoldText, Reading]:
    band, town = Entity("The Cure", "Band", is_topic=True), Entity("Crawley", "Place")
    genre = Entity("post-punk", "Genre")
    mentions = [
        Mention(0, 8, "The Cure", "Band", "title", entity=band),
        Mention(18, 25, "Crawley", "Place", "ner", entity=town),
        Mention(27, 31, "They", "Band", "coreference", entity=band),
        Mention(37, 46, "post-punk", "Genre", "lexicon", entity=genre),
    ]
    wrong = Mention(18, 25, "Crawley", "Place", "ner", entity=Entity("Smith", "Person"))
    relations = [
        Relation(band, "origin", mentions[1], SENTENCE, "a", 0.9),
        Relation(band, "genre", mentions[3], SENTENCE, "a", 0.8),
        Relation(band, "hasMember", wrong, SENTENCE, "a", 0.8),
        Relation(band, "country", mentions[1], SENTENCE, "a", 0.9),  # not annotated
    ]
    gold = GoldText(
        "1",
        (((0, 8), (27, 31)), ((18, 25),)),
        frozenset(
            {
                ("cure", "origin", "crawley"),
                ("cure", "genre", "post punk"),
                ("robert smith", "memberOf", "cure"),
            }
        ),
    )
    return gold, Reading(TextDocument("1", "The Cure", TEXT, "t#1"), [], mentions, band, relations)


def test_relations_of_predicates_that_nobody_annotated_do_not_count() -> None:
    counted = count_relations([_reading()])
    assert (counted.right, counted.stated, counted.gold) == (2, 3, 3)
    assert counted.f1 == pytest.approx(2 / 3)


def test_coreference_counts_pairs_of_mentions() -> None:
    gold, reading = _reading()
    counted = count_coreference([(gold, reading)], load_schema())
    assert (counted.right, counted.stated, counted.gold) == (1, 1, 1)
    reading.mentions[2].entity = reading.mentions[1].entity
    counted = count_coreference([(gold, reading)], load_schema())
    assert (counted.right, counted.stated, counted.gold) == (0, 1, 1)


def test_confidences_are_compared_with_what_is_right() -> None:
    found = by_confidence(judged_relations([_reading()]))
    assert found == [Confidence(0.8, 2, 1), Confidence(0.9, 1, 1)]
    assert confidence_error(found) == pytest.approx((0.6 + 0.1) / 3)
    assert confidence_error([]) == 0


def test_annotated_texts_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    chain = {"entity": "X", "mentions": [{"start": 0, "end": 1}, {"start": 4, "end": 6}]}
    triple = {"subject": "The X", "predicate": "birthDate", "object": "1 May 1970"}
    path.write_text(json.dumps({"id": "1", "chains": [chain], "triples": [triple]}) + "\n")
    assert read_annotated_texts(path) == [
        GoldText("1", (((0, 1), (4, 6)),), frozenset({("x", "beginDate", "1970")}))
    ]
    path.write_text('{"id": "1"}\n')
    with pytest.raises(DataError, match="line 1: no annotated text"):
        read_annotated_texts(path)
