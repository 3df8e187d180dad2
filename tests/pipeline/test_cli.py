from __future__ import annotations

import pytest

from kg_builder.sql import megabytes
from pipeline import cli


def run(monkeypatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["pipeline", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return ended.value.code or 0


def arguments(folder):
    return ("--dataset", str(folder / "tiny.toml"), "--raw", str(folder / "raw"), "--out",
            str(folder / "out"))  # fmt: skip


def test_a_build_tells_every_stage_and_where_the_result_lies(tiny, monkeypatch, capsys):
    assert run(monkeypatch, "build", *arguments(tiny)) == 0
    output = capsys.readouterr().out
    for stage in ("extraction", "fusion", "alignment", "inference", "cleaning", "triples"):
        assert f"✓ {stage}" in output
    assert "quality.html" in output.replace("\n", "")


def test_neither_the_memory_nor_the_processes_change_a_byte(tiny, monkeypatch):
    found = []
    for name, more in (
        ("out", ("--memory", "999999TB")),
        ("small", ("--memory", "200MB", "--workers", "2")),
    ):
        told = [*arguments(tiny)[:-1], str(tiny / name), *more]
        assert run(monkeypatch, "build", *told) == 0
        paths = sorted(path for path in (tiny / name).rglob("*") if path.is_file())
        found.append(
            {
                str(path.relative_to(tiny / name)): path.read_bytes()
                for path in paths
                if ".units" not in path.parts and path.name != "manifest.json"
            }
        )
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("size", "message"),
    [
        ("10MB", "memory '10MB' (give at least 200MB, such as 2GB)"),
        *(
            (size, f"memory '{size}' is not a number with MB, GB or TB (write it as 500MB or 2GB)")
            for size in ("much", "2", "-1GB", "2gib")
        ),
    ],
)
def test_a_memory_that_is_none_or_too_small(tiny, monkeypatch, capsys, size, message):
    assert run(monkeypatch, "build", *arguments(tiny), f"--memory={size}") == 2
    assert capsys.readouterr().err == f"error: {message}\n"


def test_memory_in_terabytes():
    assert (megabytes("1TB"), megabytes("1.5 tb"), megabytes("200mb")) == (1e6, 1.5e6, 200)


@pytest.mark.parametrize(
    ("spoil", "messages"),
    [
        (lambda f: (f / "raw/tiny/bands.csv").unlink(), ["bands.csv", "no such file", "--raw"]),
        (
            lambda f: (f / "raw/tiny/bands.csv").write_text("id,name,genre,city,year\n1,A,b,c,1\n"),
            ["bands.csv", "no column 'genres'", "did you mean 'genre'"],
        ),
        (
            lambda f: (f / "raw/tiny/bands.csv").write_text("id,name,genres,city,year\n1,A,,,\n"),
            ["knowledge graph is empty"],
        ),
        (
            lambda f: (f / "raw/tiny/plays.tsv").write_text("user\tband\tplays\nann\t1\t1\n"),
            ["no interaction is positive", "threshold"],
        ),
    ],
)
def test_a_users_mistake_ends_in_one_line(tiny, monkeypatch, capsys, spoil, messages):
    spoil(tiny)
    if "empty" in messages[0]:
        (tiny / "raw/tiny/magazine.tsv").write_text("artist\tstyle\n")
    assert run(monkeypatch, "build", *arguments(tiny)) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert "Traceback" not in error
    for words in messages:
        assert words in error


def test_an_unknown_data_set(monkeypatch, capsys):
    assert run(monkeypatch, "build", "--dataset", "nonesuch") == 2
    assert "recipes: book-crossing, lastfm" in capsys.readouterr().err


def test_nothing_to_fetch_is_reported(monkeypatch, capsys):
    assert run(monkeypatch, "fetch", "sample") == 2
    assert "nothing to fetch" in capsys.readouterr().err


def test_the_data_sets_are_listed(monkeypatch, capsys):
    assert run(monkeypatch, "datasets") == 0
    assert "movielens-1m" in capsys.readouterr().out


def test_sources_that_describe_nothing_are_an_error(tiny, monkeypatch, capsys):
    for path in (tiny / "raw/tiny").iterdir():
        if path.suffix in {".csv", ".tsv"} and path.name != "plays.tsv":
            path.write_bytes(path.read_bytes().splitlines()[0] + b"\n")
    assert run(monkeypatch, "build", *arguments(tiny)) == 2
    assert "no source describes anything" in capsys.readouterr().err


def test_a_negative_seed_and_an_unwritable_folder(tiny, monkeypatch, capsys):
    assert run(monkeypatch, "build", *arguments(tiny), "--seed", "-1") == 2
    assert "--seed -1" in capsys.readouterr().err
    (tiny / "file").write_text("")
    assert run(monkeypatch, "build", *arguments(tiny), "--out", str(tiny / "file" / "out")) == 2
    assert "name another path" in capsys.readouterr().err
