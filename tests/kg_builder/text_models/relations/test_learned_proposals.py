"""Runs of words that look like mentions, by their form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg_builder.text_models.relations.proposals import parts
from kg_builder.text_models.relations.reading import Reading, read_texts
from kg_builder.text_models.relations.subject_first.spans import candidate_spans


def _read(text: str) -> Reading:
    return next(iter(read_texts([text], None)))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("It was made by Walden for Carey last year.", {"Walden for Carey", "Walden", "Carey"}),
        ('They played "the long way home" twice.', {"the long way home"}),
        ("We heard Music of the Sun (2005) there.", {"Music of the Sun"}),
    ],
)
def test_runs_come_whole_and_in_their_pieces(text: str, wanted: set[str]) -> None:
    reading = _read(text)
    assert wanted <= {reading.span_text(*place) for place in parts(reading)}


def test_what_is_quoted_and_what_begins_like_a_name_may_be_the_subject() -> None:
    reading = _read('Critics liked "all of me" and Bells for Her.')
    found = {reading.span_text(*place) for place in candidate_spans(reading)}
    assert {"all of me", "Bells for Her", "Critics"} <= found
    assert not any(piece.startswith("liked") for piece in found)


@given(
    st.lists(st.sampled_from(["(", ")", '"', "Ann", "of", "May", ",", "3", "’s", "-"]), max_size=25)
)
def test_places_lie_in_the_text_and_close_the_brackets_they_open(words: list[str]) -> None:
    reading = _read(" ".join(words))
    for place in (*parts(reading), *candidate_spans(reading)):
        assert 0 <= place.start < place.end <= len(reading)
    for place in parts(reading):
        inside = reading.words[place.start : place.end]
        assert inside.count("(") == inside.count(")")
