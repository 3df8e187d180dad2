from __future__ import annotations

import pandas as pd
import pytest

from kg_builder.errors import DataError
from kg_builder.evaluation.comparison import FACTS, family_of, read_stock, report, view
from kg_builder.ontology import load_schema


def facts(*rows):
    return pd.DataFrame(rows, columns=list(FACTS))


@pytest.mark.parametrize(
    ("predicate", "family"),
    [
        ("genre", "genre"),
        ("music.album.genre", "genre"),
        ("music.artist.origin", "origin"),
        ("film.actor.film", "film and television"),
        ("tag", "listeners' tags"),
        ("games.publisher.games_published", "other"),
        ("similarTo", "similar artists"),
    ],
)
def test_relations_belong_to_families(predicate, family):
    assert family_of(predicate) == family


def test_families_speak_of_predicates_that_exist():
    known = load_schema().predicates
    for predicate in ("genre", "recordLabel", "memberOf", "decade", "similarTo", "associatedWith"):
        assert predicate in known
        assert family_of(predicate) != "other"


def test_facts_are_counted_once_and_for_both_sides():
    graph = facts(
        ("a", "genre", "rock"),
        ("a", "genre", "rock"),
        ("a", "similarTo", "b"),
        ("label", "music.record_label.artist", "a"),
        ("a", "film.actor.film", "x"),
    )
    one = view("g", graph, ["a", "b", "c"])
    assert one.music.tolist() == [3, 1, 0]
    assert one.share(1) == pytest.approx(2 / 3)
    assert one.share(3) == pytest.approx(1 / 3)
    assert one.share(1, "film and television") == pytest.approx(1 / 3)
    table = report([one, view("empty", graph.iloc[:0], ["a"])]).set_index("measure")
    assert table.loc["items with ≥ 3 music facts"].tolist() == pytest.approx([1 / 3, 0.0])
    assert table.loc["facts: similar artists", "g"] == 2.0


def test_a_stock_graph_is_read(tmp_path):
    (tmp_path / "kg.txt").write_text("0\tmusic.artist.origin\t7\n")
    (tmp_path / "item_index2entity_id.txt").write_text("15\t0\n16\t1\n")
    graph, items = read_stock(tmp_path)
    assert items == {"15": "0", "16": "1"}
    assert graph.to_numpy().tolist() == [["0", "music.artist.origin", "7"]]


def test_a_bad_stock_graph_is_reported(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        read_stock(tmp_path)
    (tmp_path / "item_index2entity_id.txt").write_text("15\t0\n16\n")
    with pytest.raises(DataError, match="line 2: 1 columns where 2 belong"):
        read_stock(tmp_path)
