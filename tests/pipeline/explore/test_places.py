from __future__ import annotations

import gzip
import json

import pandas as pd
import pytest

from pipeline.explore.places import Places

DISCOGS = """<artists><artist><id>1</id><name>Slayer</name></artist>
<artist><id>2</id><name>Portishead</name></artist></artists>"""
MICRODATA = """<html><body><div itemscope itemtype="https://schema.org/MusicGroup">
<span itemprop="name">The Cure</span><span itemprop="foundingLocation">Crawley</span></div>
</body>"""


@pytest.fixture
def places(tmp_path, monkeypatch):
    raw = tmp_path / "data" / "raw" / "x"
    raw.mkdir(parents=True)
    (raw / "rows.tsv").write_text("id\tname\n1\tBjörk\n2\tAir\n", encoding="utf-8")
    (raw / "texts.jsonl").write_text(
        json.dumps({"id": "a", "text": "Air are a duo. They come from Versailles."}) + "\n"
    )
    (raw / "air.txt").write_text("Air are a duo. They come from Versailles.", encoding="utf-8")
    (raw / "nested.jsonl").write_text('{"a": 1}\n{"bands": [{"name": "Low"}]}\n')
    (raw / "whole.json").write_text('{"artists": [{"name": "Low"}, {"name": "Can", "a/b": 3}]}')
    (raw / "box.wikitext").write_text("{{Infobox musical artist\n| Genre = [[Dub music]]\n}}")
    (raw / "list.xspf").write_text(
        '<playlist xmlns="http://xspf.org/ns/0/"><trackList><track><title>Ida</title></track>'
        "<track><title>Cue</title></track></trackList></playlist>"
    )
    (raw / "chart.html").write_text(
        "<table><tr><th>Title<th>Year<tr><td>Roads<td>1994<tr><td>Glory Box<td>1995</table>"
    )
    (raw / "page.html").write_text(MICRODATA)
    with gzip.open(raw / "artists.xml.gz", "wt") as packed:
        packed.write(DISCOGS)
    pd.DataFrame({"name": ["Low", "Can"], "year": [1993, 1968]}).to_parquet(raw / "rows.parquet")
    pd.DataFrame({"name": ["Low", "Can"], "year": [1993, 1968]}).to_excel(
        raw / "rows.xlsx", index=False
    )
    monkeypatch.chdir(tmp_path)
    return Places(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("evidence", "text"),
    [
        ("x/rows.tsv#line=3", "id: 2, name: Air"),
        ("x/rows.tsv#line=2;votes=4", "id: 1, name: Björk"),
        ("x/texts.jsonl#line=1;char=15,41", "They come from Versailles."),
        ("x/air.txt#;char=15,41", "They come from Versailles."),
        ("x/nested.jsonl#line=2/bands/0/name", "Low"),
        ("x/whole.json#/artists/1/name", "Can"),
        ("x/whole.json#/artists/1/a~1b", "3"),
        ("x/box.wikitext#/genre/0", "genre = [[Dub music]]"),
        ("x/page.html#microdata/0/foundingLocation", "foundingLocation: Crawley"),
        ("x/artists.xml.gz#/artists/2", "<artist><id>2</id><name>Portishead</name></artist>"),
        ("x/list.xspf#/playlist/trackList/track/2", '{"title": ["Cue"]}'),
        ("x/chart.html#row=3", "Title: Glory Box, Year: 1995"),
        ("x/rows.parquet#row=2", "name: Can, year: 1968"),
        ("x/rows.xlsx#row=3", "name: Can, year: 1968"),
    ],
)
def test_evidence_of_every_kind_is_quoted(places, evidence, text):
    assert places.read([evidence])[evidence].text == text


@pytest.mark.parametrize(
    "evidence",
    ["x/gone.csv#line=3", "x/rows.tsv#line=99", "artist:A memberOf artist:B", "name: A & B", "",
     "x/artists.xml.gz#/artists/7", "x/page.html#/3/name", "x/whole.json#nonsense",
     "x/list.xspf#/playlist/trackList/track/3", "x/chart.html#row=9", "x/rows.parquet#row=9",
     "x/box.wikitext#/nothing"],
)  # fmt: skip
def test_what_cannot_be_read_any_more_is_empty(places, evidence):
    assert places.read([evidence])[evidence].text in {"", '{"artists": [{"name": "Low"}, '
                                                      '{"name": "Can", "a/b": 3}]}'}  # fmt: skip


def test_many_places_of_a_file_are_read_together(places):
    wanted = ["x/rows.tsv#line=3", "x/rows.tsv#line=2", "x/rows.tsv#line=3"]
    assert [quote.text for quote in places.read(wanted).values()] == [
        "id: 2, name: Air",
        "id: 1, name: Björk",
    ]
