"""Files in the shapes of public exports and data sets: `new-recipe` alone suffices."""

from __future__ import annotations

import json
import tomllib
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pydantic import TypeAdapter

from kg_builder.extraction import SourceConfig, extract
from kg_builder.ontology import load_schema
from pipeline.new_recipe.command import new_recipe

A, B, C, D = (f"{n * 8}-1111-4111-8111-111111111111" for n in "abcd")


def guessed(folder: Path, files: dict[str, str]) -> dict[str, Any]:
    """The recipe that is written for some files."""
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return tomllib.loads(new_recipe([folder / name for name in files], folder, "mine"))


def tables(recipe: dict[str, Any]) -> dict[str, Any]:
    return {key: table for one in recipe["sources"] for key, table in one.get("tables", {}).items()}


def predicates(table: dict[str, Any]) -> dict[str, str]:
    """What the columns of a table say: name → predicate."""
    return {name: keys["predicate"] for name, keys in table["columns"].items()}


def test_listenbrainz_with_mapped_and_unmapped_listens(tmp_path):
    def listen(time: int, artists: list[tuple[str, str]], *, mapped: bool = True) -> str:
        mapping = {
            "recording_mbid": C, "release_mbid": D, "artist_mbids": [id_ for id_, _ in artists],
            "artists": [{"artist_mbid": i, "artist_credit_name": n, "join_phrase": ""}
                        for i, n in artists],
            "caa_id": 12, "caa_release_mbid": D,
        }  # fmt: skip
        track = {
            "artist_name": " & ".join(name for _, name in artists),
            "track_name": "Rain", "release_name": "Weather",
            "additional_info": {"duration_ms": 201000, "submission_client": "navidrome"},
            "mbid_mapping": mapping if mapped else None,
        }  # fmt: skip
        row = {"listened_at": time, "recording_msid": B, "track_metadata": track}
        return json.dumps(row)

    ann, bob = (A, "Ann Example"), (B.replace("b", "e"), "Bob Sample")
    lines = [listen(1600000000, [ann]), listen(1600000900, [ann, bob])]
    lines.append(listen(1600009000, [ann], mapped=False))
    recipe = guessed(tmp_path, {"1.jsonl": "\n".join(lines)})
    mapped = "track_metadata.mbid_mapping."
    assert predicates(tables(recipe)["songs"]) == {
        f"{mapped}release_mbid": "onAlbum", f"{mapped}artist_mbids": "performer",
        "track_metadata.artist_name": "performer",
        "track_metadata.additional_info.duration_ms": "duration",
    }  # fmt: skip
    songs, artists = tables(recipe)["songs"], tables(recipe)["artists"]
    assert songs["external_ids"] == {f"{mapped}recording_mbid": "musicbrainz"}
    assert (artists["id"], artists["name"]) == (
        f"{mapped}artist_mbids", f"{mapped}artists.artist_credit_name",
    )  # fmt: skip
    assert tables(recipe)["albums"]["id"] == f"{mapped}release_mbid"
    assert set(tables(recipe)) == {"songs", "artists", "albums"}


def test_scrobbles_with_commas_in_names_and_written_times(tmp_path):
    lines = ['"Earth, Sky & Co",Weather,Rain,"05 Nov 2023, 13:37"',
             'Ann Example,,"Sun, Moon","05 Nov 2023, 13:41"',
             'Ann Example,Night,Harvest,"04 Nov 2023, 09:02"']  # fmt: skip
    recipe = guessed(tmp_path, {"somebody.csv": "\n".join(lines)})
    assert predicates(tables(recipe)["artists"]) == {
        "column2": "performed",
        "column3": "performed",
    }
    assert recipe["interactions"][0]["time"] == "column4"


def test_tracks_beside_artists_with_lists_of_ids(tmp_path):
    tracks = (
        "id,name,popularity,duration_ms,artists,id_artists,release_date,time_signature\n"
        "t1,Rain,5,201000,\"['Ann Example', 'Bob Sample']\",\"['a1', 'a2']\",1999-01-02,4\n"
        "t2,Sun,9,181000,['Ann Example'],['a1'],1999,3\n"
    )
    artists = (
        "id,followers,genres,name,popularity\na1,9.0,\"['folk']\",Ann Example,5\n"
        "a2,3.0,[],Bob Sample,2\n"
    )
    recipe = guessed(tmp_path, {"tracks.csv": tracks, "artists.csv": artists})
    songs = tables(recipe)["songs"]
    assert songs["columns"]["id_artists"] == {"predicate": "performer", "ref": "artists"}
    assert predicates(tables(recipe)["artists"]) == {"genres": "genre"}
    assert recipe["ratings"] == {"items": "all", "item_type": "Song"}
    assert "interactions" not in recipe


def test_a_collection_with_ratings_of_its_owner(tmp_path):
    text = (
        "Catalog#,Artist,Title,Label,Format,Rating,Released,release_id\n"
        'a1,Ann Example,Rain,"Hill, Dale","LP, Album",5,1999,11\n'
        "a2,Bob Sample,Sun,Hill,CD,3,0,12\n"
        'a3,"Samples, The",Moon,"Vale, Dale",LP,,2003,13\n'
    )
    recipe = guessed(tmp_path, {"collection.csv": text})
    columns = tables(recipe)["albums"]["columns"]
    assert columns["Label"] == {"predicate": "recordLabel", "split": ", "}
    assert columns["Released"] == {"predicate": "releaseDate", "values": {"0": ""}}
    assert columns["Format"] == {"predicate": "medium"}
    acts = recipe["interactions"][0]
    assert (acts["user"], acts["item"], acts["weight"], acts["threshold"]) == (
        {"value": "me"}, "release_id", "Rating", 4,
    )  # fmt: skip


def test_names_in_two_columns(tmp_path):
    text = (
        "RYM Album, First Name,Last Name,Title,Release_Date,Rating\r\n"
        '"11","Ann","Example","Rain","1999","9"\r\n"12","","The Samples","Sun","2003","6"\r\n'
    )
    recipe = guessed(tmp_path, {"albums.txt": text})
    albums = tables(recipe)["albums"]
    assert (albums["id"], albums["name"]) == ("RYM Album", "Title")
    assert albums["columns"]["Last Name"] == {
        "predicate": "performer", "type": "Artist", "before": "First Name",
    }  # fmt: skip
    assert recipe["interactions"][0]["threshold"] == 7


def test_artists_of_a_musicbrainz_dump(tmp_path):
    artist = {
        "id": A, "type": "Group", "type-id": B, "name": "The Samples", "sort-name": "Samples, The",
        "area": {"id": C, "name": "Iceland", "type": None}, "country": "IS",
        "begin-area": {"id": D, "name": "Akureyri"}, "life-span": {"begin": "1999", "ended": False},
        "aliases": [{"name": "Samples", "type-id": B, "sort-name": "Samples", "ended": False}],
        "genres": [{"id": C, "name": "rock", "count": 3}], "tags": [{"name": "loud", "count": 1}],
        "relations": [{"type": "social", "url": {"id": D, "resource": "https://x.example/s"}}],
        "rating": {"value": 4.5, "votes-count": 2},
    }  # fmt: skip
    person = {**artist, "id": B, "type": "Person", "name": "Ann Example"}
    recipe = guessed(tmp_path, {"artist": "\n".join(map(json.dumps, [artist, person]))})
    found = tables(recipe)["artists"]
    assert found["type"] == {
        "column": "type", "values": {"Group": "Band", "Person": "SoloArtist"}, "default": "Artist",
    }  # fmt: skip
    assert found["external_ids"] == {"id": "musicbrainz"}
    assert found["aliases"] == ["aliases.name"]
    assert predicates(found) == {
        "country": "country", "begin-area.name": "origin", "life-span.begin": "beginDate",
        "genres.name": "genre", "tags.name": "tag",
    }  # fmt: skip


@pytest.mark.parametrize("layout", ["csv", "json"])
def test_results_of_sparql(tmp_path, layout):
    item, genre = "http://www.wikidata.org/entity/Q5", "http://www.wikidata.org/entity/Q11399"
    row = {
        "item": item, "itemLabel": "Ann Example", "genre": genre, "genreLabel": "rock",
        "inception": "1999-01-01T00:00:00Z", "countryLabel": "Iceland", "labelLabel": "Hill",
    }  # fmt: skip
    rows = [row, {**row, "genre": genre + "9", "genreLabel": "folk"}]
    if layout == "csv":
        recipe = guessed(tmp_path, {"query.csv": pd.DataFrame(rows).to_csv(index=False)})
        value = ""
    else:
        bound = [{k: {"type": "literal", "value": v} for k, v in row.items()} for row in rows]
        recipe = guessed(tmp_path, {"results.srj": json.dumps({"results": {"bindings": bound}})})
        value = ".value"
    artists = tables(recipe)["artists"]
    assert (artists["id"], artists["name"]) == (f"item{value}", f"itemLabel{value}")
    assert predicates(artists) == {
        f"genre{value}": "genre", f"inception{value}": "beginDate",
        f"countryLabel{value}": "country", f"labelLabel{value}": "recordLabel",
    }  # fmt: skip
    keys = {"predicate": "genre", "iri": True, "labels": f"genreLabel{value}"}
    assert artists["columns"][f"genre{value}"] == keys


LIBRARY = (
    '<?xml version="1.0"?><plist version="1.0"><dict><key>Tracks</key><dict>{}</dict>'
    "<key>Playlists</key><array><dict><key>Name</key><string>Library</string></dict></array>"
    "</dict></plist>"
)
TRACK = (
    "<key>{0}</key><dict><key>Track ID</key><integer>{0}</integer><key>Name</key><string>S{0}"
    "</string><key>Artist</key><string>Ann</string><key>Album</key><string>Night</string>"
    "<key>Total Time</key><integer>201000</integer><key>Play Count</key><integer>{0}</integer>"
    "<key>Play Date UTC</key><date>2023-01-02T00:00:00Z</date></dict>"
)


def test_an_itunes_library(tmp_path):
    tracks = "".join(map(TRACK.format, range(1, 4)))
    recipe = guessed(tmp_path, {"iTunes Library.xml": LIBRARY.format(tracks)})
    songs = tables(recipe)["songs"]
    assert (songs["rows"], songs["id"]) == ("plist.dict.dict.dict", "Track ID")
    assert predicates(songs) == {
        "Artist": "performer",
        "Album": "onAlbum",
        "Total Time": "duration",
    }
    acts = recipe["interactions"][0]
    assert (acts["rows"], acts["weight"]) == ("plist.dict.dict.dict", "Play Count")


def test_a_playlist_and_scores(tmp_path):
    track = (
        "<track><title>{}</title><creator>Ann</creator><album>Night</album><trackNum>1</trackNum>"
        "</track>"
    )
    playlist = (
        '<playlist xmlns="http://xspf.org/ns/0/"><title>Mix</title><creator>me</creator><trackList>'
        + track.format("Rain") + track.format("Sun") + "</trackList></playlist>"
    )  # fmt: skip
    songs = tables(guessed(tmp_path, {"mix.xspf": playlist}))["songs"]
    assert (songs["rows"], songs["name"]) == ("playlist.trackList.track", "title")
    assert predicates(songs) == {
        "creator": "performer",
        "album": "onAlbum",
        "trackNum": "trackNumber",
    }
    score = (
        "<score-partwise><work><work-title>Sea</work-title></work><identification>"
        '<creator type="composer">Ann</creator><creator type="lyricist">Bob</creator>'
        '</identification><part-list><score-part id="P1"><part-name>Piano</part-name></score-part>'
        '</part-list><part id="P1"><measure number="1"><note><duration>4</duration></note>'
        "</measure></part></score-partwise>"
    )
    songs = tables(guessed(tmp_path, {"a.musicxml": score}))["songs"]
    assert predicates(songs) == {
        "identification.creator[@type=composer].#text": "composer",
        "identification.creator[@type=lyricist].#text": "writer",
    }


def test_triplets_of_the_million_song_dataset(tmp_path):
    recipe = guessed(tmp_path, {
        "train_triplets.txt": "u1\tSO1\t3\nu1\tSO2\t1\nu2\tSO1\t7\n",
        "unique_tracks.txt": "TR1<SEP>SO1<SEP>Ann Example<SEP>Rain\nTR2<SEP>SO2<SEP>Bob<SEP>Sun\n",
        "msd_tagtraum_cd1.cls": "# genres\n# two columns\nTR1\tRock\nTR2\tFolk\tPop\n",
    })  # fmt: skip
    found = tables(recipe)
    assert (found["songs"]["id"], found["songs2"]["id"]) == ("track_id", "song_id")
    assert found["songs"]["separator"] == "<SEP>"
    links = found["links1"]
    assert (links["skip_rows"], links["predicate"]) == (2, "genre")
    assert links["short_rows"] is True
    assert links["subject"] == {"column": "track_id", "ref": "songs"}
    acts = recipe["interactions"][0]
    assert (acts["item"], acts["records"]) == ("song_id", "mine/songs2")


def test_ids_without_names(tmp_path):
    recipe = guessed(tmp_path, {
        "train_0.txt": "0\t0\t5\n0\t1\t3\n1\t1\t4\n",
        "song-attributes.txt": "0\t7\t3\t1\n1\t7\t3\t2\n2\t8\t4\t2\n",
        "genre-hierarchy.txt": "1\t2\t1\tRock\n2\t0\t0\tPop\n",
    })  # fmt: skip
    found = tables(recipe)
    assert predicates(found["songs"]) == {
        "album_id": "onAlbum", "artist_id": "performer", "genre_id": "genre",
    }  # fmt: skip
    assert found["artists"]["id"] == found["artists"]["name"] == "artist_id"
    assert found["genres"]["columns"]["parent_genre_id"] == {
        "predicate": "subgenreOf", "ref": "genres",
    }  # fmt: skip


def test_a_library_with_numbers_of_tracks_beside_titles(tmp_path):
    rows = [
        {"id": 1, "title": "Rain", "track": 1, "artist": "Ann", "mb_artistid": A, "play_count": 2,
         "mb_trackid": C, "length": 201.5, "label": "Hill", "added": "2020-01-02 10:11:12"},
        {"id": 2, "title": "Sun", "track": 2, "artist": "Ann", "mb_artistid": A, "play_count": 0,
         "mb_trackid": D, "length": 181.5, "label": "Hill", "added": "2020-01-02 10:11:12"},
    ]  # fmt: skip
    recipe = guessed(tmp_path, {"library.json": json.dumps(rows)})
    songs = tables(recipe)["songs"]
    assert songs["name"] == "title"
    assert predicates(songs) == {
        "mb_artistid": "performer", "track": "trackNumber", "length": "duration",
        "label": "recordLabel",
    }  # fmt: skip
    assert "columns" not in tables(recipe)["artists"]
    assert recipe["interactions"][0]["weight"] == "play_count"


def test_nested_columns_of_parquet(tmp_path):
    pd.DataFrame({
        "track_id": ["t1", "t2"], "track_name": ["Rain", "Sun"],
        "artists": [[{"id": "a1", "name": "Ann"}], [{"id": "a1", "name": "Ann"}]],
        "album": [{"id": "b1", "name": "Night"}] * 2, "release_ts": [datetime(1999, 1, 2)] * 2,
    }).to_parquet(tmp_path / "tracks.parquet")  # fmt: skip
    recipe = tomllib.loads(new_recipe([tmp_path / "tracks.parquet"], tmp_path, "mine"))
    assert predicates(tables(recipe)["songs"]) == {
        "artists.id": "performer", "album.id": "onAlbum", "release_ts": "releaseDate",
    }  # fmt: skip


def test_titles_above_the_heading(tmp_path):
    text = "Export of 5 Nov 2023\n\nArtist;Titel;Genre\nAnn;Rain;Folk\nBob;Sun;Rock\n"
    found = tables(guessed(tmp_path, {"export.csv": text}))["songs"]
    assert (found["skip_rows"], found["separator"]) == (2, ";")
    assert predicates(found) == {"Artist": "performer", "Genre": "genre"}


def test_groups_above_the_names_of_columns(tmp_path):
    text = (
        ",album,album,artist,artist,track,track\n,id,title,id,name,duration,title\n"
        "track_id,,,,,,\n2,7,Leaf,3,Ann Example,168,Food\n3,7,Leaf,3,Ann Example,237,Rain\n"
    )
    songs = tables(guessed(tmp_path, {"tracks.csv": text}))["songs"]
    assert (songs["header_rows"], songs["id"], songs["name"]) == (3, "track_id", "track.title")
    assert predicates(songs) == {
        "album.id": "onAlbum", "artist.id": "performer", "track.duration": "duration",
    }  # fmt: skip


def test_playlists_of_tracks(tmp_path):
    track = {
        "pos": 0, "artist_name": "Ann", "track_uri": "t:1", "artist_uri": "a:1",
        "track_name": "Rain", "album_uri": "b:1", "duration_ms": 201000, "album_name": "Night",
    }  # fmt: skip
    tracks = [track, {**track, "track_uri": "t:2", "track_name": "Sun"}]
    lists = [{"name": "mix", "pid": pid, "num_tracks": 2, "tracks": tracks} for pid in (7, 8)]
    text = json.dumps({"info": {"version": "v1"}, "playlists": lists})
    recipe = guessed(tmp_path, {"mpd.slice.0-999.json": text})
    songs, acts = tables(recipe)["songs"], recipe["interactions"][0]
    assert (songs["rows"], songs["id"]) == ("playlists.tracks", "track_uri")
    assert predicates(songs) == {
        "artist_uri": "performer", "album_uri": "onAlbum", "duration_ms": "duration",
    }  # fmt: skip
    assert (acts["user"], acts["item"]) == ("../pid", "track_uri")


def test_a_collection_as_the_api_answers(tmp_path):
    def release(number: int) -> dict[str, Any]:
        facts = {
            "id": number, "master_id": 0, "title": f"R{number}", "year": 1999,
            "formats": [{"name": "Vinyl", "descriptions": ["LP"]}],
            "labels": [{"name": "Hill", "catno": "1", "id": 12}], "styles": ["Folk"],
            "artists": [{"name": "Ann", "id": 10, "join": ""}],
        }  # fmt: skip
        return {"id": number, "rating": number, "basic_information": facts}

    text = json.dumps({"releases": [release(3), release(5)]})
    recipe = guessed(tmp_path, {"collection.json": text})
    albums = tables(recipe)["albums"]
    assert albums["name"] == "basic_information.title"
    assert albums["id"] in {"id", "basic_information.id"}
    assert predicates(albums) == {
        "basic_information.labels.id": "recordLabel", "basic_information.artists.id": "performer",
        "basic_information.year": "releaseDate", "basic_information.styles": "genre",
    }  # fmt: skip
    assert recipe["interactions"][0]["weight"] == "rating"


def test_what_a_log_says_of_the_listener_is_not_said_of_the_song(tmp_path):
    text = (
        "Country,Track Identifier,Date Played,Play Duration Milliseconds,Play Count,Track Name\n"
        "Germany,11,20231105,201000,1,Rain\nGermany,12,20231106,9000,1,Sun\n"
    )
    recipe = guessed(tmp_path, {"history.csv": text})
    assert "columns" not in tables(recipe)["songs"]
    where = [{"column": "Play Duration Milliseconds", "min": 30000}]
    assert recipe["interactions"][0]["where"] == where


SONGS = [("Ann Example", "Rain"), ("Bob Sample", "Rain"), ("The Samples", "Sun - Live")]


def watched(title: str, channel: str, number: int, header: str = "YouTube Music") -> dict[str, Any]:
    return {
        "header": header, "title": title, "titleUrl": f"https://music.youtube.com/watch?v={number}",
        "subtitles": [{"name": channel, "url": f"https://www.youtube.com/channel/{channel[:3]}"}],
        "time": f"2023-05-01T10:11:{number:02}.345Z", "products": ["YouTube"],
    }  # fmt: skip


@pytest.mark.parametrize("title", ["Watched {}", "{} angesehen", "Vous avez regardé {}"])
@pytest.mark.parametrize("header", ["YouTube Music", "YouTube"])
def test_a_history_of_watched_songs(tmp_path, title, header):
    rows = [
        watched(title.format(song), f"{artist} - Topic", number, header)
        for _ in range(4)
        for number, (artist, song) in enumerate(SONGS)
    ]
    rows.append(watched(title.format("How to mend a bike"), "Bikes", 9, "YouTube"))
    advertisement = watched(title.format("Phones"), "", 8, "YouTube")
    rows.append(advertisement | {"subtitles": [], "details": [{"name": "From Google Ads"}]})
    recipe = guessed(tmp_path, {"watch-history.json": json.dumps(rows, ensure_ascii=False)})
    songs, acts = tables(recipe)["songs"], recipe["interactions"][0]
    assert (songs["id"], songs["name"], acts["item"]) == ("titleUrl", "title", "titleUrl")
    assert (acts["user"], acts["time"], acts["weight"]) == ({"value": "me"}, "time", "@count")
    triples = built_triples(tmp_path, recipe)
    assert triples == {(song, "performer", artist) for artist, song in SONGS}


def built_triples(folder: Path, recipe: dict[str, Any]) -> set[tuple[str, str, str]]:
    """(name, predicate, name) of what a guessed recipe's tables say."""
    source = TypeAdapter(SourceConfig).validate_python(recipe["sources"][0])
    found = extract(source, folder, schema=load_schema())
    names = dict(zip(found.records["record"], found.records["name"], strict=True))
    return {
        (names[row.subject], row.predicate, names[row.object])
        for row in found.statements.itertuples()
        if row.object in names
    }


def test_plays_whose_description_is_artist_and_title(tmp_path):
    lines = ["Track Identifier,Date Played,Play Duration Milliseconds,Play Count,Track Description"]
    for number, (artist, song) in enumerate(SONGS * 2):
        lines.append(f"{number % 3 + 11},2023050{number + 1},200000,1,{artist} - {song}")
    recipe = guessed(tmp_path, {"Play History Daily Tracks.csv": "\n".join(lines)})
    assert recipe["interactions"][0]["item"] == "Track Identifier"
    assert recipe["interactions"][0]["weight"] == "Play Count"
    assert built_triples(tmp_path, recipe) == {(s, "performer", a) for a, s in SONGS}


def test_plays_whose_rows_have_no_artist_every_time(tmp_path):
    heading = "Album Name,Apple Music Subscription,Container Artist Name,Event ID,"
    heading += (
        "Event Received Timestamp,Event Start Timestamp,Play Duration Milliseconds,Song Name,"
    )
    lines = [heading + "Start Position In Milliseconds,UTC Offset In Seconds"]
    for number in range(12):
        artist, song = SONGS[number % 2 * 2]
        start = f"2023-05-01T10:{number:02}:11Z,2023-05-01T10:{number:02}:00Z"
        lines.append(f"{song} LP,true,{artist if number < 6 else ''},e{number},{start},"
                     f"{200000 if number else 900},{song},0,3600")  # fmt: skip
    recipe = guessed(tmp_path, {"Play Activity.csv": "\n".join(lines)})
    acts = recipe["interactions"][0]
    assert (acts["item"], acts["time"]) == ("Song Name", "Event Start Timestamp")
    assert acts["where"] == [{"column": "Play Duration Milliseconds", "min": 30000}]
    columns = tables(recipe)["songs"]["columns"]
    assert predicates(tables(recipe)["songs"]) == {
        "Album Name": "onAlbum", "Container Artist Name": "performer"
    }, columns  # fmt: skip


def test_a_library_with_many_dates_and_truth_values(tmp_path):
    rows = [
        {"Content Type": "Song", "Track Identifier": 100 + n, "Title": song, "Artist": artist,
         "Album": f"{song} LP", "Genre": "Pop", "Track Year": 1999, "Track Count On Album": 11,
         "Track Duration": 200000 + n, "Track Play Count": n + 1, "Skip Count": 3 - n,
         "Last Modified Date": "2022-03-01T10:00:00Z", "Last Played Date": "2023-05-01T10:00:00Z",
         "Playlist Only Track": False, "Favorite Status - Track": "FAVORITE"}
        for n, (artist, song) in enumerate(SONGS)
    ]  # fmt: skip
    recipe = guessed(tmp_path, {"Library Tracks.json": json.dumps(rows)})
    songs, acts = tables(recipe)["songs"], recipe["interactions"][0]
    assert (songs["id"], songs["name"]) == ("Track Identifier", "Title")
    assert (acts["weight"], acts["threshold"], acts.get("time")) == ("Track Play Count", 1, None)


@pytest.mark.parametrize(
    ("heading", "row", "item", "where"),
    [
        ("timestamp,asin,title,artistName,consumptionDurationMs", "{t},B{n},{s},{a},200000",
         "asin", {"column": "consumptionDurationMs", "min": 30000}),
        ("Song Title,Artist,ISRC,Listening Time,Date", "{s},{a},GB000{n},200,{t}",
         "ISRC", {"column": "Listening Time", "min": 30}),
        ("user_id,entry_date,track_title,artist_name,stream_duration_ms", "7,{t},{s},{a},200000",
         "artist_name", {"column": "stream_duration_ms", "min": 30000}),
    ],
)  # fmt: skip
def test_what_streaming_services_hand_out(tmp_path, heading, row, item, where):
    lines = [
        row.format(t=f"2023-05-01 10:{n:02}:00", n=n % 3, a=SONGS[n % 3][0], s=SONGS[n % 3][1])
        for n in range(12)
    ]
    recipe = guessed(tmp_path, {"listening.csv": "\n".join([heading, *lines])})
    acts = recipe["interactions"][0]
    assert (acts["item"], acts["where"]) == (item, [where])
    assert {frozenset((a, s)) for a, s in SONGS} == {
        frozenset((one, other)) for one, _, other in built_triples(tmp_path, recipe)
    }
