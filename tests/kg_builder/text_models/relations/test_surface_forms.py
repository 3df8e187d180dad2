"""Forms of names and dates."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg_builder.text_models.corpora import joined
from kg_builder.text_models.relations.parsed_text import squash
from kg_builder.text_models.relations.surface_forms import (
    dates_in,
    forms,
    iso_date,
    notation_of,
    plain,
    write,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("born on the 5th of May, 1913, in Lund", ["1913-05-05"]),
        ("July 23rd 1982", ["1982-07-23"]),
        ("in Sept. 1990 and in 1994", ["1990-09", "1994"]),
        ("released 2001-03-09", ["2001-03-09"]),
        ("sold 1,999 copies of 1999a", []),
    ],
)
def test_dates_of_a_text(text: str, expected: list[str]) -> None:
    assert [value for _, _, value in dates_in(text)] == expected


@given(st.dates(date(1500, 1, 1), date(2090, 12, 31)))
def test_a_written_date_is_found_again_with_its_notation(day: date) -> None:
    for notation in ("{d:02d} {name} {y}", "{name} {d}, {y}", "{y}-{m:02d}-{d:02d}"):
        text = write(day.isoformat(), notation)
        assert [value for _, _, value in dates_in(text)] == [day.isoformat()]
        assert notation_of(day.isoformat(), text) is not None
        assert iso_date(text) == day.isoformat()


@given(st.text(max_size=30))
def test_squashing_twice_changes_nothing(text: str) -> None:
    assert squash(squash(text)) == squash(text)


def test_forms_go_from_the_whole_name_to_looser_ones() -> None:
    tiers = [set(tier) for tier in forms("Milonga_(music)")]
    assert tiers[0] == {"milongamusic"}
    assert "milonga" in tiers[1]
    assert any("pop" in tier for tier in forms("Pop_music"))
    assert any("american" in tier for tier in forms("United_States"))


def test_names_are_joined_as_people_write_them() -> None:
    assert joined("If It 's Lovin ' that You Want") == "If It's Lovin' that You Want"
    assert plain('"Chișinău,_Moldova"') == "Chișinău, Moldova"
