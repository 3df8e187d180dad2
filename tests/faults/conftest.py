"""A small recipe for fault injection."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

RECIPE = """
name = "small"
title = "Three bands"
[[sources]]
kind = "structured"
name = "shop"
[sources.tables.bands]
path = "bands.csv"
type = "Band"
id = "id"
name = "name"
[sources.tables.bands.columns]
genre = { predicate = "genre" }
[[interactions]]
path = "plays.tsv"
user = "user"
item = "band"
records = "shop"
"""


@pytest.fixture
def small(tmp_path: Path) -> Callable[..., Path]:
    """Writes the recipe, with replacements in its text, and its raw files; returns its path."""

    def write(*changes: tuple[str, str], above: str = "") -> Path:
        raw = tmp_path / "raw"
        raw.mkdir(exist_ok=True)
        (raw / "bands.csv").write_text("id,name,genre\n1,Portishead,trip hop\n2,Blur,rock\n")
        (raw / "plays.tsv").write_text("user\tband\nann\t1\nann\t2\nbob\t2\n")
        text = above + RECIPE
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / "small.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write
