"""Titles in two scripts; persons by full name and by nickname."""

from __future__ import annotations

import json

import pytest

from kg_builder.fusion import FusionConfig, SourceTraits, match_records
from kg_builder.ontology import load_schema
from kg_builder.tables import RECORDS

SCHEMA = load_schema()
CLEAN = {"a": SourceTraits(clean=True, primary=True), "b": SourceTraits(clean=True)}


def record(key, type_, name, **attributes):
    source, _, record_id = key.partition("/")
    return {
        "record": key, "source": source, "record_id": record_id, "type": type_, "name": name,
        "aliases": [], "external_ids": [], "evidence": f"{source}.csv#line={record_id}",
        "attributes": json.dumps({predicate: [value] for predicate, value in attributes.items()}),
    }  # fmt: skip


def are_one(one, other):
    """Whether two records are merged, by the prior weights."""
    matching = match_records(
        RECORDS.frame([one, other]), FusionConfig(scorer="rules"), schema=SCHEMA, traits=CLEAN,
        among=[(one["record"], other["record"])],
    )  # fmt: skip
    return len(set(matching.clustering.label.tolist())) == 1


def albums(one, other):
    facts = {"performer": "Mira Holt", "releaseDate": "1999"}
    more = {"genre": "folk", "recordLabel": "Blue Kite"}
    return are_one(
        record("a/1", "Album", one, **facts, **more), record("b/1", "Album", other, **facts)
    )


@pytest.mark.parametrize(
    ("original", "romanised"),
    [
        ("夜想モーメント", "Yaso Moment"),
        ("東京カメラ", "Tokyo Camera"),
        ("月光 Serenade", "Yueguang Serenade"),
        ("Ёлки и звёзды", "Jolki i zvjozdy"),
        ("Φθινόπωρο στην Αθήνα", "Fthinoporo stin Athina"),
        ("푸른 바다", "Puleun Pada"),
    ],
)
def test_a_title_meets_its_romanisation(original: str, romanised: str) -> None:
    assert albums(original, romanised)
    assert albums(romanised, original)


@pytest.mark.parametrize(
    ("original", "other"),
    [
        ("夜想モーメント", "Hoshi Parade"),
        ("無罪パレード", "Muzai Moratorium"),
        ("月光 Serenade", "Yueguang Nocturne"),
        ("東京 Moment", "A Moment of Truth and Other Stories From the Road"),
        ("Сны о море", "Pesni o zime"),
        ("Сны о море 2", "Sny o more 3"),
        ("Muzai Moratorium", "Muzai Memorandum"),
        ("無罪モラトリアム", "有罪モラトリアム"),
    ],
)
def test_another_title_of_the_performer_in_another_script_does_not(
    original: str, other: str
) -> None:
    assert not albums(original, other)


def persons(one, other, **differing):
    facts = {"beginDate": "1949", "country": "Brazil", "genre": "bossa nova"}
    return are_one(
        record("a/1", "SoloArtist", one, **facts, instrument="piano"),
        record("b/1", "Artist", other, **(facts | differing)),
    )


@pytest.mark.parametrize(
    ("full", "nickname"),
    [
        ("Antônio Carlos Lindoso", "Tom Lindoso"),
        ("Robert Amos Tarkington", "Bob Tarkington"),
        ("Francisco José Alvarenga", "Chico Alvarenga"),
        ("Elizabeth Ann Moorcroft", "Betty Moorcroft"),
        ("Margaret Quillfeather", "Peggy Quillfeather"),
    ],
)
def test_a_nickname_stands_for_the_given_name(full: str, nickname: str) -> None:
    assert persons(full, nickname)
    assert persons(nickname, full)
    assert not persons(full, nickname, beginDate="1971", country="Portugal")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Kate Lindoso", "Bebel Lindoso"),
        ("Maurice Tarkington", "Bob Tarkington"),
        ("Robert Amos Tarkington", "Bob Amos"),
        ("Robert Tarkington Band", "Bob Tarkington"),
        ("Elizabeth Moorcroft", "Betty Moorgate"),
    ],
)
def test_relatives_and_namesakes_stay_apart(one: str, other: str) -> None:
    assert not persons(one, other)
