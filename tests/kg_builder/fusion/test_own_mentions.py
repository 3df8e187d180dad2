"""What a source names is resolved by its own records: albums of songs, guests in titles."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from kg_builder.extraction import Extraction, StructuredSource, extract
from kg_builder.fusion.config import FusionConfig, SourceTraits
from kg_builder.fusion.explain import explain
from kg_builder.fusion.fuse import Record, fuse
from kg_builder.fusion.matching import match_records
from kg_builder.fusion.own_mentions import mentions_of_one_album
from kg_builder.fusion.resolve import resolve
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
TABLES = {
    "songs": TABLE,
    "tracks": TABLE | {"columns": {"artist": TABLE["columns"]["artist"],
                                   "album_id": {"predicate": "onAlbum", "ref": "albums"}}},
    "albums": TABLE | {"type": "Album", "columns": {"artist": TABLE["columns"]["artist"],
                                                    "released": {"predicate": "releaseDate"}}},
}  # fmt: skip
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
    assert mentions_of_one_album(found.records, found.statements, schema) == ([], [])


def fused(folder: Path, schema: Schema, *, clean: str = "") -> dict[str, str]:
    """Title and album of each song, after fusion of the sources in the folder."""
    recipe = {
        name: StructuredSource.model_validate(
            {"kind": "structured", "name": name, "tables": {
                table: TABLES[table] | {"path": f"{name}-{table}.csv"}
                for table in TABLES if (folder / f"{name}-{table}.csv").is_file()}}
        )
        for name in ("catalogue", "shop")
        if any(folder.glob(f"{name}-*"))
    }  # fmt: skip
    found = [extract(source, folder, schema=schema) for source in recipe.values()]
    result = resolve(
        pd.concat([one.records for one in found], ignore_index=True),
        FusionConfig(),
        schema=schema,
        traits={clean: SourceTraits(clean=True)} if clean else {},
        statements=(stated := pd.concat([one.statements for one in found], ignore_index=True)),
    )
    entity = dict(zip(result.links["subject"], result.links["object"], strict=True))
    on_album = stated[stated["predicate"] == "onAlbum"]
    return {
        subject: entity[target].partition(":")[2]
        for subject, target in zip(on_album["subject"], on_album["object"], strict=True)
    }


def test_albums_of_one_title_by_different_performers_stay_apart(
    tmp_path: Path, schema: Schema
) -> None:
    rows = ["1,Bohemian Rhapsody,Queen", "2,Killer Queen,Queen", "3,Waterloo,ABBA", "4,SOS,ABBA"]
    text = "id,title,artist,album\n" + "".join(f"{row},Greatest Hits\n" for row in rows)
    (tmp_path / "shop-songs.csv").write_text(text)
    found = fused(tmp_path, schema)
    assert sorted(found.values()) == ["Greatest_Hits"] * 2 + ["Greatest_Hits_(ABBA)"] * 2
    assert found["shop/1"] == found["shop/2"] == "Greatest_Hits"


def test_rows_without_a_performer_do_not_join_the_albums_of_several(
    tmp_path: Path, schema: Schema
) -> None:
    rows = [f"{n},{','.join(row)}" for n, row in enumerate(four_albums())]
    rows += ["40,Kooks,,LP 3", "41,Killer Queen,Queen,Greatest Hits", "42,SOS,ABBA,Greatest Hits"]
    rows += ["43,Angels,,Greatest Hits", "44,Rock DJ,,Greatest Hits"]
    (tmp_path / "shop-songs.csv").write_text("\n".join(["id,title,artist,album", *rows]))
    found = fused(tmp_path, schema)
    assert found["shop/40"] == found["shop/39"]  # nobody else has an album of that title
    assert found["shop/43"] == found["shop/44"]
    assert len({found[f"shop/{n}"] for n in (41, 42, 43)}) == 3


def test_the_songs_decide_which_of_several_albums_of_one_title_is_meant(
    tmp_path: Path, schema: Schema
) -> None:
    (tmp_path / "catalogue-albums.csv").write_text(
        "id,title,artist,released\nA1,Weezer,Weezer,1994\nA2,Weezer,Weezer,2001\n"
    )
    (tmp_path / "catalogue-tracks.csv").write_text(
        "id,title,artist,album_id\nT1,Buddy Holly,Weezer,A1\nT2,Say It Ain't So,Weezer,A1\n"
        "T3,Hash Pipe,Weezer,A2\nT4,Photograph,Weezer,A2\n"
    )
    (tmp_path / "shop-songs.csv").write_text(
        "id,title,artist,album\n1,Buddy Holly,Weezer,Weezer\n2,Hash Pipe,Weezer,Weezer\n"
        "3,Photograph,Weezer,Weezer\n"
    )
    found = fused(tmp_path, schema, clean="catalogue")
    assert found["catalogue/tracks/T1"] != found["catalogue/tracks/T3"]
    for song, track in {"1": "T1", "2": "T3", "3": "T4"}.items():
        assert found[f"shop/{song}"] == found[f"catalogue/tracks/{track}"]


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


def labels(
    folder: Path, schema: Schema, artists: list[str], guest: str, *, clean: bool = False
) -> dict[str, int]:
    """The cluster of each artist of a source with a song "Rain (feat. <guest>)"."""
    rows = [f"{number},{name},{WORDS[number]}\n" for number, name in enumerate(artists, 1)]
    (folder / "artists.csv").write_text("id,name,genre\n" + "".join(rows), encoding="utf-8")
    song = f"id,title,artist\ns1,Rain (feat. {guest}),1\n"
    (folder / "songs.csv").write_text(song, encoding="utf-8")
    tables = {
        "artists": {"path": "artists.csv", "type": "Artist", "id": "id", "name": "name",
                    "columns": {"genre": {"predicate": "genre"}}},
        "songs": {"path": "songs.csv", "type": "Song", "id": "id", "name": "title",
                  "columns": {"artist": {"predicate": "performer", "ref": "artists"}}},
    }  # fmt: skip
    source = StructuredSource.model_validate(
        {"kind": "structured", "name": "shop", "tables": tables}
    )
    found = extract(source, folder, schema=schema)
    matching = match_records(
        found.records,
        FusionConfig(),
        schema=schema,
        traits={"shop": SourceTraits(clean=clean)},
        statements=found.statements,
    )
    clusters = matching.clustering.label.tolist()
    pairs = zip(matching.profiles.record, clusters, strict=True)
    return {key.removeprefix("shop/"): label for key, label in pairs if "/artist" in key}


@pytest.mark.parametrize("clean", [False, True])
@pytest.mark.parametrize("guest", ["Jay‐Z", "Jay Z", "JAY-Z"])
def test_a_guest_is_the_one_artist_of_the_name(
    tmp_path: Path, schema: Schema, guest: str, clean: bool
) -> None:
    found = labels(tmp_path, schema, ["Ann Example", "Jay-Z"], guest, clean=clean)
    assert found[f"artist/{guest.lower()}"] == found["artists/2"] != found["artists/1"]


def test_a_guest_of_two_artists_name_is_neither_if_they_are_two(
    tmp_path: Path, schema: Schema
) -> None:
    found = labels(tmp_path, schema, ["Ann Example", "Genesis", "Genesis"], "Genesis", clean=True)
    assert len(set(found.values())) == 4


@pytest.mark.parametrize(("guest", "meant"), [("The Crane", 2), ("Crane", 3), ("the  crane", 2)])
def test_of_names_that_differ_by_an_article_the_one_with_the_guest_s_is_meant(
    tmp_path: Path, schema: Schema, guest: str, meant: int
) -> None:
    artists = ["Ann Example", "The Crane", "Crane"]
    found = labels(tmp_path, schema, artists, guest, clean=True)
    (mention,) = (key for key in found if key.startswith("artist/"))
    assert found[mention] == found[f"artists/{meant}"]
    assert len(set(found.values())) == 3


def test_a_guest_of_another_name_is_another_artist(tmp_path: Path, schema: Schema) -> None:
    found = labels(tmp_path, schema, ["Ann Example", "Jay-Z"], "Mira Holt")
    assert len(set(found.values())) == 3


def test_an_entity_is_called_as_its_record_calls_it(schema: Schema) -> None:
    records = [
        Record(key, "shop", "Artist", name, (), (), {})
        for key, name in (("shop/artist/jay z", "Jay Z"), ("shop/artists/2", "Jay-Z"))
    ]
    fused = fuse(records, schema, {})
    assert (fused.name, fused.aliases) == ("Jay-Z", ("Jay Z",))
