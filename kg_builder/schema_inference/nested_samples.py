"""Sample JSON and Parquet files, whose columns are paths below each row."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from kg_builder.errors import DataError
from kg_builder.extraction.tabular.config import layout_by_name
from kg_builder.extraction.tabular.nested_json import decoded
from kg_builder.extraction.tabular.typed_cells import joined, text_of
from kg_builder.extraction.xml_elements import TEXT
from kg_builder.packed_files import open_binary
from kg_builder.schema_inference.columns import guesses
from kg_builder.schema_inference.samples import COLUMNS, ENCODINGS, NULLS, ROWS, Column, Sample
from kg_builder.schema_inference.things import things_table
from kg_builder.schema_inference.words import WORKS, meaning

_LARGEST_JSON: Final = 256 << 20
_DEPTH: Final = 6
_ROW_WIDTH: Final = 4
"""Least number of properties of a row that is in a list of another one."""

_PERFORMERS: Final = 2
"""Most performers of a thing, on average, if the file does not tell what it is."""

_WITHIN: Final = {
    "album": frozenset({"song"}), "artist": frozenset({"album", "song"}),
    "label": frozenset({"album", "artist"}),
}  # fmt: skip
"""Of what things others have lists."""

_FIRST_ROWS: Final = 100


def json_samples(file: Path, path: str, head: bytes, *, whole: bool) -> list[Sample]:
    """Sample JSON or JSON Lines, and the rows of things within; none if there is no object.

    Args:
        file: the file.
        path: below the raw folder.
        head: its first bytes.
        whole: whether these are all.
    """
    layout: dict[str, Any] = {}
    rows, found = _objects_in_lines(head, whole=whole), ""
    kind = "jsonl" if rows else "json"
    if not rows:
        rows, found = _rows_in(_whole(file), path)
    if layout_by_name(path) != kind:
        layout["format"] = kind
    outer = _sample(rows, found, Sample(path, layout, {}, 0))
    if not rows or any(name.startswith("../") for name in outer.columns):
        return [outer] if rows else []
    return _with_lists(outer, rows)


def _sample(rows: list[dict[str, Any]], found: str, like: Sample) -> Sample:
    """A sample of rows at a path of a document."""
    columns, number, further = columns_of(rows[:ROWS])
    layout = {**like.layout, "rows": found} if found else like.layout
    return Sample(like.path, layout, columns, number, further, like.about, like.above)


# ------------------------------------------------------------------------- things within things


def _with_lists(outer: Sample, rows: list[dict[str, Any]]) -> list[Sample]:
    """A sample and those of the lists in its rows: an album's songs, an artist's albums.

    The rows of a list have, as `../` column, the id or else name of the thing that they are in.
    """
    about = outer.about or _told_kind(outer)
    inner: list[Sample] = []
    columns = dict(outer.columns)
    for path, kind in _lists_of_things(rows, about):
        pairs = [(row, item) for row in rows for item in _items_at(row, path.split("."))]
        above = {n: c for n, c in columns.items() if not f"{n}.".startswith(f"{path}.")}
        table = things_table("", (own := replace(outer, columns=above)), guesses(own), about, "")
        if table is None or not pairs:
            continue
        key, steps = table.id or table.name, "../" * (path.count(".") + 1)
        around = {id(row): dict(_flat(row)).get(key) for row in rows}
        told = [item | {f"{steps}{key}": around[id(row)]} for row, item in pairs]
        below = str(outer.layout.get("rows", ""))
        like = replace(outer, about=kind, above=about)
        found = _sample(told, f"{below}.{path}" if below else path, like)
        if not _is_table(found, about):
            continue
        columns = above
        inner += _with_lists(found, [item for _, item in pairs][:ROWS])
    if not inner:
        return [outer]
    return [replace(outer, columns=columns, about=about), *inner]


def _told_kind(outer: Sample) -> str:
    """The kind of the things that rows with lists describe, if their file or columns tell it."""
    step = str(outer.layout.get("rows", "")).rpartition(".")[2]
    if "user" in {meaning(step)[0], meaning(outer.stem)[0]}:
        return ""
    found = guesses(replace(outer, about=""))
    named = any((g.about, g.role) == ("", "name") for g in found)
    own = [g.about for g in found if g.role == "id" and g.column.is_unique and "." not in g.name]
    told = [meaning(step)[0], meaning(outer.stem)[0], *own]
    performed = any(g.about == "artist" and g.role in {"", "name"} for g in found)
    told += ["album"] if named and performed else []
    return next((kind for kind in told if kind in _WITHIN), "")


def _lists_of_things(rows: list[dict[str, Any]], about: str) -> list[tuple[str, str]]:
    """The paths of lists in rows whose elements are things of which the rows' things have many."""
    kinds = _WITHIN.get(about, frozenset())
    paths = dict.fromkeys(path for row in rows[:_FIRST_ROWS] for path, _ in _lists(row) if path)
    found = []
    for path in paths:
        named = (meaning(step)[0] for step in reversed(path.split(".")))
        kind = next((one for one in named if one in kinds), "")
        if kind:
            found.append((path, kind))
    return found


def _items_at(value: Any, steps: list[str]) -> Iterator[dict[str, Any]]:
    for step in steps:
        value = value.get(step) if isinstance(value, dict) else None
    if isinstance(value, list):
        yield from (item for item in value if isinstance(item, dict))


def _is_table(found: Sample, above: str) -> bool:
    """Whether elements of a list tell more than names that the things around them refer to."""
    own = {name: meaning(name) for name in found.columns if not name.startswith("../")}
    named = any(role == "name" or about == found.about for about, role in own.values())
    return named and (len(own) > 1 or above == "album")


# ------------------------------------------------------------------------- parts of things


def is_part(
    steps: Sequence[str], names: Iterable[str], outer: str, around: Iterable[str], per_thing: float
) -> bool:
    """Whether objects tell a part of the things around them, such as the performers of songs.

    Args:
        steps: the path of the objects below a thing.
        names: the columns of the objects.
        outer: what the things are called in the file.
        around: the other columns of the things.
        per_thing: how many objects a thing has, on average.
    """
    whole = meaning(outer)[0]
    if whole not in {"", "artist", *WORKS} or not any(map(_identifies, around)):
        return False
    kind = next((about for step in reversed(steps) if (about := meaning(step)[0])), "")
    if kind in {"", "item", whole}:
        return per_thing <= 1 or not any(map(_identifies, names))
    if whole:
        return kind not in {"song", *_WITHIN.get(whole, ())}
    return kind != "song" and per_thing <= (1 if kind in WORKS else _PERFORMERS)


def _identifies(name: str) -> bool:
    """Whether a column has titles or ids of rows, or names songs, albums and the like."""
    about, role = meaning(name)
    return (not about and role in {"id", "name"}) or (about in WORKS and role in {"", "id", "name"})


def parquet_sample(file: Path, path: str) -> Sample | None:
    """Sample a Parquet file, with paths into its nested columns.

    Raises:
        DataError: it cannot be read.
    """
    try:
        with pq.ParquetFile(file) as parquet:
            batch = next(parquet.iter_batches(batch_size=ROWS), None)
            rows = batch.to_pylist() if batch is not None else []
            names = parquet.schema_arrow.names
    except (pa.ArrowException, OSError, UnicodeDecodeError) as fault:
        raise DataError(f"not a readable Parquet file: {fault}", where=str(file)) from None
    columns, number, further = columns_of(rows)
    nested = {name.partition(".")[0] for name in columns}
    empty = {name: Column(name, (None,) * len(rows)) for name in names if name not in nested}
    return Sample(path, {}, columns | empty, number, further) if rows else None


def _objects_in_lines(head: bytes, *, whole: bool) -> list[dict[str, Any]]:
    """The objects of JSON Lines; none if the file is one document."""
    lines = decoded(head, ENCODINGS).splitlines()
    lines = lines if whole else lines[:-1]
    rows: list[dict[str, Any]] = []
    for line in filter(str.strip, lines[:ROWS]):
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            if not rows:
                return []
            continue
        if isinstance(value, dict):
            rows.append(value)
    nested = len(rows) == 1 and any(_lists(rows[0]))
    return [] if nested else rows


def _whole(file: Path) -> Any:
    with open_binary(file) as stream:
        content = stream.read(_LARGEST_JSON)
    try:
        return json.loads(decoded(content, ENCODINGS))
    except (ValueError, RecursionError) as fault:
        raise DataError(f"not JSON: {fault}", where=str(file)) from None


def _rows_in(value: Any, path: str) -> tuple[list[dict[str, Any]], str]:
    """Find the rows of a JSON document, and their path: the longest list of objects.

    A list in the things of another list, or in a thing that is the document, is not looked for.
    """
    if isinstance(value, list):
        return [row for row in value[:ROWS] if isinstance(row, dict)], ""
    if not isinstance(value, dict):
        return [], ""
    only = next(iter(value.values())) if len(value) == 1 else None
    if isinstance(only, dict) and any(key in only for key in ("name", "title")):
        return [only], next(iter(value))
    if _has_things([value], Sample(path, {}, {}, 0)):
        return [value], ""
    lists = sorted(_lists(value), key=lambda found: -len(found[1]))
    if lists:
        at, rows = lists[0]
        outer = [row for row in rows[:ROWS] if isinstance(row, dict)]
        if _has_things(outer, Sample(path, {"rows": at}, {}, 0)):
            return outer, at
        inner, found = _inner_rows(outer, at.rpartition(".")[2])
        return (inner, f"{at}.{found}") if inner else (outer, at)
    if len(value) > 1 and all(isinstance(row, dict) for row in value.values()):
        return [{"@key": key, **row} for key, row in list(value.items())[:ROWS]], "*"
    return [value], ""


def _has_things(rows: list[dict[str, Any]], like: Sample) -> bool:
    """Whether rows are things with names and lists of other things."""
    sample = _sample(rows, str(like.layout.get("rows", "")), like)
    named = any(meaning(name)[1] == "name" for name in sample.columns if "." not in name)
    return named and bool(_lists_of_things(rows, _told_kind(sample)))


def _inner_rows(outer: list[dict[str, Any]], called: str) -> tuple[list[dict[str, Any]], str]:
    """The rows one list deeper, with keys of the object around them as `../key`, if there are.

    Playlists, users and the like are lists of rows; a song's artists are not, as they have no more
    than a few properties, or only tell who performs it.
    """
    keys = [key for key in outer[0] if isinstance(outer[0][key], list)] if outer else []
    for key in keys:
        lists = [row[key] for row in outer if isinstance(row.get(key), list)]
        flat = [item for items in lists for item in items if isinstance(item, dict)]
        if len(flat) < 2 * len(outer) or len(dict(_flat(flat[0]))) < _ROW_WIDTH:
            continue
        if _only_tells(outer, called, key, flat):
            continue
        around = [
            {
                f"../{name}": value
                for name, value in row.items()
                if not isinstance(value, list | dict)
            }
            for row in outer
            for item in row.get(key) or ()
            if isinstance(item, dict)
        ]
        rows = [item | above for item, above in zip(flat, around, strict=True)]
        return rows[:ROWS], key
    return [], ""


def _only_tells(
    outer: list[dict[str, Any]], called: str, key: str, flat: list[dict[str, Any]]
) -> bool:
    """Whether the objects in lists of rows tell no more than a part of the things around them."""
    names = dict.fromkeys(path for item in flat[:_FIRST_ROWS] for path, _ in _flat(item))
    around = dict.fromkeys(
        path
        for row in outer[:_FIRST_ROWS]
        for path, _ in _flat({one: value for one, value in row.items() if one != key})
    )
    return is_part([key], names, called, around, len(flat) / len(outer))


def _lists(value: Any, path: str = "", depth: int = 0) -> Iterator[tuple[str, list[Any]]]:
    if isinstance(value, list) and sum(isinstance(one, dict) for one in value) * 2 > len(value):
        yield path, value
    elif isinstance(value, dict) and depth < _DEPTH:
        for key, below in value.items():
            yield from _lists(below, f"{path}.{key}" if path else key, depth + 1)


def _flat(row: Any, path: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    """Yield (path, value) of all texts and numbers below an object."""
    if isinstance(row, dict) and depth < _DEPTH:
        if TEXT in row and (kind := row.get("@type")) and path:
            yield f"{path}[@type={kind}].{TEXT}", str(row[TEXT])
            return
        for key, value in row.items():
            yield from _flat(value, f"{path}.{key}" if path else key, depth + 1)
    elif isinstance(row, list):
        for value in row:
            yield from _flat(value, path, depth + isinstance(value, list))
    elif (text := text_of(row)) is not None and path:
        yield path, text


def columns_of(rows: list[dict[str, Any]]) -> tuple[dict[str, Column], int, int]:
    """The columns of the rows, the number of rows, and that of columns not looked at."""
    values: list[dict[str, list[str]]] = []
    for row in rows:
        found: dict[str, list[str]] = {}
        for path, text in _flat(row):
            found.setdefault(path, []).append(text)
        values.append(found)
    names = list(dict.fromkeys(name for found in values for name in found))
    columns = {
        name: Column(name, tuple(joined(found.get(name, ()), NULLS) for found in values))
        for name in names[:COLUMNS]
    }
    return columns, len(rows), len(names) - len(columns)
