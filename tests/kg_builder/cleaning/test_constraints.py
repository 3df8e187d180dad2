"""The data model's constraints, rule by rule: masks over statements."""

from __future__ import annotations

import pandas as pd
import pytest

from kg_builder.cleaning.constraints import (
    ends_before_beginning,
    half_told,
    implausible_date,
    wrong_class,
    wrong_kind,
)
from kg_builder.ontology import load_schema
from tests.kg_builder.cleaning.test_clean import with_types

SCHEMA = load_schema()
TYPES = pd.Series(
    {
        "artist:Blur": "Band",
        "artist:Albarn": "SoloArtist",
        "person:Street": "Person",
        "genre:Britpop": "Genre",
        "album:13": "Album",
        "place:London": "Place",
        "place:UK": "Country",
    }
)


def statements(*rows):
    """Rows of (subject, predicate, object, kind), numbered from 5: some were dropped before."""
    columns = ["subject", "predicate", "object", "object_kind"]
    return pd.DataFrame(rows, columns=columns, index=range(5, 5 + len(rows)))


def marked(mask, table):
    """The rows selected by a mask, checked to cover all rows."""
    assert mask.dtype == bool
    assert mask.index.equals(table.index)
    return [number - 5 for number in mask.index[mask]]


@pytest.mark.parametrize(
    ("subject", "predicate", "object_", "end", "wrong"),
    [
        ("artist:Blur", "genre", "genre:Britpop", "subject", False),
        ("album:13", "genre", "genre:Britpop", "subject", False),  # one of several classes
        ("place:London", "genre", "genre:Britpop", "subject", True),
        ("artist:Blur", "genre", "genre:Britpop", "object", False),
        ("artist:Blur", "genre", "place:London", "object", True),
        ("artist:Blur", "hasMember", "person:Street", "object", False),
        ("artist:Albarn", "hasMember", "person:Street", "subject", True),
        ("person:Street", "performed", "album:13", "subject", False),  # he may be an artist
        ("artist:Blur", "country", "place:London", "object", False),  # which may be a country
        ("artist:Blur", "country", "genre:Britpop", "object", True),
        ("place:London", "owl:sameAs", "genre:Britpop", "subject", False),  # not ours to judge
        ("place:London", "owl:sameAs", "genre:Britpop", "object", False),
        ("artist:Nobody", "genre", "genre:Britpop", "subject", False),  # of unknown class
        ("artist:Blur", "genre", "genre:Nothing", "object", False),
    ],
)
def test_classes_at_both_ends(subject, predicate, object_, end, wrong):
    table = statements((subject, predicate, object_, "entity"))
    assert marked(wrong_class(with_types(table, TYPES), SCHEMA, end=end), table) == [0] * wrong


def test_a_literal_has_no_class_whatever_it_reads_like_and_its_subject_has():
    table = statements(
        ("genre:Britpop", "beginDate", "1990", "gYear"),
        ("artist:Blur", "genre", "place:London", "string"),
        ("artist:Blur", "genre", "place:London", "entity"),
    )
    assert marked(wrong_class(with_types(table, TYPES), SCHEMA, end="subject"), table) == [0]
    assert marked(wrong_class(with_types(table, TYPES), SCHEMA, end="object"), table) == [2]


@pytest.mark.parametrize(
    ("predicate", "kind", "wrong"),
    [
        ("genre", "entity", False),
        ("genre", "string", True),
        ("genre", "gYear", True),
        ("beginDate", "gYear", False),
        ("beginDate", "gYearMonth", False),
        ("beginDate", "date", False),
        ("beginDate", "string", True),
        ("beginDate", "entity", True),
        ("description", "string", False),
        ("description", "integer", True),
        ("trackNumber", "integer", False),
        ("trackNumber", "decimal", True),
        ("duration", "duration", False),
        ("duration", "string", True),
        ("homepage", "anyURI", False),
        ("homepage", "string", True),
        ("owl:sameAs", "string", False),  # not ours to judge
        ("owl:sameAs", "entity", False),
    ],
)
def test_literals_and_relations(predicate, kind, wrong):
    table = statements(("artist:Blur", predicate, "x", kind))
    assert marked(wrong_kind(table, SCHEMA), table) == [0] * wrong


@pytest.mark.parametrize(
    ("value", "kind", "wrong"),
    [
        ("1000", "gYear", False),
        ("0999", "gYear", True),
        ("2030", "gYear", False),
        ("2030-12-31", "date", False),
        ("2031-01", "gYearMonth", True),
        ("-0044", "gYear", True),
        ("unknown", "gYear", True),
        ("198", "gYear", True),
        ("١٩٨٨", "gYear", True),  # RDF allows the digits 0 to 9 only
        ("0019", "string", False),
    ],
)
def test_years_from_the_first_to_the_last_plausible_one(value, kind, wrong):
    table = statements(("artist:Blur", "beginDate", value, kind))
    assert marked(implausible_date(table, earliest=1000, latest=2030), table) == [0] * wrong


def test_an_end_lies_before_every_beginning():
    table = statements(
        ("artist:Blur", "beginDate", "1988", "gYear"),
        ("artist:Blur", "beginDate", "1990-05", "gYearMonth"),
        ("artist:Blur", "endDate", "1987-12-31", "date"),  # wrong
        ("artist:Blur", "endDate", "1988", "gYear"),
        ("artist:Blur", "releaseDate", "1970", "gYear"),
        ("artist:Albarn", "endDate", "1970", "gYear"),  # of unknown beginning
        ("artist:Blur", "endDate", "some day", "gYear"),
        ("artist:Blur", "endDate", "1970", "string"),
    )
    assert marked(ends_before_beginning(table), table) == [2]


def test_a_membership_without_an_end_says_nothing():
    types = pd.concat(
        [TYPES, pd.Series({"membership:a": "Membership", "membership:b": "Membership"})]
    )
    table = statements(
        ("membership:a", "member", "artist:Albarn", "entity"),
        ("membership:a", "group", "artist:Blur", "entity"),
        ("membership:a", "beginDate", "1988", "gYear"),
        ("membership:b", "member", "artist:Albarn", "entity"),
        ("membership:b", "beginDate", "1990", "gYear"),
        ("artist:Albarn", "genre", "genre:Britpop", "entity"),
    )
    assert marked(half_told(with_types(table, types), SCHEMA), table) == [3, 4]


def test_of_no_statements_none_is_wrong():
    table = statements()
    masks = [
        wrong_class(with_types(table, TYPES), SCHEMA, end="subject"),
        wrong_kind(table, SCHEMA),
        implausible_date(table.astype(str), earliest=1000, latest=2030),
    ]
    assert [marked(mask, table) for mask in masks] == [[], [], []]
