"""Training texts from a graph's facts."""

from __future__ import annotations

import spacy

from kg_builder.extraction.text.documents import TextDocument
from kg_builder.extraction.text.mentions import Entity, Mention, Sentence, sentences_of
from kg_builder.extraction.text.relations import ReadText
from kg_builder.text_models.corpora import Triple
from kg_builder.text_models.relations.parsed_text import sentence_windows
from kg_builder.text_models.training.distant_supervision import label_texts

_TEXT = "Mira Holt is a singer. She was born in Lund. Nothing more is known of her."


def _read() -> ReadText:
    mira, lund = Entity("Mira Holt", "Person", is_topic=True), Entity("Lund", "Place")
    mentions = [
        Mention(0, 9, "Mira Holt", "Person", "title", entity=mira),
        Mention(23, 26, "She", "Person", "coreference", "Mira Holt", entity=mira),
        Mention(39, 43, "Lund", "Place", "ner", entity=lund),
    ]
    document = TextDocument("7", "Mira Holt", _TEXT, "x.jsonl#line=1")
    return ReadText(document, spacy.blank("en")(_TEXT), sentences_of(_TEXT), mentions, mira)


def test_a_passage_that_names_both_things_of_a_fact_is_labelled() -> None:
    (labelled,) = label_texts([_read()], [("mira holt", "birthPlace", "Lund")])
    assert labelled.triples == (Triple("Mira Holt", "birthPlace", "Lund"),)
    assert labelled.group == "Mira Holt"
    assert not labelled.complete
    assert labelled.mentions is not None
    assert {labelled.text[a:b] for _, a, b in labelled.mentions} == {"Mira Holt", "She", "Lund"}


def test_a_text_without_a_known_fact_teaches_nothing() -> None:
    assert label_texts([_read()], [("Mira Holt", "birthPlace", "Graz")]) == []


def test_windows_cover_all_sentences_and_stay_short() -> None:
    sentences = [Sentence(700 * n, 700 * n + 600) for n in range(7)]
    found = list(sentence_windows(sentences))
    assert all(piece.end - piece.start <= 1200 for piece in found)
    assert sum(piece.end - piece.start for piece in found) >= 7 * 600
