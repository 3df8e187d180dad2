"""Scores of extracted triples, the look-up baseline, and folds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg_builder.evaluation.extraction import Counts, benchmark_score, normal, score
from kg_builder.text_models.corpora import Triple
from kg_builder.text_models.relations.preparation import grouped_folds

_GOLD = [
    [Triple("Ana_Kovač", "genre", "Pop_music"), Triple("Ana_Kovač", "birthPlace", "Graz")],
    [Triple("B", "genre", '"jazz"')],
]
_STATED = [
    [Triple("ana kovac", "genre", "pop music"), Triple("Ana Kovač", "birthPlace", "graz")],
    [Triple("B", "genre", "Jazz"), Triple("B", "origin", "Graz"), Triple("B", "genre", "jazz")],
]


def test_triples_are_compared_without_case_underscores_and_quotes() -> None:
    found = score(_STATED, _GOLD)
    assert found.micro == Counts(right=2, stated=4, gold=3)
    assert (found.micro.precision, found.micro.recall) == (0.5, pytest.approx(2 / 3))
    assert found.micro.f1 == pytest.approx(4 / 7)
    assert list(found.by_relation) == ["genre", "birthplace", "origin"]


def test_diacritics_are_folded_on_request() -> None:
    assert score(_STATED, _GOLD, fold="diacritics").micro.right == 3


def test_brackets_spaces_and_punctuation_are_folded_on_request() -> None:
    gold = [[Triple("Ca n't Go ( Flip )", "composer", "R. Kelly"), Triple("!!!", "genre", "X")]]
    found = [[Triple("Can't Go (Flip)", "composer", "R Kelly"), Triple("???", "genre", "X")]]
    assert score(found, gold).micro.right == 0
    assert score(found, gold, fold="spelling").micro.right == 1  # signs alone are a name too
    assert normal("Waterloo_(song)", fold="spelling") == normal("Waterloo", fold="spelling")


def test_the_benchmarks_script_forgives_wrong_relations() -> None:
    found = benchmark_score(_STATED, [_GOLD[0], [Triple("B", "genre", "Jazz")]])
    assert found.micro == Counts(right=2, stated=3, gold=3)
    assert found.mean_precision == pytest.approx((1 / 2 + 1) / 2)


@given(st.lists(st.tuples(*(st.text('aB_" č', max_size=4),) * 3), max_size=6))
def test_gold_against_itself_is_right(rows: list[tuple[str, str, str]]) -> None:
    triples = [Triple(*row) for row in rows]
    counts = score([triples], [triples]).micro
    assert counts.right == counts.stated == counts.gold


@given(st.text(max_size=20))
def test_normal_names_stay_as_they_are(name: str) -> None:
    once = normal(name, fold="diacritics")
    quotes = {'"', "'", "`"}
    assert normal(once, fold="diacritics") == once or quotes.intersection(once)


@given(st.lists(st.sampled_from("abcdefgh"), min_size=8, max_size=60), st.integers(2, 4))
def test_no_group_is_in_two_folds(groups: list[str], folds: int) -> None:
    part = grouped_folds(groups, folds, seed=1)
    where = dict(zip(groups, part, strict=True))
    assert all(where[group] == fold for group, fold in zip(groups, part, strict=True))
    assert part == grouped_folds(groups, folds, seed=1)
