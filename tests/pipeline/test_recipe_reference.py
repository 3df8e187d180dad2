"""The page of recipe keys is up to date with the models."""

from __future__ import annotations

import re
from pathlib import Path

from kg_builder.triples import RatingsConfig
from pipeline.recipe import Recipe
from pipeline.recipe_reference import reference

PAGE = Path(__file__).resolve().parents[2] / "docs" / "recipe-reference.md"


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference(), (
        "write it anew: python -m pipeline recipe-keys > docs/recipe-reference.md"
    )


def test_every_key_has_a_meaning_and_its_section() -> None:
    text = reference()
    rows = re.findall(r"^\| `(\w+)` \| .* \| (.*) \|$", text, re.M)
    assert {*Recipe.model_fields, *RatingsConfig.model_fields} <= {name for name, _ in rows}
    links = set(re.findall(r"\(#(\w+)\)", text))
    assert links <= {heading.lower() for heading in re.findall(r"^## (\w+)", text, re.M)}
    assert [name for name, meaning in rows if not meaning] == []
