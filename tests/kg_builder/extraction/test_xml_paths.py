"""XML of any shape by paths: playlists, property lists, scores; nothing expanded or fetched."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kg_builder.errors import DataError
from kg_builder.extraction import Extraction
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
