"""A build of a few artists, two trained runs on it, and the application that serves them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient

from pipeline.build import build
from recommender import Trainer, create_model, load, split
from service.app import create_app
from service.settings import Settings

NASTY = "<script>alert('x')</script>"

RECIPE = """
name = "few"
title = "A few artists"

[[sources]]
kind = "structured"
name = "shop"
[sources.tables.bands]
path = "few/bands.csv"
type = "Band"
id = "id"
name = "name"
[sources.tables.bands.columns]
genres = { predicate = "genre", split = ";" }
city = { predicate = "origin" }
year = { predicate = "beginDate" }

[traits.shop]
clean = true
primary = true

[[interactions]]
path = "few/plays.tsv"
user = "user"
item = "band"
weight = "plays"
threshold = 1
records = "shop"
"""
NAMES = (
    "Portishead", "Massive Attack", "Slayer", "Metallica", "Björk", "AC/DC", "Tricky", "Anthrax",
    NASTY, "Lamb", "Morcheeba", "Testament", "Exodus", "Kreator", "Moloko", "Sneaker Pimps",
)  # fmt: skip


def raw_files(folder: Path) -> Path:
    """The raw files and the recipe, in a folder; the recipe's path."""
    raw = folder / "raw" / "few"
    raw.mkdir(parents=True)
    rows = ["id,name,genres,city,year"]
    for number, name in enumerate(NAMES):
        soft = number % 2 == 0
        genres = "trip hop;electronic" if soft else "thrash metal;heavy metal"
        city = ("Bristol", "San Francisco", "London", "New York City")[number % 4]
        rows.append(f'{number},"{name}",{genres},{city},{1980 + number}')
    (raw / "bands.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    rng = np.random.default_rng(1)
    plays = ["user\tband\tplays"]
    for user in range(30):
        mine = rng.choice(np.arange(user % 2, len(NAMES), 2), size=5, replace=False)
        plays += [f"u{user}\t{band}\t{1 + user % 3}" for band in sorted(mine.tolist())]
    (raw / "plays.tsv").write_text("\n".join(plays) + "\n", encoding="utf-8")
    recipe = folder / "few.toml"
    recipe.write_text(RECIPE, encoding="utf-8")
    return recipe


def train(data: Path, name: str, model: str, **settings: int) -> Path:
    """Train a model; its run folder."""
    dataset = load(data)
    parts = split(dataset, 1)
    out = data / "models" / name
    trainer = Trainer(epochs=2, split_seed=1, seed=1, device="cpu", out=out)
    trainer.fit(create_model(model, parts.train, seed=1, **settings), parts)
    return out


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A processed folder with two runs; read-only."""
    folder = tmp_path_factory.mktemp("served")
    recipe, before = raw_files(folder), Path.cwd()
    os.chdir(folder)
    try:
        built = build(str(recipe), raw=folder / "raw", out=folder / "data" / "few").out
        train(built, "factors", "ials", dim=4)
        train(built, "graph", "mmss_mkr_g", dim=8)
    finally:
        os.chdir(before)
    return built


@pytest.fixture(scope="session")
def settings(data: Path) -> Settings:
    """Settings with small limits, so that tests reach them."""
    return Settings(data=data, body_bytes=20_000, sparql_seconds=1.0, sparql_rows=50, warm=False)


@pytest.fixture(scope="session")
def client(settings: Settings) -> Iterator[TestClient]:
    """Test client of the application."""
    app = create_app(settings)
    with TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False) as opened:
        yield opened
