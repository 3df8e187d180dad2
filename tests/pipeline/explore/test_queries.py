from __future__ import annotations

import json
import shutil
import threading
import time
from pathlib import Path

import pytest
import rdflib
from hypothesis import given
from hypothesis import strategies as st

from kg_builder.errors import DataError
from pipeline.explore import Graph, QueryTimeoutError
from pipeline.explore.sparql import calls_another_server
from pipeline.explore.store import _parts

BANDS = "select ?band ?year { ?band a mkg:Band ; mkg:beginDate ?year } order by ?year"
ENDLESS = "select (count(*) as ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l . ?m ?n2 ?o }"


def test_a_query_needs_no_prefixes_and_gives_a_frame(graph):
    frame = graph.query(BANDS).frame()
    assert frame.to_numpy().tolist() == [
        ["artist:Slayer", "1981"],
        ["artist:Massive_Attack", "1988"],
        ["artist:Portishead", "1991"],
    ]


def test_numbers_and_truths_are_python_values(graph):
    assert graph.query("select (count(*) as ?n) { ?b a mkg:Band }").values() == [[3]]
    yes = graph.query("ask { artist:Slayer mkg:genre genre:thrash_metal }")
    no = graph.query("ask { artist:Slayer mkg:genre genre:trip_hop }")
    assert (bool(yes), bool(no), yes.values(), no.values()) == (True, False, [[True]], [[False]])


def test_rows_beyond_the_limit_are_announced(graph):
    few, all_ = graph.query(BANDS, limit=2), graph.query(BANDS, limit=3)
    assert (len(few), few.truncated, len(all_), all_.truncated) == (2, True, 3, False)


def test_the_formats_are_those_of_the_standard(graph):
    found = graph.query(BANDS, limit=1)
    document = json.loads(found.json())
    assert document["head"]["vars"] == ["band", "year"]
    assert document["results"]["bindings"][0]["band"] == {
        "type": "uri",
        "value": "https://w3id.org/musickg/artist/Slayer",
    }
    assert found.csv() == "band,year\r\nhttps://w3id.org/musickg/artist/Slayer,1981\r\n"


def test_a_constructed_graph_is_the_same_in_turtle(graph, built):
    text = graph.query("construct { ?s ?p ?o } where { ?s a mkg:Band ; ?p ?o }").turtle()
    whole = rdflib.Graph().parse(built / "kg.ttl")
    bands = set(whole.subjects(rdflib.RDF.type, rdflib.URIRef(graph.prefixes["mkg"] + "Band")))
    wanted = {triple for triple in whole if triple[0] in bands}
    assert set(rdflib.Graph().parse(data=text, format="turtle")) == wanted
    with pytest.raises(DataError, match="a table, not a graph"):
        graph.query(BANDS).turtle()


def test_a_query_without_end_is_stopped_in_time_and_the_next_is_answered(graph):
    started = time.monotonic()
    with pytest.raises(QueryTimeoutError, match=r"stopped after 0\.3 s"):
        graph.query(ENDLESS, timeout=0.3)
    assert time.monotonic() - started < 30  # far from for ever, on the busiest machine
    assert len(graph.query(BANDS)) == 3


def test_a_query_that_fills_the_memory_is_stopped(built):
    greedy = "select * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l } order by ?c ?f ?i ?l"
    with Graph(built, memory=96 << 20) as small, pytest.raises(DataError, match="96 MiB of memory"):
        small.query(greedy, timeout=60)


@pytest.mark.parametrize(
    "text",
    ["insert data { <a:b> <a:b> <a:c> }", "delete where { ?a ?b ?c }", "drop all", "clear default",
     "load <http://127.0.0.1/x>", "select", "", "select ?x { ?x nonesuch:y ?z }"],
)  # fmt: skip
def test_what_is_no_query_is_refused_in_one_line(graph, text):
    with pytest.raises(DataError) as fault:
        graph.query(text)
    assert "\n" not in str(fault.value)
    assert len(graph.query(BANDS)) == 3


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("select ?a { ?a mkg:genre }", "syntax error in line 1, column 26, at '}'"),
        ("select ?a {\n ?a ?b ?c", "syntax error in line 2, column 10, at its end"),
        ("selec ?a {\n ?a ?b ?c }", "syntax error in line 1, column 10, at '{  ?a ?b ?c }'"),
    ],
)
def test_a_syntax_error_quotes_the_query(graph, text, place):
    with pytest.raises(DataError) as fault:
        graph.query(text)
    assert fault.value.what == place


@pytest.mark.parametrize(
    "text",
    ["select * { service <http://127.0.0.1:1/> { ?a ?b ?c } }",
     "select * { SERVICE SILENT <http://127.0.0.1:1/> { ?a ?b ?c } }",
     "select * { ?a ?b 1SERVICE <http://127.0.0.1:1/> { ?a ?b ?c } }",
     "prefix x: <http://127.0.0.1:1/> select * { SERVICEx:y { ?a ?b ?c } }",
     "prefix : <http://127.0.0.1:1/> select * { SERVICE:y { ?a ?b ?c } }",
     "select * { # '\n service <http://127.0.0.1:1/> { ?a ?b ?c } # ' }\n }",
     "select * { ?a ?b '\\'' . service <http://127.0.0.1:1/> { ?a ?b ?c } }",
     "select * { ?a ?b artist:x.service <http://127.0.0.1:1/> { ?a ?b ?c } }",
     "select * { ?a ?b \"\"\"a\"b\"\"\" service <http://127.0.0.1:1/> { ?a ?b ?c } }",
     "select * { \\u0053ervice <http://127.0.0.1:1/> { ?a ?b ?c } }"],
)  # fmt: skip
def test_another_server_is_never_asked(graph, text):
    with pytest.raises(DataError, match="SERVICE asks another server"):
        graph.query(text)


@pytest.mark.parametrize(
    "text",
    ["select * { artist:Secret_Service ?b ?c }", "select * { ?service ?b 'at your service' }",
     "select * { <http://x/service> ?b ?c } # a service", "select * { ?a ?b 'x'@service }"],
)  # fmt: skip
def test_the_word_itself_is_no_fault(graph, text):
    assert graph.query(text).kind == "select"


AROUND = ["\"a'", "'b\"'", '"c"', "<d>", "#e\n", "?f", "g:h", " ", ".", "1"]


@given(st.lists(st.sampled_from(AROUND), max_size=8))
def test_whatever_stands_around_a_keyword_it_is_either_found_or_inside_a_literal(around):
    text = "".join(around) + "\n SeRvIcE <x> {}"
    unclosed = any(part in {"\"a'", "'b\"'"} for part in around)
    assert calls_another_server(text) or unclosed


@given(st.lists(st.binary(max_size=20).map(lambda b: b.replace(b"\n", b"") + b"\n")),
       st.integers(1, 5))  # fmt: skip
def test_parts_of_a_file_are_whole_lines_and_all_of_them(lines, count):
    parts = _parts(b"".join(lines), count)
    assert b"".join(parts) == b"".join(lines)
    assert all(part.endswith(b"\n") for part in parts)


def test_threads_share_a_graph(graph):
    found: list[int] = []
    threads = [
        threading.Thread(target=lambda: found.append(len(graph.query(BANDS)) + len(
            graph.search("portishead")))) for _ in range(4)
    ]  # fmt: skip
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [4] * 4


def test_a_process_that_answers_while_the_graph_is_closed_ends_after_it(built):
    graph = Graph.open(built)
    graph.query(BANDS)
    queries = graph._queries
    worker = queries._worker()  # at work
    graph.close()
    queries._keep(worker)
    assert worker.poll() is not None


def test_the_store_is_loaded_once_and_anew_for_another_build(built, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(built, folder, ignore=shutil.ignore_patterns(".index"))

    def stores() -> list[Path]:
        return sorted((folder / ".index").glob("graph*"))

    with Graph.open(folder) as first:
        first.query(BANDS)
    made = stores()
    stamp = made[0].stat().st_mtime_ns
    with Graph.open(folder) as again:
        again.query(BANDS)
    assert [(path, path.stat().st_mtime_ns) for path in stores()] == [(made[0], stamp)]
    import gzip

    with gzip.open(folder / "kg.nt.gz", "ab") as more:
        more.write(b"<https://w3id.org/musickg/artist/New> "
                   b"<http://www.w3.org/1999/02/22-rdf-syntax-ns#type> "
                   b"<https://w3id.org/musickg/ontology#Band> .\n")  # fmt: skip
    with Graph.open(folder) as changed:
        assert changed.query("select (count(*) as ?n) { ?b a mkg:Band }").values() == [[4]]
    assert len(stores()) == 1
    assert stores() != made


def test_a_folder_that_cannot_be_written_to_is_indexed_elsewhere(built, tmp_path, monkeypatch):
    folder = tmp_path / "copy"
    shutil.copytree(built, folder, ignore=shutil.ignore_patterns(".index"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("pipeline.explore.index_folder.os.access", lambda *_: False)
    with Graph.open(folder) as graph:
        assert len(graph.query(BANDS)) == 3
    assert not (folder / ".index").exists()
    assert list((tmp_path / "cache" / "music-kg").iterdir())


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda f: (f / "kg.ttl").unlink(), "no built graph here"),
        (lambda f: (f / "kg.nt.gz").unlink(), "kg.nt.gz: no such file"),
        (lambda f: (f / "kg.nt.gz").write_bytes((f / "kg.nt.gz").read_bytes()[:-30]), "--force"),
        (lambda f: (f / "kg.nt.gz").write_bytes(b"no gzip"), "--force"),
    ],
)
def test_a_damaged_build_is_named_and_leaves_no_index(built, tmp_path, spoil, words):
    folder = tmp_path / "copy"
    shutil.copytree(built, folder, ignore=shutil.ignore_patterns(".index"))
    spoil(folder)
    with pytest.raises(DataError, match=words), Graph.open(folder) as graph:
        graph.query(BANDS)
    assert not list((folder / ".index").glob("graph*"))
