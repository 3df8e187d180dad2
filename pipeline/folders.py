"""Default folders of raw files and processed data sets, and the option `--data`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, NamedTuple

import typer

if TYPE_CHECKING:
    from pipeline.recipe import Recipe

__all__ = [
    "DATA",
    "PROCESSED_HELP",
    "DataFolder",
    "DataSet",
    "ProcessedDataset",
    "built_data_set",
    "default_raw",
    "processed_folder",
]

DATA: Final = Path("data")
_MANIFEST: Final = "manifest.json"

PROCESSED_HELP: Final = "Processed folder.  [default: data/processed/<dataset>]"

DataFolder = Annotated[
    Path | None, typer.Option("--data", "--processed", metavar="DIR", help=PROCESSED_HELP)
]
"""Option of commands that read a processed folder; `--processed` is its old name."""

ProcessedDataset = Annotated[
    str | None,
    typer.Option(help="Name of a processed data set.", show_default="sample, or DIR's name"),
]
"""Option of commands that find the data set's name in the folder's manifest."""


def processed_folder(dataset: str, data: Path | None) -> Path:
    """The given processed folder, or that of a data set below `data/processed`.

    Args:
        dataset: name of a data set, path of a recipe file, as in `build`, or a processed folder.
        data: the folder, if given.

    Raises:
        DataError: the recipe file cannot be read.
    """
    if data is not None:
        return data
    if dataset.endswith(".toml"):
        from pipeline.recipe import load_recipe  # lazy import: takes a second, and is rarely needed

        dataset = load_recipe(dataset).name
    folder = DATA / "processed" / dataset
    elsewhere = Path(dataset)
    return elsewhere if not folder.is_dir() and (elsewhere / _MANIFEST).is_file() else folder


class DataSet(NamedTuple):
    """A built data set.

    Attributes:
        folder: its processed folder.
        name: by which files of judgements are found.
        origin: the recipe's name or file; '' if unknown.
    """

    folder: Path
    name: str
    origin: str

    def recipe(self) -> Recipe:
        """Load its recipe.

        Raises:
            DataError: the recipe is unknown, or cannot be read any more.
        """
        from kg_builder.errors import DataError
        from pipeline.recipe import load_recipe

        if not self.origin:
            built = (self.folder / _MANIFEST).is_file()
            raise DataError(
                f"{_MANIFEST} does not name its recipe" if built else f"no {_MANIFEST} there",
                where=str(self.folder),
                remedy="name the recipe with --dataset, or build again",
            )
        return load_recipe(self.origin)


def built_data_set(dataset: str | None, data: Path | None, default: str = "sample") -> DataSet:
    """The data set that a command is about; its manifest names the recipe unless `dataset` does.

    Args:
        dataset, data: as in `processed_folder`, None if not given.
        default: name of the data set if neither is given.

    Raises:
        DataError: the recipe file or the manifest cannot be read.
    """
    from pipeline.manifest import Manifest

    if dataset is not None and dataset.endswith(".toml"):
        from pipeline.recipe import load_recipe

        name = load_recipe(dataset).name
        return DataSet(processed_folder(name, data), name, dataset)
    if dataset is not None and data is not None:
        return DataSet(data, dataset, dataset)
    if dataset is None and data is None:
        dataset = default
    folder = processed_folder(dataset or "", data)
    built = Manifest(folder)
    named = "" if dataset is None or folder == Path(dataset) else dataset
    return DataSet(folder, named or built.dataset or folder.resolve().name, built.recipe or named)


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
