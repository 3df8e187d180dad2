"""The makers of items by the graph are those of column `by` of items.tsv."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.build import build
from recommender.data import load
from recommender.explanation.makers import Makers

FILES = {
    "songs.csv": "id,title,singer,lyrics\n"
    "s1,Undertow,Grey Choir,Ann Rowe\ns2,Duet,Low Tide;Grey Choir,\ns3,Humming,,\n",
    "books.csv": "id,title,author\nb1,Tides,Ann Rowe\nb2,Choirs,Ann Rowe;Bo Lind\n",
    "bands.csv": "id,name,recorded\ng1,Iron Meadow,Copper\n",
    "plays.csv": "user,item\nu1,s1\nu1,s2\nu1,s3\nu2,s1\nu2,s3\n",
}
RECIPE = """
name = "works"
title = "Works"

[[sources]]
kind = "structured"
name = "shop"

[sources.tables.songs]
path = "songs.csv"
type = "Song"
id = "id"
name = "title"
columns.singer = { predicate = "performer", type = "Band", split = ";" }
columns.lyrics = { predicate = "writer", type = "Person" }

[sources.tables.books]
path = "books.csv"
type = "Book"
id = "id"
name = "title"
columns.author = { predicate = "writer", type = "Person", split = ";" }

[sources.tables.bands]
path = "bands.csv"
type = "Band"
id = "id"
name = "name"
columns.recorded = { predicate = "performed", type = "Song" }

[[interactions]]
path = "plays.csv"
user = "user"
item = "item"
records = "shop/songs"

[ratings]
items = "all"
item_type = "Work"

[triples]
heads = "all"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    raw = tmp_path_factory.mktemp("raw")
    for name, text in FILES.items():
        (raw / name).write_text(text)
    (raw / "works.toml").write_text(RECIPE)
    build(str(raw / "works.toml"), raw=raw, out=raw / "works")
    return raw / "works"


def test_the_graph_and_the_names_agree(folder):
    data = load(folder)
    makers = Makers.of(data.graph, data.n_items, data.catalogue)
    named: dict[int, list[str]] = {item: [] for item in range(data.n_items)}
    for item, maker in zip(makers.items.tolist(), makers.makers.tolist(), strict=True):
        named[item].append(data.catalogue.entity_name(maker))
    credits = {data.catalogue.item_name(i): " & ".join(sorted(by)) for i, by in named.items()}
    assert credits == {data.catalogue.item_name(i): data.catalogue.item_by(i) for i in named}
    assert credits == {
        "Undertow": "Grey Choir", "Duet": "Grey Choir & Low Tide", "Humming": "",
        "Copper": "Iron Meadow", "Tides": "Ann Rowe", "Choirs": "Ann Rowe & Bo Lind",
    }  # fmt: skip
