"""Tables of HTML pages as rows: cells that span others, headings of several rows, links."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kg_builder.errors import DataError
from kg_builder.extraction import RowsConfig, read_rows
from tests.kg_builder.conftest import Run, named

Write = Callable[[str, str | bytes], Path]

PAGE = """<html><head><link rel="canonical" href="https://en.wikipedia.org/wiki/Ann">
</head><body><table><tr><th>Origin</th><td>Oslo</td></tr></table>
<table class="wikitable"><caption>Studio <b>albums</b></caption>
<thead><tr><th rowspan="2">Title</th><th colspan="2">Album details</th>
<th rowspan="2">Performers<sup class="reference">[1]</sup></th></tr>
<tr><th>Released</th><th>Label</th></tr></thead>
<tr><th scope="row"><a href="/wiki/Leaf_(album)">Leaf</a></th>
<td>2 May 1999<sup class="reference"><a href="#n">[2]</a></sup></td><td rowspan="2">Hill</td>
<td><ul><li>Ann Example</li><li>Bob Sample</li></ul></td></tr>
<tr><th scope="row">Sea<span style="display: none">x</span></th><td>2003</td>
<td>Ann<br>Example<table><tr><td>-</td></tr></table></td></tr>
<tr><td></td></tr>
<tr><td>Rain<td>2007<td>Dale</tr>
</table></body></html>"""
NAMES = ["Title", "Album details.Released", "Album details.Label", "Performers"]


def test_cells_that_span_rows_and_columns(write: Write, tmp_path: Path) -> None:
    write("a.html", PAGE)
    reader = read_rows(RowsConfig(path="a.html"), tmp_path)
    (chunk,) = reader
    assert list(chunk.columns) == NAMES
    rows = list(zip(*chunk.columns.values(), strict=True))
    assert rows == [
        ("Leaf", "2 May 1999", "Hill", ("Ann Example", "Bob Sample")),
        ("Sea", "2003", "Hill", "Ann Example -"),
        ("Rain", "2007", "Dale", None),
    ]
    assert [reader.evidence(number) for number in chunk.places] == [
        f"a.html#row={number}" for number in (3, 4, 6)
    ]


def test_a_table_of_albums_becomes_statements(write: Write, run: Run) -> None:
    write("a.html", PAGE)
    columns = {
        "Album details.Released": {"predicate": "releaseDate"},
        "Album details.Label": {"predicate": "recordLabel"},
        "Performers": {"predicate": "performer", "type": "Artist"},
    }
    table = {
        "path": "a.html", "sheet": "studio albums", "type": "Album", "name": "Title",
        "external_ids": {"Title@href": ""}, "columns": columns,
    }  # fmt: skip
    found = run(kind="structured", tables={"albums": table})
    assert {
        ("Leaf", "releaseDate", "1999-05-02"), ("Leaf", "performer", "Bob Sample"),
        ("Sea", "recordLabel", "Hill"),
    } <= set(named(found))  # fmt: skip
    ids = dict(zip(found.records["name"], found.records["external_ids"], strict=True))
    assert list(ids["Leaf"]) == ["dbpedia:Leaf_(album)"]


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"sheet": "singles"}, "no table 'singles'.*0: '', 1: 'Studio albums'"),
        ({"sheet": 9}, "no table 9"),
        ({"sheet": 1, "columns": ["Year"]}, "no column 'Year'"),
    ],
)
def test_a_table_that_is_not_there(
    write: Write, tmp_path: Path, config: dict[str, Any], words: str
) -> None:
    write("a.html", PAGE)
    columns = config.pop("columns", None)
    with pytest.raises(DataError, match=words):
        list(read_rows(RowsConfig(path="a.html", **config), tmp_path, columns=columns))


@pytest.mark.parametrize("page", ["", "<p>nothing", "<!-- <table> -->"])
def test_a_page_without_a_table(write: Write, tmp_path: Path, page: str) -> None:
    write("a.html", page)
    with pytest.raises(DataError, match="the page has no table"):
        list(read_rows(RowsConfig(path="a.html"), tmp_path))


def test_absurd_spans_stay_bounded(write: Write, tmp_path: Path) -> None:
    cell = '<td colspan="99999" rowspan="999999">x</td>'
    write("a.html", f"<table><tr><th>a</th></tr><tr>{cell * 500}</tr><tr>{cell * 500}</tr></table>")
    (chunk,) = read_rows(RowsConfig(path="a.html"), tmp_path)
    assert chunk.columns == {"a": ["x", "x"]}


def test_names_that_a_heading_repeats_are_counted(write: Write, tmp_path: Path) -> None:
    head = "<tr><th>title</th><th>artist</th><th>artist</th></tr>"
    write("a.html", f"<table>{head}<tr><td>Rain</td><td>Ann</td><td>Bo</td></tr></table>")
    reader = read_rows(RowsConfig(path="a.html"), tmp_path)
    (chunk,) = reader
    assert list(chunk.columns) == ["title", "artist", "artist.2"]
    assert reader.renamed == {"artist.2": "artist"}
    assert reader.counts["columns whose name 'artist' another one has, read as 'artist.2'"] == 1
