"""Unusual long inputs: work grows linearly with their length.

Work is the number of function calls, including those into C. This does not cover the wikitext
parser, whose input is bounded instead.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest

from kg_builder.errors import DataError
from kg_builder.extraction import SemiStructuredSource
from kg_builder.extraction.collector import Collector
from kg_builder.extraction.semi_structured.adapters.discogs_artists import _MARKUP
from kg_builder.extraction.semi_structured.adapters.infobox_values import (
    without_comments,
    without_unclosed,
)
from kg_builder.extraction.semi_structured.reader import Document, adapter_for
from kg_builder.extraction.tabular import RowsConfig, html_tables, read_rows
from kg_builder.extraction.tabular.config import columns_of, joined_headings, unique_names
from kg_builder.extraction.text.config import UnstructuredSource
from kg_builder.extraction.text.documents import read_documents
from kg_builder.ontology import Schema
from kg_builder.schema_inference.planning import make_plan
from kg_builder.schema_inference.reading import read_samples
from tests.kg_builder.conftest import schema

__all__ = ["schema"]  # a fixture

PIECES = [
    *("(", '"', "x ", "''", "http://", "\n==a", " – ", ", ", "&amp;", "1 ", "[", "(a) ", " ( "),
    *("[1 ", "[note ", "12 May ", "\n* a", "[[", "{{", "{{{", "{|\n", "<ref>", "<a ", "<nowiki>"),
    *("<!-- ", "[a=", "[http://a ", "</ref>", "\n|}", "•", "\u3001"),
]
FORMATS: dict[str, Callable[[str], str]] = {
    "a.wikitext": lambda text: "{{Infobox band|name=X|genre=" + text + "}}\n",
    "a.html": lambda text: (
        f"<h1>X</h1><table><tr><th>Genre</th><td>{text}</td></tr>"
        f"<tr><th>Born</th><td>{text}</td></tr><tr><td>{text}</td></tr></table>"
    ),
    "a.xml": lambda text: (
        f"<artists><artist><id>1</id><name>A</name><profile>{escape(text)}</profile></artist>"
        "</artists>"
    ),
    "a.jsonld": lambda text: json.dumps(
        {"@type": "MusicAlbum", "name": "A" + text, "genre": text, "datePublished": text}
    ),
}


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("piece", PIECES)
def test_work_grows_with_the_input(tmp_path: Path, schema: Schema, name: str, piece: str) -> None:
    counts = []
    for number in (50, 200):
        (tmp_path / name).write_text(FORMATS[name](piece * number), encoding="utf-8")
        source = SemiStructuredSource(kind="semi-structured", name="src", path=name)
        with Collector("src", schema) as out:
            document = Document(tmp_path / name, name, source, out)
            adapter = adapter_for(document.path, document.path.read_bytes()[:8192])
            assert adapter is not None
            counts.append(_calls(partial(adapter.read, document)))
    assert counts[1] < 6 * counts[0]


ROWS = {
    "a.xml": "<r><s><name>A</name><b>B</b>{}</s></r>",
    "a.html": "<table><tr><th>x<tr><td>y{}</table>",
    "a.json": '[{{"artist": "A", "genres": ["a"{}]}}]',
    "a.csv": "artist,genre\na,b{}\n",
}
ROWS_PIECES = [
    *(("a.xml", piece) for piece in ("<t/>", "<t a='1'>b</t>", "<a><t>b</t></a>", "x &lt; ")),
    *(("a.xml", piece) for piece in ("<key>a</key><dict/>", "<![CDATA[a]]>", "<b>C</b>")),
    *(("a.html", piece) for piece in ("<tr><td>a", "<td>a", "<th>a", "<td rowspan=9>a")),
    *(("a.html", piece) for piece in ("<td colspan=9>a", "<li>a", "<table><tr><td>", "<br>")),
    *(("a.html", piece) for piece in ("<caption>a</caption>", "<td><a href=x>b</a>", "<div>")),
    *(("a.json", piece) for piece in (', "b"', ", [1]", ', {"t": "x", "u": "y"}', ", null")),
    *(("a.csv", piece) for piece in (",", "\nc,d", '"', "\n", "| e", "['a',", "{", "(")),
]
"""Files of rows, and what is repeated in them."""


@pytest.mark.parametrize(("name", "piece"), ROWS_PIECES)
def test_work_of_rows_grows_with_the_file(tmp_path: Path, name: str, piece: str) -> None:
    keys = {"path": name, "rows": "r.s"} if name == "a.xml" else {"path": name}
    _assert_linear(
        lambda number: _write(tmp_path / name, ROWS[name].format(piece * number)),
        lambda _: list(read_rows(RowsConfig(**keys), tmp_path)),
    )


@pytest.mark.parametrize(
    "path", ["l[t=x].u", "l[t=z].u", "l[t=x].w[a=b].c", "l.u", "l.w[c=d].a", "l[u=y]"]
)
def test_work_of_conditions_grows_with_the_list(tmp_path: Path, path: str) -> None:
    item = {"t": "x", "u": "y", "w": [{"a": "b", "c": "d"}]}
    _assert_linear(
        lambda number: _write(tmp_path / "a.json", json.dumps([{"l": [item] * number}])),
        lambda _: list(read_rows(RowsConfig(path="a.json"), tmp_path, columns=[path])),
    )


@pytest.mark.parametrize("levels", [1, 2, 3])
@pytest.mark.parametrize("cell", ["a", "", "a.b", "a.b.", " "])
def test_work_of_headings_grows_with_their_width(levels: int, cell: str) -> None:
    def read(number: int) -> None:
        names = unique_names(joined_headings([[cell] * number] * levels))
        columns_of(map(Comparisons, names), list(map(Comparisons, names)), "a.csv")

    _assert_linear(lambda number: None, read)


COLUMNS: dict[str, Callable[[int], dict[str, str]]] = {
    "unknown": lambda number: {f"c{n}": "a" for n in range(number)},
    "names": lambda number: {f"artist{n}": "a" for n in range(number)},
    "ids": lambda number: {f"artist{n}_id": f"a{n}" for n in range(number)},
    "labels": lambda number: {f"artist{n}Label": "a" for n in range(number)},
    "a long name": lambda number: {"a" * 200 * number: "a"},
    "several words": lambda number: {"artist " * number: "a"},
    "genres": lambda number: {"genres": "a, " * number},
    "a long list": lambda number: {"genres": "[" + "'a', " * number},
}


@pytest.mark.parametrize("kind", COLUMNS)
def test_work_of_guesses_grows_with_the_file(tmp_path: Path, kind: str) -> None:
    def write(number: int) -> None:
        rows = [{"title": "A"} | COLUMNS[kind](number)] * 3
        _write(tmp_path / "a.json", json.dumps(rows))

    def look(_: int) -> None:
        make_plan(read_samples(tmp_path / "a.json", tmp_path, lambda *_: None))

    _assert_linear(write, look)


def test_no_more_columns_are_looked_at_than_a_table_has(tmp_path: Path) -> None:
    row = {"title": "A", "artist": "B"} | {f"key{n}": "c" for n in range(1_500)}
    _write(tmp_path / "a.json", json.dumps([row]))
    (sample,) = read_samples(tmp_path / "a.json", tmp_path, lambda *_: None)
    assert (len(sample.columns), sample.further) == (1_000, 502)
    assert "the last 502" in {name for _, name, _ in make_plan([sample]).left_out}


def test_cells_do_not_stand_for_millions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html_tables, "_REPEATED", 10_000)
    _write(tmp_path / "a.html", "<table>" + "<tr><td rowspan=1000>a" * 200)
    with pytest.raises(DataError, match="span rows or columns"):
        list(read_rows(RowsConfig(path="a.html"), tmp_path))


@pytest.mark.parametrize("piece", ["<ref>", "{|\n", "<div><b>", "<ref name=x>"])
def test_the_parser_of_wikitext_gets_no_begin_without_an_end(piece: str) -> None:
    assert "<" not in (left := without_unclosed(piece * 5000))
    assert "{|" not in left


@pytest.mark.parametrize("piece", ["(", '"', '(("[', "…", "a", "a(", "🎸", "''", "http://a/"])
def test_no_long_run_reaches_a_tokeniser(tmp_path: Path, schema: Schema, piece: str) -> None:
    """spaCy is quadratic in the length of a run of punctuation."""
    before, after = "Ann is a singer. ", " She was born in Oslo."
    text = before + piece * 5000 + after
    row = {"id": "1", "title": "Ann", "text": text}
    (tmp_path / "a.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    source = UnstructuredSource(kind="unstructured", name="n", path="a.jsonl")
    with Collector("n", schema) as out:
        [document] = read_documents(source, tmp_path, out)
        assert out.counts["documents: long runs of characters passed over"] == 1
    assert document.text == before + " " * len(piece) * 5000 + after  # offsets stay


def test_what_people_write_reaches_it(tmp_path: Path) -> None:
    text = f"Ann (feat. Bob), “A … B”!!! {'-' * 30} http://a.example/{'b' * 500}"
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")
    source = UnstructuredSource(kind="unstructured", name="n", path="*.txt")
    assert [document.text for document in read_documents(source, tmp_path)] == [text]


def test_a_title_of_a_megabyte_is_a_reject(tmp_path: Path, schema: Schema) -> None:
    row = {"id": "1", "title": "A" * 1_000_000, "text": "She was born in Oslo."}
    (tmp_path / "a.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    source = UnstructuredSource(kind="unstructured", name="n", path="a.jsonl")
    with Collector("n", schema) as out:
        assert list(read_documents(source, tmp_path, out)) == []
        assert [reject.reason for reject in out.rejects] == ["title too long"]


@pytest.mark.parametrize("kind", ["[a=", "[url=", "[b=", "[l=x [a="])
def test_markup_of_discogs_ends_where_the_next_begins(kind: str) -> None:
    """The search for an unclosed tag's end stops at the next bracket."""
    longest = max((len(found[0]) for found in _MARKUP.finditer(kind * 50 + "x]")), default=0)
    assert longest <= len(kind) + 2


def test_what_is_closed_stays() -> None:
    text = "a<ref>b<br>{{c|d}}</ref> {|\n|x\n|} <ref name=e/>"
    assert without_unclosed(text) == text
    assert without_unclosed("a<small>b") == "ab"
    assert without_comments("a<!--b-->c<!--d") == "ac"


class Comparisons(str):
    """A text whose comparisons are calls, which the profile counts."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        return str.__eq__(self, other)


def _assert_linear(write: Callable[[int], None], do: Callable[[int], object]) -> None:
    """Compare the work on an input of some length and on one four times as long."""
    counts = []
    for number in (100, 400):
        write(number)
        counts.append(_calls(partial(do, number)))
    assert counts[1] < 6 * counts[0]


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _calls(do: Callable[[], object]) -> int:
    count = 0

    def note(frame: Any, event: str, argument: Any) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        do()
    finally:
        sys.setprofile(before)
    return count
