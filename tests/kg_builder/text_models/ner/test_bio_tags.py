"""Reading files of tagged words, and turning tags into spans and back."""

from __future__ import annotations

from itertools import combinations, pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg_builder.errors import DataError
from kg_builder.text_models.ner.bio_tags import (
    ScoredSpan,
    Span,
    TaggedWords,
    best_set,
    read_bio,
    spans_of,
    tags_of,
)


@st.composite
def sentences(draw: st.DrawFn) -> TaggedWords:
    length = draw(st.integers(1, 12))
    cuts = sorted(draw(st.sets(st.integers(0, length), max_size=6)))
    spans = [
        Span(start, end, draw(st.sampled_from(["Artist", "WoA"])))
        for start, end in pairwise(cuts)
        if draw(st.booleans())
    ]
    return TaggedWords(tuple(f"w{number}" for number in range(length)), tuple(spans))


@given(sentences())
def test_spans_survive_being_written_as_tags(sentence: TaggedWords) -> None:
    assert spans_of(tags_of(sentence)) == sentence.spans


@given(st.lists(st.sampled_from(["O", "B-A", "I-A", "B-W", "I-W"]), max_size=15))
def test_any_tags_give_ordered_spans_that_cover_what_is_tagged(tags: list[str]) -> None:
    spans = spans_of(tags)
    covered = [index for span in spans for index in range(span.start, span.end)]
    assert covered == [index for index, tag in enumerate(tags) if tag != "O"]


def test_neighbours_of_one_class_are_two_names() -> None:
    assert spans_of(["B-A", "I-A", "B-A"]) == (Span(0, 2, "A"), Span(2, 3, "A"))


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x.bio"
    path.write_text("songs\tO\r\nlike\tO\r\nhey\tB-WoA\r\nya\tI-WoA\r\n\r\n\r\nair\tB-Artist\n")
    assert [(row.words, row.spans) for row in read_bio(path)] == [
        (("songs", "like", "hey", "ya"), (Span(2, 4, "WoA"),)),
        (("air",), (Span(0, 1, "Artist"),)),
    ]


def test_spaces_part_columns_where_there_are_no_tabs(tmp_path: Path) -> None:
    path = tmp_path / "x.conll"
    path.write_text("-DOCSTART- -X- O\n\nAir NNP B-ORG\nplays VBZ O\n")
    assert read_bio(path)[0].spans == (Span(0, 1, "ORG"),)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("air\tB-Artist\nplays\n", "line 2: a word without a tag"),
        ("air\tArtist\n", "line 1: 'Artist' is not a BIO tag"),
        ("air\tE-Artist\n", "'E-Artist' is not a BIO tag"),
        ("\n\n", "no sentence"),
    ],
)
def test_a_broken_file_is_reported_with_its_line(
    tmp_path: Path, content: str, message: str
) -> None:
    path = tmp_path / "x.bio"
    path.write_text(content)
    with pytest.raises(DataError, match=message):
        read_bio(path)


def test_a_file_that_is_missing_or_not_text(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read_bio(tmp_path / "none.bio")
    (tmp_path / "x.bio").write_bytes(b"caf\xe9\tO\n")
    with pytest.raises(DataError, match="not UTF-8 at byte 3"):
        read_bio(tmp_path / "x.bio")


scored_spans = st.lists(
    st.builds(
        lambda start, length, tenths: ScoredSpan(
            Span(start, start + length, "Artist"), tenths / 10
        ),
        st.integers(0, 6),
        st.integers(1, 4),
        st.integers(0, 10),
    ),
    max_size=7,
    unique_by=lambda item: item.span,
)


@given(scored_spans)
def test_the_chosen_spans_are_the_best_disjoint_ones(spans: list[ScoredSpan]) -> None:
    def value(chosen: list[ScoredSpan] | tuple[ScoredSpan, ...]) -> float:
        return sum(item.score - 0.35 for item in chosen)

    def disjoint(chosen: list[ScoredSpan] | tuple[ScoredSpan, ...]) -> bool:
        return all(
            one.span.end <= other.span.start or other.span.end <= one.span.start
            for one, other in combinations(chosen, 2)
        )

    found = best_set(spans, 0.35)
    every = (chosen for size in range(len(spans) + 1) for chosen in combinations(spans, size))
    assert disjoint(found)
    assert found == sorted(found, key=lambda item: item.span)
    assert value(found) == pytest.approx(max(value(chosen) for chosen in every if disjoint(chosen)))
