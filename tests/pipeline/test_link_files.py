from __future__ import annotations

import pandas as pd
import pytest
from typer.testing import CliRunner

from kg_builder.errors import DataError
from pipeline.build import build
from pipeline.cli import app

NS = "http://rdf.freebase.com/ns/"
RECIPE = """
[[databases]]
name = "freebase"
format = "freebase-rdf"
path = "tiny/freebase"

[[given_links]]
path = "tiny/kb4rec.txt"
"""


@pytest.fixture
def linked(tiny):
    """The tiny data set with given links, including a band under another name."""
    recipe = tiny / "tiny.toml"
    recipe.write_text(recipe.read_text() + RECIPE)
    lines = [f'<{NS}m.0m>\t<{NS}type.object.name>\t"Wild Bunch"@en\t.\n',
             f"<{NS}m.0m>\t<{NS}type.object.type>\t<{NS}music.artist>\t.\n"]  # fmt: skip
    (tiny / "raw" / "tiny" / "freebase").write_text("".join(lines))
    (tiny / "raw" / "tiny" / "kb4rec.txt").write_text("2\tm.0m\n3\tm.0slayer\n77\tm.0nobody\n")
    build(recipe, raw=tiny / "raw", out=tiny / "out")
    return tiny


def test_given_links_reach_the_alignment_and_the_report(linked):
    table = pd.read_csv(linked / "out" / "alignment.tsv", sep="\t", dtype=str)
    ids = dict(zip(table["raw_id"], table["freebase"].fillna(""), strict=True))
    assert ids == {"1": "", "2": "m.0m", "3": "m.0slayer"}
    rejects = pd.read_parquet(linked / "out" / "stages" / "alignment" / "rejects.parquet")
    assert rejects[["reason", "evidence"]].values.tolist() == [
        ["a given link is of no item", "kb4rec.txt#line=3"]
    ]


def test_a_changed_link_file_runs_the_alignment_again(linked):
    (linked / "raw" / "tiny" / "kb4rec.txt").write_text("2\tm.0m\n")
    build(linked / "tiny.toml", raw=linked / "raw", out=linked / "out")
    table = pd.read_csv(linked / "out" / "alignment.tsv", sep="\t", dtype=str)
    assert table["freebase"].dropna().tolist() == ["m.0m"]


def test_links_are_exported_as_others_read_them(linked):
    runner, folder = CliRunner(), str(linked / "out")
    target = linked / "links" / "tiny.link"
    shown = runner.invoke(app, ["export-links", "--data", folder, "--format", "kb4rec"])
    assert shown.output == "2\tm.0m\n3\tm.0slayer\n"
    done = runner.invoke(
        app,
        ["export-links", "--data", folder, "--format", "recbole", "--out", str(target)],
    )
    assert done.exit_code == 0
    assert target.read_text() == "item_id:token\tentity_id:token\n2\tm.0m\n3\tm.0slayer\n"


@pytest.mark.parametrize("wrong", [["--format", "csv"], ["--database", "imdb"]])
def test_a_wrong_setting_of_the_export_is_reported(tiny, wrong):
    result = CliRunner().invoke(app, ["export-links", "--data", str(tiny), *wrong])
    assert isinstance(result.exception, DataError)
    assert "one of:" in str(result.exception)
