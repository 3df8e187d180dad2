"""Scores of extracted triples, the look-up baseline, and folds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg_builder.evaluation.extraction import Counts, LookUp, benchmark_score, normal, score
from kg_builder.evaluation.extraction_errors import COLUMNS, error_rows
from kg_builder.evaluation.extraction_runs import Outcome, sample
from kg_builder.text_models.corpora import AnnotatedText, Triple
from kg_builder.text_models.relations.parsed_text import FoundTriple, WordSpan
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
    assert score(_STATED, _GOLD, fold=True).micro.right == 3


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
    once = normal(name, fold=True)
    assert normal(once, fold=True) == once or '"' in once or "'" in once


def test_the_look_up_states_what_train_knows_and_nothing_else() -> None:
    lookup = LookUp([AnnotatedText("1", "", (Triple("Al", "genre", "Ska_punk"),))])
    assert lookup.extract("Al likes ska punk.") == [Triple("Al", "genre", "Ska_punk")]
    assert lookup.extract("Alan likes ska punk.") == []


@given(st.lists(st.sampled_from("abcdefgh"), min_size=8, max_size=60), st.integers(2, 4))
def test_no_group_is_in_two_folds(groups: list[str], folds: int) -> None:
    part = grouped_folds(groups, folds, seed=1)
    where = dict(zip(groups, part, strict=True))
    assert all(where[group] == fold for group, fold in zip(groups, part, strict=True))
    assert part == grouped_folds(groups, folds, seed=1)


def test_smaller_samples_lie_in_larger_ones() -> None:
    texts = [
        AnnotatedText(str(n), "", (Triple(str(n // 3), "r", "x"),), group="one") for n in range(60)
    ]
    small, large = sample(texts, 0.25, seed=4), sample(texts, 0.5, seed=4)
    assert 15 <= len(small) < len(large) < 60
    assert all(len([t for t in small if t.triples == text.triples]) == 3 for text in small)
    assert {text.id for text in small} <= {text.id for text in large}
    assert sample(texts, 1.0, seed=4) == texts


def _found(name: str, confidence: float) -> FoundTriple:
    return FoundTriple(Triple(name, "r", "x"), confidence, WordSpan(0, 1), WordSpan(1, 2))


def test_errors_stand_beside_the_gold() -> None:
    texts = [
        AnnotatedText("1", "one", (Triple("a", "r", "x"), Triple("b", "r", "x"))),
        AnnotatedText("2", "two", (Triple("c", "r", "x"),)),
    ]
    considered = [[_found("a", 0.9), _found("d", 0.8), _found("b", 0.2)], [_found("c", 0.7)]]
    (row,) = error_rows(Outcome("light", texts, considered, 0.5))
    assert dict(zip(COLUMNS, row, strict=True)) == {
        "text_id": "1",
        "text": "one",
        "right": "a | r | x (0.90)",
        "missed": "b | r | x",
        "wrong": "d | r | x (0.80)",
        "below_threshold": "b | r | x (0.20)",
    }
