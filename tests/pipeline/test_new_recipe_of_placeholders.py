"""Cells that stand for nothing: they do not count against a column, and reasons are readable."""

from __future__ import annotations

import pytest

from kg_builder.schema_inference.planning import _PROPERTIES
from kg_builder.schema_inference.words import MEANING
from tests.pipeline.test_new_recipe import built
from tests.pipeline.test_new_recipe_of_public_files import guessed, predicates, tables
from tests.pipeline.test_new_recipe_of_references import left_out

PLACEHOLDERS = ["unknown", "Unknown", "n/a", "N/A", "-", "?", "none", "[unknown]", "unbekannt"]


def bands(placeholder: str, heading: str = "formed", good: str = "19{:02d}") -> str:
    """A table of bands, of which one in three has a placeholder in place of a value."""
    rows = [f"A{n},Band {n},{good.format(n) if n % 3 else placeholder}\n" for n in range(60)]
    return f"artist_id,name,{heading}\n{''.join(rows)}"


@pytest.mark.parametrize("placeholder", PLACEHOLDERS)
@pytest.mark.parametrize(
    ("heading", "good", "predicate"),
    [
        ("formed", "19{:02d}", "beginDate"),
        ("disbanded", "19{:02d}-03-04", "endDate"),
        ("website", "https://example.org/{}", "homepage"),
    ],
)
def test_placeholders_do_not_count_against_a_column(
    tmp_path, placeholder, heading, good, predicate
):
    recipe = guessed(tmp_path, {"bands.csv": bands(placeholder, heading, good)})
    assert predicates(tables(recipe)["artists"]) == {heading: predicate}


def test_placeholders_among_dates_are_no_facts(tmp_path):
    artists = bands("unknown").replace("name,", "name,genre,").replace(",19", ",jazz,19")
    artists = artists.replace(",unknown", ",folk,unknown")
    triples, _, _ = built(tmp_path, {"artists.csv": artists})
    assert sum(" beginDate " in one for one in triples) == 40
    assert not any("unknown" in one for one in triples)


@pytest.mark.parametrize("zero", ["0", "0000", "0000-00-00"])
@pytest.mark.parametrize(("heading", "good"), [("formed", "19{:02d}"), ("disbanded", "19{:02d}")])
def test_zeros_in_the_place_of_dates_are_read_as_nothing(tmp_path, zero, heading, good):
    recipe = guessed(tmp_path, {"bands.csv": bands(zero, heading, good)})
    assert tables(recipe)["artists"]["columns"][heading]["values"] == {zero: ""}


def reasons(tmp_path, files: dict[str, str]) -> dict[str, str]:
    """Why columns are left out, in the recipe's own words."""
    from pipeline.new_recipe.command import new_recipe

    guessed(tmp_path, files)
    return left_out(new_recipe([tmp_path / name for name in files], tmp_path, "mine"))


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        (
            {"bands.csv": bands("long ago")},
            "its name suggests a date of birth or founding, but 20 of 60 values, such as "
            "'long ago', are no dates",
        ),
        (
            {"bands.csv": bands("x", "duration", "{}")},
            "its name suggests a duration, but 20 of 60 values, such as 'x', are no durations",
        ),
        (
            {"bands.csv": bands("3", "duration", "{}")},
            "its name suggests a duration, which artists have no place for in the data model",
        ),
        (
            {"bands.csv": bands("unknown", good="n/a")},
            "only 'unknown' and the like, which stand for nothing",
        ),
    ],
)
def test_reasons_are_plain_english(tmp_path, files, reason):
    ((_, told),) = reasons(tmp_path, files).items()
    assert told == reason


def test_every_property_that_a_name_may_suggest_has_words_for_it():
    roles = {role for _, role in MEANING.values()} - {"", "id", "name"}
    by_other_reasons = {"other", "event", "time", "plays", "rating"}
    assert roles - by_other_reasons <= set(_PROPERTIES)
