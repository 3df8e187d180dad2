"""Unusual long inputs: work grows linearly with their length.

Work is the number of function calls, including those into C. This does not cover the wikitext
parser, whose input is bounded instead.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest

from kg_builder.extraction import SemiStructuredSource
from kg_builder.extraction.collector import Collector
from kg_builder.extraction.semi_structured.adapters.discogs_artists import _MARKUP
from kg_builder.extraction.semi_structured.adapters.infobox_values import (
    without_comments,
    without_unclosed,
)
from kg_builder.extraction.semi_structured.reader import Document, adapter_for
from kg_builder.extraction.text.config import UnstructuredSource
from kg_builder.extraction.text.documents import read_documents
from kg_builder.ontology import Schema
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
            counts.append(_calls(adapter.read, document))
    assert counts[1] < 6 * counts[0]


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


def _calls(do: Callable[[Document], None], document: Document) -> int:
    count = 0

    def note(frame: Any, event: str, argument: Any) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        do(document)
    finally:
        sys.setprofile(before)
    return count
