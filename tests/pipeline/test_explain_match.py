from __future__ import annotations

import json

import pytest

from pipeline import cli


def run(monkeypatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["pipeline", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return ended.value.code or 0


@pytest.fixture
def built(built_tiny, monkeypatch):
    """Arguments of commands on the built tiny data set, in its working directory."""
    monkeypatch.chdir(built_tiny)
    monkeypatch.setenv("COLUMNS", "200")
    return ("--dataset", "tiny.toml", "--out", "out")


def record_of(tiny, name: str) -> str:
    import pandas as pd

    records = pd.read_parquet(tiny / "out/records.parquet")
    return records.loc[records["name"] == name, "record"].iloc[0]


def test_two_records_of_one_entity_are_explained(built, monkeypatch, capsys, built_tiny):
    theirs = record_of(built_tiny, "PORTISHEAD")
    assert run(monkeypatch, "explain-match", "shop/1", theirs, *built) == 0
    output = capsys.readouterr().out
    assert "one entity: they match" in output and "not one entity" not in output
    assert f"shop/1 — {theirs}" in output or f"{theirs} — shop/1" in output
    assert "mean probability" in output
    odds = [line.split()[-1] for line in output.splitlines() if line.startswith("name ")]
    assert len(odds) == 1 and float(odds[0]) > 0


def test_a_pair_asked_for_by_name_is_shown_with_its_probability(built, monkeypatch, capsys):
    assert run(monkeypatch, "explain-match", "Massive Attack", "Massive Atack", *built) == 0
    output = capsys.readouterr().out
    assert "very close" in output
    assert "probability 0.8" in output and "records merge from 0.80 on" in output


def test_a_pair_below_the_threshold_is_shown_with_it(built, built_tiny, monkeypatch, capsys):
    recipe = built_tiny / "tiny.toml"
    recipe.write_text(recipe.read_text() + "\n[fusion]\nmatch = 0.9\n")
    assert run(monkeypatch, "build", *built, "--raw", "raw") == 0
    assert run(monkeypatch, "explain-match", "Massive Attack", "Massive Atack", *built) == 0
    output = capsys.readouterr().out
    assert "the probability 0." in output and "is below 0.90" in output


def test_two_records_that_never_met_are_scored_all_the_same(built, monkeypatch, capsys, built_tiny):
    theirs = record_of(built_tiny, "Massive Atack")
    assert run(monkeypatch, "explain-match", "shop/3", theirs, *built) == 0
    output = capsys.readouterr().out
    assert "never compared: no blocking key brings them together" in output
    assert "had they been compared" in output


def test_a_clean_source_and_a_class_are_given_as_reasons(built, monkeypatch, capsys):
    assert run(monkeypatch, "explain-match", "shop/1", "shop/2", *built) == 0
    assert "source 'shop' is clean" in capsys.readouterr().out
    assert run(monkeypatch, "explain-match", "Slayer", "trip hop", *built) == 0
    assert "a Band is never a Genre" in capsys.readouterr().out


def test_a_judgement_overrules_outlives_the_folder_and_is_counted(
    built, monkeypatch, capsys, built_tiny
):
    theirs = record_of(built_tiny, "Massive Atack")
    assert run(monkeypatch, "judge", "shop/2", theirs, "different", *built) == 0
    assert run(monkeypatch, "judge", "shop/1", "PORTISHEAD", "same", *built) == 0
    assert (built_tiny / "data/judgements/tiny.tsv").read_text().splitlines() == [
        "left\tright\tverdict",
        f"shop/2\t{theirs}\tdifferent",
        f"shop/1\t{record_of(built_tiny, 'PORTISHEAD')}\tsame",
    ]
    for folder in ("out", "elsewhere"):  # once more in place, once from nothing
        where = ("--dataset", "tiny.toml", "--out", folder)
        assert run(monkeypatch, "build", *where, "--raw", "raw") == 0
        report = json.loads((built_tiny / folder / "quality.json").read_text())
        assert report["judgements"] == {"different": 1, "same": 1}
        assert "A person&#39;s judgements" in (
            built_tiny / folder / "quality.html"
        ).read_text().replace("'", "&#39;")
        capsys.readouterr()
        assert run(monkeypatch, "explain-match", "shop/2", theirs, *where) == 0
        assert "not one entity: a person's judgement: different" in capsys.readouterr().out


def test_a_pair_that_does_not_exist_is_reported(built, monkeypatch, capsys):
    assert run(monkeypatch, "explain-match", "Slayer", "Anthrax", *built) == 2
    assert "no record has the key or the name 'Anthrax'" in capsys.readouterr().err
    assert run(monkeypatch, "judge", "Slayer", "shop/3", "same", *built) == 2
    assert "are one record" in capsys.readouterr().err
    assert run(monkeypatch, "explain-match", "a", "b", "--dataset", "tiny.toml") == 2
    assert "has not been built" in capsys.readouterr().err


@pytest.mark.parametrize("place", [("--data", "out"), ("--dataset", "out")])
def test_a_folder_alone_has_the_recipe_in_its_manifest(
    built, built_tiny, monkeypatch, capsys, place
):
    assert run(monkeypatch, "explain-match", "shop/1", "PORTISHEAD", *place) == 0
    assert "one entity: they match" in capsys.readouterr().out
    assert run(monkeypatch, "judge", "shop/1", "PORTISHEAD", "same", *place) == 0
    output = capsys.readouterr().out
    assert f"build --dataset {built_tiny / 'tiny.toml'} applies it" in output
    judgements = built_tiny / "data/judgements"
    assert [path.name for path in judgements.glob("*.tsv")] == ["tiny.tsv"]


def test_a_folder_without_the_name_of_its_recipe_is_refused(built, built_tiny, monkeypatch, capsys):
    path = built_tiny / "out/manifest.json"
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps(manifest | {"recipe": "", "dataset": ""}))  # an earlier version's
    assert run(monkeypatch, "judge", "shop/1", "PORTISHEAD", "same", "--data", "out") == 2
    assert "out: manifest.json does not name its recipe (name the recipe with --dataset" in (
        capsys.readouterr().err
    )
    (built_tiny / "tiny.toml").rename(built_tiny / "moved.toml")
    path.write_text(json.dumps(manifest))
    assert run(monkeypatch, "explain-match", "shop/1", "shop/2", "--data", "out") == 2
    assert "tiny.toml: no such recipe file" in capsys.readouterr().err
