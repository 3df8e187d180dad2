from __future__ import annotations

from pathlib import Path

import pytest

from kg_builder.errors import DataError
from pipeline.recipe import load_recipe, recipe_names


@pytest.mark.parametrize("name", recipe_names())
def test_every_shipped_recipe_is_valid_and_carries_its_own_name(name):
    recipe = load_recipe(name)
    assert recipe.name == name
    assert recipe.licence
    assert recipe.interactions


def test_the_promised_recipes_are_there():
    assert set(recipe_names()) >= {
        "sample",
        "lastfm",
        "lastfm-stock",
        "lastfm-built",
        "lastfm-tagged",
        "movielens-1m",
        "book-crossing",
    }


def test_an_unknown_recipe_is_reported_with_the_nearest():
    with pytest.raises(DataError, match="did you mean 'lastfm'"):
        load_recipe("last-fm")


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('kind = "structured"', 'kind = "stuctured"', "stuctured"),
        ('predicate = "origin" }', 'predicat = "origin" }', "columns.city"),
        ("clean = true", "cleen = true", "traits.shop.cleen"),
        ("[traits.shop]", "[traits.store]", "store"),
        ('name = "magazine"', 'name = "shop"', "repeat the names"),
        ("[[interactions]]", "[[interactions]", "not TOML"),
    ],
)
def test_a_wrong_setting_is_named_with_its_place(tiny, old, new, fault):
    path = tiny / "tiny.toml"
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(DataError, match=r"tiny\.toml") as caught:
        load_recipe(path)
    assert fault in str(caught.value)
    assert "\n" not in str(caught.value)


def test_sources_can_be_left_out(tiny):
    recipe = load_recipe(tiny / "tiny.toml")
    assert [source.name for source in recipe.without(["magazine"]).sources] == ["shop"]
    with pytest.raises(DataError, match=r"no source or database named \['radio'\]"):
        recipe.without(["radio"])
    with pytest.raises(DataError, match="no source is left"):
        recipe.without(["shop", "magazine"])


def test_a_recipe_extends_another_with_its_own_keys_in_place(tiny):
    (tiny / "own.toml").write_text(
        'extends = "tiny.toml"\nname = "own"\n[triples]\nexclude = ["genre"]\n'
    )
    own, base = load_recipe(tiny / "own.toml"), load_recipe(tiny / "tiny.toml")
    assert (own.name, own.title, own.sources) == ("own", base.title, base.sources)
    assert own.triples.exclude == ("genre",)
    assert load_recipe("lastfm-built").databases == load_recipe("lastfm").databases


@pytest.mark.parametrize(
    ("extends", "fault"),
    [
        ('"own.toml"', "cannot extend itself"),
        ('"other.toml"', "no such recipe file"),
        ('"lastfn"', "did you mean 'lastfm'"),
        ("3", "give a recipe's name or path"),
    ],
)
def test_a_recipe_that_cannot_be_extended_is_an_error(tmp_path, extends, fault):
    (tmp_path / "own.toml").write_text(f'extends = {extends}\nname = "own"\n')
    with pytest.raises(DataError, match=fault):
        load_recipe(tmp_path / "own.toml")


def test_an_ontology_lies_beside_the_recipe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "elsewhere").mkdir()
    text = 'name = "x"\ntitle = "x"\nontology = ["more/ext.ttl"]\n' + _SOURCES
    (tmp_path / "mine/base.toml").write_text(text)
    (tmp_path / "own.toml").write_text('extends = "mine/base.toml"\nname = "y"\n')
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert load_recipe(tmp_path / "own.toml").ontology == (tmp_path / "mine/more/ext.ttl",)


_SOURCES = """
[[sources]]
kind = "semi-structured"
name = "s"
path = "*.html"
"""


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (
            '{ predicate = "genre", splitt = ";" }',
            "sources.0.tables.t.columns.g.splitt: no such key (did you mean 'split'?)",
        ),
        (
            '{ predicate = "genre", rows = "a" }',
            "sources.0.tables.t.columns.g.rows: no such key (a key of another table)",
        ),
        ("{ split = 3 }", "sources.0.tables.t.columns.g.predicate: Field required"),
    ],
)
def test_an_invalid_key_of_a_column_is_named_as_in_the_recipe(tmp_path, column, message):
    path = tmp_path / "r.toml"
    path.write_text(
        'name = "r"\ntitle = "r"\n[[sources]]\nkind = "structured"\nname = "s"\n'
        f'[sources.tables.t]\npath = "a.csv"\ntype = "Artist"\nname = "n"\ncolumns.g = {column}\n',
        encoding="utf-8",
    )
    with pytest.raises(DataError) as fault:
        load_recipe(path)
    assert message in str(fault.value)
    assert "tuple" not in str(fault.value) and "ColumnMap" not in str(fault.value)
