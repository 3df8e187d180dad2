from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg_builder.fusion import BlockingConfig, SourceTraits, read_judgements, write_judgements
from kg_builder.fusion.block import candidate_pairs
from kg_builder.fusion.cluster import cluster
from kg_builder.fusion.entity_names import Naming, assign_curies
from kg_builder.fusion.judgements import pair
from kg_builder.fusion.measures import parse_seconds, parse_year
from kg_builder.fusion.profiles import profile
from kg_builder.ontology import load_schema
from kg_builder.tables import RECORDS

SCHEMA = load_schema()


def clustered(size, pairs, probabilities, *, exclusive=None, **constraints):
    return cluster(
        size,
        np.array(pairs, dtype=np.int64).reshape(-1, 2),
        np.array(probabilities, dtype=float),
        np.full(len(pairs), 0.9),
        exclusive=exclusive or [-1] * size,
        **constraints,
    )


def test_a_chain_of_good_pairs_with_bad_ends_is_not_one_thing():
    found = clustered(3, [(0, 1), (1, 2), (0, 2)], [0.97, 0.95, 0.001])
    assert found.label.tolist() == [0, 0, 2]
    assert found.refused == {(1, 2): "the clusters do not agree as a whole"}


def test_a_clean_source_gives_one_record_to_a_cluster():
    found = clustered(3, [(0, 1), (0, 2)], [0.99, 0.98], exclusive=[0, 1, 1])
    assert found.label.tolist() == [0, 0, 2]
    assert "clean source" in found.refused[0, 2]


def test_what_a_person_says_goes_before_all_else():
    found = clustered(
        4, [(0, 1), (2, 3)], [0.99, 0.99], exclusive=[0, 0, 1, 2], must=[(0, 1)], cannot=[(2, 3)]
    )
    assert found.label.tolist() == [0, 0, 2, 3]
    assert "person" in found.refused[2, 3]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_clusters_keep_every_constraint(data):
    size = data.draw(st.integers(2, 10))
    pairs = [(i, j) for i in range(size) for j in range(i + 1, size)]
    chances = data.draw(st.lists(st.floats(0, 1), min_size=len(pairs), max_size=len(pairs)))
    sources = data.draw(st.lists(st.integers(-1, 2), min_size=size, max_size=size))
    cannot = data.draw(st.sets(st.sampled_from(pairs), max_size=3))
    found = clustered(size, pairs, chances, exclusive=sources, cannot=cannot)
    for i, j in pairs:
        if found.label[i] == found.label[j]:
            assert sources[i] < 0 or sources[i] != sources[j]
            assert (i, j) not in cannot
    assert all(found.label[owner] == owner for owner in set(found.label.tolist()))


def rows(names, source):
    return [
        {
            "record": f"{source}/{i}",
            "source": source,
            "record_id": str(i),
            "type": "Artist",
            "name": name,
            "aliases": [],
            "external_ids": [],
            "attributes": "{}",
            "evidence": "",
        }
        for i, name in enumerate(names)
    ]


def blocked(left, right, traits, config=None):
    frame = RECORDS.frame(rows(left, "a") + rows(right, "b"))
    profiles = profile(frame, schema=SCHEMA, traits=traits)
    found = candidate_pairs(profiles, np.arange(len(profiles)), config or BlockingConfig())
    return {(profiles.name[i], profiles.name[j]) for i, j in found.tolist()}


def test_damaged_spellings_share_a_block_and_strangers_do_not():
    names = ["Radiohead", "Portishead", "Sigur Rós", "The Smashing Pumpkins", "Aphex Twin"]
    damaged = ["Radiohaed", "Portis Head", "Sigur Ros", "Smashing Pumpkins, The", "AphexTwin"]
    traits = {s: SourceTraits(clean=True) for s in "ab"}
    found = blocked(names, damaged, traits)
    assert set(zip(names, damaged, strict=True)) <= found
    assert ("Radiohead", "Sigur Ros") not in found


def test_records_of_one_clean_source_are_never_paired():
    assert not blocked(["Air", "Air"], [], {"a": SourceTraits(clean=True)})
    assert blocked(["Air", "Air"], [], {})


def test_a_key_that_everybody_shares_makes_no_pairs_of_its_own():
    config = BlockingConfig(keys=("name",), max_block=5)
    assert not blocked(["Unknown"] * 4, ["Unknown"] * 4, {}, config)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("01:26", 86),
        ("1:01:26", 3686),
        ("PT1M26S", 86),
        ("1m 26sec", 86),
        ("86", 86),
        ("86000", 86),
        ("86 000", 86),
        ("1.4333", 86),
        ("unknown", None),
    ],
)
def test_durations_in_any_notation(text, seconds):
    found = parse_seconds(text)
    assert found is None if seconds is None else found == pytest.approx(seconds, abs=0.1)


def test_years_in_any_notation():
    written = ["1987", "(1987)", "'87", "87", "1987-05-01", "Album (1987)"]
    assert {parse_year(text) for text in written} == {1987}
    assert parse_year("no year") is None


def test_namesakes_are_named_the_same_in_any_order():
    items = [
        Naming("artist", "Genesis", ("UK",), (), (0, "x/1")),
        Naming("artist", "Genesis", ("Colombia",), (), (1, "x/2")),
        Naming("artist", "GENESIS", (), (), (2, "x/3")),
    ]
    expected = ["artist:Genesis", "artist:Genesis_(Colombia)", "artist:GENESIS_2"]
    assert assign_curies(items) == expected
    assert assign_curies(items[::-1]) == expected[::-1]
    assert assign_curies(items[:1], taken=["artist:genesis"]) == ["artist:Genesis_(UK)"]


@given(
    st.dictionaries(
        st.tuples(
            st.text("abc/1", min_size=1, max_size=5), st.text("abc/2", min_size=1, max_size=5)
        ).map(lambda keys: pair(*keys)),
        st.sampled_from(["same", "different", "unsure"]),
        max_size=5,
    )
)
def test_judgements_survive_the_file(tmp_path_factory, judgements):
    path = tmp_path_factory.mktemp("judged") / "judgements.tsv"
    write_judgements(path, judgements)
    assert read_judgements(path) == judgements
