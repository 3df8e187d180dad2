"""All commands have the same option for the processed folder, and earlier names still work."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from kg_builder.errors import DataError
from pipeline.cli import app
from pipeline.folders import processed_folder

READERS = {
    "validate": ([], "--out"),
    "explain-match": (["a", "b"], "--out"),
    "judge": (["a", "b", "same"], "--out"),
    "export-links": ([], "--processed"),
    "train-extractor": (["--dataset", "sample", "--out", "x"], "--processed"),
    "evaluate alignment": (["--gold", "gold.tsv"], "--processed"),
    "evaluate graph": (["--stock", "."], "--processed"),
    "export": (["--format", "networkx", "x"], "--data"),
}


@pytest.mark.parametrize("command", READERS)
def test_every_reader_takes_data_and_its_earlier_name(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gold.tsv").write_text("1\tm.0m\n")
    for name in ("kg.txt", "item_index2entity_id.txt"):
        (tmp_path / name).write_text("0\t0\n" if name[0] == "i" else "0\t0\t0\n")
    arguments, earlier = READERS[command]
    for option in ("--data", earlier):
        done = CliRunner().invoke(app, [*command.split(), *arguments, option, "elsewhere"])
        fault = str(done.exception)
        assert "elsewhere" in fault, (option, done.output)
        assert "data/processed" not in fault


def test_a_data_set_is_named_by_its_recipe_file_too(tiny, tmp_path):
    assert processed_folder("lastfm", None) == Path("data/processed/lastfm")
    assert processed_folder("lastfm", tmp_path) == tmp_path
    assert processed_folder(str(tiny / "tiny.toml"), None) == Path("data/processed/tiny")
    with pytest.raises(DataError, match="no such recipe file"):
        processed_folder("none.toml", None)
