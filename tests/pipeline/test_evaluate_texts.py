"""`python -m pipeline evaluate texts` on the sample's annotated biographies."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from kg_builder.errors import DataError
from pipeline.cli import app


def _run(*options: str) -> str:
    ended = CliRunner().invoke(app, ["evaluate", "texts", *options], catch_exceptions=False)
    assert ended.exit_code == 0
    return ended.output


def test_relations_with_and_without_coreference_and_the_confidences(sample_data: Path) -> None:
    gold = str(sample_data / "truth/biographies_annotations.jsonl")
    shown = _run("--annotated", gold, "--skip", "2", "--limit", "3", "--model", "")
    assert shown.startswith("3 texts")
    rows = {line[:30].strip(): line.split()[-6:] for line in shown.splitlines()[2:5]}
    on, off = rows["relations"], rows["relations, coreference off"]
    assert on[0] == off[0]
    assert float(on[4]) > float(off[4])  # recall
    assert float(rows["coreference, pairs of mentions"][5]) > 0.8
    assert "Calibration by kind of statement" in shown
    kinds = {line.split()[0] for line in shown.splitlines() if line.startswith(("rule ", "all "))}
    assert kinds == {"rule", "all"}


def test_the_source_is_the_one_that_has_the_texts(sample_data: Path) -> None:
    gold = str(sample_data / "truth/album_notes_annotations.jsonl")
    shown = _run("--annotated", gold, "--limit", "3", "--model", "")
    (row,) = (line.split() for line in shown.splitlines() if line.startswith("relations  "))
    assert float(row[-3]) > 0.8  # precision
    assert float(row[-1]) > 0.6


def test_annotations_of_other_texts_are_an_error(tmp_path: Path) -> None:
    path = tmp_path / "gold.jsonl"
    path.write_text('{"id": "nobody", "chains": [], "triples": []}\n')
    with pytest.raises(DataError, match="1 annotated texts are not among the source's"):
        _run("--annotated", str(path), "--no-gazetteer", "--model", "")
