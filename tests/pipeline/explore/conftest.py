"""One small build, shared by all tests of graph exploration."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipeline.build import build
from pipeline.explore import Graph
from tests.pipeline.conftest import FILES, RECIPE

PAGES = """
[[sources]]
kind = "semi-structured"
name = "pages"
path = "tiny/*.html"
format = "html"
"""
PAGE = """<html><script type="application/ld+json">{"@type": "MusicGroup", "name": "Portishead",
"genre": ["trip hop", "experimental rock"], "member": [{"@type": "Person", "name": "Beth Gibbons"},
{"@type": "Person", "name": "Geoff Barrow"}]}</script></html>"""


MAGAZINE = FILES["magazine.tsv"].replace("Atack", "Attack")


def make(folder: Path, **files: str) -> Path:
    """Build three bands in a folder; `files` replace raw ones."""
    raw = folder / "raw" / "tiny"
    raw.mkdir(parents=True)
    for name, text in (FILES | {"magazine.tsv": MAGAZINE, "portishead.html": PAGE} | files).items():
        (raw / name).write_text(text, encoding="utf-8")
    recipe = folder / "tiny.toml"
    recipe.write_text(RECIPE.replace("[traits.shop]", PAGES + "\n[traits.shop]"), encoding="utf-8")
    build(str(recipe), raw=folder / "raw", out=folder / "data" / "tiny")
    return folder / "data" / "tiny"


@pytest.fixture(scope="session")
def built(tmp_path_factory) -> Path:
    """A processed folder; read-only."""
    before = Path.cwd()
    folder = tmp_path_factory.mktemp("explored")
    os.chdir(folder)
    try:
        return make(folder)
    finally:
        os.chdir(before)


@pytest.fixture(scope="session")
def graph(built):
    with Graph.open(built) as opened:
        yield opened
