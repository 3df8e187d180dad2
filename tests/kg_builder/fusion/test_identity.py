"""Memberships, editions and recordings are identified by facts, not by similar names."""

from __future__ import annotations

from itertools import combinations

import pytest

from kg_builder.fusion import FusionConfig, explain, match_records, resolve
from kg_builder.ontology import load_schema
from kg_builder.tables import RECORDS, STATEMENTS

SCHEMA = load_schema()
CONFIG = FusionConfig()
THINGS = {
    "a/kim": ("SoloArtist", "Kim Deal"),
    "a/pixies": ("Band", "Pixies"),
    "a/testers": ("Band", "The Testers"),
    "b/kim": ("SoloArtist", "Kim Deal"),
    "b/pixies": ("Band", "Pixies"),
    "b/testers": ("Band", "Testers"),
    "a/doolittle": ("Album", "Doolittle"),
}
YEAR = "gYear"


def entities(things, facts):
    """The groups of the given records that are one entity, and the fusion's input."""
    records = RECORDS.frame(
        [
            {
                "record": key,
                "source": key.partition("/")[0],
                "record_id": key.partition("/")[2],
                "type": type_,
                "name": name,
                "aliases": [],
                "external_ids": [],
                "attributes": "{}",
                "evidence": "",
            }
            for key, (type_, name) in {**THINGS, **things}.items()
        ]
    )
    statements = STATEMENTS.frame(
        [
            {
                "subject": subject,
                "predicate": predicate,
                "object": value,
                "object_kind": "record" if value in THINGS or value in things else kind,
                "source": subject.partition("/")[0],
                "method": "mapping",
                "confidence": 1.0,
                "evidence": "",
                "inferred": False,
            }
            for subject, stated in facts.items()
            for predicate, (value, kind) in stated.items()
        ]
    )
    links = resolve(records, CONFIG, schema=SCHEMA, traits={}, statements=statements).links
    entity = links.set_index("subject")["object"]
    pairs = combinations(sorted(things), 2)
    same = {(one, other) for one, other in pairs if entity[one] == entity[other]}
    return same, records, statements


def member(who, band, begin="", end=""):
    stated = {"member": (who, "record"), "group": (band, "record")}
    for name, date in (("beginDate", begin), ("endDate", end)):
        if date:
            stated[name] = (date, "date" if "-" in date else YEAR)
    return stated


def literal(**stated):
    return {
        name: (value, "date" if "-" in value else YEAR if value.isdigit() else "string")
        for name, value in stated.items()
    }


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (("1986", "1993"), ("1986", "1993"), True),
        (("1989", ""), ("1989", ""), True),
        (("", "1994"), ("1994", ""), False),
        (("1986", "1993"), ("2004", "2013"), False),
        (("1986", "1993"), ("1986", ""), False),
        (("1986-01-10", "1993"), ("1986", "1993-12-31"), True),
        (("1986-01-10", ""), ("1986-03-10", ""), False),
    ],
)
def test_memberships_of_two_sources_are_one_if_ends_and_dates_are(one, other, same):
    """The bands' names and the composed names differ."""
    things = {
        "a/m": ("Membership", f"Kim Deal, member of The Testers ({one[0]}–{one[1]})"),
        "b/m": ("Membership", "Kim Deal in Testers"),
    }
    facts = {"a/m": member("a/kim", "a/testers", *one), "b/m": member("b/kim", "b/testers", *other)}
    assert entities(things, facts)[0] == ({("a/m", "b/m")} if same else set())


def test_a_year_that_may_be_either_of_two_dates_is_neither():
    things = dict.fromkeys(
        ("a/m", "b/first", "b/second"), ("Membership", "Kim Deal, member of Pixies")
    )
    facts = {
        "a/m": member("a/kim", "a/pixies", "1986"),
        "b/first": member("b/kim", "b/pixies", "1986-01-10"),
        "b/second": member("b/kim", "b/pixies", "1986-10-01"),
    }
    assert entities(things, facts)[0] == set()


def test_two_ids_of_a_source_are_two_memberships():
    things = {f"a/m{n}": ("Membership", "Kim Deal, member of Pixies") for n in (1, 2)}
    facts = dict.fromkeys(things, member("a/kim", "a/pixies", "1986"))
    assert entities(things, facts)[0] == set()
    # and a third of another source is neither of them
    things["b/m"] = ("Membership", "Kim Deal, member of Pixies")
    facts["b/m"] = member("b/kim", "b/pixies", "1986")
    assert entities(things, facts)[0] == set()


def test_rows_without_ids_that_state_the_same_are_one_membership():
    things = {f"a/membership/line {n}": ("Membership", f"Row {n}") for n in (1, 2)}
    facts = dict.fromkeys(things, member("a/kim", "a/pixies", "1986"))
    assert entities(things, facts)[0] == {tuple(sorted(things))}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"catalogueNumber": "CAD 905"}, {"catalogueNumber": "CAD905"}, True),
        ({"catalogueNumber": "CAD 905"}, {"catalogueNumber": "CAD 906"}, False),
        ({"catalogueNumber": "CAD 905"}, {}, False),
        ({}, {}, False),
        ({"releaseDate": "1989-04-17"}, {"releaseDate": "1989"}, True),
        ({"releaseDate": "1989-04-17"}, {"releaseDate": "1989-04-18"}, False),
        ({"releaseDate": "1989", "medium": "LP"}, {"releaseDate": "1989", "medium": "CD"}, False),
        (
            {"catalogueNumber": "CAD 905", "releaseDate": "1989"},
            {"catalogueNumber": "CAD 905", "releaseDate": "2003"},
            False,
        ),
    ],
)
def test_releases_of_two_sources_are_one_if_what_tells_editions_apart_agrees(one, other, same):
    things = {"a/r": ("Release", "Doolittle"), "b/r": ("Release", "Doolittle")}
    facts = {"a/r": literal(**one), "b/r": literal(**other)}
    assert entities(things, facts)[0] == ({("a/r", "b/r")} if same else set())


def test_a_release_that_may_be_either_of_two_is_neither():
    things = dict.fromkeys(("a/r1", "a/r2", "b/r"), ("Release", "Doolittle"))
    facts = dict.fromkeys(things, literal(releaseDate="1989"))
    assert entities(things, facts)[0] == set()


def test_a_release_that_a_source_only_names_is_its_one_of_the_name():
    things = {
        "a/r1": ("Release", "Doolittle (LP)"),
        "a/r2": ("Release", "Doolittle (CD)"),
        "a/release/t1/doolittle (lp)": ("Release", "Doolittle (LP)"),
        "a/release/t2/doolittle (lp)": ("Release", "Doolittle (LP)"),
        "b/release/t/doolittle (lp)": ("Release", "Doolittle (LP)"),
    }
    own = [key for key in things if key.startswith("a/") and key != "a/r2"]
    assert entities(things, {})[0] == set(combinations(sorted(own), 2))


def test_a_track_is_of_its_release_and_a_recording_is_no_track():
    things = {
        "a/r1": ("Release", "Doolittle"),
        "a/r2": ("Release", "Doolittle"),
        "b/r": ("Release", "Doolittle"),
        "a/t1": ("Track", "Debaser"),
        "a/t2": ("Track", "Debaser"),
        "b/t": ("Track", "Debaser"),
        "b/x": ("Recording", "Debaser"),
        "c/x": ("Recording", "Debaser"),
        "c/y": ("Recording", "Debaser (demo)"),
        "d/x": ("Recording", "Debaser"),
    }
    facts = {
        "a/r1": literal(catalogueNumber="CAD 905"),
        "a/r2": literal(catalogueNumber="60856-2"),
        "b/r": literal(catalogueNumber="60856-2"),
        "a/t1": {"onRelease": ("a/r1", "record")},
        "a/t2": {"onRelease": ("a/r2", "record")},
        "b/t": {"onRelease": ("b/r", "record")},
        "b/x": literal(recordDate="1988"),
        "c/x": literal(recordDate="1988-10-31"),
        "c/y": literal(recordDate="1988"),
        "d/x": literal(recordDate="1990"),
    }
    assert entities(things, facts)[0] == {("a/r2", "b/r"), ("a/t2", "b/t"), ("b/x", "c/x")}


def test_the_reason_is_what_identifies_them():
    things = dict.fromkeys(("a/r1", "a/r2", "b/r"), ("Release", "Doolittle"))
    facts = {
        "a/r1": literal(catalogueNumber="CAD 905"),
        "a/r2": literal(catalogueNumber="60856-2"),
        "b/r": literal(catalogueNumber="CAD 905"),
    }
    things |= {"a/x": ("Recording", "Debaser"), "b/t": ("Track", "Debaser")}
    same, records, statements = entities(things, facts)
    assert same == {("a/r1", "b/r")}
    matching = match_records(records, CONFIG, schema=SCHEMA, traits={}, statements=statements)

    def why(one, other):
        return explain(matching, one, other, config=CONFIG, schema=SCHEMA).reason

    assert why("a/r1", "b/r") == ("what identifies a release agrees: catalogueNumber, releaseDate")
    assert why("a/r1", "a/r2") == "the source gives each release its own id"
    assert why("a/r2", "b/r").startswith("what identifies a release does not agree")
    assert why("a/x", "b/t") == "a Recording is never a Track"


def test_a_persons_judgement_overrides_it():
    things = dict.fromkeys(("a/r", "b/r"), ("Release", "Doolittle"))
    facts = dict.fromkeys(things, literal(catalogueNumber="CAD 905"))
    _, records, statements = entities(things, facts)
    matching = match_records(
        records,
        CONFIG,
        schema=SCHEMA,
        traits={},
        statements=statements,
        judgements={("a/r", "b/r"): "different"},
    )
    at = matching.profiles.position
    assert len({int(matching.clustering.label[at[key]]) for key in things}) == 2
