"""Columns beside references: names that repeat them, and what is of an artist, not of an album."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest

from kg_builder.extraction.tabular.typed_cells import follow
from pipeline.new_recipe.command import new_recipe
from tests.pipeline.test_new_recipe import built, write
from tests.pipeline.test_new_recipe_of_public_files import guessed, predicates, tables

ARTISTS = "id,name,country\nK1,Nirvana,US\nK2,Nirvana,GB\nK3,Portishead,GB\n"
ALBUMS = (
    "album_id,title,artist,artist_id,release_date,genre\n"
    "A1,Nevermind,Nirvana,K1,1991-09-24,grunge\nA2,In Utero,Nirvana,K1,1993-09-21,grunge\n"
    "A3,All of Us,Nirvana,K2,1968-05-01,psychedelic pop\nA4,Dummy,Portishead,K3,1994-08-22,pop\n"
)


def left_out(recipe_text: str) -> dict[str, str]:
    """The comments on columns that are left out, by their names."""
    lines = recipe_text.partition("# Columns that are left out:\n")[2].splitlines()
    return {line.split('"')[1]: line.partition(": ")[2] for line in lines}


def test_a_name_beside_an_id_is_no_second_performer(tmp_path):
    triples, _, text = built(tmp_path, {"artists.csv": ARTISTS, "albums.csv": ALBUMS})
    assert sum(told.startswith("Nevermind performer") for told in triples) == 1
    assert left_out(text) == {
        "artist": "repeats 'artist_id': the names of the rows of table 'artists'"
    }
    graph = (tmp_path / "out/kg.ttl").read_text(encoding="utf-8")
    assert graph.count('rdfs:label "Nirvana"') == 2


@pytest.mark.parametrize("heading", ["artist", "Band", "performer_name", "Künstler"])
def test_any_name_of_the_column_will_do(tmp_path, heading):
    albums = ALBUMS.replace("artist,", f"{heading},", 1)
    recipe = guessed(tmp_path, {"artists.csv": ARTISTS, "albums.csv": albums})
    assert (
        "performer"
        not in predicates(
            {
                "columns": {
                    heading: tables(recipe)["albums"]["columns"].get(heading, {"predicate": ""})
                }
            }
        ).values()
    )


@pytest.mark.parametrize(
    ("kind", "file"), [("label", "labels.csv"), ("genre", "genres.csv"), ("artist", "artists.csv")]
)
def test_repeated_names_of_rows_of_other_tables(tmp_path, kind, file):
    other = "id,name\nx1,Alpha\nx2,Beta\nx3,Beta\n"
    songs = f"id,title,{kind}_id,{kind}\ns1,One,x1,Alpha\ns2,Two,x2,Beta\ns3,Three,x3,Beta\n"
    recipe = guessed(tmp_path, {file: other, "songs.csv": songs})
    columns = tables(recipe)["songs"]["columns"]
    assert columns == {f"{kind}_id": {**columns[f"{kind}_id"], "ref": f"{kind}s"}}


def test_repeated_names_of_albums_and_of_composers(tmp_path):
    albums = "id,title\nx1,Alpha\nx2,Beta\n"
    artists = "id,name\na1,Ann\na2,Bo\n"
    songs = (
        "id,title,album_id,album,composer_id,composer\n"
        "s1,One,x1,Alpha,a1,Ann\ns2,Two,x2,Beta,a2,Bo\n"
    )
    files = {"albums.csv": albums, "artists.csv": artists, "songs.csv": songs}
    recipe = guessed(tmp_path, files)
    assert tables(recipe)["songs"]["columns"] == {
        "album_id": {"predicate": "onAlbum", "ref": "albums"},
        "composer_id": {"predicate": "composer", "ref": "artists"},
    }


def test_labels_and_genres_of_artists_are_those_that_their_ids_refer_to(tmp_path):
    labels = "id,name\nx1,Alpha\nx2,Beta\n"
    artists = "id,name,label_id,label\na1,Ann,x1,Alpha\na2,Bo,x2,Beta\n"
    recipe = guessed(tmp_path, {"labels.csv": labels, "artists.csv": artists})
    columns = tables(recipe)["artists"]["columns"]
    assert columns == {"label_id": {"predicate": "recordLabel", "ref": "labels"}}


def test_lists_of_names_beside_lists_of_ids_are_repeated(tmp_path):
    tracks = (
        "id,name,artists,id_artists\n"
        "t1,Rain,\"['Ann', 'Bob']\",\"['a1', 'a2']\"\nt2,Sun,['Ann'],['a1']\n"
    )
    artists = "id,name\na1,Ann\na2,Bob\n"
    recipe = guessed(tmp_path, {"tracks.csv": tracks, "artists.csv": artists})
    assert set(tables(recipe)["songs"]["columns"]) == {"id_artists"}


def test_names_in_another_spelling_are_repeated_too(tmp_path):
    albums = ALBUMS.replace("Nirvana,K2", "Nirvana UK,K2")
    recipe = guessed(tmp_path, {"artists.csv": ARTISTS, "albums.csv": albums})
    assert "artist" not in tables(recipe)["albums"]["columns"]


def test_names_that_tell_more_than_the_ids_are_kept(tmp_path):
    albums = (
        "album_id,title,artist,artist_id\nA1,One,Nirvana,K1\nA2,Two,Nirvana feat. Bo,K1\n"
        "A3,Three,Cleo,\nA4,Four,Dora,\n"
    )
    recipe = guessed(tmp_path, {"artists.csv": ARTISTS, "albums.csv": albums})
    assert set(tables(recipe)["albums"]["columns"]) == {"artist", "artist_id"}


@pytest.mark.parametrize(
    "heading", ["artistCountry", "artist_country", "performer_country", "país del artista"]
)
def test_the_country_of_an_artist_is_not_that_of_the_album(tmp_path, heading):
    albums = f"album_id,title,artist,{heading}\nA1,One,Ann,IS\nA2,Two,Bo,FR\n"
    _, _, text = built(tmp_path, {"albums.csv": albums})
    assert left_out(text) == {heading: "of the artists, not of the albums"}
    assert "country = {" not in text


def test_what_is_told_of_artists_with_ids_in_the_same_rows_is_theirs(tmp_path):
    songs = (
        "song_id,title,artist_id,artist_name,artist_country,artist_genre,artist_born,genre\n"
        "s1,One,a1,Ann,IS,folk,1960,rock\ns2,Two,a2,Bo,FR,jazz,1970,pop\n"
    )
    triples, _, _ = built(tmp_path, {"songs.csv": songs})
    assert {
        "Ann country Iceland", "Ann genre Folk music", "Ann beginDate 1960", "One genre Rock music",
    } <= {t.replace("genre folk", "genre Folk music").replace("genre rock", "genre Rock music")
          for t in triples}  # fmt: skip
    assert not any(told.startswith("One country") for told in triples)


def test_reasons_for_leaving_out_are_true(tmp_path):
    albums = (
        "album_id,title,artist,artist_born,track,first seen,day,other day\n"
        "A1,One,Ann,1960,Song,x9y,22.08.1994,23.08.1994\nA2,Two,Bo,1970,Air,z8q,1.2.1995,2.2.1995\n"
    )
    _, _, text = built(tmp_path, {"albums.csv": albums})
    reasons: dict[str, Any] = left_out(text)
    assert reasons["artist_born"] == "about artists; the rows are albums"
    assert reasons["day"].startswith("dates such as '22.08.1994'")
    assert reasons["first seen"].startswith("texts such as 'x9y'")


def test_ids_are_named_by_the_column_that_they_determine(tmp_path):
    songs = (
        "song_id,title,label,label_id,label_name\n"
        "s1,One,new,x1,Alpha\ns2,Two,old,x1,Alpha\ns3,Three,new,x2,Beta\n"
    )
    recipe = guessed(tmp_path, {"songs.csv": songs})
    assert tables(recipe)["labels"]["name"] == "label_name"


# ------------------------------------------------------------------------------ guests

NAMES = ["Massive Attack", "Nirvana", "Portishead"]
GUESTS = {3: "Alicia Keys", 7: "Tricky", 8: "Nobody"}


def songs_with_guests(guests: dict[int, str], *, single: bool = False) -> list[dict[str, Any]]:
    """Songs by artists with ids, some of them with guests who have none."""
    rows = []
    for n in range(40):
        artists = [{"id": f"K{n % 3 + 1}", "name": NAMES[n % 3]}]
        artists += [{"id": None, "name": guests[n]}] if n in guests else []
        told = artists[-1] if single else artists
        rows.append({"track_id": f"t{n}", "title": f"Song {n}", "artists": told})
    return rows


def xml_of(rows: list[dict[str, Any]]) -> str:
    tracks = [
        f"<track track_id='{row['track_id']}'><title>{row['title']}</title>"
        + "".join(
            f"<artists><id>{one['id'] or ''}</id><name>{one['name']}</name></artists>"
            for one in [row["artists"]] * isinstance(row["artists"], dict) or row["artists"]
        )
        + "<duration>PT3M</duration></track>"
        for row in rows
    ]
    return f"<tracks>{''.join(tracks)}</tracks>"


@pytest.mark.parametrize("single", [False, True])
@pytest.mark.parametrize("form", ["tracks.json", "tracks.jsonl", "tracks.xml"])
def test_guests_without_ids_perform_too(tmp_path, form, single):
    rows = songs_with_guests(GUESTS, single=single)
    if form == "tracks.xml":
        text = xml_of(rows)
    else:
        lines = [json.dumps(row) for row in rows]
        text = "\n".join(lines) if form.endswith("l") else f"[{','.join(lines)}]"
    catalogue = "id,name\n" + "".join(f"K{n},{name}\n" for n, name in enumerate(NAMES, 1))
    triples, _, recipe = built(tmp_path, {"artists.csv": catalogue, form: text})
    told = {triple for triple in triples if " performer " in triple}
    expected = {f"Song {n} performer {name}" for n, name in GUESTS.items()}
    mains = {n for n in range(40) if not single or n not in GUESTS}
    assert told == expected | {f"Song {n} performer {NAMES[n % 3]}" for n in mains}
    assert "3 names without an id, such as 'Alicia Keys'" in recipe


def test_guests_in_parquet_are_read(tmp_path):
    pd.DataFrame(songs_with_guests(GUESTS)).to_parquet(tmp_path / "tracks.parquet")
    (tmp_path / "artists.csv").write_text("id,name\nK1,Massive Attack\nK2,Nirvana\nK3,Portishead\n")
    files = [tmp_path / one for one in ("artists.csv", "tracks.parquet")]
    assert '"artists[id=].name" = { predicate = "performer"' in new_recipe(files, tmp_path, "x")


def test_guests_in_rows_of_cells_perform_too(tmp_path):
    rows = "".join(f"t{n},Song {n},K{n % 3 + 1},{NAMES[n % 3]}\n" for n in range(40))
    files = {
        "artists.csv": "id,name\n" + "".join(f"K{n},{one}\n" for n, one in enumerate(NAMES, 1)),
        "songs.csv": f"id,title,artist_id,artist\n{rows}x,Guested,,Alicia Keys\n",
    }
    triples, _, _ = built(tmp_path, files)
    told = [triple for triple in triples if " performer " in triple]
    assert "Guested performer Alicia Keys" in told
    assert len(told) == 41


def test_guests_beside_namesakes_are_told_in_a_comment(tmp_path):
    rows = "".join(f"t{n},Song {n},K{n % 3 + 1},{['Nirvana', 'Nirvana', 'Air'][n % 3]}\n"
                   for n in range(40))  # fmt: skip
    files = {
        "artists.csv": "id,name\nK1,Nirvana\nK2,Nirvana\nK3,Air\n",
        "songs.csv": f"id,title,artist_id,artist\n{rows}x,Guested,,Alicia Keys\n",
    }
    triples, _, text = built(tmp_path, files)
    assert sum(" performer " in triple for triple in triples) == 40
    assert left_out(text)["artist"].endswith("1 have no id, and are not read: 'Alicia Keys'")


def test_guests_below_the_sampled_rows_are_found(tmp_path):
    rows = songs_with_guests({}) * 75
    rows.append({"track_id": "x", "title": "Guested", "artists": [
        {"id": "K1", "name": NAMES[0]}, {"id": None, "name": "Alicia Keys"}]})  # fmt: skip
    rows = [{**row, "track_id": f"t{n}"} for n, row in enumerate(rows)]
    catalogue = "id,name\n" + "".join(f"K{n},{name}\n" for n, name in enumerate(NAMES, 1))
    text = "\n".join(map(json.dumps, rows))
    files = write(tmp_path, {"artists.csv": catalogue, "tracks.jsonl": text})
    assert "1 names without an id, such as 'Alicia Keys'" in new_recipe(files, tmp_path, "x")


def test_a_path_tells_elements_without_a_value():
    people = [{"id": "1", "n": "a"}, {"id": None, "n": "b"}, {"n": "c"}, {"id": "", "n": "d"}]
    assert [value for _, value in follow(people, "[id=].n")] == ["b", "c", "d"]
    assert [value for _, value in follow(people, "[id=1].n")] == ["a"]


# ------------------------------------------------------------------------------ identifiers

ISRCS = ["GBAYE9400001", "USRC17607839", "FRZ039800212"]
UPCS = ["724384260927", "5099902987620", "0602537518357"]
SPOTIFY = ["3n3Ppam7vgaVFZ84nHeFbJ", "7oK9VyNzrYvRFo7nQEYkWN", "0sNOF9WDwhWunNAHPD3Baj"]


def external(tmp_path, table: str, heading: str, rows: list[str], name: str = "") -> Any:
    """The external ids in the recipe for a table of three rows."""
    text = "\n".join([heading, *(row.replace("#", str(n)) for n, row in enumerate(rows))])
    recipe = guessed(tmp_path, {f"{name or table}.csv": text + "\n"})
    return tables(recipe)[table].get("external_ids", {})


@pytest.mark.parametrize("column", ["isrc", "track_isrc", "isrc_code", "ISRCs", "code", "x"])
def test_isrcs_are_external_ids_by_name_or_by_value(tmp_path, column):
    rows = [f"t#,Song #,Artist #,{isrc}" for isrc in ISRCS]
    found = external(tmp_path, "songs", f"track_id,title,artist,{column}", rows)
    assert found == {column: "isrc"}


def test_isrcs_with_hyphens(tmp_path):
    rows = ["t#,Song #,Ann,GB-AYE-94-00001", "t#,Song #,Ann,us-rc1-76-07839"]
    assert external(tmp_path, "songs", "id,title,artist,isrc", rows) == {"isrc": "isrc"}


def test_ones_own_numbers_are_no_isrcs(tmp_path):
    rows = [f"TRACK000000{n},Song #,Ann" for n in range(3)]
    assert external(tmp_path, "songs", "id,title,artist", rows) == {}


@pytest.mark.parametrize(
    ("table", "heading", "values", "prefix"),
    [
        ("songs", "id,title,artist,iswc", ["T-034.524.680-1", "T-070.237.142-5"], "iswc"),
        ("albums", "id,title,artist,upc", UPCS, "upc"),
        ("albums", "id,title,artist,Barcode", UPCS, "upc"),
        ("albums", "id,title,artist,EAN", UPCS, "upc"),
        ("songs", "id,title,artist,spotify_id", SPOTIFY, "spotify"),
        ("songs", "id,title,artist,uri", [f"spotify:track:{one}" for one in SPOTIFY], "spotify"),
        (
            "songs", "id,title,artist,link",
            [f"https://open.spotify.com/track/{one}" for one in SPOTIFY], "",
        ),
        ("albums", "id,title,artist,discogs_release_id", ["12", "345", "6789"], "discogs"),
        ("songs", "id,title,artist,wikidata", ["Q5", "Q77", "Q12"], "wikidata"),
        ("artists", "id,name,country,isni", ["0000000121268987", "0000000114490036"], "isni"),
    ],
)  # fmt: skip
def test_identifiers_of_every_kind(tmp_path, table, heading, values, prefix):
    rows = [f"k#,Thing #,Ann #,{value}" for value in values]
    assert external(tmp_path, table, heading, rows) == {heading.split(",")[-1]: prefix}


def test_ids_of_spotify_are_external_ids_too(tmp_path):
    rows = [f"{one},Song #,Ann" for one in SPOTIFY]
    assert external(tmp_path, "songs", "id,name,artists", rows, name="tracks") == {"id": "spotify"}


def test_the_isrc_of_a_song_with_an_id_is_no_id_of_the_row(tmp_path):
    rows = "".join(
        f"<track id='T{n}'><title>Song {n}</title><artist>Ann</artist><isrc>{isrc}</isrc></track>"
        for n, isrc in enumerate(ISRCS)
    )
    recipe = guessed(tmp_path, {"shop.xml": f"<catalog>{rows}</catalog>"})
    (songs,) = tables(recipe).values()
    assert (songs["id"], songs["external_ids"]) == ("@id", {"isrc": "isrc"})


def test_two_suppliers_agree_by_isrc(tmp_path):
    ours = "track_id,title,artist,isrc\n" + "".join(
        f"t{n},Song {n},Artist {n},{isrc}\n" for n, isrc in enumerate(ISRCS)
    )
    triples, _, _ = built(tmp_path, {"songs.csv": ours})
    graph = (tmp_path / "out/kg.ttl").read_text(encoding="utf-8")
    assert all(isrc in graph for isrc in ISRCS)
    assert "Song 1 performer Artist 1" in triples


def test_identifiers_of_albums_beside_songs(tmp_path):
    songs = "track_id,title,album_id,album,album_upc\n" + "".join(
        f"t{n},Song {n},A{n % 3},Album {n % 3},{UPCS[n % 3]}\n" for n in range(9)
    )
    recipe = guessed(tmp_path, {"songs.csv": songs})
    assert tables(recipe)["albums"]["external_ids"] == {"album_upc": "upc"}
    assert "external_ids" not in tables(recipe)["songs"]


BOOKS = "isbn,title,author\n0936044504,Roads,Ann\n043094445X,Angel,Bo\n0286250479,Hurt,Cleo\n"
RATINGS = "276001;0936044504;9\n276001;043094445X;7\n276002;0286250479;8\n276002;0936044504;0\n"


@pytest.mark.parametrize("item", ["ISBN", "isbn", "ISBN-13", "book"])
def test_isbns_are_ids_of_books_and_of_the_items_of_ratings(tmp_path, item):
    ratings = f"User-ID;{item};Book-Rating\n{RATINGS}"
    recipe = guessed(tmp_path, {"books.csv": BOOKS, "ratings.csv": ratings})
    (key,) = tables(recipe)
    assert (tables(recipe)[key]["id"], tables(recipe)[key]["name"]) == ("isbn", "title")
    (acts,) = recipe["interactions"]
    assert (acts["user"], acts["item"], acts["threshold"]) == ("User-ID", item, 7)


def test_another_id_of_books_is_preferred_to_their_isbns(tmp_path):
    books = BOOKS.replace("isbn,", "id,isbn,").replace("\n0", "\n1,0", 1)
    books = books.replace("\n043", "\n2,043").replace("\n028", "\n3,028")
    ratings = "user,book_id,rating\nann,1,5\nann,2,3\nbob,3,4\nbob,1,1\n"
    recipe = guessed(tmp_path, {"books.csv": books, "ratings.csv": ratings})
    assert tables(recipe)["books"]["id"] == "id" and len(tables(recipe)) == 1


SONGS = "song_id,title,artist,genre\n" + "".join(
    f"{n},Song {chr(65 + n)},Artist {n % 5},rock\n" for n in range(20)
)


@pytest.mark.parametrize("sign", [".0", ""])
def test_numbers_with_and_without_zero_decimals_are_the_same_ids(tmp_path, sign):
    plays = "user,song_id,plays\n" + "".join(f"u{n % 4},{n}{sign},3\n" for n in range(20))
    songs = SONGS if sign else SONGS.replace(",Song", ".0,Song")
    _, items, text = built(tmp_path, {"songs.csv": songs, "plays.csv": plays})
    assert "songs2" not in text and len(items) == 20


@pytest.mark.parametrize(("known", "share"), [(0, "none"), (2, "only 2")])
def test_ids_of_which_hardly_any_is_shared_are_told(tmp_path, known, share):
    plays = "user,song_id,plays\n" + "".join(
        f"u{n % 4},{n}{'' if n < known else 'x'},3\n" for n in range(20)
    )
    files = write(tmp_path, {"songs.csv": SONGS, "plays.csv": plays})
    warnings: list[str] = []
    text = new_recipe(files, tmp_path, "mine", warn=warnings.append)
    told = f"{share} of the 20 values of 'song_id' looked at are in 'song_id' of songs.csv"
    assert warnings == [f"plays.csv: {told}: the items have none of the facts of the others"]
    assert f"#   {warnings[0]}" in text


@pytest.mark.parametrize(("known", "warned"), [(10, True), (19, False)])
def test_items_that_no_table_describes_are_told(tmp_path, capfd, known, warned):
    plays = "user,song_id,plays\n" + "".join(
        f"u{n % 4},{n if n < known else n + 99},3\n" for n in range(20)
    )
    _, items, text = built(tmp_path, {"songs.csv": SONGS, "plays.csv": plays})
    told = f"{20 - known} of 20 values looked at, such as '{known + 99}', are not in 'song_id'"
    assert told in text and len(items) == known
    assert (told in capfd.readouterr().err) == warned


def test_an_id_of_two_names_is_told_with_its_lines(tmp_path):
    songs = SONGS + '3,"Another\nsong",Bo,rock\n4,Other,Bo,rock\n'
    warnings: list[str] = []
    new_recipe(write(tmp_path, {"songs.csv": songs}), tmp_path, "mine", warn=warnings.append)
    told = "several names for 2 of 20 ids in 'song_id': '3' is 'Song D' in line 5 and "
    assert warnings == [f"songs.csv: {told}'Another\\nsong' in line 22"]


def test_rows_that_repeat_an_id_with_its_name_are_not_told_of(tmp_path):
    songs = SONGS + "3,Song D,Bo,dub\n"
    warnings: list[str] = []
    new_recipe(write(tmp_path, {"songs.csv": songs}), tmp_path, "mine", warn=warnings.append)
    assert not warnings


@pytest.mark.parametrize("sign", [";", "|", ", "])
@pytest.mark.parametrize("several", [1, 4])
def test_several_ids_in_a_cell_are_separated(tmp_path, sign, several):
    artists = "artist_id,name\n" + "".join(f"K{n},Name {n}\n" for n in range(6))
    rows = [(f"t{n}", f"Song {n}", f"K{n}") for n in range(6)]
    rows[:several] = [(id_, title, f'"{key}{sign}K5"') for id_, title, key in rows[:several]]
    songs = "track_id,title,artist_id\n" + "".join(",".join(row) + "\n" for row in rows)
    facts, _, text = built(tmp_path, {"artists.csv": artists, "songs.csv": songs})
    assert f"split = {json.dumps(sign.strip())}" in text or f"split = {json.dumps(sign)}" in text
    assert len([fact for fact in facts if " performer " in fact]) == 6 + several
    assert {"Song 0 performer Name 0", "Song 0 performer Name 5"} <= facts
