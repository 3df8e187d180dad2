"""Table 3 of the paper, from the publishers' files."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.build import build

TABLE_3 = {
    "lastfm-stock": (1872, 3846, 42346, 9366, 60, 15518),
    "movielens-1m": (6036, 2347, 753772, None, 7, 20195),
    "book-crossing": (17860, 14910, 139746, None, 10, 19793),
}


@pytest.mark.real_data
@pytest.mark.slow
@pytest.mark.parametrize("dataset", TABLE_3)
def test_the_counts_are_those_of_the_paper(dataset, real_data, stock_lastfm, tmp_path):
    if dataset == "lastfm-stock":
        report = stock_lastfm(555)
    else:
        report = build(dataset, raw=real_data, out=tmp_path)
    out, counts = report.out, report.stages[-1].counts
    users, items, rows, entities, relations, triples = TABLE_3[dataset]
    assert (counts["users"], counts["items"], counts["rating rows"]) == (users, items, rows)
    assert (counts["relations"], counts["triples"]) == (relations, triples)
    assert entities is None or counts["entities"] == entities
    graph = np.loadtxt(out / "kg_final.txt", dtype=np.int32)
    ratings = np.loadtxt(out / "ratings_final.txt", dtype=np.int32)
    # What the public loaders take for the sizes of their tables.
    assert graph[:, 0].max() < items
    assert len(set(graph[:, 0]) | set(graph[:, 2])) == graph[:, [0, 2]].max() + 1
    assert ratings[:, 1].max() < items
    assert ratings[:, 0].max() == users - 1


@pytest.mark.real_data
@pytest.mark.slow
def test_the_built_graph_comes_with_the_items_and_rows_of_the_stock_one(
    real_data, stock_lastfm, tmp_path
):
    seed = 1  # not the default: the rows are those of this seed
    stock = stock_lastfm(seed).out
    build("lastfm-built", raw=real_data, out=tmp_path, seed=seed, without=("dbpedia", "freebase"))
    for name in ("ratings_final.txt", "users.tsv"):
        assert (stock / name).read_bytes() == (tmp_path / name).read_bytes()
    raw_ids = [
        [line.split("\t")[-1] for line in (folder / "items.tsv").open()]
        for folder in (stock, tmp_path)
    ]
    assert raw_ids[0] == raw_ids[1]
