"""The media type that a client likes best, by RFC 9110's rules."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.negotiation import preferred

OFFERED = ("application/json", "text/turtle", "text/html")


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("text/*", "text/turtle"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "text/html"),
        ("text/*;q=0.9, text/turtle;q=0.1, */*;q=0.2", "text/html"),
        ("TEXT/TURTLE", "text/turtle"),
        ("application/json;q=0, */*", "text/turtle"),
        ("image/png", None),
        ("text/turtle;q=nan", None),
        ("text/turtle;q=much", None),
    ],
)
def test_the_best_liked_type_is_chosen(accept: str, expected: str | None) -> None:
    assert preferred(accept, OFFERED) == expected


@given(st.text())
def test_any_header_gives_one_of_the_offered_types_or_none(accept: str) -> None:
    assert preferred(accept, OFFERED) in {*OFFERED, None}
