"""Check that a recipe reads only from its own, the raw and the project's data folder.

Recipes may be untrusted. Every path of a recipe is checked here, before any reader opens it;
`--allow-outside` lifts the restriction on locations, not that to plain files.
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
"""Keys whose text values are paths; values of type `Path` are paths under any key."""
_FILE_DATABASES: Final = ("sqlite", "duckdb", "access")


def check_paths(recipe: Recipe, raw: Path, *, allow_outside: bool = False) -> None:
    """Check every path of a recipe, including patterns and folders.

    Symbolic links are resolved only if a path contains `..` or is absolute: links below the raw
    folder are trusted, as large files may be on another disk.

    Raises:
        DataError: a path leads elsewhere, or is not a file or folder (a pipe or device may be
            endless).
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
    """Yield key, path, and whether the path is relative to the raw folder."""
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
    """The file of a database address; '' for a server."""
    driver, sign, address = url.partition("://")
    if not sign or not driver.lower().startswith(_FILE_DATABASES):
        return ""
    return unquote(address.removeprefix("/").partition("?")[0]).removeprefix("file:")
