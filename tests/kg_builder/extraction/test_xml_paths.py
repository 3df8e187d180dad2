"""XML of any structure by paths: playlists, property lists, scores; nothing expanded or fetched."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from kg_builder.errors import DataError
from kg_builder.extraction import Extraction
from kg_builder.extraction.interactions import InteractionTable, read_interactions
from tests.kg_builder.conftest import Run, named, reasons, record

Write = Callable[[str, str | bytes], Path]


def read(run: Run, records: str, **mapping: Any) -> Extraction:
    mapping = {"records": records, "type": "Song", **mapping}
    return run(kind="semi-structured", path="a.xml", format="xml", mapping=mapping)


def test_xspf(write: Write, run: Run) -> None:
    track = (
        "<track><title>Leaf {0}</title><creator>Ida</creator><duration>215000</duration></track>"
    )
    tracks = "".join(track.format(number) for number in range(3))
    write(
        "a.xml",
        f'<playlist xmlns="http://xspf.org/ns/0/"><trackList>{tracks}</trackList></playlist>',
    )
    paths = {
        "creator": {"predicate": "performer"},
        "duration": {"predicate": "duration", "unit": "milliseconds"},
    }
    found = read(run, "playlist.trackList.track", name="title", paths=paths)
    assert set(named(found)) == {
        triple
        for number in range(3)
        for triple in [
            (f"Leaf {number}", "performer", "Ida"),
            (f"Leaf {number}", "duration", "PT3M35S"),
        ]
    }


LIBRARY = (
    '<?xml version="1.0"?><!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://x/p.dtd">'
    "<plist><dict><key>Tracks</key><dict>"
    "<key>7</key><dict><key>Track ID</key><integer>7</integer><key>Name</key><string>Leaf</string>"
    "<key>Artist</key><string>Ida</string><key>Play Count</key><integer>3</integer></dict>"
    "<key>8</key><dict><key>Track ID</key><integer>8</integer><key>Name</key><string>Sea</string>"
    "</dict></dict></dict></plist>"
)


def test_elements_as_rows_of_a_table_and_of_interactions(write: Write, run: Run) -> None:
    path = write("library.xml", LIBRARY)
    layout = {"path": "library.xml", "rows": "plist.dict.dict.dict"}
    columns = {"Artist": {"predicate": "performer", "type": "Artist"}}
    songs = {**layout, "type": "Song", "id": "Track ID", "name": "Name", "columns": columns}
    found = run(kind="structured", tables={"songs": songs})
    assert named(found) == [("Leaf", "performer", "Ida")]
    assert record(found, "src/8")["evidence"] == "library.xml#/plist/dict/dict/dict/2"
    table = InteractionTable.model_validate(
        {**layout, "user": {"value": "me"}, "item": "Track ID", "weight": "Play Count"}
        | {"records": "src"}
    )
    plays = read_interactions(table, path.parent, record_keys=frozenset(["src/7", "src/8"]))
    assert plays.interactions[["item", "weight"]].to_numpy().tolist() == [["src/7", 3.0]]
    assert plays.rejects["evidence"].tolist() == ["library.xml#/plist/dict/dict/dict/2"]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("plist.track", "there are: plist, plist.dict, plist.dict.key"),
        ("", "set 'rows' to the path"),
    ],
)
def test_rows_that_are_not_there_or_not_named(
    write: Write, run: Run, rows: str, words: str
) -> None:
    write("library.xml", LIBRARY)
    table = {"path": "library.xml", "rows": rows, "type": "Song", "name": "Name"}
    with pytest.raises((DataError, ValidationError), match=words):
        run(kind="structured", tables={"songs": table})


def test_elements_by_an_attribute(write: Write, run: Run) -> None:
    write(
        "a.xml",
        "<score><work><title>Sea</title></work><identification>"
        '<creator type="composer">Ida</creator><creator type="lyricist">Bo</creator>'
        '<creator type="Composer">Una</creator></identification></score>',
    )
    paths = {
        "identification.creator[@type=composer].#text": {"predicate": "composer"},
        "identification.creator[@type=lyricist].#text": {"predicate": "writer"},
        "identification.creator[@type=poet].#text": {"predicate": "performer"},
    }
    found = read(run, "score", name="work.title", paths={
        path: {**keys, "type": "Artist"} for path, keys in paths.items()
    })  # fmt: skip
    assert sorted(named(found)) == [
        ("Sea", "composer", "Ida"), ("Sea", "composer", "Una"), ("Sea", "writer", "Bo"),
    ]  # fmt: skip


def test_a_property_list(write: Write, run: Run) -> None:
    track = (
        "<key>{0}</key><dict><key>Track ID</key><integer>{0}</integer><key>Name</key>"
        "<string>L{0}</string><key>Artist</key><string>Ida</string><key>Compilation</key><true/></dict>"
    )
    write(
        "a.xml",
        '<?xml version="1.0"?><!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://x/p.dtd">'
        f"<plist><dict><key>Tracks</key><dict>{track.format(7)}{track.format(8)}</dict></dict></plist>",
    )
    paths = {"Artist": {"predicate": "performer"}}
    found = read(run, "plist.dict.dict.dict", id="Track ID", name="Name", paths=paths)
    assert set(named(found)) == {("L7", "performer", "Ida"), ("L8", "performer", "Ida")}
    assert record(found, "src/7")["name"] == "L7"


def test_musicxml_with_attributes(write: Write, run: Run) -> None:
    write(
        "a.xml",
        "<score-partwise><work><work-title>Leaf</work-title></work><identification>"
        '<creator type="composer">Ida Oak</creator></identification></score-partwise>',
    )
    paths = {"identification.creator.#text": {"predicate": "composer", "type": "Person"}}
    found = read(run, "score-partwise", name="work.work-title", paths=paths)
    assert named(found) == [("Leaf", "composer", "Ida Oak")]


def test_a_wrong_path_says_what_there_is(write: Write, run: Run) -> None:
    write("a.xml", "<list><song><t>A</t></song></list>")
    found = read(run, "list.track", name="t")
    assert reasons(found) == ["document without usable things"]
    assert "list.song" in found.rejects["detail"].iloc[0]


def test_broken_xml_keeps_what_stood_before(write: Write, run: Run) -> None:
    write("a.xml", "<l><s><t>A</t></s><s><t>B</s></l>")
    found = read(run, "l.s", name="t")
    assert (list(found.records["name"]), reasons(found)) == (["A"], ["broken XML"])


def test_entities_are_refused(write: Write, run: Run) -> None:
    write(
        "a.xml", '<!DOCTYPE l [<!ENTITY x SYSTEM "file:///etc/hostname">]><l><s><t>&x;</t></s></l>'
    )
    with pytest.raises(DataError, match="declares a document type or entities"):
        read(run, "l.s", name="t")


def test_the_text_of_an_element_with_or_without_attributes(write: Write, run: Run) -> None:
    write("a.xml", '<l><s><t a="b">One</t></s><s><t>Two</t></s></l>')
    for path in ("t", "t.#text"):
        assert set(read(run, "l.s", name=path).records["name"]) == {"One", "Two"}
