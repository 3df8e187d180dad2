"""One entity from the records of a cluster: class, name, aliases, values in order, qualifiers."""

from __future__ import annotations

import json
from itertools import permutations

import pytest

from kg_builder.fusion.config import SourceTraits
from kg_builder.fusion.fuse import Record, display_name, fuse, natural
from kg_builder.ontology import load_schema

SCHEMA = load_schema()
TRAITS = {
    "main": SourceTraits(trust=0.5, primary=True),
    "good": SourceTraits(trust=0.8),
    "poor": SourceTraits(trust=0.3),
}


def record(key, name, type_="Band", *, aliases=(), ids=(), **attributes):
    stated = {
        name: [str(each)] if isinstance(each, str | int) else each
        for name, each in attributes.items()
    }
    return Record(key, key.split("/")[0], type_, name, aliases, ids, stated)


def fused(*records):
    """The fused entity, checked to be the same for all orders of the records."""
    found = {fuse(order, SCHEMA, TRAITS) for order in permutations(records)}
    assert len(found) == 1
    return found.pop()


def test_the_parts_of_an_entity_come_from_all_its_records():
    entity = fused(
        record("poor/7", "Nirvana (2)", "Artist", ids=("Q2", "Q1"), country=["UK"]),
        record("main/1", "Nirvana", aliases=("The N",), ids=("Q2",), genre=["pop é"]),
        record("good/3", "Nirvana (UK band)", "Artist", aliases=("", "Nirvana"), country="IE"),
    )
    assert (entity.type, entity.name) == ("Band", "Nirvana")
    assert entity.aliases == ("Nirvana (2)", "Nirvana (UK band)", "The N")
    assert entity.external_ids == ("Q1", "Q2")
    assert entity.attributes == '{"country": ["IE", "UK"], "genre": ["pop é"]}'
    assert entity.qualifiers == ("UK band", "IE", "band")
    assert entity.rank == (False, -3, "main", "main/", 1)


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ("main/2", "good/1"),  # a primary source before a more trusted one
        ("good/2", "poor/1"),  # trust
        ("good/9", "good/10"),  # keys in natural order
        ("other/1", "good/1"),  # a source without traits is trusted at 0.9
    ],
)
def test_the_name_is_that_of_the_preferred_source(better, worse):
    assert fused(record(better, "Right"), record(worse, "Wrong")).name == "Right"


def test_of_one_source_the_name_in_natural_order_is_preferred():
    entity = fused(record("good/1", "Beatles, The"), record("good/2", "Los Beatles"))
    assert (entity.name, entity.aliases) == ("Los Beatles", ("Beatles, The",))


def test_the_name_is_shown_as_its_class_wants():
    entity = fused(record("good/1", "Davis, Miles (1926)", "Person"))
    assert (entity.name, entity.aliases) == ("Miles Davis", ("Davis, Miles (1926)",))


def test_of_equally_trusted_sources_the_first_by_name_is_preferred():
    assert fused(record("x/2", "Right"), record("y/1", "Wrong")).name == "Right"


def test_values_with_more_trust_behind_them_come_first():
    """0.3 + 0.3 + 0.3 for UK is more than 0.8 for IE."""
    three = [record(f"poor/{number}", "Air", origin="UK") for number in range(3)]
    entity = fused(*three, record("good/1", "Air", origin="IE"))
    assert json.loads(entity.attributes) == {"origin": ["UK", "IE"]}
    entity = fused(*three[:2], record("good/1", "Air", origin="IE"))
    assert json.loads(entity.attributes) == {"origin": ["IE", "UK"]}
    entity = fused(record("none/1", "Air", origin="IE"), record("good/1", "Air", origin="UK"))
    assert json.loads(entity.attributes) == {"origin": ["IE", "UK"]}  # 0.9 without traits


def test_a_year_supports_the_dates_in_it():
    entity = fused(
        record("good/1", "Air", beginDate="1991"),
        record("poor/1", "Air", beginDate="1991-02-03"),
        record("none/1", "Air", beginDate="1992"),
    )
    assert json.loads(entity.attributes)["beginDate"] == ["1991-02-03", "1992", "1991"]
    assert entity.qualifiers == ("1991", "band")


def test_of_values_with_equal_support_the_longer_then_the_first_by_alphabet():
    entity = fused(record("good/1", "Air", origin=["FR", "BE", "France"], founded=1995))
    assert json.loads(entity.attributes) == {"founded": ["1995"], "origin": ["France", "BE", "FR"]}


def test_attributes_are_sorted_by_predicate():
    entity = fused(record("good/1", "Air", origin="FR", country="BE"))
    assert entity.attributes == '{"country": ["BE"], "origin": ["FR"]}'


def test_works_are_told_apart_by_the_performer_whom_their_record_names_first():
    entity = fused(record("good/1", "Angel", "Song", performer=["Akon", "Drake"]))
    assert entity.qualifiers[0] == "Akon"


@pytest.mark.parametrize("predicate", ["country", "origin", "birthPlace", "locatedIn"])
def test_an_attribute_that_tells_namesakes_apart_is_a_qualifier(predicate):
    assert fused(record("good/1", "Air", **{predicate: ["b", "a"]})).qualifiers == ("a", "band")


@pytest.mark.parametrize("predicate", ["beginDate", "releaseDate", "eventDate"])
def test_of_a_date_the_year_is_a_qualifier(predicate):
    entity = fused(record("good/1", "Air", **{predicate: ["1991-02-03", "1990"]}))
    assert entity.qualifiers == ("1991", "band")


def test_qualifiers_come_in_the_order_in_which_they_tell_most():
    entity = fused(
        record(
            "good/1", "Air (French duo)", beginDate="1995", locatedIn="e", birthPlace="d",
            origin="c", country="b", performer="a", eventDate="1997", releaseDate="1996",
        )
    )  # fmt: skip
    assert entity.qualifiers == (
        "French duo", "a", "b", "c", "d", "e", "1995", "1996", "1997", "band",
    )  # fmt: skip


def test_qualifiers_that_tell_nothing_are_left_out():
    assert fused(record("good/1", "Air", "Artist")).qualifiers == ()  # its CURIE says 'artist'
    assert fused(record("good/1", "Air (2)", "Artist")).qualifiers == ()  # a number
    assert fused(record("good/1", "Paris", "Artist", origin="paris")).qualifiers == ()  # its name
    assert fused(record("good/1", "Live (2001 tour)", "Album")).qualifiers == ()  # no agent
    assert fused(record("good/1", "Air", "Nothing")).qualifiers == ("Nothing",)


def test_a_featuring_credit_is_a_collaboration():
    assert fused(record("good/1", "Air feat. Beck", "Artist")).type == "Collaboration"
    assert fused(record("good/1", "Air", "Artist")).type == "Artist"
    assert fused(record("good/1", "Air feat. Beck", "Song")).type == "Song"
    assert fused(record("good/1", "Air feat. Beck")).type == "Band"  # a source calls it a band


def test_namesakes_of_primary_sources_and_of_many_records_rank_first():
    ranks = [
        fused(record("good/1", "Air"), record("main/10", "Air")).rank,
        fused(record("main/9", "Air")).rank,
        fused(record("main/10", "Air")).rank,
        fused(record("good/3", "Air"), record("good/4", "Air"), record("x/1", "Air")).rank,
        fused(record("good/3", "Air")).rank,
        fused(record("poor/3", "Air")).rank,
    ]
    assert ranks == sorted(ranks)


@pytest.mark.parametrize(
    ("name", "type_", "shown"),
    [
        ("Beatles, The", "Band", "The Beatles"),
        ("Nirvana (UK band)", "Band", "Nirvana"),
        ("(Air)", "Band", "(Air)"),
        ("Davis, Miles", "Person", "Miles Davis"),
        ("Davis, Miles", "Band", "Davis, Miles"),
        ("Miles Davis", "Person", "Miles Davis"),
        ("  Kind of   Blue ", "Album", "Kind of Blue"),
        ("Wall, The", "Album", "The Wall"),
        ("Live (2001 tour)", "Album", "Live (2001 tour)"),
    ],
)
def test_names_are_shown_as_a_person_writes_them(name, type_, shown):
    assert display_name(name, type_, SCHEMA) == shown


def test_keys_sort_by_their_number():
    keys = ["a/10", "b1", "a/9", "a", "a/0x5", "a/1", "a/"]
    assert sorted(keys, key=natural) == ["a", "a/", "a/1", "a/9", "a/10", "a/0x5", "b1"]
    assert natural("lastfm/10") == ("lastfm/", 10)
    assert natural("lastfm/") == ("lastfm/", -1)
    assert natural("lastfm/X7") == ("lastfm/X", 7)
    assert natural("lastfm/0") > natural("lastfm/")
