"""Names that look like code are escaped in every output file."""

from __future__ import annotations

import csv
import gzip
import json
from html.parser import HTMLParser
from pathlib import Path

import pyoxigraph as ox
import pytest
from rdflib import Dataset as RdfDataset
from rdflib import Graph

from flows.reports import table
from pipeline.build import build
from pipeline.export.command import export

NAMES = [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", '"><b>x', "</title>&lt;",
    "=cmd|'/c calc'!A0", "+/-", "@SUM(1)", "-2+3", "a\tb", "\\\\N", "\\u0022", "x' OR 1=1 --",
    "{{ 7*7 }}", "{% raw %}", "[a](javascript:alert(1))", "| a | b |", "`rm -rf`", "$(rm)", "%s%n",
    "a> <http://evil/b> <http://evil/c", "http://a b/<c>", 'x" ; a <http://evil/d>', "_:b0", "a#b",
    "שלום עולם", "\u202egnp.exe", "٣٣٣", "e\u0301te\u0301", "ﷺ", "🎸🥁", "..", "a/../../b",
    "NULL x",
    "Line one two", "true", "1e5", "'quoted'", "#hash", "^caret", "<a", "a>", "C:\\x",
    "%3Cb",
]  # fmt: skip
CLEANED = {
    "%3Cb": "<b", "\\u0022": '"', "</title>&lt;": "</title><", "@SUM(1)": "@SUM",
    "e\u0301te\u0301": "\xe9t\xe9", "http://a b/<c>": "<c>",
}  # fmt: skip
"""Names that are written in another way: escapes undone, a number of Discogs' taken away."""
ONE_THING = {"a\tb", "| a | b |", "a/../../b", "a>"}
"""Names that differ from another one in marks alone, and whose bands are one."""
RECIPE = """
name = "hostile"
title = "</title><script>alert(2)</script> \\"\\"\\" > <http://evil/t> ."
[[sources]]
kind = "structured"
name = "shop"
[sources.tables.bands]
path = "bands.jsonl"
type = "Band"
id = "id"
name = "name"
[sources.tables.bands.columns]
genre = { predicate = "genre" }
bio = { predicate = "description" }
site = { predicate = "homepage" }
[[interactions]]
path = "plays.jsonl"
user = "user"
item = "band"
records = "shop"
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "recipe.toml").write_text(RECIPE, encoding="utf-8")
    bands = [
        {"id": f"{n}<>\" '", "name": name, "genre": f"{name} pop", "bio": f'"""{name}\n{name}\\',
         "site": f"http://example.org/{n}> <b> <c"}
        for n, name in enumerate(NAMES)
    ]  # fmt: skip
    plays = [
        {"user": f"=user{u}<b>", "band": f"{n}<>\" '"}
        for u in range(4)
        for n in range(len(NAMES))
        if n % 4 != u
    ]
    for name, rows in (("bands", bands), ("plays", plays)):
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / f"{name}.jsonl").write_text(text, encoding="utf-8")
    build(folder / "recipe.toml", raw=folder, out=folder / "out")
    return folder / "out"


def _labels(built: Path) -> set[str]:
    triples = ox.parse(path=built / "kg.ttl", format=ox.RdfFormat.TURTLE)
    label = "http://www.w3.org/2000/01/rdf-schema#label"
    return {t.object.value for t in triples if t.predicate.value == label}


def test_every_band_is_there_under_its_name(built: Path) -> None:
    rows = [line.split("\t") for line in (built / "items.tsv").read_text("utf-8").split("\n")[1:-1]]
    found = {row[2] for row in rows}
    assert found <= _labels(built)
    assert found == (set(NAMES) - CLEANED.keys() - ONE_THING) | set(CLEANED.values())


def test_turtle_says_what_ntriples_and_trig_say_and_nothing_of_evil(built: Path) -> None:
    turtle = set(ox.parse(path=built / "kg.ttl", format=ox.RdfFormat.TURTLE))
    plain = gzip.decompress((built / "kg.nt.gz").read_bytes())
    assert {t.triple for t in ox.parse(plain, format=ox.RdfFormat.N_TRIPLES)} == {
        t.triple for t in turtle
    }
    graph = Graph().parse(built / "kg.ttl")
    assert len(graph) == len(turtle)
    trig = RdfDataset()
    trig.parse(built / "provenance.trig")
    terms = {str(term) for triple in graph for term in triple if "evil" in str(term)}
    assert all(not term.startswith("http://evil") for term in terms)


def test_tables_have_one_line_and_the_same_cells_for_each_row(built: Path) -> None:
    for path in built.glob("*.tsv"):
        lines = path.read_text(encoding="utf-8").split("\n")[:-1]
        assert len({line.count("\t") for line in lines}) == 1, path
        assert not any(set(line) & set("\r\x0b\x0c\x1c\x85\u2028\u2029") for line in lines), path


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        assert all(not name.startswith("on") for name, _ in attrs)


def test_the_report_has_no_tags_of_theirs(built: Path) -> None:
    tags = _Tags()
    tags.feed((built / "quality.html").read_text(encoding="utf-8"))
    assert not tags.tags & {"script", "img", "a", "c"}


@pytest.mark.parametrize("style", ["lenskit", "neo4j-csv", "networkx", "recbole", "kgat"])
def test_exports_hold_the_names_of_the_folder(built: Path, tmp_path: Path, style: str) -> None:
    items = (built / "items.tsv").read_text("utf-8").split("\n")[1:-1]
    names = [line.split("\t")[2].replace("\u202e", " ") for line in items]
    export(built, tmp_path, style)
    tables = {"lenskit": "items.csv", "neo4j-csv": "nodes.csv"}
    if style in tables:
        delimiter = "," if tables[style].endswith(".csv") else "\t"
        with (tmp_path / tables[style]).open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, delimiter=delimiter, strict=True))
        assert [row["name"] for row in rows][: len(names)] == names
    elif style == "networkx":
        graph = json.loads((tmp_path / "graph.json").read_text(encoding="utf-8"))
        assert [node["name"] for node in graph["nodes"]][: len(names)] == names
    elif style == "kgat":
        lines = (tmp_path / "item_list.txt").read_text(encoding="utf-8").splitlines()
        assert {len(line.split(" ")) for line in lines} == {3}


def test_markdown_of_artefacts_shows_them_as_they_are() -> None:
    from markdown_it import MarkdownIt

    rows = [[name] for name in NAMES]
    html = MarkdownIt("gfm-like").render(table(["name"], rows))
    assert html.count("<td") == len(NAMES)
    assert [tag for tag in ("<a ", "<img", "<script", "<b>", "<em>", "<code>") if tag in html] == []
