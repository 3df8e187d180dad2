"""`python -m pipeline evaluate alignment` on a built folder."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from rich.console import Console
from typer.testing import CliRunner

from kg_builder.errors import DataError
from kg_builder.tables import LINKS, STATEMENTS
from pipeline.artefacts import write_table
from pipeline.cli import app

ALIGNMENT = """raw_id\tiri\tname\tfreebase\tdbpedia\twikidata\tmusicbrainz\tscore\tdecision
1\thttps://w3id.org/musickg/artist/Muse\tMuse\tm.1\t\t\t\t0.99\tmatch
2\thttps://w3id.org/musickg/artist/Blondie\tBlondie\tm.9\t\t\t\t0.8\tmatch
3\thttps://w3id.org/musickg/artist/Iris\tIris\t\t\t\t\t0.5\tunsure
4\thttps://w3id.org/musickg/artist/Nobody\tNobody\t\t\t\t\t0.0\tno_match
"""


def link(curie, thing, decision, *candidates):
    return {
        "subject": curie,
        "kind": "external",
        "target": "freebase",
        "object": thing,
        "score": candidates[0]["score"],
        "decision": decision,
        "method": "identical",
        "candidates": json.dumps(candidates),
    }


@pytest.fixture
def built(tmp_path):
    (tmp_path / "alignment.tsv").write_text(ALIGNMENT, encoding="utf-8")
    links = [
        link("artist:Muse", "freebase:m.1", "match",
             {"id": "freebase:m.1", "name": "Muse", "score": 0.99}),
        link("artist:Blondie", "freebase:m.9", "match",
             {"id": "freebase:m.9", "name": "Debbie Harry", "score": 0.8,
              "description": "American singer"}),
        link("artist:Iris", None, "unsure",
             {"id": "freebase:m.3", "name": "Iris", "score": 0.5}),
    ]  # fmt: skip
    write_table(LINKS.frame(links), LINKS, tmp_path / "links.parquet")
    statement = {
        "subject": "artist:Blondie",
        "predicate": "genre",
        "object": "genre:new_wave",
        "object_kind": "entity",
        "source": "lastfm",
        "method": "mapping",
        "confidence": 0.9,
        "evidence": "x",
        "inferred": False,
    }
    write_table(STATEMENTS.frame([statement]), STATEMENTS, tmp_path / "statements.parquet")
    return tmp_path


def run(built, gold, *more):
    (built / "gold.tsv").write_text(gold, encoding="utf-8")
    command = ["evaluate", "alignment", "--dataset", "lastfm", "--gold", str(built / "gold.tsv")]
    command += ["--data", str(built), *more]
    return CliRunner().invoke(app, command, catch_exceptions=False)


@pytest.fixture(autouse=True)
def wide_terminal(monkeypatch):
    """Use a wide terminal, so that table rows do not wrap."""
    monkeypatch.setattr("pipeline.evaluate.alignment._out", Console(width=160, height=50))


def test_links_are_measured_and_errors_written_for_reading(built, tmp_path):
    gold = "raw_id\tmid\n1\t/m/1\n2\t/m/2\n3\t/m/3\n4\tNIL\n77\t/m/7\n"
    result = run(built, gold, "--out", str(tmp_path / "errors.tsv"))
    assert result.exit_code == 0
    shown = " ".join(result.output.split())
    assert "Links to freebase" in shown
    assert "all gold links 3 2 1 0.5000" in shown
    for line in ("right link 1", "wrong link 1", "missed: left to a person 1"):
        assert line in shown
    assert "gold rows of no item, not counted 1" in shown
    assert "2 Blondie: linked to m.9 (Debbie Harry) at 0.80; gold: m.2" in shown
    errors = pd.read_csv(tmp_path / "errors.tsv", sep="\t", dtype=str, keep_default_na=False)
    assert errors["raw_id"].tolist() == ["2", "3"]
    assert errors.loc[0, "known_for"] == "new wave [lastfm]"
    assert "American singer" in errors.loc[0, "candidates"]


def test_gold_things_that_the_dump_does_not_hold_are_distinguished(built, tmp_path):
    raw = tmp_path / "raw"
    (raw / "freebase").mkdir(parents=True)
    ns = "http://rdf.freebase.com/ns/"
    lines = f'<{ns}m.1>\t<{ns}type.object.name>\t"Muse"@en\t.\n'
    (raw / "freebase" / "freebase-subset.gz").write_text(lines)
    (raw / "dbpedia-music").mkdir()
    result = run(built, "1\tm.1\n3\tm.3\n", "--raw", str(raw))
    shown = " ".join(result.output.split())
    assert "those whose entry is in the dump 1 1 1 1.0000" in shown
    assert "missed: not in the database 1" in shown


def test_gold_of_another_data_set_is_a_mistake(built):
    with pytest.raises(DataError, match="none of its ids is an item of lastfm"):
        run(built, "900\tm.1\n")


def test_a_data_set_that_is_not_built_is_a_mistake(tmp_path):
    with pytest.raises(DataError, match="build first"):
        run(tmp_path, "1\tm.1\n")
