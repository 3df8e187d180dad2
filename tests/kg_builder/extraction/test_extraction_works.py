"""Texts about albums and songs: topic, coreference and statements."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from kg_builder.errors import DataError
from kg_builder.extraction import UnstructuredSource
from kg_builder.extraction.arrow_batches import read_segment
from kg_builder.extraction.collector import Collector
from kg_builder.extraction.text.documents import TextDocument, topic_type
from kg_builder.extraction.text.gazetteer import NO_NAMES, KnownNames
from kg_builder.extraction.text.reader import TextReader, read_batch
from kg_builder.ontology import Schema
from tests.kg_builder.conftest import Run, triples
from tests.kg_builder.extraction.test_extraction_text import gazetteer_of

Write = Callable[[str, str | bytes], Path]

Fact = tuple[str, str, str]


def read(
    title: str,
    text: str,
    schema: Schema,
    declared: str = "Album",
    catalogue: pd.DataFrame | None = None,
) -> set[Fact]:
    source = UnstructuredSource(
        kind="unstructured", name="s", path="t.jsonl", model=None, topic_type=declared
    )
    reader = TextReader(source, schema, known=KnownNames.of(catalogue))
    (reading,) = reader.readings([TextDocument("1", title, text, "t#line=1")])
    return {
        (
            item.subject.name,
            item.predicate,
            item.object.entity.name if item.object.entity else item.object.name,
        )
        for item in reading.relations
    }


@pytest.mark.parametrize(
    ("text", "predicate", "objects"),
    [
        ("Exodus is a reggae album by Bob Marley.", "performer", {"Bob Marley"}),
        ("Exodus is a reggae album by Bob Marley.", "genre", {"reggae"}),
        ("In 1977 Bob Marley released Exodus.", "performer", {"Bob Marley"}),
        ("Exodus was recorded by the band Wailers.", "performer", {"Wailers"}),
        ("Exodus came out on Island Records in 1977.", "recordLabel", {"Island Records"}),
        ("Exodus came out on Island Records in 1977.", "releaseDate", {"1977"}),
        ("Exodus was put out by Polar Music on 4 March 1974.", "recordLabel", {"Polar Music"}),
        ("It was released on August 17th, 1959.", "releaseDate", {"August 17th, 1959"}),
        ("Bob Marley recorded Exodus in London in March and April 1977.", "releaseDate", set()),
        ("Bob Marley recorded Exodus in March 1977.", "recordDate", {"March 1977"}),
        (
            "It was recorded at Harry J. Studios and in London.",
            "recordedIn",
            {"Harry J. Studios", "London"},
        ),
        ("Later, Brian Eno and Tim Fite produced it.", "producer", {"Brian Eno", "Tim Fite"}),
        ("Kaya, its successor, is calm.", "previousWork", set()),
        ("Released in 1991 on Creation, Exodus is long.", "recordLabel", {"Creation"}),
        ("It was produced by Brian Eno and Tim Fite.", "producer", {"Brian Eno", "Tim Fite"}),
        ("With Brian Eno as its producer, Exodus is calm.", "producer", {"Brian Eno"}),
        ("The lyrics were written by Bernie Taupin.", "writer", {"Bernie Taupin"}),
        ("It is the follow-up to the album Kaya.", "previousWork", {"Kaya"}),
        ("The album blends funk and soul.", "genre", {"funk", "soul"}),
    ],
)
def test_relations_of_an_album(
    text: str, predicate: str, objects: set[str], schema: Schema
) -> None:
    found = read("Exodus", text, schema)
    assert {
        other for one, relation, other in found if (one, relation) == ("Exodus", predicate)
    } == objects


def test_what_came_after(schema: Schema) -> None:
    found = read("Exodus", "Exodus was followed by the album “Kaya”.", schema)
    assert ("Kaya", "previousWork", "Exodus") in found


@pytest.mark.parametrize(
    "text",
    [
        "Kaya, its successor, is calm.",
        "Kaya, the next album of the band, is calm.",
        "It was followed by “Kaya”.",
        "In 1978 the album Kaya followed it.",
    ],
)
def test_the_next_album(text: str, schema: Schema) -> None:
    catalogue = gazetteer_of(("Kaya", "Album"))
    assert ("Kaya", "previousWork", "Exodus") in read("Exodus", text, schema, catalogue=catalogue)


def test_who_made_it_where_no_rule_tells(schema: Schema) -> None:
    text = "Bob Marley crossed the borders of Jamaica with Exodus. It is loud."
    catalogue = gazetteer_of(("Bob Marley", "SoloArtist"))
    assert ("Exodus", "performer", "Bob Marley") in read(
        "Exodus", text, schema, catalogue=catalogue
    )


def test_songs_are_on_the_album(schema: Schema) -> None:
    found = read(
        "Exodus", "Exodus opens with “Natural Mystic”. The single “Jamming” sold well.", schema
    )
    assert {item for item in found if item[1] == "onAlbum"} == {
        ("Natural Mystic", "onAlbum", "Exodus"),
        ("Jamming", "onAlbum", "Exodus"),
    }


def test_anaphors_mean_the_work_and_its_performer(schema: Schema) -> None:
    text = (
        "Dummy is an album by the band Portishead. It was released in 1994. "
        "They come from Bristol. The record was made in England."
    )
    found = read("Dummy", text, schema)
    assert ("Dummy", "releaseDate", "1994") in found
    assert not any(one == "Dummy" and predicate == "origin" for one, predicate, _ in found)


def test_a_producer_is_no_signed_artist(schema: Schema) -> None:
    found = read("Aja", "Aja, produced by Gary Katz, came out on ABC Records.", schema)
    assert ("Aja", "recordLabel", "ABC Records") in found
    assert not any(one == "Gary Katz" for one, _, _ in found)


def test_an_album_named_like_its_band(schema: Schema) -> None:
    found = read("Portishead", "Portishead is the second album by Portishead.", schema)
    assert ("Portishead", "performer", "Portishead") in found


@pytest.mark.parametrize(
    ("title", "text", "declared", "expected"),
    [
        ("Dummy", "Dummy is the first studio album by Portishead.", "Artist", "Album"),
        ("Halo", "“Halo” is a 2008 song by Beyoncé.", "Artist", "Song"),
        ("Wake", "Wake are a band that made one album.", "Artist", "Artist"),
        ("Wake", "Wake is a band with one album.", "Artist", "Artist"),
        ("Wake", "Wake is a songwriter.", "Artist", "Artist"),
        ("Waterloo", "The song Waterloo won a contest.", "Work", "Song"),
        ("Waterloo", "The song Waterloo won a contest.", "Artist", "Artist"),
        ("Waterloo", "It won a contest.", "Album", "Album"),
    ],
)
def test_what_a_text_is_about(
    title: str, text: str, declared: str, expected: str, schema: Schema
) -> None:
    assert topic_type(title, text, declared=declared, known=(), schema=schema) == expected


def test_an_album_that_a_song_is_on_belongs_to_the_topic(write: Write, run: Run) -> None:
    text = "Cesária Évora is a singer. She recorded the song Sodade from the album Miss Perfumado."
    write("t.jsonl", json.dumps({"id": "B1", "title": "Cesária Évora", "text": text}) + "\n")
    found = run(kind="unstructured", path="t.jsonl", model=None)
    stated = set(triples(found))
    assert ("src/song/B1/sodade", "onAlbum", "src/album/B1/miss perfumado") in stated


KINDS = {"record": "Album", "group": "Band"}
NOTES = [
    {"id": "1", "title": "Leaf", "text": "It was produced by Ann Example.", "kind": "Record"},
    {"id": "2", "title": "The Samples", "text": "They come from Oslo.", "kind": "group"},
    {"id": "3", "title": "Sea", "text": "It is deep.", "kind": "ocean"},
]


TOPIC = {"column": "kind", "values": KINDS}


def test_the_class_of_a_topic_by_a_field(write: Write, run: Run) -> None:
    write("notes.jsonl", "\n".join(map(json.dumps, NOTES)))
    found = run(kind="unstructured", path="notes.jsonl", model=None, topic_type=TOPIC)
    types = dict(found.records[["name", "type"]].to_numpy().tolist())
    assert (types["Leaf"], types["The Samples"]) == ("Album", "Band")
    assert "Sea" not in types
    assert found.rejects[["reason", "detail"]].to_numpy().tolist() == [["unknown type", "ocean"]]


def test_text_files_have_no_field_for_the_class(write: Write, run: Run) -> None:
    write("Leaf.txt", "It is an album.")
    with pytest.raises(DataError, match="text files have no fields"):
        run(kind="unstructured", path="*.txt", model=None, topic_type=TOPIC)


def test_a_batch_of_texts_is_read_with_the_class_of_a_field(tmp_path: Path, schema: Schema) -> None:
    """A process keeps its reader by its settings; a mapping among them is no cache key."""
    source = UnstructuredSource(
        kind="unstructured", name="s", path="t.jsonl", model=None, topic_type=TOPIC
    )
    folder = tmp_path / "segment"
    folder.mkdir()
    read_batch(
        folder,
        source=source,
        root=tmp_path,
        ontology=(),
        known=NO_NAMES,
        load_models=None,
        content="",
        documents=[TextDocument("1", "Leaf", "It came out in 1994.", "t#line=1", "Album")],
    )
    out = Collector("s", schema)
    out.add_segment(read_segment(folder))
    found = out.finish()
    assert found.records[["name", "type"]].to_numpy().tolist() == [["Leaf", "Album"]]


def test_without_values_the_field_contains_names_of_classes(run: Run, write: Write) -> None:
    write(
        "notes.jsonl",
        '{"id": 1, "title": "Dummy", "kind": "Album", "text": "Dummy came out in 1994."}\n'
        '{"id": 2, "title": "Low", "kind": "band", "text": "Low formed in 1993."}\n'
        '{"id": 3, "title": "Sea", "kind": "boat", "text": "Sea was built in 1993."}\n',
    )
    found = run(kind="unstructured", path="notes.jsonl", model=None, topic_type={"column": "kind"})
    assert [(row.name, row.type) for row in found.records.itertuples()] == [
        ("Dummy", "Album"),
        ("Low", "Band"),
    ]
    assert found.rejects["reason"].tolist() == ["unknown type"]
