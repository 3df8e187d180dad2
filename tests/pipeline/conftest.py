"""A tiny data set: three bands, two sources, four listeners."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

RECIPE = """
name = "tiny"
title = "Three bands"

[[sources]]
kind = "structured"
name = "shop"
[sources.tables.bands]
path = "tiny/bands.csv"
type = "Band"
id = "id"
name = "name"
[sources.tables.bands.columns]
genres = { predicate = "genre", split = ";" }
city = { predicate = "origin" }
year = { predicate = "beginDate" }

[[sources]]
kind = "structured"
name = "magazine"
[sources.tables.bands]
path = "tiny/magazine.tsv"
type = "Band"
name = "artist"
[sources.tables.bands.columns]
style = { predicate = "genre" }

[traits.shop]
clean = true
primary = true

[[interactions]]
path = "tiny/plays.tsv"
user = "user"
item = "band"
weight = "plays"
threshold = 2
records = "shop"
"""

FILES = {
    "bands.csv": "id,name,genres,city,year\n"
    "1,Portishead,trip hop;electronic,Bristol,1991\n"
    "2,Massive Attack,trip hop,Bristol,1988\n"
    "3,Slayer,thrash metal,Huntington Park,1981\n"
    "4,,nothing,Nowhere,1999\n",
    "magazine.tsv": "artist\tstyle\nPORTISHEAD\tdowntempo\nMassive Atack\ttrip hop\n",
    "plays.tsv": "user\tband\tplays\n"
    "ann\t1\t9\nann\t2\t3\nbob\t3\t7\nbob\t1\t1\ncat\t2\t5\ndan\t3\t2\ndan\t99\t4\n",
}


def write_tiny(folder: Path) -> Path:
    """Write `tiny.toml` and `raw/tiny/*` into a folder; returns the folder."""
    raw = folder / "raw" / "tiny"
    raw.mkdir(parents=True)
    for name, text in FILES.items():
        (raw / name).write_text(text, encoding="utf-8")
    (folder / "tiny.toml").write_text(RECIPE, encoding="utf-8")
    return folder


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """Folder with `tiny.toml` and `raw/tiny/*`, as working directory."""
    return write_tiny(tmp_path)


@pytest.fixture(scope="session")
def _built_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from pipeline.build import build

    folder = write_tiny(tmp_path_factory.mktemp("tiny"))
    build(folder / "tiny.toml", raw=folder / "raw", out=folder / "out")
    return folder


@pytest.fixture
def built_tiny(_built_once: Path, tmp_path: Path) -> Path:
    """The same folder with the processed folder `out`, built once and copied for each test."""
    return Path(shutil.copytree(_built_once, tmp_path, dirs_exist_ok=True))
