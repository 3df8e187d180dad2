"""Rows with lists of other things (albums with songs), or of what only tells of the rows."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import pytest

from kg_builder.extraction.xml_elements import leaves_by_path
from kg_builder.packed_files import Stream
from pipeline.new_recipe.command import new_recipe
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


# ------------------------------------------------------------------------------ parts of things

SONGS = [("GBAAA9400001", "Roads", "Portishead"), ("GBAAA9400002", "Angel", "Massive Attack"),
         ("GBAAA9400003", "Bloom", "Radiohead")]  # fmt: skip
PERFORMED = {
    "Roads performer Portishead", "Angel performer Massive Attack", "Bloom performer Radiohead",
    "Roads recordLabel Example Records", "Angel duration PT3M21S", "Bloom releaseDate 1994",
}  # fmt: skip


def ddex(territories: int) -> str:
    """A message of recordings, whose artists and labels are told for each territory."""
    details = "".join(
        f"<SoundRecordingDetailsByTerritory><TerritoryCode>{code}</TerritoryCode><DisplayArtist>"
        "<PartyName><FullName>{artist}</FullName></PartyName><ArtistRole>MainArtist</ArtistRole>"
        "</DisplayArtist><LabelName>Example Records</LabelName><PLine><Year>1994</Year></PLine>"
        "</SoundRecordingDetailsByTerritory>"
        for code in ("GB", "FR", "DE")[:territories]
    )
    recordings = "".join(
        f"<SoundRecording><SoundRecordingId><ISRC>{isrc}</ISRC></SoundRecordingId>"
        f"<ReferenceTitle><TitleText>{title}</TitleText></ReferenceTitle>"
        f"<Duration>PT3M21S</Duration>{details.format(artist=artist)}</SoundRecording>"
        for isrc, title, artist in SONGS
    )
    return (
        '<ern:NewReleaseMessage xmlns:ern="http://ddex.net/xml/ern/382"><MessageHeader><MessageId>'
        f"1</MessageId></MessageHeader><ResourceList>{recordings}</ResourceList>"
        "</ern:NewReleaseMessage>"
    )


@pytest.mark.parametrize("territories", [1, 3])
def test_recordings_of_a_ddex_message_are_the_rows(tmp_path, territories):
    triples, items, text = built(tmp_path, {"message.xml": ddex(territories)})
    assert triples >= PERFORMED
    assert sorted(items["name"]) == ["Angel", "Bloom", "Roads"]
    assert 'rows = "NewReleaseMessage.ResourceList.SoundRecording"' in text
    assert "beginDate" not in text


@pytest.mark.parametrize("called", ["SoundRecordings", "tracks", "entries"])
@pytest.mark.parametrize("territories", [1, 3])
def test_so_are_those_of_json_of_that_shape(tmp_path, called, territories):
    rows = [
        {
            "ISRC": isrc, "ReferenceTitle": {"TitleText": title}, "Duration": "PT3M21S",
            "DetailsByTerritory": [
                {"TerritoryCode": code, "DisplayArtist": {"PartyName": {"FullName": artist}},
                 "LabelName": "Example Records", "PLine": {"Year": 1994}}
                for code in ("GB", "FR", "DE")[:territories]
            ],
        }
        for isrc, title, artist in SONGS
    ]  # fmt: skip
    text = json.dumps({"Header": {"Id": 1}, "Resources": {called: rows}})
    triples, items, _ = built(tmp_path, {"message.json": text})
    assert triples >= PERFORMED
    assert sorted(items["name"]) == ["Angel", "Bloom", "Roads"]


TRACK = "<track><id>{isrc}</id><info><title>{title}</title>{artists}</info></track>"
ARTISTS = "<artist><name>{artist}</name><country>GB</country></artist>"


@pytest.mark.parametrize("guests", [0, 1, 3])
@pytest.mark.parametrize("around", ["<artists>{}</artists>", "{}"])
def test_artists_in_songs_are_no_rows(tmp_path, guests, around):
    others = "".join(ARTISTS.format(artist=f"Guest {n}") for n in range(guests))
    tracks = "".join(
        TRACK.format(
            isrc=isrc,
            title=title,
            artists=around.format(ARTISTS.format(artist=artist) + others),
        )
        for isrc, title, artist in SONGS
    )
    triples, items, _ = built(tmp_path, {"shop.xml": f"<shop><tracks>{tracks}</tracks></shop>"})
    assert sorted(items["name"]) == ["Angel", "Bloom", "Roads"]
    assert {f"{title} performer {artist}" for _, title, artist in SONGS} <= triples


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        (
            "<shop><album><title>A{n}</title><track><title>T{n}</title><no>1</no></track>"
            "<track><title>U{n}</title><no>2</no></track></album></shop>",
            "shop.album.track",
        ),
        (
            "<stars><genre><name>G{n}</name><artist><name>A{n}</name><country>GB</country></artist>"
            "<artist><name>B{n}</name><country>FR</country></artist></genre></stars>",
            "stars.genre.artist",
        ),
        (
            "<bands><band><name>B{n}</name><country>GB</country><members><member><name>M{n}</name>"
            "<role>bass</role></member><member><name>N{n}</name><role>drums</role></member>"
            "</members></band></bands>",
            "bands.band",
        ),
        (
            "<lists><playlist><title>L{n}</title><song><title>S{n}</title><artist>A</artist></song>"
            "<song><title>T{n}</title><artist>B</artist></song></playlist></lists>",
            "lists.playlist.song",
        ),
    ],
)
def test_which_elements_of_xml_are_rows(tmp_path, text, rows):
    root, inner = text[1 : text.index(">")], text[text.index(">") + 1 : text.rindex("</")]
    filled = "".join(inner.replace("{n}", str(n)) for n in range(4))
    (tmp_path / "feed.xml").write_text(f"<{root}>{filled}</{root}>")
    recipe = new_recipe([tmp_path / "feed.xml"], tmp_path, "x")
    assert f'rows = "{rows}"' in recipe


def test_elements_before_broken_xml_are_looked_at():
    stream = Stream(BytesIO(b"<a><b><name>x</name></b><b><name>R&B</name></b></a>"), "a.xml")
    found = leaves_by_path(stream, most=100)
    assert found["a.b"].leaves == {"name": 1}
    assert found["a.b"].number == 2
