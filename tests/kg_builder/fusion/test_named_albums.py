"""Album names repeated per song become one album."""

from __future__ import annotations

from pathlib import Path

import pytest

from kg_builder.extraction import Extraction, StructuredSource, extract
from kg_builder.fusion.config import FusionConfig
from kg_builder.fusion.explain import explain
from kg_builder.fusion.matching import match_records
from kg_builder.fusion.named_albums import mentions_of_one_album
from kg_builder.ontology import Schema

TABLE = {
    "path": "songs.csv",
    "type": "Song",
    "id": "id",
    "name": "title",
    "columns": {
        "artist": {"predicate": "performer", "type": "Artist"},
        "album": {"predicate": "onAlbum"},
    },
}
WORDS = ("Stone", "Ghost", "Train", "River", "Glass", "Smoke", "Crow", "Salt", "Lamp", "Moss")


def four_albums(guest: str = "") -> list[tuple[str, str, str]]:
    """Ten songs on each."""
    return [
        (f"{first} {second}{guest if number % 3 else ''}", f"Band {WORDS[number]}", f"LP {number}")
        for number in range(4)
        for first, second in zip(WORDS, WORDS[number + 1 :] + WORDS[: number + 1], strict=True)
    ]


def read(folder: Path, schema: Schema, rows: list[tuple[str, str, str]]) -> Extraction:
    """The tables of a file of songs: (title, artist, album)."""
    lines = [f"{number},{','.join(row)}\n" for number, row in enumerate(rows)]
    (folder / "songs.csv").write_text("id,title,artist,album\n" + "".join(lines))
    source = StructuredSource.model_validate(
        {"kind": "structured", "name": "shop", "tables": {"songs": TABLE}}
    )
    return extract(source, folder, schema=schema)


def albums(folder: Path, schema: Schema, rows: list[tuple[str, str, str]]) -> list[set[int]]:
    """The numbers of the songs on each album, of (title, artist, album)."""
    found = read(folder, schema, rows)
    matching = match_records(
        found.records, FusionConfig(), schema=schema, traits={}, statements=found.statements
    )
    groups: dict[int, set[int]] = {}
    for record, label in zip(
        matching.profiles.record, matching.clustering.label.tolist(), strict=True
    ):
        if record.startswith("shop/album/"):
            groups.setdefault(label, set()).add(int(record.split("/")[2]))
    return sorted(groups.values(), key=min)


@pytest.mark.parametrize("guest", ["", " (feat. Mira Holt)"])
def test_songs_of_one_performer_and_title_are_on_one_album(
    tmp_path: Path, schema: Schema, guest: str
) -> None:
    found = albums(tmp_path, schema, four_albums(guest))
    assert found == [set(range(start, start + 10)) for start in range(0, 40, 10)]


def test_a_guest_does_not_join_albums(tmp_path: Path, schema: Schema) -> None:
    rows = [
        ("Stone Ghost (feat. Mira Holt)", "Ann Lee", "Debut"),
        ("River Glass (feat. Mira Holt)", "Bob Roy", "Debut"),
    ]
    found = read(tmp_path, schema, rows)
    assert list(mentions_of_one_album(found.records, found.statements, schema)) == []


def test_an_explanation_names_the_rule(tmp_path: Path, schema: Schema) -> None:
    found = read(tmp_path, schema, four_albums())
    matching = match_records(
        found.records,
        FusionConfig(match=0.9999),
        schema=schema,
        traits={},
        statements=found.statements,
    )
    found = explain(matching, "shop/album/0/lp 0", "shop/album/9/lp 0")
    assert found.same
    assert "one performer" in found.reason
