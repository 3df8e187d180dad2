"""Columns of dates: the order of day and month, and which are dates of release."""

from __future__ import annotations

import pytest

from tests.pipeline.test_new_recipe import built
from tests.pipeline.test_new_recipe_of_public_files import guessed, tables

ROWS = "a1;Dummy;Portishead;05.08.1994\na2;Debut;Björk;05.07.1993\na3;So;Peter Gabriel;12/31/1986\n"


@pytest.mark.parametrize("further", ["", "a4;Post;Björk;13.06.1995\n"])
def test_slashes_do_not_decide_about_points(tmp_path, further):
    files = {"albums.csv": f"album_id;title;artist;released\n{ROWS}{further}"}
    triples, _, text = built(tmp_path, files)
    assert "day_first = false  # 12/31/1986 in 'released'" in text
    assert {
        "Dummy releaseDate 1994-08-05", "Debut releaseDate 1993-07-05", "So releaseDate 1986-12-31",
    } <= triples  # fmt: skip


def test_points_decide_about_slashes_that_do_not(tmp_path):
    rows = "a1;Dummy;05.08.1994\na2;Debut;05/07/1993\n"
    recipe = guessed(tmp_path, {"albums.csv": "album_id;title;released\n" + rows})
    assert tables(recipe)["albums"]["day_first"] is True


def test_years_of_days_in_unknown_order_are_counted(tmp_path):
    rows = "a1;Dummy;05/08/1994;rock\na2;Debut;05/07/1993;pop\na3;So;05/07/1993;pop\n"
    triples, _, _ = built(tmp_path, {"albums.csv": "album_id;title;released;genre\n" + rows})
    assert "Dummy releaseDate 1994" in triples
    report = (tmp_path / "out/quality.html").read_text(encoding="utf-8")
    assert "unknown order of day and month" in report


@pytest.mark.parametrize(
    "heading",
    [
        *("Erschienen am", "Erschienen", "Veröffentlichung", "Release-Datum", "published"),
        *("publié le", "date de parution", "sorti le", "publicado", "fecha de publicación"),
        *("pubblicato il", "data di uscita", "data de lançamento", "released on"),
        *("out", "VÖ", "x"),
    ],
)
def test_dates_of_release_in_several_languages_or_without_a_known_name(tmp_path, heading):
    rows = "a1;Dummy;Portishead;22.08.1994\na2;Debut;Björk;05.07.1993\n"
    triples, _, text = built(tmp_path, {"alben.csv": f"album_id;title;artist;{heading}\n{rows}"})
    assert {"Dummy releaseDate 1994-08-22", "Debut releaseDate 1993-07-05"} <= triples
    assert "left out" not in text


@pytest.mark.parametrize("heading", ["Gekauft am", "added", "recording date", "modifié le"])
def test_dates_of_something_else_are_no_dates_of_release(tmp_path, heading):
    rows = "a1;Dummy;Portishead;22.08.1994\na2;Debut;Björk;05.07.1993\n"
    recipe = guessed(tmp_path, {"albums.csv": f"album_id;title;artist;{heading}\n{rows}"})
    assert set(tables(recipe)["albums"]["columns"]) == {"artist"}


def test_a_column_of_dates_is_not_guessed_beside_dates_of_release(tmp_path):
    rows = "a1;Dummy;1994;22.08.1999\na2;Debut;1993;05.07.1998\n"
    _, _, text = built(tmp_path, {"albums.csv": f"album_id;title;year;seen\n{rows}"})
    assert "\"seen\": dates such as '22.08.1999'" in text
