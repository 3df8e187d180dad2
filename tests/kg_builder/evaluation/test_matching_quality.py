from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg_builder.evaluation.matching import b_cubed, blocking, cluster_intervals, links, pairwise
from kg_builder.fusion import FusionConfig, SourceTraits, match_records
from kg_builder.ontology import load_schema
from kg_builder.tables import RECORDS

labels = st.lists(st.integers(0, 4), min_size=1, max_size=14)


def test_worked_example():
    truth = ["a", "a", "a", "b", "b"]
    found = [1, 1, 2, 2, 2]
    # found pairs: (0,1) (2,3) (2,4) (3,4); true ones: 3 of a, 1 of b; right: (0,1) (3,4)
    score = pairwise(found, truth)
    assert (score.precision, score.recall, score.f1) == (0.5, 0.5, 0.5)
    cubed = b_cubed(found, truth)
    assert cubed.precision == pytest.approx((1 + 1 + 1 / 3 + 2 / 3 + 2 / 3) / 5)
    assert cubed.recall == pytest.approx((2 / 3 + 2 / 3 + 1 / 3 + 1 + 1) / 5)


def test_blocking_is_scored_by_recall_and_reduction():
    score = blocking(np.array([[0, 1], [0, 2]]), ["a", "a", "b", "b"])
    assert (score.recall, score.candidates) == (0.5, 2)
    assert score.reduction == pytest.approx(1 - 2 / 6)


def test_links_are_scored_where_the_gold_speaks():
    score = links({"x": 1, "y": 2, "z": 3}, {"x": 1, "y": 9, "w": 4})
    assert (score.precision, score.recall) == (0.5, pytest.approx(1 / 3))


@given(labels)
def test_the_truth_scores_one(truth):
    for score in (pairwise(truth, truth), b_cubed(truth, truth)):
        assert score.precision == score.recall == 1
    names = [str(owner) for owner in truth]
    for scores in cluster_intervals(names, names, rounds=5).values():
        assert set(scores.values()) == {(1.0, 1.0)}


@given(st.data(), labels)
def test_precision_and_recall_change_places_with_their_sides(data, truth):
    found = data.draw(st.lists(st.integers(0, 4), min_size=len(truth), max_size=len(truth)))
    for measure in (pairwise, b_cubed):
        one, other = measure(found, truth), measure(truth, found)
        assert one.precision == pytest.approx(other.recall)
        assert 0 <= one.f1 <= 1


def test_the_interval_holds_the_value():
    truth = [i // 2 for i in range(200)]
    found = [i // 2 if i % 7 else 1000 + i for i in range(200)]
    intervals = cluster_intervals([*map(str, found)], [*map(str, truth)], rounds=200)
    low, high = intervals["pairwise"]["f1"]
    assert low < pairwise(found, truth).f1 < high


@pytest.mark.real_data
@pytest.mark.parametrize(("clean", "least"), [(False, 0.965), (True, 0.98)])
def test_damaged_song_records_are_resolved_without_labels(real_data, clean, least):
    """Guards against regressions on the visible half; it is no estimate at full density."""
    rows, truth = [], {}
    columns = {
        "artist": "performer",
        "album": "onAlbum",
        "year": "releaseDate",
        "length": "duration",
        "number": "trackNumber",
        "language": "language",
    }
    for path in sorted((real_data / "matching" / "musicbrainz20k").glob("source_*.csv")):
        for row in pd.read_csv(path, dtype=str, keep_default_na=False).to_dict("records"):
            key = f"s{row['source']}/{row['id']}"
            truth[key] = row["cluster_id"]
            stated = {predicate: [row[c]] for c, predicate in columns.items() if row[c]}
            rows.append(
                {
                    "record": key,
                    "source": f"s{row['source']}",
                    "record_id": row["id"],
                    "type": "Song",
                    "name": row["title"] or "?",
                    "aliases": [],
                    "external_ids": [],
                    "attributes": json.dumps(stated),
                    "evidence": path.name,
                }
            )
    traits = {f"s{i}": SourceTraits(clean=clean) for i in range(1, 6)}
    matching = match_records(
        RECORDS.frame(rows), FusionConfig(), schema=load_schema(), traits=traits
    )
    gold = [truth[key] for key in matching.profiles.record]
    assert pairwise(matching.clustering.label.tolist(), gold).f1 >= least
    score = blocking(matching.comparison.pairs, gold)
    assert score.recall >= 0.975
    assert score.reduction >= 0.999
