"""Word sequences that look like mentions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg_builder.text_models.relations.parsed_text import ParsedText, parse_texts
from kg_builder.text_models.relations.proposed_spans import parts
from kg_builder.text_models.relations.subject_spans import candidate_spans


def _parse(text: str) -> ParsedText:
    return next(iter(parse_texts([text], None)))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("It was made by Walden for Carey last year.", {"Walden for Carey", "Walden", "Carey"}),
        ('They played "the long way home" twice.', {"the long way home"}),
        ("We heard Music of the Sun (2005) there.", {"Music of the Sun"}),
    ],
)
def test_runs_come_whole_and_in_their_pieces(text: str, wanted: set[str]) -> None:
    parsed = _parse(text)
    assert wanted <= {parsed.span_text(*span) for span in parts(parsed)}


def test_what_is_quoted_and_what_begins_like_a_name_may_be_the_subject() -> None:
    parsed = _parse('Critics liked "all of me" and Bells for Her.')
    found = {parsed.span_text(*span) for span in candidate_spans(parsed)}
    assert {"all of me", "Bells for Her", "Critics"} <= found
    assert not any(piece.startswith("liked") for piece in found)


@given(
    st.lists(st.sampled_from(["(", ")", '"', "Ann", "of", "May", ",", "3", "’s", "-"]), max_size=25)
)
def test_spans_lie_in_the_text_and_close_the_brackets_they_open(words: list[str]) -> None:
    parsed = _parse(" ".join(words))
    for span in (*parts(parsed), *candidate_spans(parsed)):
        assert 0 <= span.start < span.end <= len(parsed)
    for span in parts(parsed):
        inside = parsed.words[span.start : span.end]
        assert inside.count("(") == inside.count(")")
