"""Guests named in the titles of songs and albums."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg_builder.credits import MAY_BE_JOINT, credited, guests_in_title, split_credits
from kg_builder.extraction import StructuredSource, extract
from kg_builder.ontology import Schema

KNOWN = {"ann", "bob", "cy"}


@pytest.mark.parametrize(
    ("title", "guests"),
    [
        ("Rain (feat. Mira Holt)", ["Mira Holt"]),
        ("Rain [ft. Mira Holt] - Radio Edit", ["Mira Holt"]),
        ("Rain (Featuring Mira Holt) (Remix)", ["Mira Holt"]),
        ("Rain - feat. Mira Holt - Live", ["Mira Holt"]),
        ("Rain featuring Mira Holt", ["Mira Holt"]),
        ("Rain ft. Mira Holt (Live)", ["Mira Holt"]),
        ("Rain (Part 2) (feat. Ann & Bob)", ["Ann", "Bob"]),
        ("Rain (feat. Ann, Bob and Cy)", ["Ann", "Bob", "Cy"]),
        ("Rain (feat. Holt & Sons)", ["Holt & Sons"]),
        ("Rain (feat. Ann & Mira Holt)", ["Ann", "Mira Holt"]),
        ("Rain (feat. Dee, Eve, Flo, Gus & Hal)", ["Dee", "Eve", "Flo", "Gus", "Hal"]),
        ("Rain (feat. M.I.A.)", ["M.I.A."]),
        ("Rain (feat. Ann u. Mira Holt)", ["Ann", "Mira Holt"]),
        ("Rain (feat. Mira Holt and Jon Ek)", ["Mira Holt", "Jon Ek"]),
        ("Rain (feat. Mira Holt & the Rest)", ["Mira Holt & the Rest"]),
        ("Rain （feat. Mira Holt）", ["Mira Holt"]),
        ("Rain {feat. Mira Holt}", ["Mira Holt"]),
        ("Rain (FEAT.Mira Holt)", ["Mira Holt"]),
        ("Rain (featuring: Mira Holt)", ["Mira Holt"]),
        ("Rain (feat. Mira Holt (Live))", ["Mira Holt"]),
        ("Rain (feat. Mira Holt &)", ["Mira Holt"]),
        ("Rain ft Ann", ["Ann"]),
        ("Rain (with Ann)", ["Ann"]),
        ("Rain (con Ann)", ["Ann"]),
        ("Rain feat Ann", ["Ann"]),
        ("Rain (feat. holt)", ["holt"]),
    ],
)
def test_guests(title: str, guests: list[str]) -> None:
    assert guests_in_title(title, KNOWN) == guests


@pytest.mark.parametrize(
    "title",
    [
        "Dancing (with Tears in My Eyes)",
        "With Ann",
        "(feat. Mira Holt)",
        "The Greatest Feat of All",
        "What a feat of strength",
        "Feat. of Clay",
        "Ft. Worth Blues",
        "Live at Ft. Worth",
        "Rain (feat. )",
        "Rain ft nobody known",
        "Rain (feat. and)",
        "Aftermath (Soft Mix)",
        "Rain (feat. " + "Mira Holt feat. " * 100 + ")",
        "Rain",
    ],
)
def test_words_of_a_title_that_name_no_guest(title: str) -> None:
    assert guests_in_title(title, KNOWN) == []


@pytest.mark.parametrize("text", ["A feat. " * 20_000, "A & " * 20_000, "A (feat. B) " * 20_000])
def test_a_text_of_many_credits_is_nobodys_name(text: str) -> None:
    assert split_credits(text) == credited(text, KNOWN) == [text]
    assert guests_in_title(text, KNOWN) == []


@given(st.text(alphabet="feat. ()[]-AB&,", max_size=40))
def test_a_guest_stands_in_the_title(title: str) -> None:
    for guest in guests_in_title(title, KNOWN):
        assert guest
        assert guest in " ".join(title.split())


def test_a_song_is_performed_by_its_guests_too(tmp_path: Path, schema: Schema) -> None:
    (tmp_path / "songs.csv").write_text(
        "id,title,artist\n1,Rain (feat. Bob & Mira Holt),Ann\n2,Snow (with Ann),Bob\n3,Hail,Cy\n"
        "4,Sun (feat. Various Artists),Ann\n"
    )
    table = {
        "path": "songs.csv",
        "type": "Song",
        "id": "id",
        "name": "title",
        "columns": {"artist": {"predicate": "performer", "type": "Artist"}},
    }
    source = StructuredSource.model_validate(
        {"kind": "structured", "name": "shop", "tables": {"songs": table}}
    )
    found = extract(source, tmp_path, schema=schema)
    names = dict(zip(found.records["record"], found.records["name"], strict=True))
    facts = {
        (names[subject], names[other], method, evidence)
        for subject, other, method, evidence in zip(
            found.statements["subject"],
            found.statements["object"],
            found.statements["method"],
            found.statements["evidence"],
            strict=True,
        )
    }
    assert {fact for fact in facts if fact[2] == "title"} == {
        ("Rain (feat. Bob & Mira Holt)", "Bob", "title", "songs.csv#line=2"),
        ("Rain (feat. Bob & Mira Holt)", "Mira Holt", "title", "songs.csv#line=2"),
        ("Snow (with Ann)", "Ann", "title", "songs.csv#line=3"),
    }


@pytest.mark.parametrize(
    "credit",
    [
        "Ann x Bob",
        "Ann × Bob",
        "Ann with Bob",
        "Ann (with Bob)",
        "Ann [duet with Bob]",
        "Ann in duet with Bob",
        "Ann w/ Bob",
        "Ann f/ Bob",
        "Ann vs. Bob",
        "Ann vs Bob",
        "Ann versus Bob",
        "Ann / Bob",
        "Ann/Bob",
        "Ann;Bob",
        "Ann · Bob",
        "Ann • Bob",
        "Ann | Bob",
        "Ann、Bob",
        "Ann ＆ Bob",
        "Ann pres. Bob",
        "Ann introducing Bob",
        "Ann starring Bob",
        "Ann backed by Bob",
        "Ann part. esp. Bob",
        "Ann con Bob",
        "Ann mit Bob",
        "Ann avec Bob",
        "Ann en Bob",
        "Ann och Bob",
        "Ann ve Bob",
        "Ann і Bob",
    ],
)
def test_what_joins_two_known_artists(credit: str) -> None:
    assert MAY_BE_JOINT.search(credit)
    assert credited(credit, KNOWN) == ["Ann", "Bob"]
    assert credited(credit.replace("Bob", "Mira Holt"), KNOWN) == [
        credit.replace("Bob", "Mira Holt")
    ]


def test_a_comma_before_and() -> None:
    assert credited("Ann, Bob, and Cy", KNOWN) == ["Ann", "Bob", "Cy"]
    assert credited("AC/DC", KNOWN) == ["AC/DC"]
