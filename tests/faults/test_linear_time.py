"""Long odd inputs: four times the input is not much more than four times the work.

Work is counted: calls of functions, with those into C. What the parser of wikitext does is not seen
by that; it is bounded by what it is given.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kg_builder.extraction import SemiStructuredSource
from kg_builder.extraction.collector import Collector
from kg_builder.extraction.semi_structured.adapters.infobox_values import (
    without_comments,
    without_unclosed,
)
from kg_builder.extraction.semi_structured.reader import Document, adapter_for
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
