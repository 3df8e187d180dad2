"""Scores of recognised names, checked by hand."""

from __future__ import annotations

import pytest

from kg_builder.evaluation.ner import (
    marked,
    score_spans,
    span_errors,
)
from kg_builder.text_models.ner.bio_tags import Span, TaggedWords

_GOLD = [
    TaggedWords(("air", "by", "kate", "bush"), (Span(0, 1, "WoA"), Span(2, 4, "Artist"))),
    TaggedWords(("like", "boris"), (Span(1, 2, "Artist"),)),
    TaggedWords(("sad", "songs"), ()),
]


def test_only_a_span_with_both_bounds_and_its_class_counts() -> None:
    found = [
        [Span(0, 1, "Artist"), Span(2, 4, "Artist")],
        [Span(0, 2, "Artist")],
        [Span(0, 1, "WoA")],
    ]
    score = score_spans(_GOLD, found)
    assert (score.gold, score.found, score.right) == (3, 4, 1)
    assert score.score.f1 == pytest.approx(2 / 7)
    assert score.interval[0] <= score.score.f1 <= score.interval[1]
    assert score_spans(_GOLD, found, label="Artist").score.f1 == pytest.approx(2 * 1 / (2 + 3))
    errors = span_errors(_GOLD, found)
    assert [item.kind for item in errors] == ["class", "bounds", "spurious"]
    assert errors[1].gold == "like [Artist: boris]"
    assert errors[1].found == "[Artist: like boris]"


def test_perfect_and_empty() -> None:
    assert score_spans(_GOLD, [row.spans for row in _GOLD]).score.f1 == 1.0
    nothing = score_spans(_GOLD, [[], [], []])
    assert (nothing.score.recall, nothing.score.f1) == (0.0, 0.0)
    assert span_errors(_GOLD, [row.spans for row in _GOLD]) == []


def test_marks_are_readable() -> None:
    assert marked(_GOLD[0].words, _GOLD[0].spans) == "[WoA: air] by [Artist: kate bush]"
