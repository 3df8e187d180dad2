"""Names known from elsewhere: lists in text files, and built data sets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import pandas as pd

from kg_builder.errors import DataError
from kg_builder.text_models.ner.names import NameList

_UNNAMED: Final = "Name"
_LISTED: Final = "Artist"
_WELL_KNOWN: Final = Path(__file__).with_name("well_known.tsv")
_TABLES: Final = ("records.parquet", "entities.tsv")


def read_name_files(paths: Iterable[Path], *, well_known: bool = False) -> NameList:
    """Read names with their classes.

    Args:
        well_known: whether the project's own short list of well-known artists comes first.
        paths: of each a text file with a name in a line, and, after a tab, its class; a
            `records.parquet` or `entities.tsv` of a built data set; or the data set's folder.

    Raises:
        DataError: no such file, or one that holds no names.
    """
    found: list[tuple[str, str]] = []
    if well_known:
        found += [(name, _LISTED) for name, _ in _lines(_WELL_KNOWN)]
    for path in paths:
        before = len(found)
        found += _names(path)
        if len(found) == before:
            raise DataError("no names in it", where=str(path))
    return NameList.of_names(found)


def _names(path: Path) -> Iterator[tuple[str, str]]:
    if path.is_dir():
        tables = [path / name for name in _TABLES if (path / name).is_file()]
        if not tables:
            raise DataError(f"neither {' nor '.join(_TABLES)} in this folder", where=str(path))
        yield from _names(tables[0])
    elif not path.is_file():
        raise DataError("no such file", where=str(path))
    elif path.suffix == ".parquet":
        yield from _records(path)
    else:
        yield from _lines(path)


def _records(path: Path) -> Iterator[tuple[str, str]]:
    try:
        table = pd.read_parquet(path, columns=["name", "type", "aliases"])
    except (OSError, ValueError, KeyError):
        raise DataError("not a table of records", where=str(path)) from None
    for name, type_, aliases in zip(table["name"], table["type"], table["aliases"], strict=True):
        yield str(name), str(type_)
        for alias in aliases if aliases is not None else ():
            yield str(alias), str(type_)


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except UnicodeDecodeError as fault:
        raise DataError(f"not UTF-8 at byte {fault.start}", where=str(path)) from None
    heading = lines[0].split("\t") if lines else []
    if {"name", "type"} <= set(heading):
        name, type_ = heading.index("name"), heading.index("type")
        for number, line in enumerate(lines[1:], 2):
            cells = line.split("\t")
            if len(cells) != len(heading):
                raise DataError("columns do not fit the heading", where=f"{path}, line {number}")
            yield cells[name], cells[type_]
        return
    for line in lines:
        text, _, type_text = line.partition("\t")
        if text.strip():
            yield text.strip(), type_text.strip() or _UNNAMED
