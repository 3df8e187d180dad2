"""Rules for relations of works and persons without training data."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg_builder.errors import DataError
from kg_builder.text_models.corpora import AnnotatedText, Triple
from kg_builder.text_models.relations.dbpedia_patterns import (
    About,
    RulesOfRelations,
    load_rules,
)
from kg_builder.text_models.relations.text_topics import title_of_work
from kg_builder.text_models.relations.training_statistics import Namer

RULES = RulesOfRelations(load_rules(), {rule.relation: 0.6 for rule in load_rules()})


def read(text: str, topic: str, about: About = "work") -> set[tuple[str, str]]:
    triples = [triple for triple, _ in RULES.read(text, topic, about, Namer())]
    assert all(triple.subject == topic for triple in triples)
    return {(triple.relation, triple.object) for triple in triples}


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Blue Tin (Mira Holt song) was written by Espen Dahl.", "Blue Tin (Mira Holt song)"),
        ("Tin Roof, which was released on May 4th 2012, is a rock song by Quill.", "Tin Roof"),
        (
            "The genre of Slow Rain: Part One is reggae; the song is by Quill.",
            "Slow Rain: Part One",
        ),
        ("Butch Stone is the producer of Night & Day.", "Night & Day"),
        ("Paper Moon followed Tin Roof.", "Paper Moon"),
        ("The album “Who Said So?” runs for 35.1 minutes.", "Who Said So?"),
        ("Ace Holt is a songwriter.", ""),
        ("The record label of Anders Holm is Okra records.", ""),
        ("Andra is a singer of dance-pop music.", ""),
    ],
)
def test_the_work_that_a_text_is_about(text: str, title: str) -> None:
    assert title_of_work(text) == title


def test_what_is_stated_of_a_work() -> None:
    text = (
        "Tin Roof (Quill song), which was released on December 27th 2012, is a pop rock song by "
        "the band Quill. It was written by Espen Dahl and Amund Berg, produced by Butch Stone and "
        "released on the Rhubarb label. The song lasts 3.16 minutes."
    )
    assert read(text, "Tin Roof (Quill song)") == {
        ("artist", "Quill"),
        ("genre", "pop rock"),
        ("releaseDate", "2012-12-27"),
        ("writer", "Espen Dahl"),
        ("writer", "Amund Berg"),
        ("producer", "Butch Stone"),
        ("recordLabel", "Rhubarb"),
        ("runtime", "3.16"),
    }


@pytest.mark.parametrize(
    ("text", "stated"),
    [
        ("Tin Roof was followed by Paper Moon.", ("followedBy", "Paper Moon")),
        ("Tin Roof was preceded by Live at the Barn.", ("precededBy", "Live at the Barn")),
        ("Tin Roof follows Paper Moon.", ("precededBy", "Paper Moon")),
        ("Paper Moon came before Tin Roof.", ("precededBy", "Paper Moon")),
        ("Tin Roof is the follow-up to Paper Moon.", ("precededBy", "Paper Moon")),
        ("Paper Moon was preceded by Tin Roof.", ("followedBy", "Paper Moon")),
    ],
)
def test_the_order_of_records(text: str, stated: tuple[str, str]) -> None:
    assert read(text, "Tin Roof") == {stated}


@pytest.mark.parametrize(
    ("text", "stated"),
    [
        ("Oda Weiss died on 12 March 1981.", ("deathDate", "1981-03-12")),
        ("Oda Weiss is a British national.", ("nationality", "United Kingdom")),
        ("Oda Weiss trained at the Elm School of Art.", ("training", "Elm School of Art")),
        ("Oda Weiss is of Sorbian ethnicity.", ("ethnicGroup", "Sorbian")),
        ("Oda Weiss is a painter by profession.", ("profession", "painter")),
    ],
)
def test_what_is_stated_of_a_person(text: str, stated: tuple[str, str]) -> None:
    assert read(text, "Oda Weiss", "person") == {stated}


def test_a_sentence_about_somebody_else_is_left_alone() -> None:
    text = "Graz lies in Austria. Karel Novak studied at Elm College."
    assert read(text, "Oda Weiss", "person") == set()


def test_confidences_are_measured_and_carried_over() -> None:
    texts = [
        AnnotatedText(
            str(number),
            f"Oda W{number} died in Graz.",
            (Triple(f"Oda_W{number}", "deathPlace", "Graz" if number % 4 else "Wien"),),
            f"Oda_W{number}",
        )
        for number in range(40)
    ]
    rules = RulesOfRelations.fit(texts)
    assert rules.confidences["deathPlace"] == pytest.approx(0.75, abs=0.03)
    assert rules.confidences["training"] == pytest.approx(0.75, abs=0.05)
    assert rules.trained == {"deathPlace"}


def test_a_damaged_rule_file_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text('[[rule]]\nrelation = "artist"\n')
    with pytest.raises(DataError, match="not a valid rule file"):
        load_rules(path)


@given(st.text("Ab c.,(\"'1)& é:", max_size=60), st.sampled_from(["work", "person"]))
def test_any_text_is_read(text: str, about: About) -> None:
    assert isinstance(title_of_work(text), str)
    for triple, confidence in RULES.read(text, "Ab", about, Namer()):
        assert triple.object.strip()
        assert 0 < confidence < 1
