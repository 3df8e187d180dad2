"""Fit the confidences of pattern statements on the sample's annotated biographies and 18 notes.

The output is the content of `kg_builder/extraction/text/confidences.toml`. Texts are read with the
rules' raw confidences, so that file's levels are disabled first.

    python benchmarks/pattern_confidences.py
"""

from __future__ import annotations

from typing import Final
from unittest.mock import patch

from kg_builder.evaluation.texts import judged_relations, read_annotated_texts
from kg_builder.ontology import load_schema
from kg_builder.text_models.calibration import isotonic_levels
from pipeline.evaluate.texts import names_of_other_sources, read_gold_texts, source_of
from pipeline.folders import default_raw
from pipeline.raw_texts import text_sources
from pipeline.recipe import load_recipe

_FITTED: Final = (("biographies", None), ("album_notes", 18))
"""Annotations and their number: all biographies, and the notes used to write the rules"""


def main() -> None:
    """Print the levels: the rule's confidence, and the share of correct statements."""
    recipe = load_recipe("sample")
    raw = default_raw(recipe)
    schema = load_schema(*recipe.ontology)
    known = names_of_other_sources(recipe, raw, schema)
    judged = []
    with patch("kg_builder.extraction.text.patterns.calibrated", lambda confidence: confidence):
        for name, number in _FITTED:
            path = raw / recipe.name / "truth" / f"{name}_annotations.jsonl"
            gold = read_annotated_texts(path)[:number]
            source = source_of(text_sources(recipe), raw, gold)
            judged += judged_relations(read_gold_texts(source, raw, gold, known, schema))
    levels = isotonic_levels([item.confidence for item in judged], [item.right for item in judged])
    print(f"# {len(judged)} statements")
    print(f"levels = {[list(level) for level in levels]}")


if __name__ == "__main__":
    main()
