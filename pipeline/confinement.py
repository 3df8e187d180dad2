"""Check that a recipe reads files of its own, the raw and the project's data folder only.

A recipe is often somebody else's. Every path that one names is checked here, once and for all
readers, before any of them opens it; `--allow-outside` lifts the limits to places, not those to
plain files.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from pydantic import BaseModel

from kg_builder.errors import DataError
from pipeline.folders import DATA

if TYPE_CHECKING:
    from pipeline.recipe import Recipe

__all__ = ["check_paths"]

_NAMES: Final = frozenset({"path", "cache"})
"""Keys whose text is a path; a value that is a `Path` is one under any key."""
_FILE_DATABASES: Final = ("sqlite", "duckdb", "access")


def check_paths(recipe: Recipe, raw: Path, *, allow_outside: bool = False) -> None:
    """Check every path that a recipe names, patterns and folders included.

    Links are followed only where a path leaves a folder by `..` or is absolute: a link below the
    raw folder is its owner's, who may keep large files on another disk.

    Raises:
        DataError: a path that leads elsewhere, or to something that is no file or folder (a pipe or
            a device, which may never end).
    """
    roots = [folder.resolve() for folder in (*recipe.folders, raw, DATA)]
    for key, path, relative in _paths(recipe, ""):
        target = raw / path if relative else Path(path)
        where = f"recipe {recipe.name}: {key}"
        plain = relative and not PurePath(path).is_absolute() and ".." not in PurePath(path).parts
        if not (allow_outside or plain or _inside(target, roots)):
            raise DataError(
                f"{path!r} is outside the recipe's folder, the raw folder and {DATA}",
                where=where,
                remedy="move the file there, or give --allow-outside if you trust the recipe",
            )
        if target.exists() and not (target.is_file() or target.is_dir()):
            raise DataError(
                f"{path!r} is a pipe or a device, not a file", where=where, remedy="name a file"
            )


def _inside(path: Path, roots: list[Path]) -> bool:
    resolved = path.resolve()
    return any(resolved.is_relative_to(root) for root in roots)


def _paths(value: object, key: str) -> Iterator[tuple[str, str, bool]]:
    """Key, path, and whether the path is relative to the raw folder."""
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            inner, field = f"{key}.{name}".lstrip("."), getattr(value, name)
            if name in _NAMES and isinstance(field, str | Path) and str(field):
                yield inner, str(field), name == "path"
            elif name == "url" and isinstance(field, str) and (file := _database_file(field)):
                yield inner, file, False
            else:
                yield from _paths(field, inner)
    elif isinstance(value, Path):
        yield key, str(value), False
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _paths(item, f"{key}.{name}")
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from _paths(item, f"{key}.{number}")


def _database_file(url: str) -> str:
    """The file that an address of a database names; empty where it names a server."""
    driver, sign, address = url.partition("://")
    if not sign or not driver.lower().startswith(_FILE_DATABASES):
        return ""
    return unquote(address.removeprefix("/").partition("?")[0]).removeprefix("file:")
