"""Mapping a mention to the collection's canonical name."""

from __future__ import annotations

import pytest

from kg_builder.text_models.corpora import AnnotatedText, Slot, Triple
from kg_builder.text_models.relations.labelling import Aligner
from kg_builder.text_models.relations.parsed_text import parse_texts
from kg_builder.text_models.relations.training_statistics import Namer

_GENRE, _BORN = Slot("genre", "object"), Slot("birthPlace", "object")
_DATE = Slot("birthDate", "object")


@pytest.fixture(scope="module")
def namer() -> Namer:
    rows = [
        ("Ada sings pop.", "genre", "Pop_music", "Ada"),
        ("Bea sings folk.", "genre", "Folk_music", "Bea"),
        ("Cleo sings house.", "genre", "House_music", "Cleo"),
        ("Dora sings jazz.", "genre", "Jazz", "Dora"),
        ("The American Ada.", "birthPlace", "United_States", "Ada"),
        ("The French Bea.", "birthPlace", "France", "Bea"),
        ("The Polish Cleo.", "birthPlace", "Poland", "Cleo"),
        ("Ada, born on 3 May 1950.", "birthDate", "1950-05-03", "Ada"),
        ("Bea, born May 9, 1951.", "birthDate", "1951-05-09", "Bea"),
        ("Cleo, born in 1952.", "birthDate", "1952-08-02", "Cleo"),
        ("Dora, born in 1953.", "birthDate", "1953-11-20", "Dora"),
        ("Elsa, born in 1954.", "birthDate", "1954", "Elsa"),
        ("Fay Ann Holt sings alto.", "voiceType", "alto", "Fay Holt"),
        ("Gus Otto Lind sings bass.", "voiceType", "bass", "Gus Lind"),
        ("Ida May Weiss sings alto.", "voiceType", "alto", "Ida Weiss"),
    ]
    texts = [
        AnnotatedText(str(n), text, (Triple(who, relation, name),), who)
        for n, (text, relation, name, who) in enumerate(rows)
    ]
    aligner = Aligner()
    return Namer.of(
        aligner.align(text, parsed)
        for text, parsed in zip(texts, parse_texts([t.text for t in texts], None), strict=True)
    )


def test_known_surfaces_get_their_names(namer: Namer) -> None:
    assert namer.name("jazz", _GENRE) == "Jazz"
    assert namer.name("American", _BORN) == "United States"


def test_unknown_surfaces_follow_the_habit_of_the_slot(namer: Namer) -> None:
    assert namer.name("trance", _GENRE) == "trance music"
    assert namer.name("krautrock", _GENRE) == "krautrock"  # no common word, which needs no "music"
    assert namer.name("Swedish", _BORN) == "Sweden"
    assert namer.name("Graz", _BORN) == "Graz"


def test_middle_names_are_left_out_as_usual_in_the_slot(namer: Namer) -> None:
    assert namer.name("Karl Emil Novak", Slot("voiceType", "subject")) == "Karl Novak"
    assert namer.name("Karl van Novak", Slot("voiceType", "subject")) == "Karl van Novak"
    assert namer.name("Karl Emil Novak", Slot("voiceType", "object")) == "Karl Emil Novak"


def test_dates_come_in_the_collections_notation(namer: Namer) -> None:
    assert namer.name("June 1st, 1977", _DATE) == "1977-06-01"


def test_a_name_is_not_known_from_its_own_group(namer: Namer) -> None:
    assert namer.name("jazz", _GENRE, "Dora") == "jazz music"


def test_a_date_less_precise_than_names_usually_are_is_uncertain(namer: Namer) -> None:
    assert namer.name("1977", _DATE) == "1977"
    assert namer.certainty("June 1st, 1977", _DATE) == 0.75
    assert namer.certainty("1977", _DATE) == 0.4
    assert namer.certainty("1977", Slot("deathDate", "object")) == 0.5  # nothing is known
    assert namer.certainty("trance", _GENRE) == 1
