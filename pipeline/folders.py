"""Default folders of raw files and processed data sets, and the option `--data`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

if TYPE_CHECKING:
    from pipeline.recipe import Recipe

__all__ = ["DATA", "PROCESSED_HELP", "DataFolder", "default_raw", "processed_folder"]

DATA: Final = Path("data")

PROCESSED_HELP: Final = "Processed folder.  [default: data/processed/<dataset>]"

DataFolder = Annotated[
    Path | None, typer.Option("--data", "--processed", metavar="DIR", help=PROCESSED_HELP)
]
"""Option of commands that read a processed folder; `--processed` is its old name."""


def processed_folder(dataset: str, data: Path | None) -> Path:
    """The given processed folder, or that of a data set below `data/processed`.

    Args:
        dataset: name of a data set, or path of a recipe file, as in `build`.
        data: the folder, if given.

    Raises:
        DataError: the recipe file cannot be read.
    """
    if data is not None:
        return data
    if dataset.endswith(".toml"):
        from pipeline.recipe import load_recipe  # lazy import: takes a second, and is rarely needed

        dataset = load_recipe(dataset).name
    return DATA / "processed" / dataset


def default_raw(recipe: Recipe) -> Path:
    """`data/raw` here, or the folder of a data set that ships with the project.

    The latter is the project's `data/raw` in a checkout, and a folder beside this module in a
    wheel.
    """
    package = Path(__file__).resolve().parent
    here = DATA / "raw"
    for folder in (here, package.parent / "data" / "raw", package / "raw"):
        if (folder / recipe.name).is_dir():
            return folder
    return here
