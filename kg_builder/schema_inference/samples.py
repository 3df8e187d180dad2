"""Read a file's first rows as columns, guessing its layout: format, separator, heading."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from kg_builder.errors import DataError
from kg_builder.extraction.tabular import Cell, RowsConfig, read_rows
from kg_builder.extraction.tabular.config import joined, scalar
from kg_builder.extraction.tabular.nested_json import decoded
from kg_builder.extraction.values.numbers import parse_number
from kg_builder.packed_files import open_binary, without_packing
from kg_builder.schema_inference.words import MEANING, plain_words

ROWS: Final = 2_000
"""Rows to sample."""

_BYTES: Final = 1 << 20
_LARGEST_JSON: Final = 256 << 20
_SEPARATORS: Final = ("\t", "::", ";", "|", ",")
_DEPTH: Final = 6
_ENCODINGS: Final[tuple[str, ...]] = RowsConfig.model_fields["encodings"].default
_NULLS: Final = frozenset({"", *RowsConfig.model_fields["nulls"].default})


@dataclass(frozen=True)
class Column:
    """A column's values in the first rows; `lists` if cells hold several."""

    name: str
    cells: tuple[Cell, ...]

    @property
    def values(self) -> list[str]:
        """The non-empty values, in order."""
        return [
            value
            for cell in self.cells
            if cell
            for value in (cell if isinstance(cell, tuple) else (cell,))
            if value
        ]

    @property
    def distinct(self) -> set[str]:
        """Different values."""
        return set(self.values)

    @property
    def is_unique(self) -> bool:
        """Whether no value occurs twice and no cell is empty."""
        return len(self.distinct) == len(self.cells) == len(self.values)


@dataclass(frozen=True)
class Sample:
    """A sample of a file.

    Attributes:
        path: below the raw folder, with `/`; a pattern if several files are alike.
        layout: recipe keys of the file's layout, besides the path.
        columns: by name.
        rows: number of sampled rows.
    """

    path: str
    layout: Mapping[str, Any]
    columns: Mapping[str, Column]
    rows: int

    @property
    def stem(self) -> str:
        """The name of the file without its endings."""
        return without_packing(Path(self.path).name).partition(".")[0]


def read_sample(file: Path, raw: Path) -> Sample | None:
    """Sample the first rows of a file; `None` if it has no rows.

    Raises:
        DataError: the file cannot be read, or is not text, JSON, Parquet or Excel.
    """
    path = file.relative_to(raw).as_posix()
    layout = RowsConfig(path=path).layout
    with open_binary(file) as stream:
        head = stream.read(_BYTES)
    first = decoded(head, _ENCODINGS).lstrip()[:1] if layout not in {"parquet", "excel"} else ""
    if first in {"{", "["} and layout not in {"jsonl", "json"}:
        layout = "jsonl" if first == "{" else "json"
    if layout in {"json", "jsonl"}:
        return _json_sample(file, path, head)
    if layout in {"parquet", "excel"}:
        return _taken(path, {}, RowsConfig(path=path), raw)
    return _text_sample(file, path, head, raw)


def _taken(path: str, layout: dict[str, Any], config: RowsConfig, raw: Path) -> Sample | None:
    chunk = next(iter(read_rows(config, raw, chunk_rows=ROWS)), None)
    if chunk is None or not len(chunk):
        return None
    columns = {
        name: Column(name, tuple(cells[:ROWS])) for name, cells in chunk.columns.items() if name
    }
    return Sample(path, layout, columns, min(len(chunk), ROWS))


def with_patterns(samples: list[Sample], root: Path) -> list[Sample]:
    """Group files of a folder with equal columns and names that differ in digits as a pattern.

    Args:
        samples: files below `root`.
        root: the raw folder; a pattern must match the files of a group there, and no others.
    """
    groups: dict[tuple[Path, str, str], list[Sample]] = {}
    for sample in samples:
        pattern = re.sub(r"\d+(?:[-_]\d+)*", "*", Path(sample.path).name)
        key = (Path(sample.path).parent, pattern, str(sorted(sample.layout.items())))
        groups.setdefault(key, []).append(sample)
    found: list[Sample] = []
    for (folder, pattern, _), group in groups.items():
        path = (folder / pattern).as_posix()
        given = {(root / sample.path).resolve() for sample in group}
        columns = [set(sample.columns) for sample in group]
        alike = columns[0] and all(one & columns[0] for one in columns)
        if len(group) > 1 and alike and {p.resolve() for p in root.glob(path)} == given:
            most = max(group, key=lambda sample: len(sample.columns))
            found.append(replace(most, path=path))
        else:
            found += group
    return found


# ---------------------------------------------------------------------------------- delimited


def _text_sample(file: Path, path: str, head: bytes, raw: Path) -> Sample | None:
    if b"\0" in head and head[:2] not in {b"\xff\xfe", b"\xfe\xff"}:
        raise DataError("neither text nor a format that is known", where=str(file))
    encoding = ("utf-16",) if head[:2] in {b"\xff\xfe", b"\xfe\xff"} else _ENCODINGS
    lines = decoded(head, encoding).splitlines()[: ROWS + 1]
    lines = [line for line in (lines[:-1] if len(head) == _BYTES else lines) if line.strip()]
    if not lines:
        return None
    separator = _separator(lines)
    default = RowsConfig(path=path).layout
    usual = "," if default == "csv" else "\t"
    layout: dict[str, Any] = {}
    if default not in {"csv", "tsv", "dat"} or Path(path).suffix == ".txt":
        layout["format"] = default = "tsv" if separator == "\t" else "csv"
        usual = "," if default == "csv" else "\t"
    if separator != usual:
        layout["separator"] = separator
    if default != "csv" and any(f'"{separator}"' in line for line in lines):
        layout["quote"] = '"'
    rows = [[cell.strip().strip('"') for cell in line.split(separator)] for line in lines[:200]]
    _refuse_doubled(rows[0], file)
    if not _has_heading(rows):
        layout["header"] = False
        layout["names"] = [f"column{n}" for n in range(1, len(rows[0]) + 1)]
    return _taken(path, layout, RowsConfig(path=path, **layout), raw)


def _separator(lines: list[str]) -> str:
    """Guess the separator: the character that is frequent and equally so in most lines."""
    best, most = ",", 0.0
    for sign in _SEPARATORS:
        counts = Counter(line.count(sign) for line in lines[:200])
        heading = lines[0].count(sign)
        usual, times = counts.most_common(1)[0]
        score = times / min(len(lines), 200) * (usual > 0) + (usual > 0 and usual == heading)
        if score > most:
            best, most = sign, score
    return best


def _names_columns(cells: list[str]) -> bool:
    """Whether at least half of the cells are known column names."""
    known = [
        any(word in MEANING for word in plain_words(cell)) and len(cell) < 40 for cell in cells
    ]
    return sum(known) * 2 >= len(cells)


def _refuse_doubled(heading: list[str], file: Path) -> None:
    """Check that column names are unique, as references would be ambiguous.

    Raises:
        DataError: a name occurs twice.
    """
    doubled = [name for name, times in Counter(heading).items() if name and times > 1]
    if doubled and _names_columns(heading) and not any(map(is_number, heading)):
        raise DataError(
            f"the heading names columns twice: {', '.join(doubled)}",
            where=str(file),
            remedy="give each column a name of its own",
        )


def _has_heading(rows: list[list[str]]) -> bool:
    """Whether the first row names the columns: known words, or text above numbers."""
    first, others = rows[0], rows[1:]
    if any(is_number(cell) for cell in first) or len(set(first)) < len(first):
        return False
    repeated = {cell for row in others for cell in row}
    if any(cell in repeated for cell in first):
        return False
    if _names_columns(first):
        return True
    return any(
        len(row) == len(first) and is_number(row[n])
        for row in others[:5]
        for n in range(len(first))
    )


def number_in(text: str) -> float | None:
    """Parse a number in any notation; the ambiguous "1,234" counts as thousands."""
    found = parse_number(text) or parse_number(text, ".")
    return None if found is None else float(found)


def is_number(text: str) -> bool:
    """Whether a text is a number in any notation."""
    return number_in(text) is not None


# ---------------------------------------------------------------------------------- JSON


def _json_sample(file: Path, path: str, head: bytes) -> Sample | None:
    lines = _objects_in_lines(head)
    layout: dict[str, Any] = {}
    if lines:
        rows, found = lines, ""
        if RowsConfig(path=path).layout != "jsonl":
            layout["format"] = "jsonl"
    else:
        rows, found = _rows_in(_whole(file))
        if RowsConfig(path=path).layout != "json":
            layout["format"] = "json"
    if found:
        layout["rows"] = found
    if not rows:
        return None
    return Sample(path, layout, _columns(rows), len(rows))


def _objects_in_lines(head: bytes) -> list[dict[str, Any]]:
    """The objects of JSON Lines; none if the file is one document."""
    lines = decoded(head, _ENCODINGS).splitlines()
    if len(head) == _BYTES:
        lines = lines[:-1]
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
        return json.loads(decoded(content, _ENCODINGS))
    except (ValueError, RecursionError) as fault:
        raise DataError(f"not JSON: {fault}", where=str(file)) from None


def _rows_in(value: Any) -> tuple[list[dict[str, Any]], str]:
    """Find the rows of a JSON document, and their path: the longest list of objects."""
    if isinstance(value, list):
        return [row for row in value[:ROWS] if isinstance(row, dict)], ""
    if not isinstance(value, dict):
        return [], ""
    only = next(iter(value.values())) if len(value) == 1 else None
    if isinstance(only, dict) and any(key in only for key in ("name", "title")):
        return [only], next(iter(value))
    lists = sorted(_lists(value), key=lambda found: -len(found[1]))
    if lists:
        path, rows = lists[0]
        return [row for row in rows[:ROWS] if isinstance(row, dict)], path
    if len(value) > 1 and all(isinstance(row, dict) for row in value.values()):
        return [{"@key": key, **row} for key, row in list(value.items())[:ROWS]], "*"
    return [value], ""


def _lists(value: Any, path: str = "", depth: int = 0) -> Iterator[tuple[str, list[Any]]]:
    if isinstance(value, list) and sum(isinstance(one, dict) for one in value) * 2 > len(value):
        yield path, value
    elif isinstance(value, dict) and depth < _DEPTH:
        for key, below in value.items():
            yield from _lists(below, f"{path}.{key}" if path else key, depth + 1)


def _flat(row: Any, path: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    """Yield (path, value) of all texts and numbers below an object."""
    if isinstance(row, dict) and depth < _DEPTH:
        for key, value in row.items():
            yield from _flat(value, f"{path}.{key}" if path else key, depth + 1)
    elif isinstance(row, list):
        for value in row:
            yield from _flat(value, path, depth + 1)
    elif (text := scalar(row)) is not None and path:
        yield path, text


def _columns(rows: list[dict[str, Any]]) -> dict[str, Column]:
    values: list[dict[str, list[str]]] = []
    for row in rows:
        found: dict[str, list[str]] = {}
        for path, text in _flat(row):
            found.setdefault(path, []).append(text)
        values.append(found)
    names = list(dict.fromkeys(name for found in values for name in found))
    return {
        name: Column(name, tuple(joined(found.get(name, ()), _NULLS) for found in values))
        for name in names
    }
