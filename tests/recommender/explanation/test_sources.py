"""Evidence of reasons: found by triple, quoted from the publisher's file, shown in full."""

from __future__ import annotations

import gzip
import json
import shutil

import numpy as np
import pandas as pd
import pytest

from recommender import load
from recommender.cli import main_guard
from recommender.data import Catalogue, KnowledgeGraph
from recommender.data.quotes import Quotes
from recommender.errors import DataError
from recommender.explanation import fact_lines
from recommender.explanation.statements import Statements
from recommender.recommend import main

ENTITIES = (
    ("https://w3id.org/musickg/artist/Nirvana", "Nirvana"),
    ("https://w3id.org/musickg/artist/Foo_Fighters", "Foo Fighters"),
    ("https://w3id.org/musickg/genre/grunge", "grunge"),
    ("https://w3id.org/musickg/person/Dave_Grohl", "Dave Grohl"),
)
RELATIONS = ("genre", "has member", "associated with")
COLUMNS = (
    "subject", "predicate", "object", "source", "method", "confidence", "evidence", "inferred",
)  # fmt: skip
ROWS = (
    ("artist:Nirvana", "genre", "genre:grunge", "tags", "votes", 0.8, "t.tsv#line=2;votes=3",
     False),
    ("artist:Nirvana", "genre", "genre:grunge", "bio", "pattern", 0.9, "b.jsonl#line=1;char=4,11",
     False),
    ("person:Dave_Grohl", "memberOf", "artist:Nirvana", "bio", "pattern", 0.7,
     "b.jsonl#line=2;char=0,10", False),
    ("person:Dave_Grohl", "memberOf", "artist:Foo_Fighters", "kg", "triples", 0.9,
     "k.nt.gz#line=3", False),
    ("artist:Foo_Fighters", "associatedWith", "artist:Nirvana", "inference", "rule:shared-member",
     0.6, "person:Dave_Grohl memberOf artist:Nirvana; "
     "person:Dave_Grohl memberOf artist:Foo_Fighters", True),
    ("artist:Nirvana", "recordLabel", "genre:grunge", "odd", "mapping", 0.9, "x#line=1", False),
)  # fmt: skip
TRIPLES = ((0, 0, 2), (0, 1, 3), (0, 2, 1), (1, 0, 2))


@pytest.fixture
def folder(tmp_path):
    def write(name, header, rows):
        lines = [header, *("\t".join(map(str, row)) for row in rows)]
        (tmp_path / name).write_text("\n".join(lines) + "\n")

    write("entities.tsv", "id\tiri\tname", [(n, *e) for n, e in enumerate(ENTITIES)])
    write("relations.tsv", "id\tiri\tname", [(n, r, r) for n, r in enumerate(RELATIONS)])
    pd.DataFrame(ROWS, columns=list(COLUMNS)).to_parquet(tmp_path / "statements.parquet")
    raw = tmp_path / "raw"
    raw.mkdir()
    (raw / "t.tsv").write_text("artist\ttag\tvotes\nNirvana\tgrunge\t3\n7\t8\t9\n")
    (raw / "b.jsonl").write_text(
        json.dumps({"id": "1", "text": "The grunge of Nirvana."}) + "\n"
        + json.dumps({"id": "2", "text": "Dave Grohl drummed."}) + "\n"
    )  # fmt: skip
    with gzip.open(raw / "k.nt.gz", "wt") as lines:
        lines.write("a\nb\n<Grohl> <memberOf> <Foo> .\n")
    inputs = {str(raw / name): "sha" for name in ("t.tsv", "b.jsonl", "k.nt.gz")}
    manifest = {"stages": {"extraction": {"inputs": inputs}}}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    return tmp_path


@pytest.fixture
def statements(folder) -> Statements:
    head, relation, tail = np.array(TRIPLES).T.copy()
    return Statements(folder, KnowledgeGraph(head, relation, tail, 4, 3), Catalogue(folder))


def test_all_statements_of_a_triple_the_surest_first(statements):
    assert [s.source for s in statements.behind(0)] == ["bio", "tags"]


def test_a_triple_is_found_under_the_inverse_relation(statements):
    (found,) = statements.behind(1)
    assert (found.subject, found.predicate) == ("person:Dave_Grohl", "memberOf")


def test_an_inferred_fact_brings_its_premises(statements):
    (found,) = statements.behind(2)  # stated from the other side
    assert found.inferred
    assert [(p.object, p.source) for p in found.premises] == [
        ("artist:Nirvana", "bio"),
        ("artist:Foo_Fighters", "kg"),
    ]


def test_what_nobody_states_has_no_source(statements):
    assert statements.behind(3) == []


def test_without_the_file_nothing_is_known(folder, statements):
    (folder / "statements.parquet").unlink()
    assert not statements
    assert statements.behind(0) == []


def test_a_damaged_file_is_an_error_of_one_line(folder, statements):
    (folder / "statements.parquet").write_text("not parquet")
    with pytest.raises(DataError, match=r"statements\.parquet.*build the data set again"):
        statements.behind(0)


@pytest.mark.parametrize(
    ("evidence", "text"),
    [
        ("t.tsv#line=2;votes=3", "artist: Nirvana, tag: grunge, votes: 3"),
        ("b.jsonl#line=1;char=4,21", "grunge of Nirvana"),
        ("k.nt.gz#line=3", "<Grohl> <memberOf> <Foo> ."),
        ("t.tsv#line=99", ""),
        ("gone.tsv#line=1", ""),
        ("page.html#/0/genre", ""),
        ("both: genre:a, genre:b", ""),
    ],
)
def test_places_are_quoted(folder, evidence, text):
    assert Quotes(folder).quote(evidence) == text


def test_lines_for_the_terminal():
    source = {
        "source": "inference", "method": "rule:shared-member", "confidence": 0.6, "place": "…",
        "inferred": True,
        "premises": [
            {
                "subject": "person:Dave_Grohl", "predicate": "memberOf", "object": "artist:Nirvana",
                "source": "bio", "method": "pattern", "confidence": 0.7,
                "place": "b.jsonl#line=2;char=0,10", "text": "Dave Grohl",
            }
        ],
    }  # fmt: skip
    fact = {
        "head": {"name": "Foo Fighters"},
        "relation": "associated with",
        "tail": {"name": "Nirvana"},
        "sources": [source],
    }
    assert list(fact_lines(fact)) == [
        "Foo Fighters is associated with Nirvana",
        "  inferred by the rule shared-member (confidence 0.60), because",
        "    Dave Grohl is a member of Nirvana",
        "      bio (pattern, confidence 0.70): b.jsonl, line 2, characters 0–10",
        "        “Dave Grohl”",
    ]


def with_statements(run, tmp_path):
    """The run's data folder with a statement for every triple, in another place."""
    data = tmp_path / "toy"
    shutil.copytree(run.parent.parent, data, ignore=shutil.ignore_patterns("models"))
    names = load(data).catalogue
    rows = [
        (
            *(names.entity_iri(end).replace("https://", "").replace("/", ":") for end in (h, t)),
            names.relation_name(r),
            n,
        )
        for n, (h, r, t) in enumerate(np.loadtxt(data / "kg_final.txt", dtype=int).tolist())
    ]
    table = pd.DataFrame(
        [(h, r, t, "toy", "mapping", 0.9, f"toy.tsv#line={n + 1}", False) for h, t, r, n in rows],
        columns=list(COLUMNS),
    )
    table.to_parquet(data / "statements.parquet")
    return data


def test_why_shows_the_source_of_every_fact(toy_runs, tmp_path, capsys):
    run = toy_runs["mkr", 1]
    data = with_statements(run, tmp_path)
    arguments = ["--run", str(run), "--data", str(data), "--user", "104", "--top", "2", "--why"]
    assert main_guard(main, arguments) == 0
    shown = capsys.readouterr().out
    assert " plays Trip hop" in shown
    assert "toy (mapping, confidence 0.90): toy.tsv, line" in shown

    assert main_guard(main, [*arguments, "--format", "json"]) == 0
    report = json.loads(capsys.readouterr().out)
    graph = load(data).graph
    history = {entry["item"] for entry in report["history"]}
    for row in report["recommendations"]:
        assert row["paths"]
        for path in row["paths"]:
            assert path["from"]["id"] in history
            assert path["to"]["id"] == row["item"]
            node = path["from"]["id"]
            for step in path["steps"]:
                ends = step["head"]["id"], step["tail"]["id"]
                near, far = ends if step["along"] else ends[::-1]
                assert near == node
                node = far
                (source,) = step["sources"]
                line = int(source["place"].partition("=")[2]) - 1
                assert (graph.head[line], graph.tail[line]) == ends
            assert node == row["item"]


def test_why_without_statements_says_so(toy_runs, capsys):
    run = toy_runs["mkr", 1]
    assert main_guard(main, ["--run", str(run), "--user", "104", "--why"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "the data folder has no statements.parquet" in shown
    assert " plays Trip hop" in shown
