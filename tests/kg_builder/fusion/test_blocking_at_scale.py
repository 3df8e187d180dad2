from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg_builder.fusion import BlockingConfig, block
from kg_builder.fusion.block import candidate_pairs
from kg_builder.fusion.nearest import Nearness, nearest, word_vectors
from kg_builder.fusion.profiles import profile
from kg_builder.fusion.unique_values import coded, over_pairs
from kg_builder.ontology import load_schema
from kg_builder.tables import RECORDS

SCHEMA = load_schema()


def songs(rows):
    return profile(
        RECORDS.frame(
            {
                "record": f"a/{index:03}",
                "source": "a",
                "record_id": str(index),
                "type": "Song",
                "name": name,
                "aliases": [],
                "external_ids": [],
                "attributes": json.dumps(stated),
                "evidence": "",
            }
            for index, (name, stated) in enumerate(rows)
        ),
        schema=SCHEMA,
        traits={},
    )


def met(rows, **settings):
    profiles = songs(rows)
    found = candidate_pairs(profiles, np.arange(len(profiles)), BlockingConfig(**settings))
    return {tuple(pair) for pair in found.tolist()}


LOVES = [("Love", {"performer": [f"Singer{i // 2}"]}) for i in range(40)]


def test_a_large_block_is_split_by_what_else_its_records_say():
    found = met(LOVES, keys=("name",), max_block=5)
    assert found == {(i, i + 1) for i in range(0, 40, 2)}
    dated = [("Love", {"releaseDate": [str(1960 + i // 2)]}) for i in range(40)]
    assert met(dated, keys=("name",), max_block=5) == {(i, i + 1) for i in range(0, 40, 2)}


def test_a_large_block_is_split_by_two_facts_that_are_frequent_alone():
    stated = [{"genre": [f"g{k % 5}"], "language": [f"l{k // 5}"]} for k in range(20)]
    rows = [("Love", stated[i // 2]) for i in range(40)]
    assert met(rows, keys=("name",), max_block=5) == {(i, i + 1) for i in range(0, 40, 2)}


@pytest.mark.parametrize("one", [100, 101])
def test_a_large_block_is_split_by_lengths_up_to_a_second_apart(one):
    lengths = [one, one + 1, *(200 + 5 * k for k in range(40))]
    rows = [("Love", {"duration": [str(seconds)]}) for seconds in lengths]
    assert met(rows, keys=("name",), max_block=5) == {(0, 1)}


def test_a_performer_of_many_songs_is_looked_up_with_the_year():
    """The titles are damaged, and the index entries of the performer alone exceed the budget."""
    rows = [
        (f"title{index}", {"performer": ["Nearhos"], "releaseDate": [str(1920 + index // 2)]})
        for index in range(120)
    ]
    assert met(rows, keys=("text",), budget=40) == {(i, i + 1) for i in range(0, 120, 2)}


def test_in_a_large_collection_the_grams_of_names_are_longer(monkeypatch):
    """The two names share only trigrams that more names have than the budget allows to be read."""
    fillers = [text for i in range(10) for text in (f"pa{i}q", f"zpan{i}", f"zand{i}")]
    rows = [(name, {}) for name in ("pandal", "pandel", *fillers)]
    assert (0, 1) not in met(rows, keys=("similar",), budget=5, min_similarity=0.1)
    monkeypatch.setattr(block, "_MANY", 20)
    assert (0, 1) in met(rows, keys=("similar",), budget=5, min_similarity=0.1)


def test_short_names_a_letter_apart_meet():
    rows = [("Taen", {}), ("Tean", {}), ("Tan", {}), ("Xyzzyx", {})]
    assert met(rows, keys=("typo",)) == {(0, 1), (0, 2), (1, 2)}


@pytest.mark.parametrize("other", ["Kandabrel Mostivan", "Kndabrle Mostivar", "Kandabrel Motsivar"])
def test_names_that_share_a_half_meet_if_their_records_share_a_fact(other):
    rows = [
        ("Kandabrel Mostivar", {"language": ["fr"]}),
        (other, {"language": ["fr"]}),
        (other, {"language": ["de"]}),
    ]
    assert met(rows, keys=("typo",)) == {(0, 1), (1, 2)}


def test_of_many_candidates_the_nearest_are_kept():
    found = met(LOVES, keys=("name",), max_block=60, shortlist=1)
    assert {(i, i + 1) for i in range(0, 40, 2)} <= found
    assert len(found) <= 40


def test_what_lies_beyond_the_budget_is_not_read_but_counts():
    texts = ["common rare"] * 2 + ["common other"] * 30
    vectors = word_vectors([*texts, *(f"lonely{i}" for i in range(40))])
    rows = np.arange(len(texts))
    wide = nearest(vectors, rows, rows, Nearness(top_k=40, min_cosine=0.1, budget=10_000))
    tight = nearest(vectors, rows, rows, Nearness(top_k=40, min_cosine=0.1, budget=3))
    assert {tuple(pair) for pair in tight.tolist()} == {(0, 1), (1, 0)}
    assert set(map(tuple, tight.tolist())) < set(map(tuple, wide.tolist()))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text("abc ", min_size=1, max_size=8), min_size=2, max_size=20))
def test_the_nearest_are_those_of_the_full_product(texts):
    vectors = word_vectors(texts)
    if vectors is None:
        return
    rows = np.arange(len(texts))
    found = nearest(vectors, rows, rows, Nearness(top_k=3, min_cosine=0.2, budget=10_000))
    full = (vectors @ vectors.T).toarray()
    for row in rows:
        others = sorted((-full[row, c], c) for c in rows if c != row and full[row, c] >= 0.2 + 1e-6)
        own = [c for r, c in found.tolist() if r == row]
        assert np.allclose(
            [full[row, c] for c in own][: len(others[:3])], [-s for s, _ in others[:3]], atol=1e-5
        )


@given(st.lists(st.one_of(st.none(), st.integers(0, 4)), min_size=1, max_size=12))
def test_values_that_repeat_are_compared_once(values):
    calls = []

    def gap(one, other):
        calls.append((one, other))
        return abs(one - other)

    left, right = np.triu_indices(len(values), 1)
    found = over_pairs(left, right, gap, coded(values), -1)
    expected = [
        -1 if values[i] is None or values[j] is None else abs(values[i] - values[j])
        for i, j in zip(left.tolist(), right.tolist(), strict=True)
    ]
    assert found.tolist() == expected
    assert len(calls) == len(set(calls))
