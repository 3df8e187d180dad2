"""Files of memberships, awards, editions and texts: `new-recipe` and a build give their facts."""

from __future__ import annotations

import json

import pytest

from tests.pipeline.test_new_recipe import built
from tests.pipeline.test_new_recipe_of_public_files import guessed, predicates, tables

ARTISTS = (
    "artist_id,name,kind\nA1,The Leaves,band\nA2,Stones,band\nA3,Kim Oak,person\n"
    "A4,Ben Ash,person\nA5,Iris,person\n"
)


@pytest.mark.parametrize("last", ["present", "19996", "?"])
def test_an_open_or_a_wrong_end_does_not_leave_out_the_ends(tmp_path, last):
    members = (
        "person,band,from,to,plays\nKim Oak,Leaves,1986,1993,drums\n"
        f"Ben Ash,Leaves,1994,{last},bass guitar\n"
    )
    triples, _, text = built(tmp_path, {"members.csv": members})
    assert {
        "Kim Oak, member of Leaves (1986–1993) endDate 1993",
        "Ben Ash, member of Leaves (1994–) beginDate 1994",
    } <= triples
    assert not any(told.startswith("Ben Ash, member of") and "endDate" in told for told in triples)
    assert "left out" not in text


def test_an_artist_that_goes_on_has_no_end_and_the_column_is_read(tmp_path):
    artists = "name,genre,formed,ended\nLeaves,pop,1990,present\nStones,rock,1991,2001\n"
    triples, _, text = built(tmp_path, {"artists.csv": artists})
    assert "Stones endDate 2001" in triples
    assert not any(told.startswith("Leaves endDate") for told in triples)
    assert "left out" not in text


@pytest.mark.parametrize(
    ("heading", "row", "ends"),
    [
        ("person,band_id,from,to,plays", "Kim Oak,A1,1986,1993,drums", ("person", "band_id")),
        ("band,person_id,from,to,plays", "The Leaves,A3,1986,1993,drums", ("person_id", "band")),
        ("artist_id,member,from,to,plays", "A1,Kim Oak,1986,1993,drums", ("member", "artist_id")),
        (
            "band_id,band_name,member_id,member_name,since,until",
            "A1,Leafs,A3,K. Oak,1986,1993",
            ("member_id", "band_id"),
        ),
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_ends_of_memberships_may_be_ids_of_a_table(tmp_path, heading, row, ends, first):
    files = {"artists.csv": ARTISTS, "members.csv": f"{heading}\n{row}\n"}
    triples, _, text = built(tmp_path, files if first else dict(reversed(files.items())))
    assert {
        "Kim Oak, member of The Leaves (1986–1993) member Kim Oak",
        "Kim Oak, member of The Leaves (1986–1993) group The Leaves",
        "Kim Oak memberOf The Leaves",
    } <= triples
    person, band = ends
    assert f'name = "{{{person}}}, member of {{{band}}} (' in text


def test_numbers_of_persons_are_not_those_of_bands(tmp_path):
    bands = "id,name\n1,The Leaves\n2,Stones\n"
    members = "band_id,person_id,since\n1,1,1986\n2,2,1990\n"
    recipe = guessed(tmp_path, {"bands.csv": bands, "members.csv": members})
    assert set(tables(recipe)) == {"artists"}
    both = "id,name,kind\n1,The Leaves,band\n2,Stones,band\n3,Kim Oak,person\n"
    members = "band_id,person_id,since\n1,3,1986\n2,3,1990\n"
    recipe = guessed(tmp_path, {"bands.csv": both, "members.csv": members})
    assert tables(recipe)["memberships"]["columns"]["person_id"]["ref"] == "artists"


def test_awards_to_ids_with_their_result_are_honours_and_nominations(tmp_path):
    awards = (
        "award,year,artist_id,result,for_album\nFine Prize,1996,A1,won,Low\n"
        "Fine Prize,2012,A2,nominated,High\nNice Award,1999,A3,Won,\nNice Award,19996,A5,won,\n"
    )
    triples, _, text = built(tmp_path, {"awards.csv": awards, "artists.csv": ARTISTS})
    assert {
        "The Leaves, Fine Prize (1996) eventDate 1996", "The Leaves award Fine Prize",
        "Kim Oak, Nice Award (1999) recipient Kim Oak", "Iris, Nice Award award Nice Award",
        "Stones nominatedFor Fine Prize",
    } <= triples  # fmt: skip
    assert not any(told.startswith("Stones") and " award " in told for told in triples)
    assert "the data model has no place for their year" in text
    assert '"for_album": the data model\'s Honour has no place for it' in text


@pytest.mark.parametrize(
    ("heading", "rows", "where"),
    [
        ("award,year,artist,winner", ("P,1990,Ann,True", "P,1991,Ben,False"), ["True"]),
        ("award,year,nominee_artist,won", ("P,1990,Ann,1", "P,1991,Ben,0"), ["1"]),
        ("award,year,artist,won", ("P,1990,Ann,yes", "P,1991,Ben,"), ["yes"]),
        ("award,year,artist,result", ("P,1990,Ann,won", "P,1991,Ben,longlisted"), ["won"]),
        ("award,year,artist,result", ("P,1990,Ann,won", "P,1991,Ben,Winner"), None),
        ("award,year,artist,result", ("P,1990,Ann,gold", "P,1991,Ben,silver"), None),
        ("award,year,artist", ("P,1990,Ann", "P,1991,Ben"), None),
    ],
)
def test_a_column_tells_which_awards_were_won(tmp_path, heading, rows, where):
    recipe = guessed(tmp_path, {"awards.csv": "\n".join([heading, *rows])})
    honours = tables(recipe)["honours"]
    assert honours.get("where") == (
        [{"column": heading.split(",")[3], "equals": where}] if where else None
    )
    links = [table for table in tables(recipe).values() if table.get("reads") == "links"]
    nominated = rows[1].endswith(("False", "0"))
    assert [table["predicate"] for table in links] == (["nominatedFor"] if nominated else [])


def test_nominations_alone_are_no_honours(tmp_path):
    rows = "award,year,artist,result\nP,1990,Ann,nominated\nP,1991,Ben,shortlisted\n"
    triples, _, _ = built(tmp_path, {"nominations.csv": rows, "artists.csv": ARTISTS})
    assert {"Ann nominatedFor P", "Ben nominatedFor P"} <= triples
    assert not any(" award " in told or "eventDate" in told for told in triples)


def test_albums_may_receive_awards(tmp_path):
    files = {
        "albums.csv": "album_id,title,artist\nd1,Low,Ann\nd2,High,Ben\n",
        "awards.csv": "award,year,album_id\nFine Prize,1996,d1\nFine Prize,1997,d2\n",
    }
    triples, _, _ = built(tmp_path, files)
    assert {"Low, Fine Prize (1996) recipient Low", "High award Fine Prize"} <= triples


EDITIONS = (
    "album_id,release_id,title,artist_id,format,release_date,catalog_number,edition\n"
    "d1,r1,Low,A1,CD,1996-05-01,CLR 1,original\n"
    "d2,r2,High,A2,CD,2012,CLR 2,original\n"
    "d2,r3,High (Deluxe Edition),A2,LP,2016,CLR 2DX,deluxe\n"
)


def test_editions_are_releases_of_an_album(tmp_path):
    triples, _, text = built(tmp_path, {"releases.csv": EDITIONS, "artists.csv": ARTISTS})
    assert {
        "High (Deluxe Edition) releaseOf High", "High (Deluxe Edition) catalogueNumber CLR 2DX",
        "High (Deluxe Edition) medium LP", "High performer Stones", "High releaseDate 2012",
        "Low catalogueNumber CLR 1", "Low releaseDate 1996-05-01",
    } <= triples  # fmt: skip
    albums = {told.partition(" type ")[0] for told in triples if told.endswith("ontology#Album")}
    assert albums == {"Low", "High"}
    assert not any(told.startswith("High (Deluxe Edition) performer") for told in triples)
    assert "left out" not in text


def test_releases_refer_to_the_table_of_albums_and_tracks_to_them(tmp_path):
    files = {
        "releases.csv": "id,album_id,title,catno\nr1,d1,Low,C1\nr2,d1,Low (2016),C2\n",
        "albums.csv": "album_id,title,artist,genre\nd1,Low,Ann,pop\nd2,High,Ben,rock\n",
        "tracks.csv": "track_id,title,release_id,position\nt1,One,r1,1\nt2,One,r2,1\n",
    }
    recipe = tables(guessed(tmp_path, files))
    assert set(recipe) == {"albums", "releases", "songs"}
    assert recipe["releases"]["columns"]["album_id"] == {"predicate": "releaseOf", "ref": "albums"}
    assert recipe["releases"]["columns"]["catno"] == {"predicate": "catalogueNumber"}
    assert recipe["songs"]["type"] == "Track"
    assert recipe["songs"]["columns"]["release_id"] == {"predicate": "onRelease", "ref": "releases"}


def test_editions_without_a_first_one_tell_their_album_only_what_they_share(tmp_path):
    rows = EDITIONS.replace("original", "remaster")
    recipe = tables(guessed(tmp_path, {"releases.csv": rows, "artists.csv": ARTISTS}))
    assert "where" not in recipe["albums"]
    assert predicates(recipe["albums"]) == {"artist_id": "performer"}


def test_years_of_albums_with_awards_are_of_their_release(tmp_path):
    rows = "album,award,year\nLow,Fine Prize,1996\nHigh,Nice Award,1997\n"
    recipe = tables(guessed(tmp_path, {"albums.csv": rows}))
    assert predicates(recipe["albums"]) == {"award": "award", "year": "releaseDate"}


def test_a_catalogue_with_ids_of_releases_only_has_albums(tmp_path):
    rows = "release_id,title,artist,catalog_number\nr1,Low,Ann,C1\nr2,High,Ben,C2\n"
    recipe = tables(guessed(tmp_path, {"releases.csv": rows}))
    assert recipe["albums"]["type"] == "Album"
    assert predicates(recipe["albums"])["catalog_number"] == "catalogueNumber"


LEAVES = (
    "The Leaves are an English rock band formed in Leeds in 1994. Their album Low was produced by "
    "Steve Example and released on Fine Records in 2001."
)
IDA = "Ida Oak is a singer from Cork. She was a member of The Leaves from 1994 to 2008."


def texts(recipe: dict[str, object]) -> list[dict[str, object]]:
    sources = recipe["sources"]
    assert isinstance(sources, list)
    return [source for source in sources if source["kind"] == "unstructured"]


def test_texts_are_an_unstructured_source_and_no_table(tmp_path):
    rows = [{"id": "b1", "title": "The Leaves", "text": LEAVES},
            {"id": "b2", "title": "Ida Oak", "text": IDA}]  # fmt: skip
    lines = "\n".join(map(json.dumps, rows))
    recipe = guessed(tmp_path, {"bios.jsonl": lines, "artists.csv": ARTISTS})
    (source,) = texts(recipe)
    assert source == {"name": "mine-texts1", "kind": "unstructured", "path": "bios.jsonl"}
    assert set(tables(recipe)) == {"artists"}


def test_texts_alone_make_a_graph(tmp_path):
    rows = [{"band": "The Leaves", "biography": LEAVES, "url": "https://a.example/1"}]
    triples, _, text = built(tmp_path, {"bios.jsonl": "\n".join(map(json.dumps, rows))})
    assert 'text = "biography"' in text
    assert any(told.startswith("The Leaves beginDate 1994") for told in triples)


def test_what_texts_are_about(tmp_path):
    review = {"id": 1, "album": "Low", "review": LEAVES}
    bio = {"id": 1, "name": "Ida Oak", "kind": "person", "bio": IDA}
    recipe = guessed(tmp_path, {"r.jsonl": json.dumps(review), "b.jsonl": json.dumps(bio)})
    about = [source["topic_type"] for source in texts(recipe)]
    assert about == [
        "Album",
        {"column": "kind", "values": {"person": "SoloArtist"}, "default": "Artist"},
    ]


def test_texts_beside_other_facts_are_read_as_well_and_descriptions_stay_attributes(tmp_path):
    row = {"id": 1, "name": "Ida Oak", "genre": "folk"}
    files = {
        "a.jsonl": json.dumps({**row, "text": IDA}),
        "b.jsonl": json.dumps({**row, "description": IDA}),
        "c.csv": f'id,name,genre,text\n1,Ida Oak,folk,"{IDA}"\n',
    }
    recipe = guessed(tmp_path, files)
    assert [source["path"] for source in texts(recipe)] == ["a.jsonl"]
    assert predicates(tables(recipe)["artists"]) == {"genre": "genre"}
    assert predicates(tables(recipe)["artists2"])["description"] == "description"


def test_a_folder_of_texts_is_an_unstructured_source(tmp_path):
    recipe = guessed(tmp_path, {"The Leaves.txt": LEAVES, "Ida Oak.txt": f"{IDA}\n\n{IDA}\n"})
    (source,) = recipe["sources"]
    assert (source["kind"], source["path"]) == ("unstructured", "*.txt")
    rows = "name,genre\nLeaves,pop\nStones,rock\n"
    recipe = guessed(tmp_path, {"artists.txt": rows})
    assert predicates(tables(recipe)["artists"]) == {"genre": "genre"}


MARKDOWN = f"---\ntitle: The Leaves\n---\n\n# The Leaves\n\n**{LEAVES}**\n\n- Ida, bass\n"


@pytest.mark.parametrize(
    ("file", "text", "path"),
    [
        ("The Leaves.md", MARKDOWN, "*.md"),
        ("The Leaves.markdown", "# The Leaves\n\nA band, in short\n", "*.markdown"),
        ("The Leaves.rst", f"The Leaves\n==========\n\n{LEAVES}\n", "*.rst"),
        ("The Leaves.text", f"{LEAVES} " * 200, "*.text"),
        ("The Leaves.bio", "\n".join([LEAVES] * 3), "*.bio"),
        ("The Leaves", f"{LEAVES}\n\n{IDA}\n", "The Leaves"),
        ("The Leaves.csv", f'{LEAVES}\n\nThey said, "{IDA}"\n', "The Leaves.csv"),
        ("The Leaves.txt", "They make folk, mostly.", "*.txt"),
    ],
)
def test_prose_is_never_a_table(tmp_path, file, text, path):
    (source,) = guessed(tmp_path, {file: text})["sources"]
    assert (source["kind"], source["path"]) == ("unstructured", path)


@pytest.mark.parametrize(
    "rows",
    [
        f'name,about\nThe Leaves,"{LEAVES}"\nIda Oak,"{IDA}"\n',
        f"name\tabout\nThe Leaves\t{LEAVES}\nIda Oak\t{IDA}\n",
        f"name|genre|about\nThe Leaves|folk|{LEAVES}\n\nIda Oak|folk|{IDA}\n",
        "name, genre, city\nThe Leaves, folk, St.\nIda Oak, rock, St.\n",
    ],
)
@pytest.mark.parametrize("ending", ["txt", "csv", "data"])
def test_rows_with_sentences_are_a_table(tmp_path, rows, ending):
    (source,) = guessed(tmp_path, {f"artists.{ending}": rows})["sources"]
    assert source["kind"] == "structured"


def test_pages_of_prose_are_texts_and_pages_with_facts_are_not(tmp_path):
    page = f"<html><title>The Leaves</title><body><h1>The Leaves</h1><p>{LEAVES}</p></body></html>"
    (source,) = guessed(tmp_path, {"leaves.html": page})["sources"]
    assert (source["kind"], source["path"]) == ("unstructured", "*.html")
    facts = "<table><tr><th>Origin<td>Berlin<tr><th>Genres<td>Folk<tr><th>Years active<td>1994"
    band = '<p itemscope itemtype="https://schema.org/MusicGroup"><b itemprop="name">The Leaves</b>'
    for inner in (f"{facts}</table>", band):
        (source,) = guessed(tmp_path, {"leaves.html": page.replace("<p>", f"{inner}<p>")})[
            "sources"
        ]
        assert source["kind"] == "semi-structured"
    (source,) = guessed(tmp_path, {"leaves.html": "<html><p>The Leaves</p></html>"})["sources"]
    assert source["kind"] == "semi-structured"


def test_a_page_that_is_mostly_a_table_is_read_as_one(tmp_path):
    rows = "".join(f"<tr><td>Song {n}<td>The Leaves<td>199{n}" for n in range(4))
    page = f"<h1>Chart</h1><table><tr><th>Title<th>Artist<th>Year{rows}</table>"
    (source,) = guessed(tmp_path, {"songs.html": page})["sources"]
    assert source["tables"]["songs"]["columns"]["Artist"]["predicate"] == "performer"
    (source,) = guessed(tmp_path, {"songs.html": f"{page}<p>{LEAVES * 3}</p>"})["sources"]
    assert source["kind"] == "unstructured"


@pytest.mark.parametrize(
    ("name", "heading", "won", "lost"),
    [
        ("preise", "Künstler;Preis;Jahr;Ergebnis", "gewonnen", "nominiert"),
        ("preise", "Artist;Preis;Jahr;Ergebnis", "gewonnen", "nominiert"),
        ("recompenses", "artiste;récompense;année;statut", "lauréat", "nommé"),
        ("premios", "artista;premio;anio;resultado", "ganador", "nominado"),
        ("premi", "cantante;premio;anno;risultato", "vincitore", "nominato"),
        ("awards", "artist;award;year;result", "yes", "no"),
        ("awards", "artist;award;year;result", "true", "false"),
        ("awards", "artist;award;year;result", "1", "0"),
        ("awards", "artist;award;year;won", "1", "0"),
    ],
)
@pytest.mark.parametrize("named", [True, False])
def test_awards_in_several_languages_are_won_or_not(tmp_path, name, heading, won, lost, named):
    rows = f"{heading}\nAnn;Fine Prize;1995;{won}\nBo;Fine Prize;1996;{lost}\n"
    triples, _, _ = built(tmp_path, {f"{name if named else 'rows'}.csv": rows})
    assert "Ann, Fine Prize (1995) eventDate 1995" in triples
    assert "Bo nominatedFor Fine Prize" in triples
    assert not any("Date" in told for told in triples if told.startswith(("Ann ", "Bo")))
    assert "Bo award Fine Prize" not in triples


def test_ranks_are_no_answers(tmp_path):
    rows = "artist,award,year,result\nAnn,Fine Prize,1995,1\nBo,Fine Prize,1996,2\n"
    honours = tables(guessed(tmp_path, {"awards.csv": rows}))["honours"]
    assert "where" not in honours


def test_memberships_in_french(tmp_path):
    rows = "artiste,groupe,début,fin\nKim Oak,Leaves,1986,1993\nBen Ash,Leaves,1994,présent\n"
    triples, _, _ = built(tmp_path, {"membres.csv": rows})
    assert {
        "Kim Oak, member of Leaves (1986–1993) beginDate 1986",
        "Kim Oak, member of Leaves (1986–1993) endDate 1993",
        "Ben Ash, member of Leaves (1994–) beginDate 1994",
    } <= triples
