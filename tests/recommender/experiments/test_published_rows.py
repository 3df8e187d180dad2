"""Published rows: settings as in the paper; an epoch trains all parameters."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
import torch

from recommender import ConfigError, Trainer, create_model, load, split
from recommender.cli import check_table, read_toml
from recommender.experiments.rows import FOLDER, TABLES, Row, read_counts, read_rows
from recommender.models.registry import resolve
from recommender.training.config import TrainConfig

ROWS = [row for table in TABLES if table != "table3" for row in read_rows(table)]


def test_every_file_is_read() -> None:
    """There are no other TOML files than those checked here."""
    files = set(FOLDER.rglob("*.toml"))
    rows = {row.file for row in ROWS}
    sizes = {file for file in files if file.parent.name == "table3"}
    assert len(sizes) == len(read_counts())
    ablation = {file for file in files if file.parent.name == "kg_ablation"}
    assert files - rows - sizes - ablation == {FOLDER / "table4.toml"}


def test_table4_is_the_papers_row() -> None:
    """The standalone settings file equals the rows of Tables 5, 7, 8, 9."""
    content = read_toml(FOLDER / "table4.toml")
    rows = [row for row in ROWS if row.reference and row.table in ("table5", "table7", "table9")]
    assert len(rows) == 3
    for row in rows:
        preset = resolve(row.model)
        assert preset.configure(content["settings"]) == preset.configure(row.settings)
        assert content["training"] == row.training
        assert content["model"] == row.model


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_setting_of_the_file_is_a_setting_of_the_run(row: Row) -> None:
    content = read_toml(row.file)
    model = resolve(row.model).configure(row.settings).model_dump(mode="json")
    training = TrainConfig.parse(row.training).model_dump(mode="json")
    assert {name: model[name] for name in row.settings} == content.get("settings", {})
    assert {name: training[name] for name in row.training} == content.get("training", {})


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_misspelled_setting_is_refused(row: Row) -> None:
    preset = resolve(row.model)
    misspelled = {"dimm": 64}
    with pytest.raises(ConfigError, match="dimm"):
        preset.configure({**row.settings, **misspelled})
    with pytest.raises(ConfigError, match="dimm"):
        TrainConfig.parse({**row.training, **misspelled})
    content = {"settings": {**row.settings, **misspelled}, "training": row.training}
    with pytest.raises(ConfigError, match=r"\[settings\] has no setting 'dimm'"):
        check_table(row.file, content, "settings", preset.model.Config)


# One of each model and settings: the controls stand in every table.
DIFFERENT = {(row.model, repr(row.settings)): row for row in ROWS}


@pytest.mark.parametrize("row", DIFFERENT.values(), ids=lambda row: row.name)
def test_an_epoch_trains_every_parameter(row: Row, named_toy_data: Path) -> None:
    """A parameter that keeps its initial value is not part of the trained model.

    The only exception are tables without rows: the toy's users have no attributes.
    """
    parts = split(load(named_toy_data), 1)
    model = create_model(row.model, parts.train, **row.settings)
    before = {name: value.detach().clone() for name, value in model.named_parameters()}
    config = TrainConfig.parse({**row.training, "device": "cpu"})
    run = Trainer(config, epochs=1).fit(model, parts)
    assert 0 <= run.metrics["test"]["auc"] <= 1
    unmoved = {name for name, value in model.named_parameters() if torch.equal(before[name], value)}
    assert unmoved == {name for name, value in before.items() if value.numel() == 0}
    assert model.config.model_dump() == resolve(row.model).configure(row.settings).model_dump()


def test_the_papers_best_row_is_the_reference_of_its_table() -> None:
    """Detects a wrong figure or flag: the paper's row is best in every table."""
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
