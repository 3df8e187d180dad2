"""Titles recognised by context words, quotation marks or lists."""

from __future__ import annotations

import pytest
from spacy.tokens import Span

from kg_builder.extraction.text.documents import TextDocument
from kg_builder.extraction.text.gazetteer import Gazetteer, KnownNames
from kg_builder.extraction.text.mentions import load_pipeline, sentences_of
from kg_builder.extraction.text.names import titles
from kg_builder.extraction.text.recognition import Recogniser
from kg_builder.ontology import Schema
from kg_builder.tables import RECORDS


def found(text: str, origin: str) -> set[tuple[str, str]]:
    return {(item.text, item.type) for item in titles(text) if item.origin == origin}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Her first album, La mer aux yeux gris, was recorded in 1988.", "La mer aux yeux gris"),
        ("His first album for the label, Too Late!, was released then.", "Too Late!"),
        ("Her album Chants d'Amour sold well.", "Chants d'Amour"),
        ("It is on the album Night of 1984. Évora sang.", "Night of 1984"),
    ],
)
def test_titles_of_albums(text: str, expected: str) -> None:
    assert (expected, "Album") in found(text, "pattern")


def test_what_is_no_title() -> None:
    assert found("After a live record made there she left.", "pattern") == set()
    assert found("The album, Moll's third, was late.", "pattern") == set()


def test_a_list_after_works_is_a_list_of_titles() -> None:
    albums = found("Her albums include Coat of Ash, Jola and Trio, all of them good.", "pattern")
    assert albums >= {("Coat of Ash", "Album"), ("Jola", "Album"), ("Trio", "Album")}
    assert ("Moon", "Song") in found("Her songs are Sun, and Moon.", "pattern")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("He wrote “Rain” for a friend.", "Song"),
        ("They played “Rain” at once.", "Song"),
        ("The album “Rain” sold well.", "Album"),
        ("They released “Rain” in 1990.", "Album"),
        ("Her best was “Rain,” an album of 1990.", "Album"),
        ("The record sold. She sang “Rain”.", "Song"),
    ],
)
def test_a_quotation_is_a_song_where_nothing_speaks_of_albums(text: str, kind: str) -> None:
    assert found(text, "quoted") == {("Rain", kind)}


def recognised(
    schema: Schema, text: str, entities: dict[str, str], *names: tuple[str, str]
) -> dict[str, str]:
    """Recognised text → class, given spaCy's entities."""
    nlp, _ = load_pipeline(None)
    doc = nlp(text)
    doc.set_ents([_span(doc, words, label) for words, label in entities.items()])
    rows = [
        {"record": f"c/{number}", "record_id": "", "source": "c", "type": type_, "name": name}
        | {"aliases": [], "external_ids": [], "attributes": "{}", "evidence": ""}
        for number, (name, type_) in enumerate(names)
    ]
    gazetteer = Gazetteer(nlp, KnownNames.of(RECORDS.frame(rows)), schema)
    document = TextDocument("1", "Nobody", text, "t#1")
    mentions = Recogniser(gazetteer, schema).find(doc, document, sentences_of(text))
    return {item.text: item.type for item in mentions}


def _span(doc: object, words: str, label: str) -> Span:
    start = str(doc).index(words)
    return doc.char_span(start, start + len(words), label=label)  # type: ignore[attr-defined]


def test_a_name_is_not_looked_for_within_a_longer_one(schema: Schema) -> None:
    label = ("Atlantic", "RecordLabel")
    text = "She played in Atlantic City."
    assert recognised(schema, text, {"Atlantic City": "GPE"}, label) == {"Atlantic City": "Place"}
    text = "She recorded for Atlantic in Detroit."
    assert recognised(schema, text, {"Detroit": "GPE"}, label)["Atlantic"] == "RecordLabel"
    text = "It is heard on the album Ride the Wind."
    assert "Ride" not in recognised(schema, text, {}, ("Ride", "Band"))


def test_the_surname_of_a_person_is_no_genre(schema: Schema) -> None:
    rock = ("Rock", "Genre")
    text = "The producer Bob Rock likes rock."
    found = recognised(schema, text, {"Bob Rock": "PERSON"}, rock)
    assert (found["Bob Rock"], found["rock"]) == ("Person", "Genre")


def test_whom_one_signs_with_may_be_a_label_whatever_the_model_says(schema: Schema) -> None:
    text = "In 1959 she signed with Colpix and met Colpix."
    nlp_says = {"Colpix": "PERSON"}
    assert recognised(schema, text, nlp_says)["Colpix"] == "Name"


def test_what_stands_in_a_list_of_works_is_one(schema: Schema) -> None:
    gazetteer_entry = ("Master of Tides", "Album")
    text = "He is heard on Fire the Night, Boleskine and Master of Tides."
    types = recognised(schema, text, {"Boleskine": "PERSON"}, gazetteer_entry)
    assert types["Boleskine"] == types["Fire the Night"] == "Album"
    text = "It was made by Boleskine and Master of Tides."
    assert (
        recognised(schema, text, {"Boleskine": "PERSON"}, gazetteer_entry)["Boleskine"] == "Person"
    )


@pytest.mark.parametrize(
    ("text", "genres"),
    [
        ("They toured their home country.", set()),
        ("They toured the country in 1970.", set()),
        ("They reached the country charts.", {"country"}),
        ("They play country and folk.", {"country", "folk"}),
        ("They were the house band of a club.", set()),
        ("He beats electronic drums.", set()),
        ("He makes electronic music.", {"electronic music"}),
    ],
)
def test_plain_words_are_no_genres(schema: Schema, text: str, genres: set[str]) -> None:
    types = recognised(schema, text, {})
    assert {name for name, type_ in types.items() if type_ == "Genre"} == genres


@pytest.mark.parametrize("piece", ["Abc ", "A-", "A'", "Abc of ", "Award for Best ", "“A", "B, "])
def test_names_without_end_are_read_in_linear_time(schema: Schema, piece: str) -> None:
    """Patterns that search for an end from each start took minutes for this."""
    text = piece * (30_000 // len(piece))
    assert len(list(titles(text))) <= len(text)
    recognised(schema, text, {})
