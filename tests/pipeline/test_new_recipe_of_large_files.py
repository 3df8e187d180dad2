"""Files larger than the sample: ids are compared with those of all rows."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.pipeline.test_new_recipe import built, positives
from tests.pipeline.test_new_recipe_of_public_files import guessed, tables


def catalogue_and_log(size: int, seed: int = 1, prefix: str = "T") -> dict[str, str]:
    """A catalogue of so many songs, and 3,000 plays of any of them, by another column's name."""
    draw = random.Random(seed)
    ids = [f"{prefix}{number:06d}" for number in range(size)]
    songs = "".join(f"{id_},Song {id_[-5:]},{draw.choice(['jazz', 'folk'])}\n" for id_ in ids)
    plays = "".join(
        f"u{draw.randrange(300):05d},{draw.choice(ids)},2024-01-01T00:00:{n % 60:02d}Z,"
        f"{draw.randrange(5, 400) * 1000}\n"
        for n in range(3_000)
    )
    return {
        "songs.csv": f"track_id,title,genre\n{songs}",
        "plays.csv": f"user,track,played_at,ms\n{plays}",
    }


@pytest.mark.parametrize("size", [1_500, 2_000, 4_000, 7_000, 40_000])
@pytest.mark.parametrize("prefix", ["T", "9"])
def test_a_log_of_a_catalogue_of_any_size_refers_to_it(tmp_path, size, prefix):
    recipe = guessed(tmp_path, catalogue_and_log(size, prefix=prefix))
    assert set(tables(recipe)) == {"songs"}
    (acts,) = recipe["interactions"]
    assert (acts["user"], acts["item"], acts["records"]) == ("user", "track", "mine")


def test_a_log_of_a_catalogue_of_which_a_part_is_read_refers_to_it(tmp_path, monkeypatch):
    monkeypatch.setattr("kg_builder.schema_inference.samples.MOST_ROWS", 2_500)
    recipe = guessed(tmp_path, catalogue_and_log(20_000))
    assert set(tables(recipe)) == {"songs"}


def test_a_log_of_other_songs_has_its_own_table(tmp_path):
    files = catalogue_and_log(7_000)
    files["plays.csv"] = files["plays.csv"].replace(",T", ",X")
    recipe = guessed(tmp_path, files)
    assert set(tables(recipe)) == {"songs", "songs2"}


def test_ids_in_several_files_of_one_table_are_those_of_all(tmp_path: Path):
    files = catalogue_and_log(4_000)
    head, *rows = files.pop("songs.csv").splitlines(keepends=True)
    parts = {f"songs{n}.csv": head + "".join(rows[n * 400 : n * 400 + 400]) for n in range(10)}
    recipe = guessed(tmp_path, parts | files)
    assert set(tables(recipe)) == {"songs"}
    assert tables(recipe)["songs"]["path"] == "songs*.csv"


def test_references_to_a_large_table_are_found_whatever_the_order_of_the_rows(tmp_path):
    draw = random.Random(3)
    artists = "".join(f"K{n:05d},Band {n},jazz\n" for n in range(9_000))
    songs = "".join(f"s{n},Song {n},K{draw.randrange(9_000):05d}\n" for n in range(3_000))
    files = {"artists.csv": f"id,name,genre\n{artists}", "songs.csv": f"id,title,artist\n{songs}"}
    recipe = guessed(tmp_path, files)
    assert tables(recipe)["songs"]["columns"]["artist"]["ref"] == "artists"


def test_a_large_catalogue_and_its_log_are_built(tmp_path):
    _, items, text = built(tmp_path, catalogue_and_log(5_000))
    assert "songs2" not in text
    assert items["name"].str.startswith("Song ").all()
    assert positives(tmp_path) > 2_000
