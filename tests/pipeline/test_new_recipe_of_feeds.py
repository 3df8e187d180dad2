"""JSON whose rows are things with lists of other things: albums with songs, artists with albums."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.pipeline.test_new_recipe import built

RELEASES: list[dict[str, Any]] = [
    {
        "releaseId": "R1", "title": "Dummy", "artist": "Portishead", "releaseDate": "1994-08-22",
        "artistCountry": "GB",
        "tracks": [
            {"isrc": "GBAAA9400001", "title": "Roads", "durationMs": 302000, "position": 1},
            {"isrc": "GBAAA9400002", "title": "Mysterons", "durationMs": 312000, "position": 2},
        ],
    },
    {
        "releaseId": "R2", "title": "Debut", "artist": "Björk", "releaseDate": "1993-07-05",
        "artistCountry": "IS",
        "tracks": [
            {"isrc": "GBAAA9400003", "title": "Aeroplane", "durationMs": 252000, "position": 1}
        ],
    },
]  # fmt: skip
TOLD = {
    "Roads onAlbum Dummy", "Mysterons onAlbum Dummy", "Aeroplane onAlbum Debut",
    "Roads duration PT5M2S", "Mysterons trackNumber 2", "Dummy performer Portishead",
    "Dummy releaseDate 1994-08-22",
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("feed.json", json.dumps({"releases": RELEASES})),
        ("feed.json", json.dumps({"data": {"releases": RELEASES}})),
        ("feed.json", json.dumps(RELEASES)),
        ("feed.jsonl", "\n".join(map(json.dumps, RELEASES))),
        (
            "feed.json",
            json.dumps([{**one, "tracks": {"items": one["tracks"]}} for one in RELEASES]),
        ),
    ],
)
def test_songs_within_releases_are_a_table(tmp_path, name, text):
    triples, _, recipe = built(tmp_path, {name: text})
    assert triples >= TOLD
    assert '"artistCountry": of the artists, not of the albums' in recipe
    assert recipe.count("feed.json") == recipe.count("path =") + ("left out" in recipe)


def test_one_release_in_a_file(tmp_path):
    triples, _, _ = built(tmp_path, {"album.json": json.dumps(RELEASES[0])})
    assert {"Roads onAlbum Dummy", "Mysterons trackNumber 2", "Dummy performer Portishead"} <= (
        triples
    )


def test_many_songs_do_not_hide_the_releases(tmp_path):
    rows = [{**one, "tracks": one["tracks"] * 5} for one in RELEASES]
    for row in rows:
        row["tracks"] = [{**t, "isrc": f"{t['isrc']}{n}"} for n, t in enumerate(row["tracks"])]
    triples, _, _ = built(tmp_path, {"feed.json": json.dumps({"releases": rows})})
    assert triples >= {"Roads onAlbum Dummy", "Dummy performer Portishead"}


def test_releases_without_ids_are_referred_to_by_title(tmp_path):
    rows = [{k: v for k, v in one.items() if k != "releaseId"} for one in RELEASES]
    triples, _, _ = built(tmp_path, {"feed.json": json.dumps({"releases": rows})})
    assert triples >= TOLD


def test_songs_by_title_only(tmp_path):
    rows = [{**one, "tracks": [track["title"] for track in one["tracks"]]} for one in RELEASES]
    triples, _, _ = built(tmp_path, {"feed.json": json.dumps({"releases": rows})})
    assert triples >= {"Roads onAlbum Dummy", "Aeroplane onAlbum Debut"}


def test_artists_with_albums_with_songs(tmp_path):
    artists = [
        {
            "id": f"a{n}", "name": one["artist"], "country": one["artistCountry"],
            "albums": [{k: v for k, v in one.items() if not k.startswith("artist")}],
        }
        for n, one in enumerate(RELEASES)
    ]  # fmt: skip
    triples, _, _ = built(tmp_path, {"artists.json": json.dumps({"artists": artists})})
    assert triples >= TOLD | {"Portishead country United Kingdom"}


def test_playlists_are_of_users_as_before(tmp_path):
    tracks = [
        {"artist_name": "Ann", "track_name": f"Song {n}", "album_name": "One", "track_uri": f"x{n}"}
        for n in range(6)
    ]
    lists = [{"pid": n, "name": f"list {n}", "tracks": tracks[n:]} for n in range(3)]
    _, _, text = built(tmp_path, {"slice.json": json.dumps({"playlists": lists})})
    assert 'user = "../pid"' in text
    assert 'item = "track_uri"' in text
