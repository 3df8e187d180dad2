from __future__ import annotations

import io
import json
import os
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
import rdflib

from pipeline import cli
from tests.pipeline.explore.conftest import make

VOID = rdflib.Namespace("http://rdfs.org/ns/void#")
PROV = rdflib.Namespace("http://www.w3.org/ns/prov#")


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    before, folder = Path.cwd(), tmp_path_factory.mktemp("reported")
    os.chdir(folder)
    try:
        return make(folder)
    finally:
        os.chdir(before)


@pytest.fixture
def run(built, monkeypatch, capsys, tmp_path):
    def run(*arguments: str, answers: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["pipeline", *arguments, "--data", str(built)])
        monkeypatch.setattr("sys.stdin", io.StringIO(answers))
        with pytest.raises(SystemExit) as ended:
            cli.main()
        printed = capsys.readouterr()
        return ended.value.code or 0, printed.out, printed.err

    return run


def test_the_report_is_one_file_with_what_the_build_holds(run, built, tmp_path):
    page = tmp_path / "r.html"
    status, out, _ = run("report", "--out", str(page), "--previous", str(built))
    assert (status, out.strip()) == (0, str(page))
    text = page.read_text(encoding="utf-8")
    assert "src=" not in text
    assert "http://" not in text.replace("http://www.w3.org", "").partition("<body>")[0]
    report = json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))
    bands = next(row for row in report["completeness"] if row["class"] == "Band")
    shares = {row["predicate"]: row["share"] for row in bands["predicates"]}
    assert (bands["entities"], shares["origin"], shares["genre"]) == (3, 1.0, 1.0)
    assert report["violations in all"] == 0
    assert report["previous"]["gained"] == report["previous"]["lost"] == 0
    assert any(row["quote"].startswith("id: ") for row in report["sampled"])


def test_a_person_judges_and_goes_on_another_day(run, tmp_path):
    path = tmp_path / "facts.tsv"
    options = ("judge-facts", "--file", str(path), "--per-source", "2")
    _, out, _ = run(*options, answers="r\nw\nx\nu\nq\n")
    table = pd.read_csv(path, sep="\t")
    assert table["verdict"].tolist() == ["right", "wrong", "unsure"]
    assert "95% interval" in out
    run(*options, answers="r\n" * 50)
    table = pd.read_csv(path, sep="\t")
    assert not table.duplicated().any()
    assert table["verdict"].tolist()[:3] == ["right", "wrong", "unsure"]
    counts = Counter(table["source"])
    assert set(counts.values()) == {2}
    _, shown, _ = run(*options, "--show")
    assert "1.000" in shown


def test_judged_facts_of_a_folder_are_in_the_file_of_its_data_set(
    run, built, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    name = json.loads((built / "manifest.json").read_text())["dataset"]
    path = tmp_path / "data/judgements" / f"{name}-facts.tsv"
    _, out, _ = run("judge-facts", "--per-source", "1", answers="w\nq\n")
    assert [found.name for found in path.parent.glob("*")] == [path.name]
    assert f"in data/judgements/{path.name}" in out
    page = tmp_path / "r.html"
    run("report", "--out", str(page))
    report = json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))
    assert [row["judged"] for row in report["precision"]] == [1]


def test_a_damaged_file_of_judgements_is_named(run, tmp_path):
    path = tmp_path / "facts.tsv"
    path.write_text("subject\tpredicate\tobject\tsource\tmethod\tverdict\na\tb\tc\td\te\tmaybe\n")
    status, _, err = run("judge-facts", "--file", str(path), "--show")
    assert status == 2
    assert "line 2: verdict 'maybe'" in err


def test_the_graph_is_described_as_it_is(built):
    about = rdflib.Graph().parse(built / "void.ttl", format="turtle")
    whole = rdflib.Graph().parse(built / "kg.ttl")
    (data,) = about.subjects(rdflib.RDF.type, VOID.Dataset)
    assert int(about.value(data, VOID.triples)) == len(whole)
    for part in about.objects(data, VOID.propertyPartition):
        predicate = about.value(part, VOID.property)
        found = len(list(whole.triples((None, predicate, None))))
        assert int(about.value(part, VOID.triples)) == found
    for part in about.objects(data, VOID.classPartition):
        class_ = about.value(part, VOID["class"])
        assert int(about.value(part, VOID.entities)) == len(list(whole.subjects(None, class_)))
    sources = {str(one).rpartition("/")[2] for one in about.objects(data, PROV.wasDerivedFrom)}
    assert {"shop", "magazine", "pages", "inference"} == sources
