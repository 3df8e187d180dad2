"""Broken or malicious input gives a clear error or a counted reject."""

from __future__ import annotations

import gzip
import json
import random
import socket
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kg_builder.errors import DataError
from kg_builder.extraction import Extraction, SemiStructuredSource
from kg_builder.extraction.arrow_batches import Reject
from kg_builder.extraction.collector import Collector
from kg_builder.extraction.semi_structured.reader import Document
from kg_builder.extraction.semi_structured.xml_stream import xml_records
from kg_builder.ontology import Schema
from tests.kg_builder.conftest import Run, named, reasons, record

Write = Callable[[str, str | bytes], Path]

NAMES = ["مارسيل خليفة", "אביתר בנאי", "椎名林檎", "방탄소년단", "ⵜⵉⵏⴰⵔⵉⵡⵏ", "Mötley Crüe", "👨‍🎤"]


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("something asked for the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def table(path: str, **more: Any) -> dict[str, Any]:
    columns = {"genre": {"predicate": "genre"}}
    base = {"path": path, "id": "id", "name": "name", "type": "Artist", "columns": columns}
    return {"kind": "structured", "tables": {"t": base | more}}


def page(path: str, **more: Any) -> dict[str, Any]:
    return {"kind": "semi-structured", "path": path, **more}


def names_of(found: Extraction) -> set[str]:
    return set(found.records["name"])


# ----------------------------------------------------------------------- cut short and swollen


@pytest.mark.parametrize("name", ["a.csv.gz", "a.jsonl.gz", "a.html.gz", "a.xml.gz", "a.nt.gz"])
def test_compression_that_breaks_off(write: Write, run: Run, name: str) -> None:
    triples = "".join(f'<urn:{n}> <http://schema.org/name> "{n * n}" .\n' for n in range(4000))
    write(name, gzip.compress(triples.encode())[:-40])
    with pytest.raises(DataError, match=r"cut short or damaged.*fetch the file again"):
        if name.startswith(("a.html", "a.xml")):
            run(**page(name, format="html" if "html" in name else "discogs"))
        elif name.startswith("a.nt"):
            run(kind="structured", tables={"t": {"reads": "rdf", "path": name}})
        else:
            run(**table(name))


def test_a_compressed_file_that_swells_costs_no_memory(write: Write, run: Run) -> None:
    swollen = gzip.compress(b"\n" + b"x" * 60_000_000)  # 60 kB become 60 MB
    write("a.jsonl.gz", swollen)
    write("a.html.gz", swollen)
    write("a.xml.gz", gzip.compress(b"<artists><artist><name>" + b"x" * 60_000_000))
    tracemalloc.start()
    lines = run(**table("a.jsonl.gz", max_line=1 << 20))
    html = run(**page("a.html.gz", max_bytes=1 << 20))
    xml = run(**page("a.xml.gz", format="discogs"))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert reasons(lines) == ["line too long"]
    assert reasons(html) == ["file too large"]
    assert reasons(xml) == ["broken XML"]  # the parser refuses a text of more than 10 MB
    assert peak < 25e6


@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl"])
def test_a_line_without_end_is_one_reject(write: Write, run: Run, ending: str) -> None:
    cut = {"csv": ",", "tsv": "\t"}.get(ending)
    if cut:
        rows = [cut.join(("id", "name", "genre")), cut.join(("1", "A", "rock"))]
        long = cut.join(("2", "x" * 5000, "pop"))
        rows += [long, cut.join(("3", "C", "jazz"))]
    else:
        values = ("A", "x" * 5000, "C")
        rows = [json.dumps({"id": n, "name": v, "genre": "rock"}) for n, v in enumerate(values, 1)]
    write(f"a.{ending}", "\n".join(rows))
    found = run(**table(f"a.{ending}", max_line=1024))
    assert reasons(found) == ["line too long"]
    assert {"A", "C"} <= names_of(found)
    assert found.counts["t: rows read"] == found.counts["t: rows used"] + 1


def test_a_triple_without_end_is_an_error(write: Write, run: Run) -> None:
    write("a.nt", b'<urn:a> <http://schema.org/name> "' + b"x" * 17_000_000)
    with pytest.raises(DataError, match="broken RDF"):
        run(kind="structured", tables={"t": {"reads": "rdf", "path": "a.nt"}})


def test_a_quote_that_is_never_closed(write: Write, run: Run) -> None:
    lines = "".join(f"{n},artist {n},rock\n" for n in range(2, 9000))
    write("a.csv", f'id,name,genre\n1,"never closed,rock\n{lines}')
    found = run(**table("a.csv"))
    assert set(reasons(found)) <= {"unreadable row", "wrong number of cells"}
    assert found.counts["t: rows read"] == found.counts["t: rows used"] + len(found.rejects)


# -------------------------------------------------------------------------------------- entities

ENTITIES = '<!ENTITY a "aaaaaaaaaa">' + "".join(
    f'<!ENTITY {one} "{10 * f"&{other};"}">'
    for one, other in zip("bcdefghij", "abcdefghi", strict=True)
)


@pytest.mark.parametrize(
    "prologue",
    [
        f"<!DOCTYPE artists [{ENTITIES}]>",
        f"<!-- {'x' * 200_000} --><!DOCTYPE artists [{ENTITIES}]>",
        '<!DOCTYPE artists SYSTEM "http://127.0.0.1/artists.dtd">',
        '<!doctype artists [<!ENTITY % remote SYSTEM "http://127.0.0.1/x"> %remote;]>',
    ],
)
@pytest.mark.parametrize("format_", ["discogs", "musicbrainz"])
def test_documents_types_are_refused_wherever_they_hide(
    write: Write, run: Run, prologue: str, format_: str
) -> None:
    write("a.xml", f"{prologue}<artists><artist><id>1</id><name>&j;</name></artist></artists>")
    with pytest.raises(DataError, match="declares a document type"):
        run(**page("a.xml", format=format_))


def test_entities_in_rdf_and_pages_do_not_swell(write: Write, run: Run) -> None:
    space = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
    write(
        "a.rdf",
        f'<?xml version="1.0"?><!DOCTYPE r [{ENTITIES}]><rdf:RDF xmlns:rdf="{space}" '
        'xmlns:s="https://schema.org/"><s:MusicGroup rdf:about="urn:x"><s:name>&j;</s:name>'
        "</s:MusicGroup></rdf:RDF>",
    )
    write("a.html", f"<!DOCTYPE html [{ENTITIES}]><html><h1>&j;</h1></html>")
    with pytest.raises(DataError, match="declares a document type or entities"):
        run(kind="structured", tables={"t": {"reads": "rdf", "path": "a.rdf"}})
    assert reasons(run(**page("a.html"))) == ["page without usable markup"]


def test_entities_that_abbreviate_addresses_are_read(write: Write, run: Run) -> None:
    write(
        "a.rdf",
        '<?xml version="1.0"?><!DOCTYPE rdf:RDF [<!ENTITY s "https://schema.org/">]>'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:s="&s;">'
        '<rdf:Description rdf:about="urn:low"><rdf:type rdf:resource="&s;MusicGroup"/>'
        "<s:name>Low</s:name></rdf:Description></rdf:RDF>",
    )
    found = run(kind="structured", tables={"t": {"reads": "rdf", "path": "a.rdf"}})
    assert names_of(found) == {"Low"}


def test_entities_without_a_declaration_are_no_text(write: Write, run: Run) -> None:
    write("a.xml", "<artists><artist><id>1</id><name>A&nbsp;B</name></artist></artists>")
    assert reasons(run(**page("a.xml"))) == ["broken XML"]


def test_contexts_of_json_ld_are_not_fetched(write: Write, run: Run) -> None:
    context = {"@context": "http://127.0.0.1:9/context.jsonld", "@type": "MusicGroup"}
    write("a.jsonld", json.dumps(context | {"name": "Low", "genre": "slowcore"}))
    assert named(run(**page("a.jsonld"))) == [("Low", "genre", "slowcore")]
    with pytest.raises(DataError, match="broken RDF"):
        run(kind="structured", tables={"t": {"reads": "rdf", "path": "a.jsonld"}})


def test_pages_run_no_script_and_fetch_nothing(write: Write, run: Run) -> None:
    write(
        "a.html",
        "<html><base href='http://127.0.0.1/'><script>throw 1</script><iframe src='/x'></iframe>"
        "<link rel=stylesheet href=x><div itemscope itemtype='http://schema.org/MusicGroup'>"
        "<img itemprop=image src='/y'><b itemprop=name>Low</b><i itemprop=genre>slowcore</i></div>",
    )
    assert ("Low", "genre", "slowcore") in named(run(**page("a.html")))


# ------------------------------------------------------------------------------ broken and deep


def test_nesting_beyond_reason(write: Write, run: Run) -> None:
    deep = 100_000
    write("a.json", "[" * deep)
    write("b.json", '{"a":' * deep + "1" + "}" * deep)
    mapping = {"type": "Artist", "name": "name"}
    assert reasons(run(**page("?.json", format="json", mapping=mapping))) == ["broken JSON"] * 2
    write("a.jsonld", '{"@type":"MusicGroup","member":' * 200 + "1" + "}" * 200)
    assert reasons(run(**page("a.jsonld"))) == ["broken JSON-LD"]
    write("a.jsonl", '{"id":1,"name":' + "[" * deep + '\n{"id":2,"name":"B","genre":"rock"}\n')
    assert reasons(run(**table("a.jsonl"))) == ["broken JSON"]
    group = "<div itemscope itemprop=member itemtype='http://schema.org/MusicGroup'>"
    outer = group.replace("itemprop=member", "")
    write("a.html", outer + "<b itemprop=name>A</b>" + group * 5000)
    assert "A" in names_of(run(**page("a.html")))
    write("b.html", "<div vocab='http://schema.org/' typeof='MusicGroup' property='member'>" * 5000)
    assert "page without usable markup" in reasons(run(**page("b.html")))
    write("a.xml", "<artists>" + "<artist>" * 5000)
    assert reasons(run(**page("a.xml"))) == ["broken XML"]


def test_what_is_no_record_is_forgotten(write: Write, schema: Schema) -> None:
    junk = b"<junk><a/><b/></junk>" * 100_000
    path = write("a.xml", b"<artists>" + junk + b"<artist><id>1</id></artist>" + junk)
    source = SemiStructuredSource(kind="semi-structured", name="src", path="a.xml")
    document = Document(path, "a.xml", source, Collector("src", schema))
    rejects: list[Reject] = []
    records = xml_records(document, {"artists": "artist"}, rejects)
    held = [len(found.getparent()) for found in records]
    assert len(held) == 1 and held[0] < 10_000
    assert [item.reason for item in rejects] == ["broken XML"]


@pytest.mark.parametrize(
    "text",
    [
        "<table><tr><th>Origin<td>Leeds<tr><td>Genre</td><td>punk</table><h1>Mekons",
        "<h1>Mekons</h1><dl><dt>Origin<dd>Leeds<dt>Genre<dd>punk",
        "<p><h1>Mekons<table><<tr><th>Origin</th><td>Leeds</td></tr></p><tr><th>Genre<td>punk",
    ],
)
def test_broken_html_is_forgiven(write: Write, run: Run, text: str) -> None:
    write("a.html", text)
    found = set(named(run(**page("a.html"))))
    assert {("Mekons", "origin", "Leeds"), ("Mekons", "genre", "punk")} <= found


# -------------------------------------------------------------------------- letters of all kinds


def test_null_bytes(write: Write, run: Run) -> None:
    write("a.csv", "id,name,genre\n1,A\0B,rock\n2,C,pop\n")
    found = run(**table("a.csv"))
    assert (reasons(found), names_of(found)) == (["null byte"], {"C", "pop"})
    write("a.jsonl", '{"id": 1, "name": "A\\u0000B", "genre": "rock"}\n')
    assert names_of(run(**table("a.jsonl"))) == {"AB", "rock"}
    write("a.html", "<h1>Me\0kons</h1><dl><dt>Origin<dd>Le\0eds<dt>Genre<dd>punk</dl>")
    assert ("Mekons", "origin", "Leeds") in named(run(**page("a.html")))
    write("a.xml", "<artists><artist><id>1</id><name>A\0</name></artist></artists>")
    assert reasons(run(**page("a.xml"))) == ["broken XML"]


RANDOM = random.Random(1).randbytes(4000)


@pytest.mark.parametrize(
    ("content", "remedy"),
    [
        (RANDOM, "save it as UTF-8"),
        (b"%PDF-1.4\n1 0 obj\n", "save it as UTF-8"),
        (b"PK\3\4a.csv" + bytes(9), "unpack it"),
        ("id,name,genre\n1,A,rock\n".encode("utf-16-be"), "utf-16-be in `encodings`"),
    ],
)
def test_binary_content_is_no_table(write: Write, run: Run, content: bytes, remedy: str) -> None:
    write("a.csv", content)
    with pytest.raises(DataError, match=rf"a\.csv: binary content, not text .*{remedy}"):
        run(**table("a.csv"))


def test_separators_of_old_databases_are_text(write: Write, run: Run) -> None:
    write("a.csv", "id\x01name\x01genre\n1\x01A\x01rock\x02pop\n")
    assert names_of(run(**table("a.csv", separator="\x01", quote=""))) == {"A", "rockpop"}


def test_binary_content_is_no_text_about_music(write: Write, run: Run) -> None:
    write("texts/Blur.txt", RANDOM)
    write("texts/Pulp.txt", "Pulp are a band from Sheffield, formed in 1978.")
    found = run(kind="unstructured", path="texts/*.txt")
    assert reasons(found) == ["binary content, not text"]


def test_texts_in_place_of_names_are_rejects(write: Write, run: Run) -> None:
    longest, text = "n" * 1000, "word " * 100_000
    write("a.csv", f"id,name,genre\n1,{text},rock\n2,{longest},{text}\n{text},C,pop\n")
    found = run(**table("a.csv"))
    assert names_of(found) == {longest}
    assert sorted(reasons(found)) == [
        "longer than 1,000 characters: no artist",
        "longer than 1,000 characters: no genre",
        "longer than 1,000 characters: no id",
    ]
    assert found.rejects["detail"].str.len().max() < 400


def test_halves_of_surrogate_pairs(write: Write, run: Run) -> None:
    rows = [
        '{"id": "1", "name": "A\\ud83d", "genre": "rock"}',
        '{"id": "\\ude00", "name": "B", "genre": "pop\\udfff"}',
        '{"id": "3", "name": "C", "genre": "jazz"}',
    ]
    write("a.jsonl", "\n".join(rows))
    found = run(**table("a.jsonl"))
    assert {"A\ufffd", "C", "rock", "jazz"} <= names_of(found)
    assert "B" not in names_of(found)
    assert set(reasons(found)) == {"text that is no Unicode"}
    assert ("C", "genre", "jazz") in named(found)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_names_of_all_scripts(write: Write, run: Run, encoding: str) -> None:
    rows = "".join(f"{n},{name},rock\n" for n, name in enumerate(NAMES))
    write("a.csv", ("id,name,genre\n" + rows).encode(encoding))
    code = encoding if encoding.startswith(("utf-16", "utf-32")) else "utf-8-sig"
    assert set(NAMES) <= names_of(run(**table("a.csv", encodings=[code])))
    lists = "".join(f"<li>{name}</li>" for name in NAMES)
    text = f"<h1>Various</h1><dl><dt>Members<dd><ul>{lists}</ul><dt>Origin<dd>Oran</dl>"
    write("a.html", text.encode(encoding) if encoding != "utf-8" else text.encode())
    assert {("Various", "hasMember", name) for name in NAMES} <= set(named(run(**page("a.html"))))


def test_names_of_all_scripts_in_dumps_and_json(write: Write, run: Run) -> None:
    artists = "".join(
        f"<artist><id>{n}</id><name>{name}</name></artist>" for n, name in enumerate(NAMES)
    )
    write("a.xml", f"<artists>{artists}</artists>")
    assert names_of(run(**page("a.xml"))) == set(NAMES)
    for ascii_ in (True, False):
        lines = (
            json.dumps({"id": n, "name": name, "genre": "x"}, ensure_ascii=ascii_)
            for n, name in enumerate(NAMES)
        )
        write("a.jsonl", "\n".join(lines))
        assert set(NAMES) <= names_of(run(**table("a.jsonl")))


def test_directions_of_writing_stay_as_they_are(write: Write, run: Run) -> None:
    name = "\u200fפרויקט \u2066AB\u2069"
    write("a.csv", f"id,name,genre\n1,{name},rock\n")
    assert record(run(**table("a.csv")), "src/1")["name"] == name


def test_lines_in_several_encodings_are_counted(write: Write, run: Run) -> None:
    rows = [b"id,name,genre", "1,Björk,rock".encode(), "2,Mötley,rock".encode("cp1252")]
    rows += ["3,Ð\x9aÐ¸Ð½Ð¾,rock".encode()]  # UTF-8 read as Latin-1 and written again
    write("a.csv", b"\n".join(rows))
    found = run(**table("a.csv"))
    assert names_of(found) == {"Björk", "Mötley", "Кино", "rock"}
    assert found.counts["t: lines read as cp1252"] == 1


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl"])
def test_a_byte_order_mark_tells_the_encoding(
    write: Write, run: Run, encoding: str, ending: str
) -> None:
    if ending == "jsonl":
        rows = [json.dumps({"id": 1, "name": "Чайф", "genre": "рок"}, ensure_ascii=False)]
    else:
        cut = {"csv": ",", "tsv": "\t"}[ending]
        rows = [cut.join(("id", "name", "genre")), cut.join(("1", "Чайф", "рок"))]
    write(f"a.{ending}", ("\n".join(rows) + "\n").encode(encoding))
    found = run(**table(f"a.{ending}"))
    assert named(found) == [("Чайф", "genre", "рок")]


def test_an_encoding_without_its_mark_is_asked_for(write: Write, run: Run) -> None:
    write("a.csv", "id,name,genre\n1,A,rock\n".encode("utf-16-le"))
    with pytest.raises(DataError, match=r"a\.csv: utf-16 without.*utf-16-le"):
        run(**table("a.csv", encodings=["utf-16"]))
    assert named(run(**table("a.csv", encodings=["utf-16-le"]))) == [("A", "genre", "rock")]


@pytest.mark.parametrize("path", ["", "/etc/*.html", "**.html"])
def test_a_path_that_is_not_below_the_raw_folder(run: Run, path: str) -> None:
    with pytest.raises(DataError, match="relative to the raw folder"):
        run(**page(path))
