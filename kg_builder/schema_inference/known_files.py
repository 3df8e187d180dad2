"""Look up the columns of published files that have no heading, by their names."""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from importlib.resources import files
from pathlib import PurePosixPath

from kg_builder.packed_files import without_packing


def known_names(path: str, width: int) -> list[str] | None:
    """Names of a published file's columns, if its name is known and their number fits."""
    name = without_packing(PurePosixPath(path).name)
    return next(
        (
            list(columns)
            for pattern, columns in _files()
            if len(columns) == width and pattern.fullmatch(name)
        ),
        None,
    )


@lru_cache(maxsize=1)
def _files() -> tuple[tuple[re.Pattern[str], tuple[str, ...]], ...]:
    text = (files(__package__) / "known_files.toml").read_text(encoding="utf-8")
    known = tomllib.loads(text)["files"]
    return tuple((re.compile(file["name"]), tuple(file["columns"])) for file in known)
