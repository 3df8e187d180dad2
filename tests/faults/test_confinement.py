"""A recipe can only read its own folder, the raw folder and the project's data, by any reader."""

from __future__ import annotations

import os
import sqlite3

import pytest

from kg_builder.errors import DataError
from pipeline.build import Build, build
from pipeline.confinement import check_paths
from pipeline.recipe import load_recipe

SOURCE = '[[sources]]\nname = "more"\n'
OUTSIDE = {
    "table": ('path = "bands.csv"', 'path = "{}"'),
    "interactions": ('path = "plays.tsv"', 'path = "{}"'),
    "ontology": ('title = "Three bands"', 'title = "Three bands"\nontology = ["{}"]'),
    "rules": ("[[interactions]]", '[inference]\nfiles = ["{}"]\n[[interactions]]'),
    "judgements": ("[[interactions]]", '[fusion]\njudgements = "{}"\n[[interactions]]'),
    "texts": ("[[sources]]", SOURCE + 'kind = "unstructured"\npath = "{}"\n[[sources]]'),
    "pages": (
        "[[sources]]",
        SOURCE + 'kind = "semi-structured"\nformat = "html"\npath = "{}"\n[[sources]]',
    ),
    "links": (
        "[[interactions]]",
        '[[given_links]]\npath = "{}"\ndatabase = "dbpedia"\n[[interactions]]',
    ),
    "database": (
        "[[interactions]]",
        '[sources.tables.more]\ntype = "Band"\nname = "n"\nformat = "sql"\n'
        'sql = {{ url = "sqlite:///{}", table = "t" }}\n[[interactions]]',
    ),
}  # fmt: skip


@pytest.fixture
def secret(tmp_path_factory):
    path = tmp_path_factory.mktemp("elsewhere") / "secret.txt"
    path.write_text("id,name,genre\n1,hunter2,x\n")
    return path


@pytest.mark.parametrize("reader", OUTSIDE)
def test_no_reader_leaves_the_folders(small, secret, reader, tmp_path):
    old, new = OUTSIDE[reader]
    recipe = small((old, new.format(secret)))
    with pytest.raises(DataError, match="is outside") as fault:
        Build(load_recipe(recipe), raw=tmp_path / "raw", out=tmp_path / "out")
    assert "hunter2" not in str(fault.value)
    assert "--allow-outside" in str(fault.value)
    Build(load_recipe(recipe), raw=tmp_path / "raw", out=tmp_path / "out", allow_outside=True)


def test_dots_lead_no_way_out_but_stay_within(small, tmp_path):
    inside = load_recipe(small(('"bands.csv"', '"../raw/bands.csv"')))
    check_paths(inside, tmp_path / "raw")
    outside = load_recipe(small(('"bands.csv"', '"*/../../../../../../etc/passwd"')))
    with pytest.raises(DataError, match="is outside"):
        check_paths(outside, tmp_path / "raw")


def test_a_link_below_the_raw_folder_is_its_owners(small, secret, tmp_path):
    recipe = load_recipe(small())
    (tmp_path / "raw" / "bands.csv").unlink()
    (tmp_path / "raw" / "bands.csv").symlink_to(secret)
    check_paths(recipe, tmp_path / "raw")


def test_a_file_that_is_allowed_but_no_turtle_is_not_shown(small, secret, tmp_path):
    recipe = small(("title", f'ontology = ["{secret}"]\ntitle'))
    with pytest.raises(DataError, match="not Turtle") as fault:
        build(recipe, raw=tmp_path / "raw", out=tmp_path / "out", allow_outside=True)
    assert "hunter2" not in str(fault.value)


def test_a_pipe_is_refused_and_not_waited_for(small, tmp_path):
    recipe = load_recipe(small())
    (tmp_path / "raw" / "bands.csv").unlink()
    os.mkfifo(tmp_path / "raw" / "bands.csv")
    with pytest.raises(DataError, match="pipe or a device"):
        Build(recipe, raw=tmp_path / "raw", out=tmp_path / "out", allow_outside=True)


@pytest.mark.parametrize("query", ["ATTACH '{}' AS x", "VACUUM INTO '{}'", "DELETE FROM bands"])
def test_a_query_makes_and_changes_no_file(small, query, tmp_path):
    made = tmp_path / "made.db"
    recipe = small(
        ('path = "bands.csv"', 'path = "b.db"\nformat = "sql"\nsql = { query = "QUERY" }'),
        ("QUERY", query.format(made)),
    )
    with sqlite3.connect(tmp_path / "raw" / "b.db") as database:
        database.execute("CREATE TABLE bands (id, name, genre)")
    database.close()
    with pytest.raises(DataError, match="the database refused"):
        build(recipe, raw=tmp_path / "raw", out=tmp_path / "out")
    assert not made.exists()
