"""Typical files of users: `new-recipe` and a build give the right triples."""

from __future__ import annotations

import gzip
import json
import sqlite3
import tomllib
from pathlib import Path

import pandas as pd
import pytest
import rdflib

from kg_builder.errors import DataError
from kg_builder.schema_inference.words import meaning
from pipeline.build import build
from pipeline.new_recipe.command import new_recipe, new_recipe_command
from pipeline.recipe import load_recipe

A, B, C = (f"{n}{n}{n}{n}{n}{n}{n}{n}-1111-4111-8111-111111111111" for n in "abc")


def write(folder: Path, files: dict[str, str]) -> list[Path]:
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in files]


def built(tmp_path: Path, files: dict[str, str]) -> tuple[set[str], pd.DataFrame, str]:
    """("subject predicate object" by names, items, the recipe) after new-recipe and a build."""
    raw = tmp_path / "raw"
    raw.mkdir()
    recipe = tmp_path / "mine.toml"
    new_recipe_command(write(raw, files), out=recipe)
    out = tmp_path / "out"
    build(str(recipe), raw=raw, out=out)
    graph = rdflib.Graph().parse(out / "kg.ttl")
    label = {s: str(o) for s, o in graph.subject_objects(rdflib.RDFS.label)}
    triples = {
        f"{label[s]} {str(p).rpartition('/')[2].rpartition('#')[2]} {label.get(o, o)}"
        for s, p, o in graph
        if s in label
    }
    items = out / "items.tsv"
    table = pd.read_csv(items, sep="\t", dtype=str) if items.exists() else pd.DataFrame()
    return triples, table, recipe.read_text(encoding="utf-8")


def positives(tmp_path: Path) -> int:
    rows = [line.split() for line in (tmp_path / "out/ratings_final.txt").read_text().splitlines()]
    return sum(row[2] == "1" for row in rows)


def test_songs_table_and_listening_events(tmp_path):
    songs = (
        "track_id,track_name,artist_id,artist_name,album_name,genres,release_date,duration_ms,"
        "danceability\n"
        "t1,Moon Song,a1,Ann Example,Night,\"['folk', 'dream pop']\",1999-04-05,201000,0.5\n"
        "t2,Harvest,a1,Ann Example,Night,['folk'],1999-04-05,181000,0.25\n"
        "t3,Rain,a2,Bob Sample,Weather,['rock'],2003,240000,0.75\n"
    )
    events = (
        "user_id,track_id,timestamp\nu1,t1,1600000000\nu1,t1,1600000400\nu1,t3,1600000800\n"
        "u2,t2,1600001000\nu2,t3,1600001400\n"
    )
    triples, items, text = built(tmp_path, {"songs.csv": songs, "listening_events.csv": events})
    assert {
        "Moon Song performer Ann Example", "Moon Song genre dream pop", "Moon Song onAlbum Night",
        "Rain performer Bob Sample", "Rain releaseDate 2003", "Moon Song duration PT3M21S",
    } <= triples  # fmt: skip
    assert sorted(items["name"]) == ["Harvest", "Moon Song", "Rain"]
    assert positives(tmp_path) == 4
    assert '"songs.csv", ' not in text.split("left out")[0]
    assert '"danceability": a measure' in text.split("left out")[1]


def test_ratings_movies_and_tags_as_of_movielens(tmp_path):
    movies = (
        "movieId,title,genres\n1,Toy Example (1995),Animation|Comedy\n2,Heat Sample (1995),Crime\n"
        '3,"Third, The (1999)",Comedy\n'
    )
    ratings = (
        "userId,movieId,rating,timestamp\n1,1,4.0,964982703\n1,2,2.5,964981247\n"
        "2,1,5.0,964982224\n2,3,4.5,964983815\n"
    )
    tags = "userId,movieId,tag,timestamp\n2,3,funny,1445714994\n1,2,dark,1445714996\n"
    files = {"movies.csv": movies, "ratings.csv": ratings, "tags.csv": tags}
    triples, _, text = built(tmp_path, files)
    assert {"Toy Example (1995) genre animation", "Toy Example (1995) genre comedy"} <= {
        t.replace("Animation", "animation").replace("Comedy", "comedy") for t in triples
    }
    assert positives(tmp_path) == 3
    assert "threshold = 4" in text and 'time = "timestamp"' in text
    assert any(t.endswith("tag funny") for t in triples)


def test_listens_of_listenbrainz(tmp_path):
    def listen(user, at, track, recording, artist, mbid):
        mapping = {
            "recording_mbid": recording,
            "artist_mbids": [mbid],
            "artists": [{"artist_mbid": mbid, "artist_credit_name": artist}],
        }
        names = {"track_name": track, "artist_name": artist, "release_name": "Night"}
        return json.dumps(
            {
                "user_name": user,
                "listened_at": at,
                "track_metadata": {**names, "mbid_mapping": mapping},
            }
        )

    r1, r2 = (f"{n * 8}-2222-4222-8222-222222222222" for n in "de")
    lines = [
        listen("ann", 1600000000, "Moon Song", r1, "Ann Example", A),
        listen("ann", 1600000300, "Moon Song", r1, "Ann Example", A),
        listen("bob", 1600000600, "Rain", r2, "Bob Sample", B),
        listen("bob", 1600000900, "Moon Song", r1, "Ann Example", A),
    ]
    triples, items, text = built(tmp_path, {"listens.jsonl": "\n".join(lines) + "\n"})
    assert {"Moon Song performer Ann Example", "Rain performer Bob Sample"} <= triples
    assert "Moon Song onAlbum Night" in triples
    assert sorted(items["name"]) == ["Moon Song", "Rain"]
    assert positives(tmp_path) == 3
    assert 'time = "listened_at"' in text and 'weight = "@count"' in text


def test_plays_without_a_heading_beside_a_table_of_artists(tmp_path):
    plays = "ann,Portishead,120\nann,Massive Attack,33\nbob,Portishead,4\nbob,Slayer,250\n"
    artists = (
        "artist\tstyles\tcountry\tmbid\n"
        f"Portishead\ttrip hop; downtempo\tGB\t{A}\nMassive Attack\ttrip hop\tGB\t{B}\n"
        f"Slayer\tthrash metal; metal\tUS\t{C}\n"
    )
    files = {"lastfm_export.csv": plays, "artists.tsv": artists}
    triples, items, text = built(tmp_path, files)
    assert sorted(items["name"]) == ["Massive Attack", "Portishead", "Slayer"]
    assert positives(tmp_path) == 4
    assert {t.casefold() for t in triples} >= {
        "portishead genre downtempo", "slayer genre thrash metal", "slayer country united states",
    }  # fmt: skip
    assert "header = false" in text and 'weight = "column3"' in text
    assert 'external_ids = { mbid = "musicbrainz" }' in text


def test_plays_alone_say_that_there_is_no_graph_yet(tmp_path, capsys):
    files = write(tmp_path, {"plays.csv": "ann,Portishead,120\nbob,Slayer,33\nbob,Low,4\n"})
    recipe = tmp_path / "plays.toml"
    new_recipe_command(files, out=recipe)
    assert "no column links two things" in recipe.read_text()
    assert "no column links two things" in capsys.readouterr().out
    assert load_recipe(recipe).interactions[0].item == "column2"


def test_scrobbles_without_heading_or_user(tmp_path):
    plays = (
        "Ann Example,Night,Moon Song,05 Jan 2020 12:33\nAnn Example,Night,Harvest,"
        "05 Jan 2020 12:37\nBob Sample,Weather,Rain,15 Jan 2020 10:00\n"
    )
    triples, items, text = built(tmp_path, {"scrobbles.csv": plays})
    assert sorted(items["name"]) == ["Ann Example", "Bob Sample"]
    assert any(t == "Moon Song performer Ann Example" for t in triples)
    assert 'user = { value = "me" }' in text


def test_catalogue_of_a_label_in_german(tmp_path):
    catalogue = (
        "Katalognr;Interpret;Titel;Genre;Land;Erscheinungsdatum;Plattenfirma;Preis\n"
        "X01;Ann Example;Nacht;Folk, Dream Pop;DE;13.04.1999;Kleine Platten;12,50\n"
        "X02;Bob Sample;Wetter;Rock, Folk;AT;02.05.2003;Kleine Platten;9,90\n"
        "X03;Ann Example;Tag;Folk;DE;01.02.2005;Kleine Platten;11,00\n"
    )
    triples, items, text = built(tmp_path, {"katalog.csv": catalogue})
    assert {
        "Nacht performer Ann Example", "Nacht releaseDate 1999-04-13",
        "Wetter releaseDate 2003-05-02", "Wetter recordLabel Kleine Platten",
        "Wetter country Austria",
    } <= triples  # fmt: skip
    assert {t.casefold() for t in triples} >= {"nacht genre dream pop", "wetter genre rock"}
    assert sorted(items["name"]) == ["Nacht", "Tag", "Wetter"]
    assert 'decimal = ","' in text and "day_first = true" in text and '"Preis"' in text


def test_collection_as_exported_by_discogs(tmp_path):
    collection = (
        "Catalog#,Artist,Title,Label,Format,Rating,Released,release_id,CollectionFolder,"
        "Date Added,Collection Media Condition\n"
        'CAT 1,Ann Example,Night,Small Records,"LP, Album",,1999,249504,Uncategorized,'
        "2020-01-05 12:00:00,Mint (M)\n"
        'CAT 7,Bob Sample,Weather,Other Records,"CD, Album",,2003,249507,Uncategorized,'
        "2020-01-06 12:00:00,Mint (M)\n"
    )
    triples, items, _ = built(tmp_path, {"collection.csv": collection})
    assert {
        "Night performer Ann Example", "Night recordLabel Small Records",
        "Weather releaseDate 2003",
    } <= triples  # fmt: skip
    assert sorted(items["name"]) == ["Night", "Weather"]


def test_streaming_history_in_several_files(tmp_path):
    def play(artist, track, heard):
        return {
            "endTime": "2023-01-05 12:33", "artistName": artist, "trackName": track,
            "msPlayed": heard,
        }  # fmt: skip

    first = [play("Ann Example", "Moon Song", 200000), play("Ann Example", "Harvest", 1000)]
    second = [play("Bob Sample", "Rain", 180000), play("Ann Example", "Moon Song", 190000)]
    files = {
        "StreamingHistory0.json": json.dumps(first),
        "StreamingHistory1.json": json.dumps(second),
    }
    triples, items, text = built(tmp_path, files)
    assert {"Moon Song performer Ann Example", "Rain performer Bob Sample"} <= triples
    assert sorted(items["name"]) == ["Ann Example", "Bob Sample"]
    assert 'path = "StreamingHistory*.json"' in text and "min = 30000" in text


@pytest.mark.parametrize("names", [("plays [2023].csv",), ("plays [1].csv", "plays [2].csv")])
def test_brackets_in_names_of_files_and_folders_are_no_patterns(tmp_path, names):
    (tmp_path / "raw/my [old] music").mkdir(parents=True)
    plays = {f"my [old] music/{n}": "user,song,plays\nann,s1,4\nbob,s2,1\n" for n in names}
    songs = "song,title,genre\ns1,Roads,trip hop\ns2,Angel,rock\n"
    files = write(tmp_path / "raw", {"my [old] music/songs [v2].csv": songs, **plays})
    text = "Kim Deal was born in Dayton, Ohio, in 1961. She is a member of the band Pixies.\n"
    files += write(tmp_path / "raw", {"my [old] music/Kim Deal.txt": text})
    new_recipe_command(files, out=tmp_path / "mine.toml", raw=tmp_path / "raw")
    build(str(tmp_path / "mine.toml"), raw=tmp_path / "raw", out=tmp_path / "out")
    assert positives(tmp_path) == 2
    assert "Dayton" in (tmp_path / "out/kg.ttl").read_text(encoding="utf-8")


def test_extended_streaming_history(tmp_path):
    rows = [
        {
            "ts": f"2023-01-05T12:3{n}:00Z", "username": "ann", "platform": "web",
            "ms_played": 200000, "conn_country": "DE", "ip_addr": "127.0.0.1",
            "master_metadata_track_name": track,
            "master_metadata_album_artist_name": artist,
            "master_metadata_album_album_name": album,
            "spotify_track_uri": f"spotify:track:{track[:4]}", "episode_name": None,
        }
        for n, (track, artist, album) in enumerate(
            [("Moon Song", "Ann Example", "Night"), ("Rain", "Bob Sample", "Weather")] * 2
        )
    ]  # fmt: skip
    files = {"Streaming_History_Audio_2023.json": json.dumps(rows)}
    triples, items, _ = built(tmp_path, files)
    assert {"Moon Song performer Ann Example", "Rain onAlbum Weather"} <= triples
    assert not any("country" in t for t in triples)
    assert sorted(items["name"]) == ["Moon Song", "Rain"]


def test_an_answer_with_one_record(tmp_path):
    artist = {"name": "Ann Example", "mbid": A, "image": [{"#text": "", "size": "small"}] * 3}
    files = write(tmp_path, {"artist.json": json.dumps({"artist": {**artist, "genre": "folk"}})})
    text = new_recipe(files, tmp_path, "one")
    assert 'rows = "artist"' in text and 'name = "name"' in text and "genre = {" in text


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("userID", ("user", "id")),
        ("Künstler", ("artist", "")),
        ("nombre_artista", ("artist", "name")),
        ("título", ("", "name")),
        ("жанр", ("genre", "")),
        ("artmbid", ("artist", "mbid")),
        ("país", ("country", "")),
        ("アーティスト", ("artist", "")),
        ("similar.artist.name", ("similar", "name")),
        ("stats.listeners", ("", "other")),
        ("track_metadata.additional_info.tracknumber", ("song", "tracknumber")),
        ("mbid_mapping.artists.artist_credit_name", ("artist", "name")),
        ("aliases.name", ("", "alias")),
        ("aliases.type-id", ("", "other")),
        ("area.id", ("", "other")),
        ("begin-area.name", ("city", "name")),
        ("relations.url.resource", ("", "")),
        ("identification.creator[@type=lyricist].#text", ("writer", "")),
        ("work.work-title", ("", "name")),
        ("bandLabel.xml:lang", ("", "other")),
    ],
)
def test_names_of_columns_in_several_languages(name, expected):
    assert meaning(name) == expected


def test_an_existing_recipe_is_kept_without_force(tmp_path):
    files = write(tmp_path, {"a.csv": "name,genre\nAnn,folk\nBob,rock\n"})
    recipe = tmp_path / "a.toml"
    recipe.write_text("mine")
    with pytest.raises(DataError, match="--force"):
        new_recipe_command(files, out=recipe)
    assert recipe.read_text() == "mine"
    new_recipe_command(files, out=recipe, force=True)
    assert load_recipe(recipe).sources


def test_files_in_which_nothing_is_recognised(tmp_path):
    files = write(tmp_path, {"weather.csv": "humidity,pressure\n1,2\n3,4\n"})
    with pytest.raises(DataError, match=r"no column was recognised.*humidity, pressure"):
        new_recipe(files, tmp_path, "weather")


def test_a_file_without_rows_is_named(tmp_path):
    files = write(tmp_path, {"songs.csv": "id,title,artist\n"})
    with pytest.raises(DataError, match=r"songs\.csv: it has no row below"):
        new_recipe(files, tmp_path, "mine")


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_name_that_the_heading_repeats_is_told_of_and_counted(tmp_path, separator):
    songs = "id,title,artist,artist\n1,Rain,Ann,Bob\n2,Sun,Cy,Dora\n".replace(",", separator)
    triples, _, text = built(tmp_path, {"songs.csv": songs})
    assert "header" not in text
    assert "the heading names several columns 'artist': 'artist' is the first one, " in text
    assert '"artist.2"' in text.split("left out")[1]
    assert {"Rain performer Ann", "Sun performer Cy"} <= triples
    told = [path.read_bytes() for path in (tmp_path / "out").rglob("*.json")]
    assert any(
        b"columns whose name 'artist' another one has, read as 'artist.2'" in t for t in told
    )


def test_a_name_that_the_heading_of_a_sheet_repeats_is_told_of(tmp_path):
    columns = ["id", "title", "artist", "artist"]
    rows = [["1", "Rain", "Ann", "Bob"], ["2", "Sun", "Cy", "Dora"]]
    pd.DataFrame(rows, columns=columns).to_excel(tmp_path / "songs.xlsx", index=False)
    text = new_recipe([tmp_path / "songs.xlsx"], tmp_path, "mine")
    assert "the heading names several columns 'artist': 'artist' is the first one, " in text


@pytest.mark.parametrize("names", ["user,song,song,at", "user,at,song,song", "user,song,at,at"])
def test_a_log_whose_heading_repeats_a_name_is_read_by_the_first(tmp_path, names):
    rows = "".join(f"u{n % 3},2024-01-0{n % 9 + 1},Song {n % 4},x{n % 5}\n" for n in range(30))
    order = {"user,song,song,at": (0, 2, 3, 1), "user,at,song,song": (0, 1, 2, 3)}
    cells = [row.split(",") for row in rows.splitlines()]
    places = order.get(names, (0, 2, 1, 1))
    log = "".join(",".join(row[place] for place in places) + "\n" for row in cells)
    files = write(tmp_path, {"plays.csv": f"{names}\n{log}"})
    text = new_recipe(files, tmp_path, "mine")
    assert 'item = "song"' in text
    assert "header" not in text
    assert text.count("# the heading names several columns") >= 1


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(DataError, match="a folder, not a file"):
        new_recipe([tmp_path], tmp_path, "mine")


def test_hostile_names_of_columns_stay_in_their_comment(tmp_path):
    files = write(tmp_path, {"a.csv": 'name,"x\nname = 1 # ""\\",genre\nAnn,1,folk\nBob,2,rock\n'})
    recipe = tmp_path / "b.toml"
    new_recipe_command(files, out=recipe)
    assert load_recipe(recipe).name == "b"


def test_commas_between_thousands_of_plays_are_declared_in_the_recipe(tmp_path):
    plays = "".join(f'u{n % 5};Band {n % 7};"{n + 1},{200 + n}"\n' for n in range(35))
    artists = "name;genre\n" + "".join(f"Band {n};rock\n" for n in range(7))
    _, items, recipe = built(
        tmp_path, {"plays.csv": "user;artist;plays\n" + plays, "artists.csv": artists}
    )
    assert "decimal = \".\"  # numbers such as 1,200 in 'plays'" in recipe
    assert len(items) == 7
    assert positives(tmp_path) == 35


def test_memberships_and_awards_are_facts_with_dates(tmp_path):
    members = (
        "person,band,from,to,plays\nKim Oak,Leaves,1986,1993,bass guitar\n"
        "Kim Oak,Leaves,2004,2013,bass guitar;vocals\n"
    )
    awards = "artist,award,year\nLeaves,Fine Prize,2009\nStones,Nice Award,1994\n"
    triples, _, text = built(tmp_path, {"members.csv": members, "awards.csv": awards})
    assert {
        "Kim Oak, member of Leaves (2004–2013) instrument vocals",
        "Kim Oak, member of Leaves (1986–1993) endDate 1993",
        "Kim Oak memberOf Leaves", "Leaves, Fine Prize (2009) eventDate 2009",
        "Leaves award Fine Prize",
    } <= triples  # fmt: skip
    assert "Kim Oak, member of Leaves (1986–1993) instrument vocals" not in triples
    assert not any(told.startswith(("Leaves beginDate", "Kim Oak beginDate")) for told in triples)
    assert "Columns that are left out" not in text


def test_ids_of_members_are_no_names_and_what_members_play_is_not_the_bands(tmp_path):
    ids = "band_id,person_id,joined\n1,17,1990\n2,18,1991\n"
    member = {"name": "Kim Oak", "from": 1986, "instruments": ["bass"]}
    rows = [
        {"artist": artist, "genre": "pop", "members": [{**member, "name": name}]}
        for artist, name in (("Leaves", "Kim Oak"), ("Stones", "Ben Ash"))
    ]
    bands = "\n".join(map(json.dumps, rows))
    triples, _, text = built(tmp_path, {"band_members.csv": ids, "bands.jsonl": bands})
    assert "Kim Oak memberOf Leaves" in triples
    assert not any("instrument" in told or "beginDate" in told for told in triples)
    assert text.count("members.csv, ") == 3


def test_a_column_that_shares_its_values_with_ids_refers_to_them(tmp_path):
    releases = "id,title,artist\nr1,Leaf (LP),Ida\nr2,Leaf (CD),Ida\n"
    tracks = "track_id,title,release,number\nt1,One,r1,1\nt2,One,r2,1\nt3,Two,r2,2\n"
    _, _, text = built(tmp_path, {"albums.csv": releases, "tracks.csv": tracks})
    assert 'release = { predicate = "onAlbum", ref = "albums" }' in text


@pytest.mark.parametrize(
    ("heading", "row", "predicate", "value"),
    [
        ("id,nom,date de décès,pays", "f1,Ann,1963,France", "endDate", "1963"),
        ("id,nombre,fecha_fin,pais", "f1,Ann,1963,Francia", "endDate", "1963"),
        ("id,nome,data de fim,pais", "f1,Ann,1963,França", "endDate", "1963"),
        ("id,name,Todesjahr,Land", "f1,Ann,1963,Frankreich", "endDate", "1963"),
        ("id,nome,data di morte,paese", "f1,Ann,1963,Francia", "endDate", "1963"),
        ("id,name,einddatum,land", "f1,Ann,1963,Frankrijk", "endDate", "1963"),
        ("id,nom,jusqu'à,pays", "f1,Ann,1963,France", "endDate", "1963"),
        ("id,nom,date de début,pays", "f1,Ann,1915,France", "beginDate", "1915"),
        ("id,nome,data_inizio,paese", "f1,Ann,1915,Francia", "beginDate", "1915"),
        ("id,nombre,fecha_inicio,pais", "f1,Ann,1915,Francia", "beginDate", "1915"),
        ("id,name,Beginn,Land", "f1,Ann,1915,Frankreich", "beginDate", "1915"),
        ("id,nom,lieu de naissance", "f1,Ann,Paris", "origin", "Paris"),
        ("id,nombre,lugar_nacimiento", "f1,Ann,Paris", "origin", "Paris"),
        ("id,name,Geburtsort", "f1,Ann,Paris", "origin", "Paris"),
        ("id,name,place of birth", "f1,Ann,Paris", "origin", "Paris"),
        ("id,nom,maison de disques,pays", "f1,Ann,Columbia,France", "recordLabel", "Columbia"),
        ("id,name,casă de discuri,country", "f1,Ann,Columbia,France", "recordLabel", "Columbia"),
        ("id,name,levy-yhtiö,country", "f1,Ann,Columbia,France", "recordLabel", "Columbia"),
        ("id,name,レーベル,国", "f1,Ann,Columbia,France", "recordLabel", "Columbia"),
    ],
)  # fmt: skip
def test_columns_of_artists_in_several_languages(tmp_path, heading, row, predicate, value):
    other = row.replace("f1", "f2").replace("Ann", "Bo")
    triples, _, _ = built(tmp_path, {"artists.csv": f"{heading}\n{row}\n{other}\n"})
    assert f"Ann {predicate} {value}" in triples
    dates = {told for told in triples if told.startswith("Ann ") and "Date " in told}
    assert dates <= {f"Ann {predicate} {value}"}


@pytest.mark.parametrize("key", ["identifiant", "code", "código", "code artiste", "Kennung"])
def test_codes_of_rows_are_ids_that_other_files_refer_to(tmp_path, key):
    artists = f"{key},nom,pays\nf1,Air,France\nf2,Barbara,France\n"
    albums = "identifiant,titre,artiste,durée\nd1,Low,f1,43:30\nd2,High,f2,41:00\n"
    triples, _, _ = built(tmp_path, {"artistes.csv": artists, "albums.csv": albums})
    assert {"Low performer Air", "High performer Barbara"} <= triples


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("country_code", ("country", "")),
        ("language code", ("language", "")),
        ("genre_code", ("genre", "")),
        ("zip code", ("", "")),
        ("debut_album", ("album", "")),
        ("lieu de décès", ("", "other")),
    ],
)
def test_other_codes_and_places_are_no_ids_or_dates(name, expected):
    assert meaning(name) == expected


@pytest.mark.parametrize(
    ("kind", "type_"),
    [
        *((one, "SoloArtist") for one in ("Solokünstlerin", "Solist", "Sänger", "vocalist")),
        *((one, "SoloArtist") for one in ("solista", "Soliste", "artiste solo", "Musiker")),
        *((one, "Band") for one in ("Gruppe", "grupo", "groupe", "banda", "conjunto")),
    ],
)
def test_kinds_of_artists_in_several_languages(tmp_path, kind, type_):
    artists = f"id;name;Typ;country\n1;Ann;{kind};DE\n2;Bo;unknown;DE\n"
    triples, _, _ = built(tmp_path, {"artists.csv": artists})
    assert f"Ann type https://w3id.org/musickg/ontology#{type_}" in triples


@pytest.mark.parametrize(
    "country",
    [
        *("Großbritannien", "Grande-Bretagne", "Gran Bretaña", "Gran Bretagna", "Schottland"),
        *("Engeland", "Angleterre", "Inglaterra", "EE.UU.", "EE. UU."),
    ],
)
def test_countries_in_several_languages(tmp_path, country):
    artists = f"id;name;country\n1;Ann;{country}\n2;Bo;France\n"
    triples, _, _ = built(tmp_path, {"artists.csv": artists})
    expected = "United States" if country.startswith("EE") else "United Kingdom"
    assert f"Ann country {expected}" in triples


def test_rows_with_ids_that_differ_are_different_things(tmp_path):
    albums = "album_id,title,artist,year\nA1,Peter Gabriel,Peter Gabriel,1977\n"
    albums += "A2,Peter Gabriel,Peter Gabriel,1978\nA3,Dummy,Portishead,1994\n"
    files = write(tmp_path, {"albums.csv": albums})
    text = new_recipe(files, tmp_path, "my.shop")
    assert '\n[traits."my.shop"]\nclean = true\n' in text
    recipe = tmp_path / "mine.toml"
    recipe.write_text(text)
    assert load_recipe(recipe).traits["my.shop"].clean


SHOP = "id,title,artist,album,year,length\ns1,Rain,Ann,Wet,1999,3:20\ns2,Sun,Bo,Dry,2001,2:10\n"


@pytest.mark.parametrize(
    "row",
    ["s3,rain,Ann,Wet,1999,3:20", "s3,Rain!,Ann,,,", "s3,Rain,Ann,Wet (Deluxe),2009,3:21"],
)
def test_rows_that_may_repeat_each_other_are_merged(tmp_path, row):
    """A song is on several albums, with a date each; its performer and length are the same."""
    text = new_recipe(write(tmp_path, {"songs.csv": f"{SHOP}{row}\n"}), tmp_path, "my.shop")
    assert "# 1 of 3 rows looks like another one: s1 and s3, 'R" in text.replace("'r", "'R")
    assert '[traits."my.shop"]\nclean = false\n' in text


@pytest.mark.parametrize(
    "row",
    ["s3,Rain,Bo,Wet,1999,3:20", "s3,Rain,Ann,Live,2009,5:00", "s3,Rain,,Dry,2001,", "s3,Fog,,,,"],
)
def test_namesakes_with_values_that_differ_stay_apart(tmp_path, row):
    text = new_recipe(write(tmp_path, {"songs.csv": f"{SHOP}{row}\n"}), tmp_path, "my.shop")
    assert "no two of one name agree" in text
    assert '[traits."my.shop"]\nclean = true\n' in text


def test_few_rows_that_look_alike_are_taken_for_namesakes(tmp_path):
    rows = "".join(f"{n},Artist {n},{1900 + n}\n" for n in range(99))
    rows = f"id,name,formed\n{rows}x,Artist 7,\n"
    text = new_recipe(write(tmp_path, {"artists.csv": rows}), tmp_path, "mine")
    comment = text.replace("\n# ", " ")
    assert "1 of 100 rows looks like another one: 7 and x, 'Artist 7'. So few are taken" in comment
    assert "[traits.mine]\nclean = true\n" in text
    rows += "y,Artist 7,\nz,Artist 8,\n"
    text = new_recipe(write(tmp_path, {"artists.csv": rows}), tmp_path, "mine")
    assert "[traits.mine]\nclean = false\n" in text


def test_ids_in_several_rows_are_a_reason_to_merge(tmp_path):
    files = {
        "songs.csv": f"{SHOP}s1,Fog,Di,Dim,2002,1:00\n",
        "artists.csv": "id,name\n1,Ann\n2,Bo\n",
    }
    text = new_recipe(write(tmp_path, files), tmp_path, "mine")
    assert "# 1 row repeats an id in 'id'. So rows" in text
    assert "[traits.mine]\nclean = false\n" in text


def test_names_of_tags_do_not_count_as_namesakes(tmp_path):
    """Tags of one name are one tag, whatever their ids."""
    files = {"artists.csv": "id,name\n1,Ann\n2,Bo\n", "tags.csv": "tag_id,tag\n1,80s\n2,80's\n"}
    text = new_recipe(write(tmp_path, files), tmp_path, "mine")
    assert "[traits.mine]\nclean = true\n" in text


def test_every_catalogue_is_a_source(tmp_path):
    """Namesakes with ids of their own are told apart by each."""
    files = {
        "a/artists.csv": "id,name,country\na1,Nirvana,US\na2,Nirvana,UK\na3,Blur,UK\n",
        "b/artists.csv": "id,band,country\nb1,Nirvana,US\nb2,Nirvana,UK\nb3,Pulp,UK\n",
        "songs.csv": "song_id,title,artist_id\n1,Lithium,a1\n2,Rainbow Chaser,a2\n3,Parklife,a3\n",
        "plays.csv": "user,song_id\nu1,1\nu1,2\nu2,3\nu2,1\n",
    }
    for name in files:
        (tmp_path / name).parent.mkdir(exist_ok=True)
    recipe_file = tmp_path / "mine.toml"
    recipe_file.write_text(new_recipe(write(tmp_path, files), tmp_path, "mine"))
    recipe = load_recipe(recipe_file)
    assert {source.name: list(source.tables) for source in recipe.sources} == {
        "artists": ["artists", "songs"],
        "artists-2": ["artists2"],
    }
    assert all(recipe.traits[source.name].clean for source in recipe.sources)
    assert recipe.interactions[0].records == "artists/songs"
    build(str(recipe_file), raw=tmp_path, out=tmp_path / "out")
    artists = pd.read_parquet(tmp_path / "out" / "links.parquet").set_index("subject")["object"]
    assert artists["artists/artists/a1"] == artists["artists-2/b1"] != artists["artists-2/b2"]


def test_a_list_without_ids_is_no_part_of_a_catalogue(tmp_path):
    files = {
        "artists.csv": "id,name,country\na1,Nirvana,US\na2,Nirvana,UK\n",
        "bands.csv": "band,genre\nNirvana,grunge\nPulp,pop\n",
    }
    text = new_recipe(write(tmp_path, files), tmp_path, "mine")
    recipe = tomllib.loads(text)
    assert [source["name"] for source in recipe["sources"]] == ["artists", "bands"]
    assert recipe["traits"] == {"artists": {"clean": True}}


@pytest.mark.parametrize("heading", ["id,title,artist,year,", "id,title,artist,year"])
def test_a_separator_at_the_end_of_each_line_makes_no_column(tmp_path, heading):
    rows = "s1,Roads,Portishead,1994,\ns2,Angel,Massive Attack,1998,\n"
    text = new_recipe(write(tmp_path, {"s.csv": f"{heading}\n{rows}"}), tmp_path, "mine")
    (table,) = tomllib.loads(text)["sources"][0]["tables"].values()
    assert (table["id"], table["name"], [*table["columns"]]) == ("id", "title", ["artist", "year"])
    assert "header" not in table


SONGS = "id,title,artist\ns1,Roads,Portishead\ns2,Angel,Massive Attack\n"


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("empty.csv", "", "it is empty"),
        ("blank.jsonl", "\n \n", "it is empty"),
        ("head.csv", "id,title\n", "it has no row below its heading"),
        ("none.json", "[]", "it has no objects with values"),
        ("r.xml", "<r><a><b>1</b></a><a><b>2</b></a></r>", "none of its elements has a name"),
        ("early.xml", "<r><a>R&B</a><a><name>x</name></a></r>", "broken XML in line 1"),
        ("odd.csv", "foo;bar\n1;2\n3;4\n", "the recipe uses none of its columns"),
        ("odd.json", '[{"x": {"y": 1}}]', "the recipe uses none of its columns"),
    ],
)
def test_a_file_that_is_not_read_is_named_with_the_reason(tmp_path, capfd, name, text, why):
    files = write(tmp_path, {"songs.csv": SONGS, name: text})
    new_recipe_command(files, out=tmp_path / "mine.toml")
    recipe = (tmp_path / "mine.toml").read_text(encoding="utf-8")
    told = recipe.partition("# Files that are not read, or only in part:\n")[2]
    assert f"#   {name}: {why}" in told
    assert f"warning: {name}: {why}" in capfd.readouterr().err


@pytest.mark.parametrize("separator", [",", "\t"])
def test_a_line_with_a_zero_byte_is_a_reject_as_in_a_build(tmp_path, capfd, separator):
    rows = [f"s{n},Song {chr(65 + n)},Artist {n % 3},rock" for n in range(12)]
    rows[6] = rows[6].replace("Song", "So\0ng")
    text = "\n".join(["song_id,title,artist,genre", *rows]).replace(",", separator)
    plays = "user,song_id,plays\n" + "".join(f"u{n % 4},s{n % 6},3\n" for n in range(20))
    _, items, recipe = built(tmp_path, {"songs.csv": text, "plays.csv": plays})
    told = "songs.csv: zero bytes in 1 line looked at (8): rejects"
    assert f"#   {told}" in recipe and f"warning: {told}" in capfd.readouterr().err
    assert len(items) == 6


@pytest.mark.parametrize(
    ("content", "remedy"),
    [
        (b"PK\3\4songs.csv" + bytes(9), "unpack it"), (b"Rar!\x1a\7", "unpack it"),
        (bytes(257) + b"ustar" + bytes(250), "unpack it"), (bytes(range(9)) * 99, "save it as"),
        ("id,title,artist\n1,Roads,Ann\n".encode("utf-16-le"), "save it as"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_text_is_an_error_with_a_remedy(tmp_path, content, remedy):
    (tmp_path / "songs.bin").write_bytes(content)
    with pytest.raises(DataError, match=f"songs.bin: neither text nor .*{remedy}"):
        new_recipe([tmp_path / "songs.bin"], tmp_path, "x")


def test_tables_of_parquet_and_sqlite_without_rows_are_named(tmp_path):
    pd.DataFrame({"id": [], "title": []}).to_parquet(tmp_path / "e.parquet")
    with sqlite3.connect(tmp_path / "shop.db") as shop:
        shop.execute("CREATE TABLE songs (id TEXT, title TEXT, artist TEXT)")
        shop.execute("INSERT INTO songs VALUES ('s1', 'Roads', 'Portishead')")
        shop.execute("CREATE TABLE albums (id TEXT, title TEXT)")
    warnings: list[str] = []
    files = [tmp_path / "e.parquet", tmp_path / "shop.db"]
    new_recipe(files, tmp_path, "x", warn=warnings.append)
    assert warnings == ["e.parquet: it has no rows", "shop.db, table albums: it has no rows"]


@pytest.mark.parametrize("packed", [False, True])
def test_rows_before_broken_xml_are_in_the_recipe_and_the_break_is_told(tmp_path, packed):
    row = "<track id='{n}'><title>Song {n}</title><artist>R{and_}B {n}</artist></track>\n"
    rows = "".join(row.format(n=n, and_="&" if n == 7 else "-") for n in range(12))
    content = f"<catalog>{rows}</catalog>".encode()
    file = tmp_path / ("shop.xml.gz" if packed else "shop.xml")
    file.write_bytes(gzip.compress(content) if packed else content)
    warnings: list[str] = []
    text = new_recipe([file], tmp_path, "x", warn=warnings.append)
    assert 'rows = "catalog.track"' in text
    (warning,) = warnings
    assert warning.startswith(f"{file.name}: broken XML in line 8 (")


def test_alone_a_file_without_rows_is_an_error_with_the_reason(tmp_path):
    files = write(tmp_path, {"r.xml": "<r><a><b>1</b></a></r>", "e.csv": ""})
    with pytest.raises(DataError, match=r"r\.xml: none of its elements .*; e\.csv: it is empty"):
        new_recipe(files, tmp_path, "x")
