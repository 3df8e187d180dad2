from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from kg_builder.errors import DataError
from tests.kg_builder.conftest import Run, named, reasons, record, triples

Write = Callable[[str, str | bytes], Path]

CATALOGUE = (
    "artist_id,name,kind,country,year,genres,albums\n"
    "1,Björk,person,IS,1965,art pop;Electronic,Debut;Post\n"
    "2,Nirvana,band,US,c. 1987,grunge,Bleach\n"
    "3,Nirvana,band,GB,1966,electronic,Debut\n"
)
MAPPING = {
    "path": "c.csv",
    "id": "artist_id",
    "name": "name",
    "type": {"column": "kind", "values": {"band": "Band", "person": "SoloArtist"}},
    "columns": {
        "country": {"predicate": "country"},
        "year": {"predicate": "beginDate"},
        "genres": {"predicate": "genre", "split": ";"},
        "albums": {"predicate": "performed", "type": "Album", "split": ";"},
    },
}


def test_rows_become_records_and_cells_statements(write: Write, run: Run) -> None:
    write("c.csv", CATALOGUE)
    found = run(kind="structured", tables={"artists": MAPPING})
    björk = record(found, "src/1")
    assert (björk["type"], björk["name"], björk["record_id"]) == ("SoloArtist", "Björk", "1")
    assert björk["evidence"] == "c.csv#line=2"
    assert json.loads(björk["attributes"]) == {
        "beginDate": ["1965"],
        "country": ["Iceland"],
        "genre": ["art pop", "Electronic"],
        "performed": ["Debut", "Post"],
    }
    assert ("src/1", "genre", "src/genre/electronic") in triples(found)
    assert ("src/3", "genre", "src/genre/electronic") in triples(found)
    assert record(found, "src/place/iceland")["type"] == "Country"
    assert found.statements["object_kind"].isin(["record", "gYear"]).all()
    assert found.counts["artists: rows read"] == found.counts["artists: rows used"] == 3


def test_titles_belong_to_the_row_that_names_them(write: Write, run: Run) -> None:
    write("c.csv", CATALOGUE)
    found = run(kind="structured", tables={"artists": MAPPING})
    debuts = found.records[found.records["name"] == "Debut"]
    assert sorted(debuts["record"]) == ["src/album/1/debut", "src/album/3/debut"]


def test_an_approximate_date_is_less_sure(write: Write, run: Run) -> None:
    write("c.csv", CATALOGUE)
    found = run(kind="structured", tables={"artists": MAPPING})
    dates = found.statements[found.statements["predicate"] == "beginDate"]
    assert dict(zip(dates["object"], dates["confidence"], strict=True)) == {
        "1965": 1.0,
        "1987": 0.8,
        "1966": 1.0,
    }


def test_values_that_do_not_parse_are_rejects_with_their_line(write: Write, run: Run) -> None:
    write("c.csv", CATALOGUE + "4,,band,IS,1990,pop,\n5,X,choir,IS,soon,pop,\n6,Y,band,Mars,,,\n")
    found = run(kind="structured", tables={"artists": MAPPING})
    assert sorted(zip(found.rejects["reason"], found.rejects["evidence"], strict=True)) == [
        ("empty name", "c.csv#line=5"),
        ("not a country", "c.csv#line=7"),
        ("unknown type", "c.csv#line=6"),
    ]
    assert found.counts["artists: rows used"] == 4
    assert found.counts["artists: rows rejected"] == 2


def test_references_between_tables(write: Write, run: Run) -> None:
    write("c.csv", CATALOGUE)
    write("a.csv", "id,title,artist\n1,Bleach,2\n2,Lost,99\n")
    albums = {
        "path": "a.csv",
        "id": "id",
        "name": "title",
        "type": "Album",
        "columns": {"artist": {"predicate": "performer", "ref": "artists"}},
    }
    found = run(kind="structured", tables={"records": albums, "artists": MAPPING})
    assert ("src/records/1", "performer", "src/artists/2") in triples(found)
    assert reasons(found) == ["reference to an unknown id"]
    assert found.rejects["evidence"][0] == "a.csv#line=3"
    assert json.loads(record(found, "src/artists/2")["attributes"])["performed"] == ["Bleach"]


def test_inverse_columns_constants_values_and_patterns(write: Write, run: Run) -> None:
    write("c.csv", "id,name,influenced,g\n1,A,B,genre: ROCK (12)\n")
    found = run(
        kind="structured",
        tables={
            "t": {
                "path": "c.csv",
                "id": "id",
                "name": "name",
                "type": "Artist",
                "columns": {
                    "influenced": {"predicate": "influencedBy", "type": "Artist", "inverse": True},
                    "g": {
                        "predicate": "genre",
                        "pattern": r"genre: (\w+)",
                        "values": {"ROCK": "rock"},
                    },
                },
                "constants": [{"predicate": "country", "value": "IS"}],
            }
        },
    )
    assert sorted(named(found)) == [
        ("A", "country", "Iceland"),
        ("A", "genre", "rock"),
        ("B", "influencedBy", "A"),
    ]


def test_columns_of_addresses_with_labels(write: Write, run: Run) -> None:
    write(
        "s.csv",
        "uri,label,artist,artist_label\n"
        "http://dbpedia.org/resource/Help!_(song),Help! (song),"
        "{http://dbpedia.org/resource/The_Beatles|http://dbpedia.org/resource/U2_(band)},"
        "{The Beatles|U2 (band)}\n",
    )
    found = run(
        kind="structured",
        tables={
            "songs": {
                "path": "s.csv",
                "id": "uri",
                "name": "label",
                "type": "Song",
                "columns": {
                    "artist": {
                        "predicate": "performer",
                        "iri": True,
                        "labels": "artist_label",
                        "strip": "{}",
                        "split": "|",
                    },
                },
            }
        },
    )
    assert list(record(found, "src/dbpedia:U2_(band)")["external_ids"]) == ["dbpedia:U2_(band)"]
    assert record(found, "src/dbpedia:U2_(band)")["name"] == "U2"
    assert list(record(found, "src/dbpedia:Help!_(song)")["external_ids"]) == [
        "dbpedia:Help!_(song)"
    ]


def test_rows_with_one_id_are_one_record(write: Write, run: Run) -> None:
    write("c.csv", "id,name,genre\n1,Can,krautrock\n1,CAN,rock\n1,The Can,\n")
    found = run(
        kind="structured",
        tables={
            "t": {
                "path": "c.csv",
                "id": "id",
                "name": "name",
                "type": "Band",
                "columns": {"genre": {"predicate": "genre"}},
            }
        },
    )
    can = record(found, "src/1")
    assert (can["name"], list(can["aliases"])) == ("Can", ["The Can"])
    assert found.counts["rows merged into a record with the same id"] == 2


def test_votes_become_confidence(write: Write, run: Run) -> None:
    write("artists.dat", "id\tname\n1\tBjörk\n2\tCan\n")
    write("tags.dat", "id\tvalue\n7\telectronic\n8\tmine\n")
    write("uta.dat", "user\tartist\ttag\n1\t1\t7\n2\t1\t7\n2\t1\t7\n3\t1\t7\n1\t2\t8\n")
    found = run(
        kind="structured",
        tables={
            "artists": {"path": "artists.dat", "id": "id", "name": "name", "type": "Artist"},
            "tags": {
                "path": "tags.dat",
                "id": "id",
                "name": "value",
                "type": "Tag",
                "only_if_used": True,
            },
            "taggings": {
                "reads": "links",
                "path": "uta.dat",
                "predicate": "tag",
                "subject": {"column": "artist", "ref": "artists"},
                "object": {"column": "tag", "ref": "tags"},
                "distinct": "user",
                "min_count": 2,
            },
        },
    )
    assert triples(found) == [("src/artists/1", "tag", "src/tags/7")]
    assert found.statements["confidence"][0] == pytest.approx(1 - 1 / 4)
    assert found.statements["evidence"][0] == "uta.dat#line=2;votes=3"
    assert found.counts["tag: pairs below 2"] == 1
    assert found.counts["records left out because unused"] == 1
    assert "src/tags/8" not in set(found.records["record"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id": "artistid"}, "did you mean 'artist_id'"),
        ({"type": "Bnad"}, "no class 'Bnad'"),
        ({"columns": {"year": {"predicate": "begin"}}}, "no predicate 'begin'"),
        ({"columns": {"year": {"predicate": "beginDate", "type": "Place"}}}, "is an attribute"),
        ({"columns": {"genres": {"predicate": "performed"}}}, "set type = one of"),
        ({"columns": {"genres": {"predicate": "genre", "ref": "others"}}}, "no table 'others'"),
        ({"columns": {"genres": {"predicate": "genre", "pattern": "("}}}, "bad pattern"),
        ({"path": "d.csv"}, "no such file"),
    ],
)
def test_a_wrong_mapping_is_one_clear_error(
    write: Write, run: Run, change: dict[str, object], message: str
) -> None:
    write("c.csv", CATALOGUE)
    with pytest.raises(DataError, match=message):
        run(kind="structured", tables={"artists": {**MAPPING, **change}})


def test_a_table_may_not_take_the_keys_of_named_things(write: Write, run: Run) -> None:
    write("c.csv", CATALOGUE)
    with pytest.raises(DataError, match="call the table"):
        run(kind="structured", tables={"artist": MAPPING, "other": MAPPING})


def test_extraction_does_not_depend_on_chunks(write: Write, run: Run) -> None:
    write("c.csv", CATALOGUE)
    whole = run(kind="structured", tables={"artists": MAPPING})
    parts = run(kind="structured", tables={"artists": MAPPING}, chunk_rows=1)
    assert sorted(triples(whole)) == sorted(triples(parts))
    assert set(whole.records["record"]) == set(parts.records["record"])
