"""Published tables, with expected counts determined independently of our code."""

from __future__ import annotations

import csv
import re
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest

from tests.kg_builder.conftest import Run, record

pytestmark = pytest.mark.real_data


def _linked(predicate: str, column: str, **more: Any) -> dict[str, Any]:
    return {
        "predicate": predicate,
        "iri": True,
        "labels": f"{column}_label",
        "strip": "{}",
        "split": "|",
        **more,
    }


def _listed(predicate: str, **more: Any) -> dict[str, Any]:
    return {"predicate": predicate, "strip": "{}", "split": "|", **more}


SONGS = {
    "path": "songs/dbpedia_songs.csv",
    "skip_after_header": 3,
    "type": "Song",
    "id": "URI",
    "name": ["rdf-schema#label", "title", "URI"],
    "columns": {
        "album": _linked("onAlbum", "album"),
        "artist": _linked("performer", "artist"),
        "composer": _linked("composer", "composer"),
        "genre": _linked("genre", "genre"),
        "language": _linked("language", "language"),
        "producer": _linked("producer", "producer"),
        "writer": _linked("writer", "writer"),
        "recordLabel": _linked("recordLabel", "recordLabel"),
        "recordedIn": _linked("recordedIn", "recordedIn"),
        "subsequentWork": _linked("previousWork", "subsequentWork", type="Song", inverse=True),
        "releaseDate": _listed("releaseDate"),
        "runtime": _listed("duration", unit="minutes"),
        "trackNumber": _listed("trackNumber"),
    },
}


def _cells(rows: list[list[str]], heading: list[str], column: str, pattern: str) -> int:
    """Number of values of a column that match a pattern at the end, counted independently."""
    index = heading.index(column)
    values = (value for row in rows for value in row[index].strip("{}").split("|"))
    return sum(bool(re.search(pattern, value)) for value in values)


def test_the_song_table_of_dbpedia(real_data: Path, run: Run) -> None:
    found = run(root=real_data, kind="structured", tables={"songs": SONGS})
    with (real_data / SONGS["path"]).open(encoding="utf-8", newline="") as file:
        heading, *rows = list(csv.reader(file))
    rows = rows[3:]
    expected: Counter[str] = Counter()
    for column, mapping in SONGS["columns"].items():
        index = heading.index(column)
        cells = (row[index] for row in rows)
        expected[mapping["predicate"]] += sum(
            cell.count("|") + 1 for cell in cells if cell != "NULL"
        )
    rejected = Counter(reason.removeprefix("not a ") for reason in found.rejects["reason"])
    counts = found.statements["predicate"].value_counts().to_dict()
    assert counts.pop("duration") == expected.pop("duration") - rejected["duration"]
    assert counts.pop("releaseDate") == expected.pop("releaseDate") - rejected["date"]
    assert counts.pop("language") == expected.pop("language") - rejected["language"]
    assert counts.pop("recordedIn") == expected.pop("recordedIn") - rejected["place"]
    assert counts == expected
    assert rejected["duration"] == 7  # four zeros and three negative
    assert rejected["place"] == _cells(rows, heading, "recordedIn", r"/\d{4}s?(?:_in_\w+)?$")
    refused = found.rejects[found.rejects["reason"] == "not a language"]["detail"]
    assert all("resource/" in text for text in refused)
    assert {text.rpartition("/")[2] for text in refused} >= {"Spain", "Turkey", "Portugal"}
    assert found.counts["songs: rows used"] == 7_132
    song = record(found, "src/dbpedia:½_Full")
    assert (song["name"], list(song["external_ids"])) == ("½ Full", ["dbpedia:½_Full"])
    pearl_jam = record(found, "src/dbpedia:Pearl_Jam")
    assert (pearl_jam["type"], pearl_jam["name"]) == ("Artist", "Pearl Jam")


def test_the_files_of_hetrec(real_data: Path, run: Run) -> None:
    found = run(
        root=real_data / "lastfm",
        kind="structured",
        tables={
            "artists": {"path": "artists.dat", "id": "id", "name": "name", "type": "Artist"},
            "tags": {
                "path": "tags.dat",
                "id": "tagID",
                "name": "tagValue",
                "type": "Tag",
                "only_if_used": True,
            },
            "taggings": {
                "reads": "links",
                "path": "user_taggedartists.dat",
                "predicate": "tag",
                "subject": {"column": "artistID", "ref": "artists"},
                "object": {"column": "tagID", "ref": "tags"},
                "distinct": "userID",
                "min_count": 2,
            },
        },
    )
    users: dict[tuple[str, str], set[str]] = defaultdict(set)
    lines = (real_data / "lastfm/user_taggedartists.dat").read_text(encoding="ascii").splitlines()
    for line in lines[1:]:
        user, artist, tag, *_ = line.split("\t")
        users[artist, tag].add(user)
    names = (real_data / "lastfm/artists.dat").read_text(encoding="utf-8").split("\n")[1:]
    nobody = {"Artista sconosciuto", "Artista desconhecido", "[unknown]", "Various Artists"}
    artists = {line.split("\t")[0] for line in names if line and line.split("\t")[1] not in nobody}
    voted = {pair for pair, voters in users.items() if len(voters) > 1}
    tags = (real_data / "lastfm/tags.dat").read_text(encoding="latin-1").split("\n")
    nothing = {line.partition("\t")[0] for line in tags if line.strip().endswith("\tnone")}
    good = {pair for pair in voted if pair[0] in artists and pair[1] not in nothing}
    assert len(found.statements) == len(good)
    assert len(found.rejects) == len(voted) - len(good) + len(nothing) + len(nobody)
    assert found.counts["artists: rows used"] == 17_632 - len(nobody)
    assert found.counts["taggings: rows used"] == 186_479
    assert found.counts["tags: lines read as cp1252"] == 8
    assert record(found, "src/artists/1686")["name"] == '"Weird Al" Yankovic'


def test_tags_in_another_encoding(real_data: Path, run: Run) -> None:
    tags = {"path": "lastfm/tags.dat", "id": "tagID", "name": "tagValue", "type": "Tag"}
    found = run(root=real_data, kind="structured", tables={"tags": tags})
    assert len(found.records) == 11_945
    assert found.rejects["detail"].tolist() == ["none"]
    assert {"tropicália", "rock français", "legião urbana", "fußball", "die Ärzte"} <= set(
        found.records["name"]
    )
