"""`python -m pipeline evaluate graph` on a built folder."""

from __future__ import annotations

import pandas as pd
import pytest
from typer.testing import CliRunner

from kg_builder.errors import DataError
from kg_builder.tables import STATEMENTS
from pipeline.artefacts import write_table
from pipeline.cli import app


def fact(subject, predicate, target, *, inferred=False):
    return {
        "subject": subject,
        "predicate": predicate,
        "object": target,
        "object_kind": "entity",
        "source": "x",
        "method": "mapping",
        "confidence": 0.9,
        "evidence": "x",
        "inferred": inferred,
    }


@pytest.fixture
def folders(tmp_path):
    built, stock = tmp_path / "built", tmp_path / "stock"
    built.mkdir()
    stock.mkdir()
    rows = [
        fact("artist:A", "genre", "genre:rock"),
        fact("artist:A", "recordLabel", "label:L"),
        fact("artist:A", "decade", "decade:1990s", inferred=True),
    ]
    write_table(STATEMENTS.frame(rows), STATEMENTS, built / "statements.parquet")
    head = "raw_id\tiri\tname\tfreebase\tdbpedia\twikidata\tmusicbrainz\tscore\tdecision\n"
    base = "https://w3id.org/musickg/artist/"
    lines = [f"{raw}\t{base}{name}\t{name}\t\t\t\t\t0.0\tno_match\n" for raw, name in
             (("15", "A"), ("16", "B"), ("17", "C"))]  # fmt: skip
    (built / "alignment.tsv").write_text(head + "".join(lines))
    (stock / "item_index2entity_id.txt").write_text("15\t0\n16\t1\n")
    (stock / "kg.txt").write_text("0\tfilm.actor.film\t9\n1\tmusic.artist.origin\t8\n")
    return built, stock


def test_table_and_plot_are_written(folders, tmp_path):
    built, stock = folders
    table, plot = tmp_path / "table.tsv", tmp_path / "plot.svg"
    command = ["evaluate", "graph", "--dataset", "lastfm", "--data", str(built), "--stock"]
    command += [str(stock), "--out", str(table), "--plot", str(plot)]
    result = CliRunner().invoke(app, command, env={"COLUMNS": "150"}, catch_exceptions=False)
    assert result.exit_code == 0
    shown = " ".join(result.output.split())
    assert "items 2 2 2" in shown
    assert "items with ≥ 1 music facts 50.0% 50.0% 50.0%" in shown
    assert "items with ≥ 3 music facts 0.0% 0.0% 50.0%" in shown
    frame = pd.read_csv(table, sep="\t").set_index("measure")
    assert frame.loc["items with: film and television", "stock"] == 0.5
    first = plot.read_bytes()
    CliRunner().invoke(app, command, catch_exceptions=False)
    assert plot.read_bytes() == first


def test_a_stock_graph_of_other_items_is_a_mistake(folders):
    built, stock = folders
    (stock / "item_index2entity_id.txt").write_text("900\t0\n")
    command = ["evaluate", "graph", "--data", str(built), "--stock", str(stock)]
    with pytest.raises(DataError, match="none of its items"):
        CliRunner().invoke(app, command, catch_exceptions=False)
