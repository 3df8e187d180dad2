"""A small invented list of songs whose facts are their performers'."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np

from recommender.data import Catalogue, Interactions, KnowledgeGraph, TrainingSplit

SONGS = (
    "Slow Harbour", "Salt", "Undertow", "Lantern Street", "Copper", "Duet", "Fjord", "Waltz",
    "Amber", "Quartz", "Basalt", "Granite",
)  # fmt: skip
BANDS = ("Low Tide", "Grey Choir", "Mira Okafor", "Iron Meadow", "Old Mill")
OTHERS = {
    "trip hop": "Genre", "doom metal": "Genre", "folk": "Genre", "Saltmarsh": "RecordLabel",
    "Leeds": "Place", "Sweden": "Country", "1990s": "Decade", "Ann Rowe": "Person",
    "Prize": "Award",
}  # fmt: skip
RELATIONS = (
    "performer", "performed", "genre", "recordLabel", "origin", "birthPlace", "memberOf", "decade",
    "country", "award",
)  # fmt: skip
ENTITY = {name: n for n, name in enumerate((*SONGS, *BANDS, *OTHERS))}
RELATION = {name: n for n, name in enumerate(RELATIONS)}

TRIPLES = (
    ("Slow Harbour", "performer", "Low Tide"),
    ("Salt", "performer", "Low Tide"),
    ("Undertow", "performer", "Grey Choir"),
    ("Mira Okafor", "performed", "Lantern Street"),
    ("Copper", "performer", "Iron Meadow"),
    ("Duet", "performer", "Iron Meadow"),
    ("Duet", "performer", "Grey Choir"),
    ("Waltz", "performer", "Old Mill"),
    ("Low Tide", "genre", "trip hop"),
    ("Grey Choir", "genre", "trip hop"),
    ("Mira Okafor", "genre", "trip hop"),
    ("Grey Choir", "recordLabel", "Saltmarsh"),
    ("Low Tide", "recordLabel", "Saltmarsh"),
    ("Iron Meadow", "genre", "doom metal"),
    ("Iron Meadow", "country", "Sweden"),
    ("Old Mill", "origin", "Leeds"),
    ("Mira Okafor", "birthPlace", "Leeds"),
    ("Ann Rowe", "memberOf", "Old Mill"),
    ("Ann Rowe", "memberOf", "Iron Meadow"),
    ("Old Mill", "decade", "1990s"),
    ("Amber", "genre", "folk"),
)


def write_catalogue(
    folder: Path,
    *,
    kind: str = "Song",
    maker: str = "Band",
    renamed: Mapping[str, str] = MappingProxyType({}),
    unnamed: Collection[str] = (),
) -> Catalogue:
    """Write names; items of class `kind`, their makers of class `maker`.

    Some relations may have other names, and some entities none.
    """

    def write(name, header, rows):
        text = "\n".join([header, *("\t".join(map(str, row)) for row in rows)])
        (folder / name).write_text(text + "\n", encoding="utf-8")

    kinds = [kind] * len(SONGS) + [maker] * len(BANDS) + list(OTHERS.values())
    rows = [
        (n, f"https://x.org/{n}", "" if name in unnamed else name, kinds[n])
        for name, n in ENTITY.items()
    ]
    write("entities.tsv", "id\tiri\tname\ttype", rows)
    items = [(n, f"https://x.org/{n}", name, n) for n, name in enumerate(SONGS)]
    write("items.tsv", "id\tiri\tname\traw_id", items)
    names = [renamed.get(name, name) for name in RELATIONS]
    write("relations.tsv", "id\tiri\tname", [(n, f"x:{r}", r) for n, r in enumerate(names)])
    return Catalogue(folder)


def make_train(
    catalogue: Catalogue, histories: dict[int, list[str]], triples=TRIPLES
) -> TrainingSplit:
    """A training split of histories by names."""
    pairs = [(user, ENTITY[name]) for user, names in histories.items() for name in names]
    users, items = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    columns = np.array([(ENTITY[h], RELATION[r], ENTITY[t]) for h, r, t in triples], dtype=np.int64)
    head, relation, tail = columns.reshape(-1, 3).T
    graph = KnowledgeGraph(head, relation, tail, len(ENTITY), len(RELATION))
    played = Interactions(users, items, np.ones(len(users), dtype=np.int64))
    return TrainingSplit(played, graph, 1 + max(histories), len(SONGS), catalogue=catalogue)
