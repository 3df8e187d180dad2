"""Rows about facts, such as memberships: composed names, references, open ends, faults."""

from __future__ import annotations

import pytest

from kg_builder.errors import DataError
from kg_builder.extraction.values import is_open_end, parse_date
from tests.kg_builder.conftest import named, reasons

PEOPLE = {"path": "people.csv", "type": "SoloArtist", "id": "pid", "name": "name"}
BANDS = {"path": "bands.csv", "type": "Band", "id": "bid", "name": "name"}
MEMBERS = {
    "path": "members.csv",
    "type": "Membership",
    "name": "{who}, member of {band} ({from}–{to})",
    "columns": {
        "who": {"predicate": "member", "type": "SoloArtist"},
        "band": {"predicate": "group"},
        "from": {"predicate": "beginDate"},
        "to": {"predicate": "endDate"},
    },
}
BY_ID = {
    **MEMBERS["columns"],
    "who": {"predicate": "member", "ref": "people"},
    "band": {"predicate": "group", "ref": "bands"},
}


def members(write, run, *rows, **changes):
    write("members.csv", "\n".join(["who,band,from,to", *rows]))
    write("people.csv", "pid,name\np1,Kim Deal\n")
    write("bands.csv", "bid,name\nb1,Pixies\n")
    tables = {"members": {**MEMBERS, **changes}, "people": PEOPLE, "bands": BANDS}
    return run(kind="structured", tables=tables)


def memberships(found):
    return list(found.records.loc[found.records["type"] == "Membership", "name"])


@pytest.mark.parametrize("end", ["", "present", "Now", "today", "–", "-", "?", "heute", "ongoing"])
def test_an_open_end_is_no_reject_and_not_in_the_name(write, run, end):
    found = members(write, run, f"Kim Deal,Pixies,2004,{end}", "Ann,Pixies,2004,soon")
    assert memberships(found) == [
        "Kim Deal, member of Pixies (2004–)",
        "Ann, member of Pixies (2004–)",
    ]
    assert reasons(found) == ["not a date"]
    assert found.counts.get("open ends", 0) == bool(end)


HONOURS = {
    "path": "honours.csv",
    "type": "Honour",
    "name": "{who}, {award} ({year})",
    "columns": {
        "who": {"predicate": "recipient", "type": "Artist"},
        "award": {"predicate": "award"},
        "year": {"predicate": "eventDate", "values": {"first": "1992"}},
    },
}


@pytest.mark.parametrize(
    ("row", "name", "reason"),
    [
        ("Iris,Mercury Prize,19996", "Iris, Mercury Prize", "not a date"),
        ("Iris,Mercury Prize,unknown", "Iris, Mercury Prize", "not a date"),
        ("Iris,Mercury Prize,first", "Iris, Mercury Prize (first)", None),
        ("Unknown,Mercury Prize,1996", None, "honour without who"),
        ("Iris,n/a,1996", None, "honour without award"),
    ],
)
def test_a_rejected_value_is_not_in_the_name_and_an_end_of_a_fact_must_be_one(
    write, run, row, name, reason
):
    write("honours.csv", f"who,award,year\n{row}\n")
    found = run(kind="structured", tables={"honours": HONOURS})
    names = found.records.loc[found.records["type"] == "Honour", "name"]
    assert list(names) == ([name] if name else [])
    assert reasons(found) == ([reason] if reason else [])


def test_the_name_shows_a_period_unless_it_is_none(write, run):
    ends = (
        {"predicate": "beginDate", "period": "begin"},
        {"predicate": "endDate", "period": "end"},
    )
    columns = {**MEMBERS["columns"], "from": ends}
    del columns["to"]
    name = "{who}, member of {band} ({from})"
    rows = ("Ann,Pixies,1986–1993,", "Ben,Pixies,early on,")
    found = members(write, run, *rows, columns=columns, name=name)
    assert memberships(found) == ["Ann, member of Pixies (1986–1993)", "Ben, member of Pixies"]


def test_words_for_an_open_end():
    assert all(map(is_open_end, ("Present", "(today)", "bis heute", "..", "à ce jour", "現在")))
    assert not any(map(is_open_end, ("1990", "soon", "early")))


@pytest.mark.parametrize("text", ["before 1990", "after 1995", "until 1990", "by 1990"])
def test_a_bound_is_no_date(text):
    assert parse_date(text) is None


def test_names_of_referred_rows_are_in_the_composed_name(write, run):
    """Whichever table comes first."""
    found = members(write, run, "p1,b1,1986,1993", columns=BY_ID)
    assert memberships(found) == ["Kim Deal, member of Pixies (1986–1993)"]
    name = memberships(found)[0]
    assert {(name, "member", "Kim Deal"), (name, "group", "Pixies")} <= set(named(found))


def test_a_membership_of_an_unknown_row_is_a_reject(write, run):
    found = members(write, run, "p1,b9,1986,1993", "p9,b1,1986,1993", columns=BY_ID)
    assert memberships(found) == []
    assert reasons(found) == ["membership of an unknown band", "membership of an unknown who"]
    assert not len(found.statements)


def test_tables_that_refer_to_each_other_keep_the_ids(write, run):
    write("a.csv", "id,other\na1,b1\n")
    write("b.csv", "id,other\nb1,a1\n")

    def table(path, ref):
        other = {"predicate": "associatedWith", "type": "Artist", "ref": ref}
        return {"path": path, "type": "Band", "id": "id", "name": "Band {id}, friend of {other}",
                "columns": {"other": other}}  # fmt: skip

    found = run(kind="structured", tables={"a": table("a.csv", "b"), "b": table("b.csv", "a")})
    assert sorted(found.records["name"]) == [
        "Band a1, friend of Band b1, friend of a1",
        "Band b1, friend of a1",
    ]


def test_a_member_of_itself_is_a_reject(write, run):
    found = members(write, run, "Bob,bob,1990,", "Bob,Bobs,1990,")
    assert memberships(found) == ["Bob, member of Bobs (1990–)"]
    assert reasons(found) == ["member of itself"]
    assert found.rejects["evidence"].tolist() == ["members.csv#line=2"]


@pytest.mark.parametrize(
    "name", ["{who, member of {band}", "{who} {}", "{who}} of {band}", "{who} of {band"]
)
def test_a_brace_without_a_column_is_an_error(write, run, name):
    with pytest.raises(DataError, match="has a brace without a column"):
        members(write, run, "Kim Deal,Pixies,1986,1993", name=name)


def test_the_referred_table_tells_the_class(write, run):
    write("bands.csv", "bid,name\nb1,Pixies\n")
    write("awards.csv", "band,award,year\nb1,Example Prize,2001/02\n")
    awards = {
        "path": "awards.csv",
        "type": "Honour",
        "name": "{award} for {band} ({year})",
        "columns": {
            "band": {"predicate": "recipient", "ref": "bands"},
            "award": {"predicate": "award"},
            "year": {"predicate": "eventDate"},
        },
    }
    found = run(kind="structured", tables={"awards": awards, "bands": BANDS})
    name = "Example Prize for Pixies (2001/02)"
    assert (name, "recipient", "Pixies") in named(found)
    assert (name, "eventDate", "2001") in named(found)


@pytest.mark.parametrize(
    ("cell", "played"),
    [
        ("guitar, vocals", ["guitar", "vocals"]),
        ("guitar / keyboards", ["guitar", "keyboards"]),
        ("guitar and keyboards", ["guitar", "keyboards"]),
        ("guitar & bass", ["bass", "guitar"]),
        ("guitar, bass, and lead vocals", ["bass", "guitar", "lead vocals"]),
        ("drums; sampler, flowmatic", ["drums", "flowmatic", "sampler"]),  # both occur alone
        ("Hammer and sickle", ["Hammer and sickle"]),
        ("guitar, nonsense", ["guitar, nonsense"]),
    ],
)
def test_several_known_instruments_in_a_cell(write, run, cell, played):
    write("p.csv", f'name,plays\nAnn,"{cell}"\nBob,Sampler\nCy,flowmatic\n')
    people = {
        "path": "p.csv",
        "type": "SoloArtist",
        "name": "name",
        "columns": {"plays": {"predicate": "instrument", "split": ";"}},
    }
    found = run(kind="structured", tables={"people": people})
    plays = {one.casefold() for who, _, one in named(found) if who == "Ann"}
    assert plays == {one.casefold() for one in played}
