from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg_builder.cleaning.clean import CleaningConfig, clean
from kg_builder.ontology import load_schema
from kg_builder.tables import STATEMENTS

SCHEMA = load_schema()
TYPES = {
    "artist:Blur": "Band",
    "artist:Albarn": "SoloArtist",
    "artist:Oasis": "Band",
    "genre:Britpop": "Genre",
    "place:London": "Place",
}


def fact(subject, predicate, object_, kind="entity", *, source="a", confidence=1.0, line=1):
    return {
        "subject": subject,
        "predicate": predicate,
        "object": object_,
        "object_kind": kind,
        "source": source,
        "method": "mapping",
        "confidence": confidence,
        "evidence": f"{source}.csv#line={line}",
        "inferred": False,
    }


def with_types(statements, types):
    """Add the classes of subjects and of objects that are entities."""
    subject, object_ = (statements[end].map(types) for end in ("subject", "object"))
    linking = statements["object_kind"] == "entity"
    return statements.assign(**{"subject type": subject, "object type": object_.where(linking)})


def cleaned(*facts, trust=None, **settings):
    typed = with_types(STATEMENTS.frame(facts), pd.Series(TYPES))
    return clean(typed, CleaningConfig(**settings), schema=SCHEMA, trust=trust)


def triples(result):
    rows = result.statements
    return list(zip(rows["subject"], rows["predicate"], rows["object"], strict=True))


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (fact("artist:Blur", "genre", "place:London"), "object of a wrong class"),
        (fact("genre:Britpop", "origin", "place:London"), "subject of a wrong class"),
        (fact("artist:Blur", "memberOf", "artist:Oasis"), "subject of a wrong class"),
        (fact("artist:Blur", "genre", "Britpop", "string"), "literal and relation confused"),
        (fact("artist:Blur", "associatedWith", "artist:Blur"), "says a thing of itself"),
        (fact("artist:Blur", "beginDate", "0019", "gYear"), "implausible date"),
        (
            fact("artist:Blur", "genre", "genre:Britpop", confidence=0.1),
            "confidence below the threshold",
        ),
    ],
)
def test_what_the_model_does_not_allow_is_dropped_with_its_reason(bad, reason):
    result = cleaned(bad)
    assert triples(result) == []
    assert list(result.rejects["reason"]) == [reason]
    assert result.rejects["evidence"][0] == "a.csv#line=1"


def test_inverse_and_symmetric_forms_become_one_fact():
    result = cleaned(
        fact("artist:Blur", "hasMember", "artist:Albarn"),
        fact("artist:Albarn", "memberOf", "artist:Blur", line=2),
        fact("artist:Oasis", "associatedWith", "artist:Blur"),
        fact("artist:Blur", "associatedWith", "artist:Oasis", line=2),
    )
    assert triples(result) == [
        ("artist:Albarn", "memberOf", "artist:Blur"),
        ("artist:Blur", "associatedWith", "artist:Oasis"),
    ]
    assert result.counts["repetitions merged"] == 2


def test_two_sources_of_one_fact_both_stay_as_evidence():
    result = cleaned(
        fact("artist:Blur", "genre", "genre:Britpop"),
        fact("artist:Blur", "genre", "genre:Britpop", source="b"),
    )
    assert list(result.statements["source"]) == ["a", "b"]


def test_the_better_supported_date_wins_and_the_vaguer_one_supports_it():
    result = cleaned(
        fact("artist:Blur", "beginDate", "1988", "gYear", source="a", confidence=0.8),
        fact("artist:Blur", "beginDate", "1988-12", "gYearMonth", source="b", confidence=0.5),
        fact("artist:Blur", "beginDate", "1990", "gYear", source="c", confidence=0.85),
    )
    assert triples(result) == [("artist:Blur", "beginDate", "1988-12")]
    assert sorted(result.rejects["reason"]) == [
        "contradicts a better supported value",
        "less precise than another value",
    ]


def test_trust_decides_between_equally_confident_sources():
    facts = (
        fact("artist:Blur", "beginDate", "1988", "gYear", source="a"),
        fact("artist:Blur", "beginDate", "1990", "gYear", source="b"),
    )
    assert triples(cleaned(*facts, trust={"a": 0.5, "b": 0.9}))[0][2] == "1990"


def test_an_end_before_the_beginning_is_dropped():
    result = cleaned(
        fact("artist:Blur", "beginDate", "1988", "gYear"),
        fact("artist:Blur", "endDate", "1970", "gYear"),
    )
    assert triples(result) == [("artist:Blur", "beginDate", "1988")]


def test_a_reject_says_what_went_from_where_and_why():
    result = cleaned(
        fact("artist:Blur", "beginDate", "1988", "gYear"),
        fact("artist:Blur", "endDate", "1970", "gYear", source="b", line=7),
        fact("artist:Blur", "genre", "genre:Britpop", confidence=0.2, source="c", line=8),
    )
    assert result.rejects.to_dict("records") == [
        {
            "stage": "cleaning",
            "source": "c",
            "reason": "confidence below the threshold",
            "evidence": "c.csv#line=8",
            "detail": "artist:Blur genre genre:Britpop",
        },
        {
            "stage": "cleaning",
            "source": "b",
            "reason": "ends before it begins",
            "evidence": "b.csv#line=7",
            "detail": "artist:Blur endDate 1970",
        },
    ]


def test_turned_facts_and_repetitions_are_counted():
    result = cleaned(
        fact("artist:Blur", "hasMember", "artist:Albarn"),
        fact("artist:Albarn", "memberOf", "artist:Blur", line=2),
        fact("artist:Albarn", "memberOf", "artist:Blur", line=3),
    )
    assert result.counts == {"turned to the canonical form": 1, "repetitions merged": 2}


def test_the_thresholds_themselves_are_allowed():
    kept = [
        fact("artist:Blur", "genre", "genre:Britpop", confidence=0.3),
        fact("artist:Blur", "beginDate", "1000", "gYear"),
        fact("artist:Oasis", "beginDate", "2030", "gYear"),
    ]
    assert len(cleaned(*kept).statements) == 3
    dropped = [
        fact("artist:Blur", "genre", "genre:Britpop", confidence=0.29),
        fact("artist:Blur", "beginDate", "0999", "gYear"),
        fact("artist:Oasis", "beginDate", "2031", "gYear"),
    ]
    assert len(cleaned(*dropped).statements) == 0
    settings = {"min_confidence": 0.2, "earliest_year": 900, "latest_year": 2040}
    assert len(cleaned(*dropped, **settings).statements) == 3


def test_a_graph_built_by_others_can_be_left_as_it_is():
    facts = [fact("artist:Blur", "genre", "place:London")] * 2
    result = cleaned(*facts, enabled=False)
    assert len(result.statements) == 2
    assert len(result.rejects) == 0
    assert result.counts == {}


entity = st.sampled_from(sorted(TYPES))
predicate = st.sampled_from(["genre", "memberOf", "hasMember", "associatedWith", "origin"])


@given(st.lists(st.tuples(entity, predicate, entity), max_size=20))
def test_nothing_is_lost_silently_and_cleaning_twice_changes_nothing(facts):
    result = cleaned(*[fact(*row, line=n) for n, row in enumerate(facts)])
    merged = result.counts["repetitions merged"]
    assert len(result.statements) + len(result.rejects) + merged == len(facts)
    typed = with_types(result.statements, pd.Series(TYPES))
    again = clean(typed, CleaningConfig(), schema=SCHEMA)
    assert triples(again) == triples(result)
    assert len(again.rejects) == 0
