"""List the raw files that a recipe's `path` settings match, for the manifest's hashes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel

from kg_builder.errors import DataError
from kg_builder.extraction.tabular import RowsConfig
from kg_builder.packed_files import matching_files

if TYPE_CHECKING:  # types only: a stage must not depend on the code that reads recipes
    from pipeline.recipe import Recipe


def raw_files(models: object, raw: Path, *, recipe: Recipe) -> list[Path]:
    """List the files of all `path` settings in the models; patterns and folders are expanded.

    Raises:
        DataError: a file is missing; the error explains how to get it.
    """
    found: list[Path] = []
    for pattern in sorted(set(_paths(models))):
        if (folder := raw / pattern).is_dir():  # a trained model
            found += sorted(path for path in folder.rglob("*") if path.is_file())
            continue
        try:
            found += matching_files(raw, pattern)
        except DataError as fault:
            if fault.where == str(raw) or Path(fault.where).is_dir():  # no path, or no file
                raise
            raise DataError(fault.what, where=fault.where, remedy=how_to_get(recipe, raw)) from None
    return found


def how_to_get(recipe: Recipe, raw: Path) -> str:
    """Suggest how to get missing raw files."""
    bring = f"`python -m pipeline fetch {recipe.name}` brings it, or " if recipe.fetch else ""
    return f"{bring}point --raw at the folder that holds it (now {raw}){recipe.manual and '; '}" + (
        recipe.manual
    )


def reads_a_server(models: object) -> bool:
    """Whether any table of the models is read from a database server."""
    return any(isinstance(one, RowsConfig) and one.is_on_a_server for one in _models(models))


def _models(value: object) -> Iterator[BaseModel]:
    """All models within models, dictionaries and lists."""
    if isinstance(value, BaseModel):
        yield value
        for name in type(value).model_fields:
            yield from _models(getattr(value, name))
    elif isinstance(value, dict | list | tuple):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _models(item)


def _paths(models: object) -> Iterator[str]:
    for model in _models(models):
        path = getattr(model, "path", None)
        if isinstance(path, str | Path) and str(path):  # a table of a server has no file
            yield str(path)
