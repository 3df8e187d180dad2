"""Find the recipe's table of interactions, and read those that may contribute to the graph."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from kg_builder.errors import DataError
from kg_builder.extraction.interactions import InteractionTable
from kg_builder.extraction.left_out_pairs import (
    NONE_LEFT_OUT,
    LeftOutPairs,
    read_left_out_pairs,
)
from kg_builder.fusion import rewrite_interactions
from kg_builder.packed_files import matching_files
from kg_builder.tables import INTERACTIONS, LINKS
from pipeline.artefacts import read_table
from pipeline.raw_files import how_to_get
from pipeline.stages.artefact_names import RAW_INTERACTIONS
from pipeline.stages.stage import Job

if TYPE_CHECKING:
    from pipeline.recipe import Recipe


def interaction_table(recipe: Recipe, raw: Path) -> InteractionTable | None:
    """The first interaction table whose file exists; `None` if the recipe has none.

    Raises:
        DataError: the recipe names interaction files and none of them exists.
    """
    if not recipe.interactions:
        return None
    for table in recipe.interactions:
        if table.is_on_a_server or (raw / table.path).is_file() or _matches(raw, table.path):
            return table
        if (raw / table.path).is_dir():
            matching_files(raw, table.path)  # raises an error that says so
    raise DataError(
        "no such file",
        where=" or ".join(str(raw / table.path) for table in recipe.interactions),
        remedy=how_to_get(recipe, raw),
    )


def left_out_pairs(job: Job) -> LeftOutPairs:
    """The user–item pairs that the graph must not know of (option `--without-pairs`)."""
    table = None if job.without_pairs is None else interaction_table(job.recipe, job.raw)
    if job.without_pairs is None or table is None:
        return NONE_LEFT_OUT
    return read_left_out_pairs(job.without_pairs, table.records)


def graph_interactions(folder: Path, left_out: LeftOutPairs = NONE_LEFT_OUT) -> pd.DataFrame:
    """Read the columns `user` and `item` (an entity) of a processed folder's interactions.

    Args:
        folder: with the artefacts of extraction and alignment.
        left_out: pairs that are not returned.
    """
    read = read_table(INTERACTIONS.only("user", "item"), folder / RAW_INTERACTIONS)
    if left_out:
        pairs = zip(read["user"], read["item"], strict=True)
        read = read[[pair not in left_out for pair in pairs]]
    return rewrite_interactions(read, read_table(LINKS, folder / "links.parquet"))


def _matches(raw: Path, pattern: str) -> bool:
    try:
        return bool(matching_files(raw, pattern))
    except DataError:
        return False
