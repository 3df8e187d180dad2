"""Rows from SQLite and, if installed, from a PostgreSQL server started by the test."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy
from pydantic import ValidationError

from kg_builder.errors import DataError
from kg_builder.extraction import RowsConfig, read_rows
from kg_builder.extraction.tabular import SqlRows
from tests.kg_builder.conftest import Run, named, record

SONGS = [
    (1, "Jóga", "Björk", "electronica;art pop", "1997-09-15", 305.4),
    (2, "Hyperballad", "Björk", None, "1996", 321),
    (3, "Creep", "Radiohead", "alternative rock", "1992-09", None),
]


@pytest.fixture
def songs(tmp_path: Path) -> Path:
    path = tmp_path / "songs #1.db"
    with sqlite3.connect(path) as base:
        base.execute(
            "CREATE TABLE songs (id INTEGER PRIMARY KEY, title TEXT, artist TEXT, genres TEXT, "
            "released TEXT, seconds REAL)"
        )
        base.executemany("INSERT INTO songs VALUES (?, ?, ?, ?, ?, ?)", reversed(SONGS))
    base.close()
    return path


def test_a_table_of_sqlite_becomes_statements(songs: Path, run: Run) -> None:
    found = run(
        kind="structured",
        tables={
            "songs": {
                "path": songs.name,
                "sql": {"table": "songs"},
                "id": "id",
                "name": "title",
                "type": "Song",
                "columns": {
                    "artist": {"predicate": "performer", "type": "Artist"},
                    "genres": {"predicate": "genre", "split": ";"},
                    "released": {"predicate": "releaseDate"},
                    "seconds": {"predicate": "duration", "unit": "seconds"},
                },
            }
        },
    )
    assert set(named(found)) == {
        ("Jóga", "performer", "Björk"),
        ("Jóga", "genre", "electronica"),
        ("Jóga", "genre", "art pop"),
        ("Jóga", "releaseDate", "1997-09-15"),
        ("Jóga", "duration", "PT5M5S"),
        ("Hyperballad", "performer", "Björk"),
        ("Hyperballad", "releaseDate", "1996"),
        ("Hyperballad", "duration", "PT5M21S"),
        ("Creep", "performer", "Radiohead"),
        ("Creep", "genre", "alternative rock"),
        ("Creep", "releaseDate", "1992-09"),
    }
    assert record(found, "src/1")["evidence"] == "songs #1.db#row=1"  # by primary key
    assert found.counts["songs: rows used"] == 3


def test_a_query_is_read_in_chunks(songs: Path, tmp_path: Path) -> None:
    config = RowsConfig(
        path=songs.name,
        sql=SqlRows(query="SELECT artist, count(*) AS n FROM songs GROUP BY artist ORDER BY n"),
    )
    chunks = list(read_rows(config, tmp_path, chunk_rows=1))
    assert [chunk.columns for chunk in chunks] == [
        {"artist": ["Radiohead"], "n": ["1"]},
        {"artist": ["Björk"], "n": ["2"]},
    ]
    assert [chunk.places for chunk in chunks] == [[1], [2]]


def test_the_database_is_only_read(songs: Path, tmp_path: Path) -> None:
    config = RowsConfig(path=songs.name, sql=SqlRows(query="DELETE FROM songs RETURNING id"))
    with pytest.raises(DataError, match="readonly"):
        list(read_rows(config, tmp_path))
    with sqlite3.connect(songs) as base:
        assert base.execute("SELECT count(*) FROM songs").fetchone() == (3,)


def test_faults_are_reported(songs: Path, tmp_path: Path) -> None:
    def read(path: str = songs.name, columns: list[str] | None = None, **sql: str) -> None:
        list(read_rows(RowsConfig(path=path, sql=SqlRows(**sql)), tmp_path, columns=columns))

    with pytest.raises(DataError, match=r"no table 'song'.*tables: songs"):
        read(table="song")
    with pytest.raises(DataError, match=r"no column 'titel'.*did you mean 'title'"):
        read(table="songs", columns=["titel"])
    with pytest.raises(DataError, match="no such column: melody"):
        read(query="SELECT melody FROM songs")
    with pytest.raises(DataError, match="no such file"):
        read(path="missing.db", table="songs")
    assert not (tmp_path / "missing.db").exists()
    with pytest.raises(DataError, match="not a database address"):
        read(path="", url="nonsense", table="songs")
    with pytest.raises(DataError, match="no driver for nosuch"):
        read(path="", url="nosuch://host/base", table="songs")
    (tmp_path / "text.db").write_text("no database at all, but long enough to be read as one")
    with pytest.raises(DataError, match="not a database"):
        read(path="text.db", table="songs")


def test_what_a_recipe_may_not_say() -> None:
    with pytest.raises(ValidationError, match="keep the password out"):
        SqlRows(url="postgresql://me:secret@host/base", table="t")
    with pytest.raises(ValidationError, match="either 'table' or 'query'"):
        SqlRows(url="postgresql://host/base")
    with pytest.raises(ValidationError, match="'path' is missing"):
        RowsConfig(sql=SqlRows(table="songs"))


def test_passwords_come_from_the_environment_and_are_never_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fault(**sql: str) -> str:
        with pytest.raises(DataError) as caught:
            list(read_rows(RowsConfig(sql=SqlRows(table="songs", **sql)), tmp_path))
        assert caught.value.__cause__ is None
        return str(caught.value)

    address = "postgresql+psycopg://reader@127.0.0.1:1/music"
    assert "MUSIC_PASSWORD is not set" in fault(url=address, password_env="MUSIC_PASSWORD")
    monkeypatch.setenv("MUSIC_PASSWORD", "s3cr3t")
    assert "s3cr3t" not in fault(url=address, password_env="MUSIC_PASSWORD")
    monkeypatch.setenv("MUSIC_DATABASE", address.replace("reader@", "reader:s3cr3t@"))
    message = fault(url_env="MUSIC_DATABASE")
    assert "s3cr3t" not in message and "reader:***@" in message


# ---------------------------------------------------------------------------------- PostgreSQL


def _programs() -> Path | None:
    """Folder with the server's programs."""
    for found in (shutil.which("initdb"), *map(str, Path("/usr/lib/postgresql").glob("*/bin/*"))):
        if found and Path(found).name == "initdb":
            return Path(found).resolve().parent
    return None


@pytest.fixture(scope="module")
def server() -> Iterator[sqlalchemy.URL]:
    """A server on a free local port, with a password."""
    pytest.importorskip("psycopg", reason="psycopg is not installed: the extra 'postgres'")
    programs = _programs()
    if programs is None:
        pytest.skip("no PostgreSQL server is installed: there is no initdb")
    user = "postgres" if os.geteuid() == 0 else None  # the server refuses to run as root
    if user and not _exists(user):
        pytest.skip("a PostgreSQL server does not run as root, and there is no user 'postgres'")
    with tempfile.TemporaryDirectory(prefix="postgres-") as folder:
        yield from _served(programs, Path(folder), user)


def _exists(user: str) -> bool:
    return any(entry.pw_name == user for entry in pwd.getpwall())


def _served(programs: Path, folder: Path, user: str | None) -> Iterator[sqlalchemy.URL]:
    if user:
        folder.chmod(0o755)
        shutil.chown(folder, user)
    password, data = folder / "password", folder / "data"
    password.write_text("s3cr3t")
    password.chmod(0o644)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def call(program: str, *options: str) -> None:
        command = [str(programs / program), "-D", str(data), *options]
        subprocess.run(command, check=True, user=user, cwd=folder, stdout=subprocess.DEVNULL)

    call("initdb", "-U", "reader", "-A", "scram-sha-256", f"--pwfile={password}", "-E", "UTF8")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}"
    call("pg_ctl", "-w", "-o", options, "-l", str(folder / "log"), "start")
    try:
        yield sqlalchemy.URL.create(
            "postgresql+psycopg", "reader", None, "127.0.0.1", port, "postgres"
        )
    finally:
        call("pg_ctl", "-m", "immediate", "stop")


def test_a_table_of_postgresql(
    server: sqlalchemy.URL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = sqlalchemy.create_engine(server.set(password="s3cr3t"))
    with engine.begin() as connection:
        connection.execute(
            sqlalchemy.text(
                "CREATE TABLE artists (id int PRIMARY KEY, name text, formed date, genres text[], "
                "facts jsonb, rating numeric(8, 2))"
            )
        )
        connection.execute(
            sqlalchemy.text(
                "INSERT INTO artists SELECT n, 'Artist ' || n, date '1990-01-01' + n, "
                "ARRAY['rock', 'pop ' || n], jsonb_build_object('city', 'Town ' || n), n / 4.0 "
                "FROM generate_series(2500, 1, -1) AS n"
            )
        )
    engine.dispose()
    monkeypatch.setenv("MUSIC_PASSWORD", "s3cr3t")

    def config(**sql: str) -> RowsConfig:
        return RowsConfig(sql=SqlRows(url=str(server), password_env="MUSIC_PASSWORD", **sql))

    columns = ["name", "formed", "genres", "facts.city", "rating"]
    reader = read_rows(config(table="artists"), tmp_path, columns=columns, chunk_rows=1000)
    chunks = list(reader)
    assert [len(chunk) for chunk in chunks] == [1000, 1000, 500]
    first = {name: cells[0] for name, cells in chunks[0].columns.items()}
    assert first == {
        "name": "Artist 1",
        "formed": "1990-01-02",
        "genres": ("rock", "pop 1"),
        "facts.city": "Town 1",
        "rating": "0.25",
    }
    assert reader.evidence(7) == "sql:artists#row=7"
    with pytest.raises(DataError, match="refused"):
        list(read_rows(config(query="DELETE FROM artists RETURNING id"), tmp_path))
    monkeypatch.setenv("MUSIC_PASSWORD", "wr0ng")
    with pytest.raises(DataError, match="authentication failed") as caught:
        list(read_rows(config(table="artists"), tmp_path))
    assert "wr0ng" not in str(caught.value)
