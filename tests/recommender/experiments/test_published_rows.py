"""Every published row: its file reads, its model builds, a step can be taken."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
import torch

from recommender import Trainer, create_model, load, split
from recommender.cli import check_table, read_toml
from recommender.data import make_sampler
from recommender.experiments.rows import FOLDER, TABLES, Row, read_counts, read_rows
from recommender.models.registry import resolve
from recommender.training.config import TrainConfig

ROWS = [row for table in TABLES if table != "table3" for row in read_rows(table)]


def test_every_file_is_read() -> None:
    """No TOML lies about that this module would not look at."""
    files = set(FOLDER.rglob("*.toml"))
    rows = {row.file for row in ROWS}
    sizes = {file for file in files if file.parent.name == "table3"}
    assert len(sizes) == len(read_counts())
    ablation = {file for file in files if file.parent.name == "kg_ablation"}
    assert files - rows - sizes - ablation == {FOLDER / "table4.toml"}


def test_table4_is_the_papers_row() -> None:
    """The settings file that stands by itself says what the rows of Tables 5, 7, 8, 9 say."""
    content = read_toml(FOLDER / "table4.toml")
    rows = [row for row in ROWS if row.reference and row.table in ("table5", "table7", "table9")]
    assert len(rows) == 3
    for row in rows:
        preset = resolve(row.model)
        assert preset.configure(content["settings"]) == preset.configure(row.settings)
        assert content["training"] == row.training
        assert content["model"] == row.model


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_settings_exist(row: Row) -> None:
    preset = resolve(row.model)
    preset.configure(row.settings)
    TrainConfig.parse(row.training)
    content = {"settings": row.settings, "training": row.training}
    check_table(row.file, content, "settings", preset.model.Config)


# One of each model and settings: the controls stand in every table.
DIFFERENT = {(row.model, repr(row.settings)): row for row in ROWS}


@pytest.mark.parametrize("row", DIFFERENT.values(), ids=lambda row: row.name)
def test_one_epoch_can_be_trained(row: Row, named_toy_data: Path) -> None:
    parts = split(load(named_toy_data), 1)
    model = create_model(row.model, parts.train, **row.settings)
    before = [parameter.detach().clone() for parameter in model.parameters()]
    config = TrainConfig.parse({**row.training, "device": "cpu"})
    run = Trainer(config, epochs=1).fit(model, parts)
    assert run.metrics["test"]["auc"] is not None
    if model.tasks(make_sampler("static", parts.train)):
        moved = [not torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True)]
        assert any(moved)


def test_the_papers_best_row_is_the_reference_of_its_table() -> None:
    """A slip in a figure or in a flag would show here: the paper's row leads every table."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in ROWS:
        if row.kind == "paper":
            groups.setdefault((row.table, row.dataset), []).append(row)
    assert set(groups) == {
        ("table5", "lastfm-stock"),
        ("table6", "book-crossing"),
        ("table6", "movielens-1m"),
        ("table7", "lastfm-stock"),
        ("table8", "lastfm-stock"),
        ("table9", "lastfm-stock"),
    }
    for rows in groups.values():
        reference = [row for row in rows if row.reference]
        assert len(reference) == 1
        for metric in ("auc", "acc"):
            values = {row.label: getattr(row, metric) for row in rows}
            assert None not in values.values()
            assert max(values, key=lambda label: values[label]) == reference[0].label


def test_number_of_rows_is_the_papers() -> None:
    counts = Counter(row.table for row in ROWS if row.kind == "paper")
    assert counts == {"table5": 14, "table6": 8, "table7": 7, "table8": 5, "table9": 5}
    files = list((FOLDER / "controls").glob("*.toml"))
    graph_models = 3  # beside the rows of Table 5 alone: their epochs are long on films
    assert sum(row.kind == "control" for row in ROWS) == 6 * len(files) + graph_models
    assert sum(row.users is not None for row in read_counts()) == 3


def test_orders_and_labels_are_unique_within_a_table() -> None:
    for key in ("label", "order"):
        seen = Counter((row.table, row.dataset, getattr(row, key)) for row in ROWS)
        assert max(seen.values()) == 1
