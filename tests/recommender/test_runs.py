"""Choice of the run if none is given."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from recommender import Trainer, create_model, load, split
from recommender.runs import newest_run


@pytest.fixture
def data(toy_runs: dict[tuple[str, int], Path], tmp_path: Path) -> Path:
    """Toy data with a run of `popularity`, which can score newcomers, and then one of `mkr`."""
    source = toy_runs["mkr", 1].parent.parent
    folder = tmp_path / "toy"
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("models"))
    parts = split(load(folder), 1)
    for name in ("popularity", "mkr"):
        out = folder / "models" / name
        model = create_model(name, parts.train)
        Trainer(epochs=1, split_seed=1, device="cpu", out=out).fit(model, parts)
    return folder


def test_the_newest_run_is_taken(data: Path) -> None:
    assert newest_run(data).name == "mkr"


def test_for_newcomers_the_newest_that_can_score_them_is_taken(data: Path) -> None:
    assert newest_run(data, "fold_in").name == "popularity"


def test_where_none_can_the_newest_of_all_is_taken(data: Path) -> None:
    shutil.rmtree(data / "models" / "popularity")
    assert newest_run(data, "fold_in").name == "mkr"
