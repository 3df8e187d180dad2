"""Find a recipe's files of human verdicts on record pairs, and count the verdicts used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from kg_builder.fusion import FusionConfig, read_judgements

if TYPE_CHECKING:
    from pipeline.recipe import Recipe


JUDGEMENTS = Path("data") / "judgements"


def judgement_file(recipe: Recipe) -> Path:
    """The recipe's file of judgements, else `data/judgements/<name>.tsv`; it need not exist."""
    return recipe.fusion.judgements or JUDGEMENTS / f"{recipe.name}.tsv"


def judgement_files(recipe: Recipe) -> list[Path]:
    """The files read by a build: the recipe's, or the default one if it exists."""
    path = judgement_file(recipe)
    return [path] if recipe.fusion.judgements or path.is_file() else []


def judged(recipe: Recipe) -> FusionConfig:
    """The recipe's fusion settings, with the file of judgements filled in."""
    files = judgement_files(recipe)
    return recipe.fusion.model_copy(update={"judgements": files[0] if files else None})


def count_judgements(recipe: Recipe, records: Iterable[str]) -> dict[str, int]:
    """Count the judgements by verdict, and those about unknown records."""
    files = judgement_files(recipe)
    if not files:
        return {}
    record_keys = set(records)
    found: Counter[str] = Counter()
    for pair, verdict in sorted(read_judgements(files[0]).items()):
        found[verdict if record_keys.issuperset(pair) else "about no record here"] += 1
    return dict(sorted(found.items()))
