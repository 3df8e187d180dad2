"""One form, one statement and, for functional predicates, one value per fact."""

from __future__ import annotations

import pytest

from kg_builder.cleaning.conflicts import canonical_form, losing_values, merge_repetitions
from kg_builder.ontology import load_schema
from kg_builder.tables import STATEMENTS

SCHEMA = load_schema()


def statements(*rows):
    """Rows of (subject, predicate, object) and non-default columns, with index from 5."""
    defaults = {
        "object_kind": "entity",
        "source": "a",
        "method": "mapping",
        "confidence": 1.0,
        "evidence": "a.csv#line=1",
        "inferred": False,
    }
    table = STATEMENTS.frame(
        [
            {**defaults, "subject": subject, "predicate": predicate, "object": object_, **more}
            for subject, predicate, object_, more in rows
        ]
    )
    return table.set_index(table.index + 5)


@pytest.mark.parametrize(
    ("stated", "canonical"),
    [
        (("artist:Blur", "hasMember", "artist:A"), ("artist:A", "memberOf", "artist:Blur")),
        (("artist:A", "memberOf", "artist:Blur"), ("artist:A", "memberOf", "artist:Blur")),
        (("artist:B", "performed", "album:X"), ("album:X", "performer", "artist:B")),
        (("artist:B", "similarTo", "artist:A"), ("artist:A", "similarTo", "artist:B")),
        (("artist:A", "similarTo", "artist:B"), ("artist:A", "similarTo", "artist:B")),
        (("artist:B", "similarTo", "artist:B"), ("artist:B", "similarTo", "artist:B")),
        (("artist:B", "influencedBy", "artist:A"), ("artist:B", "influencedBy", "artist:A")),
    ],
)
@pytest.mark.parametrize("kind", ["entity", "record"])
def test_the_one_form_of_a_fact(stated, canonical, kind):
    table, turned = canonical_form(statements((*stated, {"object_kind": kind})), SCHEMA)
    assert tuple(table.loc[5, ["subject", "predicate", "object"]]) == canonical
    assert turned == (stated != canonical)


def test_a_literal_is_never_turned_to_be_a_subject():
    stated = ("artist:Blur", "hasMember", "Damon Albarn", {"object_kind": "string"})
    table, turned = canonical_form(statements(stated), SCHEMA)
    assert (table.loc[5, "subject"], table.loc[5, "predicate"]) == ("artist:Blur", "hasMember")
    assert turned == 0


def test_of_repetitions_the_most_confident_first_read_one_stays():
    fact = ("artist:Blur", "genre", "genre:Britpop")
    kept, merged = merge_repetitions(
        statements(
            (*fact, {"confidence": 0.5, "evidence": "a.csv#line=1"}),
            (*fact, {"confidence": 0.9, "evidence": "a.csv#line=3"}),
            (*fact, {"confidence": 0.9, "evidence": "a.csv#line=2"}),
            ("artist:Albarn", "genre", "genre:Britpop", {"confidence": 0.1}),
        )
    )
    assert list(kept["evidence"]) == ["a.csv#line=2", "a.csv#line=1"]
    assert list(kept["subject"]) == ["artist:Blur", "artist:Albarn"]
    assert merged == 2


@pytest.mark.parametrize(
    "difference",
    [
        {"source": "b"},
        {"method": "pattern"},
        {"object_kind": "record"},
        {"inferred": True},
    ],
)
def test_what_is_evidence_of_its_own_is_no_repetition(difference):
    fact = ("artist:Blur", "genre", "genre:Britpop")
    kept, merged = merge_repetitions(statements((*fact, {}), (*fact, difference)))
    assert (len(kept), merged) == (2, 0)


def judged(*values, trust=None, predicate="beginDate", subject="artist:Blur"):
    """Begin dates as (value, source, confidence) → (the kept, the vaguer, the contradicted)."""
    table = statements(
        *(
            (subject, predicate, value, {"object_kind": "gYear", "source": s, "confidence": c})
            for value, s, c in values
        )
    )
    redundant, contradicted = losing_values(table, SCHEMA, trust=trust or {})
    assert redundant.index.equals(table.index) and contradicted.index.equals(table.index)
    assert not (redundant & contradicted).any()
    value = table["object"]
    return (
        sorted(set(value[~redundant & ~contradicted])),
        sorted(set(value[redundant])),
        sorted(set(value[contradicted])),
    )


@pytest.mark.parametrize(
    ("values", "kept", "vaguer", "contradicted"),
    [
        ([("1988", "a", 0.9), ("1990", "b", 0.8)], ["1988"], [], ["1990"]),
        ([("1988", "a", 0.8), ("1990", "b", 0.9)], ["1990"], [], ["1988"]),
        # both round to 1, and the longer one is behind
        ([("1990", "a", 0.9), ("1988-12", "b", 0.8)], ["1990"], [], ["1988-12"]),
        # two sources of 0.6 are one of 0.84
        ([("1988", "a", 0.6), ("1988", "b", 0.6), ("1990", "c", 0.8)], ["1988"], [], ["1990"]),
        ([("1988", "a", 0.6), ("1988", "b", 0.6), ("1990", "c", 0.85)], ["1990"], [], ["1988"]),
        # the year supports the day in it, and gives way to it
        ([("1988", "a", 0.6), ("1988-12-01", "b", 0.6), ("1990", "c", 0.8)],
         ["1988-12-01"], ["1988"], ["1990"]),
        ([("1988", "a", 1.0), ("1988-12", "b", 0.5)], ["1988-12"], ["1988"], []),
        # equally supported: the more precise one, then the first
        ([("1988", "a", 0.5), ("1990-01", "b", 0.5)], ["1990-01"], [], ["1988"]),
        ([("1990", "a", 0.5), ("1988", "b", 0.5)], ["1988"], [], ["1990"]),
        ([("1988", "a", 0.1)], ["1988"], [], []),
        ([("1988", "a", 0.1), ("1988", "b", 0.2)], ["1988"], [], []),
        ([], [], [], []),
    ],
)  # fmt: skip
def test_the_value_with_the_most_support_is_kept(values, kept, vaguer, contradicted):
    assert judged(*values) == (kept, vaguer, contradicted)


def test_a_source_counts_by_its_trust_and_a_nameless_one_in_full():
    values = [("1988", "a", 0.8), ("1990", "b", 0.7)]
    assert judged(*values, trust={"a": 0.5})[0] == ["1990"]
    assert judged(*values, trust={"b": 1.0})[0] == ["1988"]


def test_where_several_values_may_stand_none_loses():
    values = [("genre:Britpop", "a", 0.9), ("genre:Rock", "b", 0.2)]
    assert judged(*values, predicate="genre")[0] == ["genre:Britpop", "genre:Rock"]


def test_values_of_other_subjects_and_predicates_do_not_compete():
    date = {"object_kind": "gYear"}
    table = statements(
        ("artist:Blur", "beginDate", "1988", date),
        ("artist:Oasis", "beginDate", "1991", date),
        ("artist:Blur", "endDate", "2003", date),
        ("artist:Oasis", "endDate", "2009", {**date, "confidence": 0.9}),
        ("artist:Oasis", "endDate", "2010", {**date, "confidence": 0.8}),
    )
    redundant, contradicted = losing_values(table, SCHEMA, trust={})
    assert not redundant.any()
    assert list(contradicted.index[contradicted]) == [9]
