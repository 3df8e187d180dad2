"""Logs without a heading: what their numbers are."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from tests.pipeline.test_new_recipe import built, positives
from tests.pipeline.test_new_recipe_of_public_files import guessed, tables

START = 1_600_000_000


def log(*cells: Callable[[random.Random], object], rows: int = 300) -> str:
    """A log of nine users and twenty items with further columns, separated by "::"."""
    draw = random.Random(5)
    made: tuple[Callable[[random.Random], object], ...] = (
        lambda d: f"u{d.randrange(9)}",
        lambda d: f"T{d.randrange(20):03d}",
        *cells,
    )
    return "".join("::".join(str(cell(draw)) for cell in made) + "\n" for _ in range(rows))


def moment(draw: random.Random) -> int:
    return START + draw.randrange(10**7)


def milliseconds(draw: random.Random) -> int:
    return draw.randrange(5, 400) * 1000


@pytest.mark.parametrize("columns", [(moment, milliseconds), (milliseconds, moment)])
def test_milliseconds_beside_times_are_no_plays(tmp_path, columns):
    (acts,) = guessed(tmp_path, {"log.dat": log(*columns)})["interactions"]
    number = 3 + columns.index(milliseconds)
    assert acts["weight"] == "@count"
    assert acts["where"] == [{"column": f"column{number}", "min": 30_000}]
    assert acts["time"] == f"column{7 - number}"


def test_milliseconds_without_times_are_no_plays(tmp_path):
    (acts,) = guessed(tmp_path, {"log.dat": log(milliseconds)})["interactions"]
    assert acts["weight"] == "@count"
    assert acts["where"] == [{"column": "column3", "min": 30_000}]


def test_seconds_in_a_log_with_a_row_for_each_play_are_no_plays(tmp_path):
    (acts,) = guessed(tmp_path, {"log.dat": log(moment, lambda d: d.randrange(5, 400))})[
        "interactions"
    ]
    assert acts["weight"] == "@count"
    assert acts["where"] == [{"column": "column4", "min": 30}]


def test_the_length_of_each_song_is_no_time_of_listening(tmp_path):
    rows = log(moment).splitlines()
    rows = [f"{row}::{200_000 + int(row.split('::')[1][1:]) * 1000}\n" for row in rows]
    (acts,) = guessed(tmp_path, {"log.dat": "".join(rows)})["interactions"]
    assert acts["weight"] == "@count"
    assert "where" not in acts


@pytest.mark.parametrize("unit", [1, 1_000, 1_000_000])
@pytest.mark.parametrize("form", ["{}", "{}.0", "{}.25"])
def test_large_numbers_that_are_moments_are_times(tmp_path, unit, form):
    text = log(lambda draw: form.format(moment(draw) * unit))
    (acts,) = guessed(tmp_path, {"log.dat": text})["interactions"]
    assert (acts["time"], acts["weight"]) == ("column3", "@count")


def test_moments_are_no_plays_whatever_their_column_is_called(tmp_path):
    text = "user,track_id,count\n" + log(moment).replace("::", ",")
    (acts,) = guessed(tmp_path, {"log.csv": text})["interactions"]
    assert (acts["time"], acts["weight"]) == ("count", "@count")


@pytest.mark.parametrize("most", [40, 900, 5_000])
def test_numbers_of_plays_stay_plays(tmp_path, most):
    pairs = [(user, item) for user in range(9) for item in range(20)]
    draw = random.Random(2)
    rows = [f"u{u}::T{i:03d}::{draw.randrange(1, most)}::{moment(draw)}\n" for u, i in pairs]
    (acts,) = guessed(tmp_path, {"log.dat": "".join(rows)})["interactions"]
    assert (acts["weight"], acts["time"]) == ("column3", "column4")


def test_such_a_log_builds_and_counts_plays(tmp_path):
    songs = "id,title,genre\n" + "".join(f"T{n:03d},Song {n},jazz\n" for n in range(20))
    built(tmp_path, {"songs.csv": songs, "log.dat": log(moment, milliseconds, rows=40)})
    assert 0 < positives(tmp_path) <= 40


@pytest.mark.parametrize(
    ("column", "special", "split"),
    [
        ("album", ["M|A|R|R|S"] * 5, None), ("artist", ["M|A|R|R|S"] * 5, None),
        ("album", ["Far Out; Recordings"] * 5, None), ("artist", ["Far Out; Recordings"] * 5, None),
        ("album", ["A | B", "C | D"], None), ("album", [f"A{n}|B{n}" for n in range(9)], "|"),
        ("artist", ["Ann|Bo", "Bo|Cleo"], "|"), ("genre", ["dub|rock"] * 5, "|"),
    ],
)  # fmt: skip
def test_lists_are_told_by_several_different_cells(tmp_path, column, special, split):
    cells = [*special, *(f"Name {n}" for n in range(40))]
    songs = "".join(f"s{n},Song {n}x,{cell}\n" for n, cell in enumerate(cells))
    recipe = guessed(tmp_path, {"songs.csv": f"song_id,title,{column}\n{songs}"})
    assert tables(recipe)["songs"]["columns"][column].get("split") == split


@pytest.mark.parametrize("sign", ["::", "\t"])
@pytest.mark.parametrize("id_", ["s{}", "{}", "x-{}"])
def test_codes_beside_titles_are_their_ids(tmp_path, sign, id_):
    rows = [
        (f"u{n % 9}", id_.format(n % 7), f"Song {'ABCDEFG'[n % 7]}", START + n * 999)
        for n in range(60)
    ]
    recipe = guessed(tmp_path, {"log.dat": "".join(sign.join(map(str, r)) + "\n" for r in rows)})
    (songs,) = tables(recipe).values()
    (acts,) = recipe["interactions"]
    assert (songs["type"], songs["id"], songs["name"]) == ("Song", "column2", "column3")
    assert [acts[key] for key in ("user", "item", "time")] == ["column1", "column2", "column4"]
    assert acts["weight"] == "@count"
