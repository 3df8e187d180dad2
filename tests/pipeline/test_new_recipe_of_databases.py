"""SQLite files: `new-recipe` reads their tables like files."""

from __future__ import annotations

import gzip
import sqlite3
from pathlib import Path

import pytest

from kg_builder.errors import DataError
from pipeline.build import build
from pipeline.new_recipe.command import new_recipe, new_recipe_command
from tests.pipeline.test_new_recipe import positives


def database(file: Path) -> Path:
    """A database of artists, songs and plays, and a table without rows."""
    base = sqlite3.connect(file)
    with base:
        base.execute("CREATE TABLE artists (artist_id TEXT PRIMARY KEY, name, genre, formed INT)")
        base.execute("CREATE TABLE songs (track_id TEXT PRIMARY KEY, title TEXT, artist_id TEXT)")
        base.execute("CREATE TABLE plays (user TEXT, track TEXT, played_at TEXT)")
        base.execute("CREATE TABLE empty (id TEXT, name TEXT)")
        artists = [(f"K{n}", f"Band {n}", "folk" if n % 2 else "jazz", 1960 + n) for n in range(9)]
        songs = [(f"t{n}", f"Song {n}", f"K{n % 9}") for n in range(40)]
        plays = [
            (f"u{n % 7}", f"t{n % 40}", f"2024-01-{n % 28 + 1:02d}T10:00:00Z") for n in range(90)
        ]
        base.executemany("INSERT INTO artists VALUES (?, ?, ?, ?)", artists)
        base.executemany("INSERT INTO songs VALUES (?, ?, ?)", songs)
        base.executemany("INSERT INTO plays VALUES (?, ?, ?)", plays)
    base.close()
    return file


@pytest.mark.parametrize("name", ["music.db", "music.sqlite", "music.csv", "music"])
def test_the_tables_of_a_database_are_read_like_files(tmp_path, name):
    raw = tmp_path / "raw"
    raw.mkdir()
    recipe = tmp_path / "mine.toml"
    new_recipe_command([database(raw / name)], out=recipe)
    text = recipe.read_text(encoding="utf-8")
    for table in ("artists", "songs", "plays"):
        assert f'path = "{name}"\nsql = {{ table = "{table}" }}' in text
    assert "table empty: it has no rows" in text
    assert 'records = "mine/songs"' in text
    build(str(recipe), raw=raw, out=tmp_path / "out")
    assert positives(tmp_path) > 40
    triples = (tmp_path / "out/kg.ttl").read_text(encoding="utf-8")
    assert 'rdfs:label "Song 39"' in triples


def test_unused_columns_are_named_with_their_table(tmp_path):
    file = database(tmp_path / "music.db")
    base = sqlite3.connect(file)
    with base:
        base.execute("ALTER TABLE songs ADD COLUMN loudness REAL DEFAULT -7.5")
    base.close()
    text = new_recipe([file], tmp_path, "mine")
    assert '#   music.db, table songs, "loudness": a measure' in text


def test_a_compressed_database_is_to_be_decompressed(tmp_path):
    content = database(tmp_path / "music.db").read_bytes()
    (tmp_path / "music.db.gz").write_bytes(gzip.compress(content))
    with pytest.raises(DataError, match=r"a compressed SQLite file.*decompress it"):
        new_recipe([tmp_path / "music.db.gz"], tmp_path, "mine")


def test_a_damaged_database_is_an_error(tmp_path):
    content = database(tmp_path / "music.db").read_bytes()
    (tmp_path / "bad.db").write_bytes(content[:16] + b"\1" * 400)
    with pytest.raises(DataError, match="the database refused"):
        new_recipe([tmp_path / "bad.db"], tmp_path, "mine")
